// Augmentations that change colors: several of them cost one pass.
import { fold, type Key } from "../tensor/random.ts";
import { GRAY_SHARES, recolor, STAGE_SIZE } from "../tensor/recolor.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import type { Augmentation, BatchShape } from "./augmentation.ts";

/** A change of a pixel's color: sixteen numbers, see `recolor`. */
export type Stage = readonly number[];

/** An augmentation that changes colors, pixel by pixel. */
export type ColorAugmentation = Augmentation & {
  /** Whether a stage uses the image's mean: at most one for each image. */
  readonly wantsMean: boolean;
  /**
   * Draws the stages for each image, the same number for each.
   *
   * @param key the step's key
   * @param shape the shape of the images
   * @throws {TypeError} if the images do not have one or three channels
   */
  stages(key: Key, shape: BatchShape): Stage[][];
};

/**
 * An augmentation of colors.
 *
 * @param wantsMean whether a stage uses the image's mean
 */
export function recoloring(
  name: string,
  wantsMean: boolean,
  stages: ColorAugmentation["stages"],
): ColorAugmentation {
  return {
    name,
    wantsMean,
    stages,
    draw: (key, shape) => {
      const drawn = stages(key, shape);
      return tf.tensor3d(Float32Array.from(drawn.flat(2)), [
        shape[0],
        drawn[0]?.length ?? 0,
        STAGE_SIZE,
      ]);
    },
    apply: ({ images, labels }, drawn) => ({
      images: recolor(images, drawn as Tensor, wantsMean) as typeof images,
      labels,
    }),
  };
}

/** Whether an augmentation changes only colors. */
export function isRecoloring(part: Augmentation): part is ColorAugmentation {
  return "stages" in part;
}

/**
 * Several changes of color as one.
 *
 * @param parts the changes in order, each with its place among all parts, by which its key is folded;
 * at most one may use the mean
 */
export function colorChain(
  parts: readonly { readonly part: ColorAugmentation; readonly place: number }[],
): ColorAugmentation {
  return recoloring(
    parts.map(({ part }) => part.name).join(", "),
    parts.some(({ part }) => part.wantsMean),
    (key, shape) => {
      const drawn = parts.map(({ part, place }) => part.stages(fold(key, place), shape));
      return Array.from({ length: shape[0] }, (_, n) => drawn.flatMap((each) => each[n]!));
    },
  );
}

/** A bound that clips nothing. */
const UNBOUNDED = 3e38;

/**
 * A stage that adds numbers to red, green and blue, without clipping.
 *
 * @param added the three numbers
 */
export function addingStage([red, green, blue]: readonly [number, number, number]): Stage {
  return [1, 0, 0, red, 0, 1, 0, green, 0, 0, 1, blue, 0, -UNBOUNDED, UNBOUNDED, 0];
}

/** A stage that does not change colors. */
const SAME: Stage = addingStage([0, 0, 0]);

/**
 * A stage that blends a pixel v with a gray, clipped to 0 to 1: factor · v + (1 − factor) · gray.
 *
 * @param factor the pixel's factor, at least 0
 * @param channels the number of channels, 1 or 3
 */
export function blendingStage(
  factor: number,
  other: "black" | "mean" | "gray",
  channels: number,
): Stage {
  if (other === "gray" && channels === 1) return SAME;
  const shares = other === "gray" ? GRAY_SHARES.map((share) => (1 - factor) * share) : [0, 0, 0];
  const rows = [0, 1, 2].flatMap((row) => [
    ...shares.map((share, column) => share + (row === column ? factor : 0)),
    0,
  ]);
  return [...rows, other === "mean" ? 1 - factor : 0, 0, 1, 0];
}

/**
 * Refuses images with other numbers of channels.
 *
 * @param shape the shape of the images
 * @param wanted the allowed numbers of channels
 * @throws {TypeError} if they have another
 */
export function requireChannels(
  what: string,
  [, , , channels]: BatchShape,
  wanted: readonly number[],
): void {
  if (wanted.includes(channels)) return;
  throw new TypeError(
    `Cannot ${what}: images must have ${wanted.join(" or ")} channels, got ${channels}`,
  );
}
