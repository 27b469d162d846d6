// The contract of augmentations: drawn on the host, applied on the device.
import type { Key } from "../tensor/random.ts";
import type { Tensor2D, Tensor4D } from "../tensor/tensor.ts";
import type { Tree } from "../tensor/tree.ts";

/** The shape of a batch of images, `[N, H, W, C]`. */
export type BatchShape = readonly [n: number, h: number, w: number, c: number];

/** A batch to augment. */
export type AugmentedBatch = {
  /** The images, pixels / 255, from 0 to 1, before normalization: float32 `[N, H, W, C]`. */
  readonly images: Tensor4D;
  /** The labels, one-hot or soft, float32 `[N, classes]`. */
  readonly labels: Tensor2D;
};

/**
 * A random change of a batch that keeps its shapes. The random numbers are drawn on the host, so that
 * `apply` is a pure function of tensors, which `jit` records once and replays with other draws.
 */
export type Augmentation = {
  /** Its name, such as `crop 4`. */
  readonly name: string;
  /** Whether what becomes of an image depends on others of the batch, as in mixup. Default: `false`. */
  readonly mixes?: boolean;
  /**
   * Draws the random numbers of one step, one row for each image. The caller owns the tensors.
   *
   * @param key the step's key: the same key gives the same numbers
   * @param shape the shape of the images
   */
  draw(key: Key, shape: BatchShape): Tree;
  /**
   * Applies what was drawn, on the device. The caller owns the result, whose tensors may be those of
   * the argument.
   *
   * @param batch images and labels
   * @param drawn what {@linkcode Augmentation.draw} returned for this shape
   */
  apply(batch: AugmentedBatch, drawn: Tree): AugmentedBatch;
};
