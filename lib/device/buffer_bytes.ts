// A tensor's numbers as a buffer holds them.
import type { tf } from "../tensor/tf.ts";

/** The usage of a tensor's buffer, as tfjs has it. */
// STORAGE, COPY_SRC and COPY_DST by WebGPU's specification: where there is no WebGPU, GPUBufferUsage
// is not there either, and the module is to be imported there too.
export const TENSOR_USAGE = 0x80 | 0x04 | 0x08;

/** Numbers as the GPU has them: whole numbers and truth values in four bytes. */
export function bytesOf(dtype: tf.DataType, values: ArrayLike<number>): Uint8Array<ArrayBuffer> {
  const numbers = dtype === "float32" ? new Float32Array(values) : new Int32Array(values);
  return new Uint8Array(numbers.buffer);
}

/** As {@linkcode bytesOf}, but the numbers themselves if they are in that form already. */
export function bytesIn(dtype: tf.DataType, values: ArrayLike<number>): Uint8Array<ArrayBuffer> {
  const isReady = dtype === "float32"
    ? values instanceof Float32Array
    : values instanceof Int32Array;
  if (!isReady) return bytesOf(dtype, values);
  const { buffer, byteOffset, byteLength } = values as Float32Array<ArrayBuffer>;
  return new Uint8Array(buffer, byteOffset, byteLength);
}
