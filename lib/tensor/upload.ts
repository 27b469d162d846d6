// Brings numbers to the device at once, so that the host need not keep them.
import type { Shape, Tensor } from "./tensor.ts";
import { tf } from "./tf.ts";

/** Smaller tensors are left for the backend to upload when they are used. */
const LARGE = 2 ** 20;

/** A backend that keeps a tensor's numbers on the host until it is used. */
type Uploading = { uploadToGPU?(dataId: object): void };

/**
 * A tensor of numbers that are on the device when this returns, where they are many: tfjs
 * uploads on first use, and a model's weights would lie on the host until then.
 *
 * @param values the numbers in row-major order; they belong to the tensor from now on
 * @param shape the tensor's shape
 * @returns the tensor
 */
export function upload(values: Float32Array, shape: Shape): Tensor {
  const tensor = tf.tensor(values, [...shape], "float32");
  if (values.byteLength >= LARGE) (tf.backend() as Uploading).uploadToGPU?.(tensor.dataId);
  return tensor;
}
