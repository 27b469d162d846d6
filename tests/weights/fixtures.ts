// Small helpers of the tests of weights: tensors by hand, their bits, files as base64.
import type { HostTensor } from "../../lib/weights/host_tensor.ts";

export function float32(values: readonly number[], shape: readonly number[]): HostTensor {
  return { dtype: "float32", shape, values: new Float32Array(values) };
}

/** The bytes of a tensor's values, which tell NaNs and zeros apart. */
export function bits({ values }: HostTensor): number[] {
  return [...new Uint8Array(values.buffer, values.byteOffset, values.byteLength)];
}

export function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
