// What every augmentation is: something drawn on the host, and applied on the device.
import type { Key } from "../tensor/random.ts";
import type { Tensor2D, Tensor4D } from "../tensor/tensor.ts";
import type { Tree } from "../tensor/tree.ts";

/** The shape of a batch of images, `[N, H, W, C]`. */
export type BatchShape = readonly [n: number, h: number, w: number, c: number];

/** A batch that is augmented. */
export type AugmentedBatch = {
  /** The images in 0 to 1, pixels / 255, before they are normalized: float32 `[N, H, W, C]`. */
  readonly images: Tensor4D;
  /** The labels, one-hot or soft, float32 `[N, classes]`. */
  readonly labels: Tensor2D;
};

/**
 * A random change of a batch that leaves its shapes as they are. What is random is drawn on the
 * host, so that what is applied is a pure function of tensors, which `jit` records once and
 * replays with other draws.
 */
export type Augmentation = {
  /** What it is called, such as `crop 4`. */
  readonly name: string;
  /**
   * Draws what one step does, one row for each image. The caller owns the tensors.
   *
   * @param key the step's key: the same key, the same numbers
   * @param shape of the images
   */
  draw(key: Key, shape: BatchShape): Tree;
  /**
   * Applies what was drawn, on the device. The caller owns what is answered, of which some may
   * be what was handed in.
   *
   * @param batch images and labels
   * @param drawn what {@linkcode Augmentation.draw} answered for this shape
   */
  apply(batch: AugmentedBatch, drawn: Tree): AugmentedBatch;
};
