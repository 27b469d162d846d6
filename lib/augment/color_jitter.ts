// Brightness, contrast and saturation, as PyTorch's ColorJitter has them.
import { fold, type Key, permutation, uniformArray } from "../tensor/random.ts";
import { requireRange } from "../text/require.ts";
import {
  blendingStage,
  type ColorAugmentation,
  recoloring,
  requireChannels,
  type Stage,
} from "./recoloring.ts";
import type { Interval } from "./random_box.ts";

/** How far a factor is from 1 either way, but not below 0; or the least and the largest factor. */
export type Strength = number | Interval;

/** Options of {@linkcode colorJitter}; what is not given is not changed. */
export type ColorJitterOptions = {
  /** Of brightness: the factor of all pixels. */
  readonly brightness?: Strength;
  /** Of contrast: the factor of differences from the image's mean gray. */
  readonly contrast?: Strength;
  /** Of saturation: the factor of a pixel's differences from its gray. */
  readonly saturation?: Strength;
};

/** What a change blends a pixel with. */
const OTHERS = { brightness: "black", contrast: "mean", saturation: "gray" } as const;

type Change = keyof typeof OTHERS;

/**
 * Multiplies all pixels of an image by a factor and clips them to 0 to 1.
 *
 * @param strength the factor is uniform in 1 ± strength, but not below 0; or in a range of factors
 * @returns the augmentation
 * @throws {RangeError} if the strength is negative, or the factors are not in order
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { brightness } from "@neocog/neocog/augment";
 * import { key, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const batch = { images: tf.tensor4d([0.25, 0.75], [1, 1, 2, 1]), labels: tf.tensor2d([[1]]) };
 * const twice = brightness([2, 2]);
 * const { images } = twice.apply(batch, twice.draw(key(0), [1, 1, 2, 1]));
 * assertEquals(await images.flatten().array(), [0.5, 1]);
 * ```
 */
export function brightness(strength: Strength): ColorAugmentation {
  return change("brightness", strength);
}

/**
 * Moves all pixels of an image away from its mean gray, or towards it, by a factor, and clips them
 * to 0 to 1: factor · v + (1 − factor) · mean. Red, green and blue are 0.2989, 0.587 and 0.114 of
 * gray, as torchvision has it.
 *
 * @param strength the factor is uniform in 1 ± strength, but not below 0; or in a range of factors
 * @returns the augmentation
 * @throws {RangeError} if the strength is negative, or the factors are not in order
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { contrast } from "@neocog/neocog/augment";
 * import { key, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const batch = { images: tf.tensor4d([0.25, 0.75], [1, 1, 2, 1]), labels: tf.tensor2d([[1]]) };
 * const none = contrast([0, 0]);
 * const { images } = none.apply(batch, none.draw(key(0), [1, 1, 2, 1]));
 * assertEquals(await images.flatten().array(), [0.5, 0.5]);
 * ```
 */
export function contrast(strength: Strength): ColorAugmentation {
  return change("contrast", strength);
}

/**
 * Moves each pixel away from its gray, or towards it, by a factor, and clips it to 0 to 1:
 * factor · v + (1 − factor) · gray. Gray images stay as they are.
 *
 * @param strength the factor is uniform in 1 ± strength, but not below 0; or in a range of factors
 * @returns the augmentation
 * @throws {RangeError} if the strength is negative, or the factors are not in order
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { key, start, tf } from "@neocog/neocog";
 * import { saturation } from "@neocog/neocog/augment";
 *
 * await start({ backend: "cpu" });
 * const batch = { images: tf.tensor4d([1, 0, 0], [1, 1, 1, 3]), labels: tf.tensor2d([[1]]) };
 * const gray = saturation([0, 0]);
 * const { images } = gray.apply(batch, gray.draw(key(0), [1, 1, 1, 3]));
 * assertAlmostEquals((await images.data())[1]!, 0.2989);
 * ```
 */
export function saturation(strength: Strength): ColorAugmentation {
  return change("saturation", strength);
}

/**
 * Changes brightness, contrast and saturation, for each image in an order of its own, as PyTorch's
 * `ColorJitter` does. {@linkcode compose} of the three has them in a fixed order.
 *
 * @param options the strengths
 * @returns the augmentation
 * @throws {RangeError} if there is no strength, one is negative, or factors are not in order
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { colorJitter } from "@neocog/neocog/augment";
 *
 * assertEquals(colorJitter({ brightness: 0.4, contrast: 0.4 }).name, "brightness 0.4, contrast 0.4");
 * ```
 */
export function colorJitter(options: ColorJitterOptions): ColorAugmentation {
  const changes = (["brightness", "contrast", "saturation"] as const)
    .flatMap((name) => options[name] === undefined ? [] : [change(name, options[name])]);
  requireRange("jitter colors", "there must be a strength", changes.length > 0, "none");
  return recoloring(
    changes.map(({ name }) => name).join(", "),
    changes.some(({ wantsMean }) => wantsMean),
    (key, shape) => {
      const drawn = changes.map(({ stages }, i) => stages(fold(key, i), shape));
      return Array.from({ length: shape[0] }, (_, n) =>
        Array.from(
          permutation(fold(fold(key, "order"), n), changes.length),
          (i): Stage => drawn[i]![n]![0]!,
        ));
    },
  );
}

function change(name: Change, strength: Strength): ColorAugmentation {
  const [least, most] = factorsOf(name, strength);
  const range = typeof strength === "number" ? `${strength}` : strength.join(" to ");
  return recoloring(`${name} ${range}`, name === "contrast", (key: Key, shape) => {
    requireChannels(`change the ${name}`, shape, [1, 3]);
    const factors = uniformArray(key, shape[0], 0, 1);
    return Array.from(
      factors,
      (u) => [blendingStage(least + (most - least) * u, OTHERS[name], shape[3])],
    );
  });
}

/** The range of factors that a strength means. */
function factorsOf(name: Change, strength: Strength): Interval {
  const what = `change the ${name}`;
  if (typeof strength === "number") {
    const rule = "the strength must be finite and at least 0";
    requireRange(what, rule, strength >= 0 && strength < Infinity, strength);
    return [Math.max(0, 1 - strength), 1 + strength];
  }
  const [least, most] = strength;
  const rule = "the factors must be finite, at least 0 and in order";
  requireRange(what, rule, least >= 0 && most >= least && most < Infinity, `${least} to ${most}`);
  return strength;
}
