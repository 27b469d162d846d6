// Brings many numbers to the device and back without the host keeping them.
import type { Shape, Tensor } from "./tensor.ts";
import { tf } from "./tf.ts";

/** Bytes; what is smaller is left to tfjs. */
const LARGE = 2 ** 20;

/** What a backend that computes elsewhere keeps of each tensor. */
type Remote = {
  readonly tensorMap?: {
    has(dataId: object): boolean;
    get(dataId: object): { values?: unknown; readonly resource?: unknown };
  };
  uploadToGPU?(dataId: object): void;
};

/**
 * A tensor of numbers that are on the device when this returns, if they are many: tfjs
 * uploads on first use, and a model's weights would lie on the host until then.
 *
 * @param values the numbers in row-major order; they belong to the tensor from now on
 * @param shape the tensor's shape
 */
export function upload(values: Float32Array, shape: Shape): Tensor {
  const tensor = tf.tensor(values, [...shape], "float32");
  if (values.byteLength >= LARGE) (tf.backend() as Remote).uploadToGPU?.(tensor.dataId);
  return tensor;
}

/**
 * The numbers of a tensor, of which no copy stays behind where they are many: tfjs keeps what was
 * read until the tensor is disposed.
 *
 * @param tensor a tensor of type float32
 * @returns its numbers in row-major order; not to be written to, as they may be the tensor's own
 */
export async function download(tensor: Tensor): Promise<Float32Array> {
  const values = await tensor.data() as Float32Array;
  const { tensorMap } = tf.backend() as Remote;
  if (values.byteLength >= LARGE && tensorMap?.has(tensor.dataId)) {
    const held = tensorMap.get(tensor.dataId);
    if (held.resource) held.values = null;
  }
  return values;
}
