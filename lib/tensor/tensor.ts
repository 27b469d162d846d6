// Names for tfjs's tensor types, so that library and users read the same words.
import type { tf } from "./tf.ts";

/** A tensor of any rank. */
export type Tensor = tf.Tensor;
/** A single number, shape `[]`. */
export type Scalar = tf.Scalar;
/** A vector, shape `[size]`. */
export type Tensor1D = tf.Tensor1D;
/** A matrix, shape `[rows, columns]`; of a batch of vectors `[N, features]`. */
export type Tensor2D = tf.Tensor2D;
/** A batch of images or feature maps, shape `[N, H, W, C]`. */
export type Tensor4D = tf.Tensor4D;

/** The shape of one example, without the batch: `[H, W, C]` of an image, `[features]` of a vector. */
export type Shape = readonly number[];

/** A shape, or shapes by name: of the inputs or outputs of a network that has several. */
export type ShapeTree = Shape | { readonly [name: string]: ShapeTree };

/** The form of the shapes of a tree of tensors `X`: of a tensor one, of a record several. */
export type ShapesOf<X> = X extends Tensor ? Shape : ShapeTree;

/** The number of elements of shapes. */
export function sizeOfTree(shape: ShapeTree): number {
  if (Array.isArray(shape)) return sizeOf(shape);
  return Object.values(shape).reduce((sum: number, one) => sum + sizeOfTree(one), 0);
}

/**
 * The number of elements of a shape.
 *
 * @param shape the sizes
 * @returns their product; 1 for a scalar's `[]`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { sizeOf } from "@neocog/neocog";
 *
 * assertEquals(sizeOf([28, 28, 1]), 784);
 * ```
 */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, size) => product * size, 1);
}
