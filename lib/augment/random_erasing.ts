// Erases random rectangles of images.
import { erase, ERASE_ROW } from "../tensor/erase.ts";
import { fold, uniformArray } from "../tensor/random.ts";
import { requireOptions, requireRange } from "../text/require.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import type { Augmentation } from "./augmentation.ts";
import {
  chosen,
  drawBox,
  type Interval,
  requireProbability,
  requireRatios,
  requireShares,
} from "./draws.ts";

/** Options of {@linkcode randomErasing}. */
export type RandomErasingOptions = {
  /** The probability of each image to be changed, from 0 to 1. Default: 0.5. */
  readonly probability?: number;
  /** The range of the rectangle's fraction of the area, which is uniform. Default: 0.02 to 0.4. */
  readonly area?: Interval;
  /** The range of its height / width, which is uniform. Default: 0.3 to 1 / 0.3. */
  readonly ratio?: Interval;
  /** The new pixels: a number from 0 to 1, or random numbers. Default: `"noise"`. */
  readonly fill?: number | "noise";
};

/** How often a rectangle is drawn until one fits; if none does, none is erased. */
const ATTEMPTS = 100;

/**
 * Erases a rectangle of random size, shape and place in some of the images (Zhong, Zheng, Kang, Li and
 * Yang 2017, "Random erasing data augmentation", algorithm 1, with its values as defaults).
 *
 * @param options probability, size, shape, and the new pixels
 * @returns the augmentation
 * @throws {RangeError} if the probability or `fill` is not from 0 to 1, fractions are not above 0, up
 * to 1 and in order, or ratios not above 0 and in order
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { key, start, tf } from "@neocog/neocog";
 * import { randomErasing } from "@neocog/neocog/augment";
 *
 * await start({ backend: "cpu" });
 * const batch = { images: tf.ones<tf.Rank.R4>([1, 20, 20, 1]), labels: tf.tensor2d([[1]]) };
 * const erasing = randomErasing({ probability: 1, fill: 0 });
 * const { images } = erasing.apply(batch, erasing.draw(key(0), [1, 20, 20, 1]));
 * const [left] = await images.mean().data();
 * assert(left! > 0.5 && left! < 1);
 * ```
 */
export function randomErasing(options: RandomErasingOptions = {}): Augmentation {
  requireOptions("erase parts of images", options, {
    probability: true,
    area: true,
    ratio: true,
    fill: true,
  });
  const { probability = 0.5, area = [0.02, 0.4], ratio = [0.3, 1 / 0.3], fill = "noise" } = options;
  const what = "erase parts of images";
  requireProbability(what, probability);
  requireShares(what, "the area", area);
  requireRatios(what, ratio);
  const writes = 'fill must be "noise" or a number from 0 to 1';
  requireRange(what, writes, fill === "noise" || (fill >= 0 && fill <= 1), fill);
  const ratioAt = (u: number): number => 1 / (ratio[0] + (ratio[1] - ratio[0]) * u);
  const rule = { share: area, ratioAt, attempts: ATTEMPTS };
  return {
    name: `erase ${probability}`,
    draw: (key, [n, height, width]) => {
      const seeds = uniformArray(fold(key, "noise"), 2 * n, 0, 2 ** 24);
      const rows = chosen(fold(key, "chosen"), n, probability).flatMap((isChosen, i) => {
        const box = isChosen ? drawBox(fold(key, i), rule, height, width) : undefined;
        const { left, top, width: across, height: down } = box ?? NOTHING;
        return [left, top, across, down, seeds[2 * i]!, seeds[2 * i + 1]!, 0, 0];
      });
      return tf.tensor2d(Float32Array.from(rows), [n, ERASE_ROW]);
    },
    apply: ({ images, labels }, drawn) => ({
      images: erase(images, drawn as Tensor, fill) as typeof images,
      labels,
    }),
  };
}

/** An empty rectangle. */
const NOTHING = { left: 0, top: 0, width: 0, height: 0 } as const;
