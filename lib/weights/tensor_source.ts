// Where tensors come from by name, one at a time: an open file, a file's bytes, a map.
import type { HostTensor } from "./host_tensor.ts";
import { hostTensor, type Safetensors } from "./safetensors.ts";
import type { TensorInfo } from "./safetensors_file.ts";

/** Named tensors whose shapes are known and whose values are read one at a time. */
export type TensorSource = {
  /** What messages call it. */
  readonly file: string;
  readonly tensors: ReadonlyMap<string, { readonly shape: readonly number[] }>;
  /** Reads a tensor; its values then belong to whoever asked. */
  read(name: string): HostTensor | Promise<HostTensor>;
};

/** An open file of named tensors; whoever opened it closes it. */
export type TensorFile = AsyncDisposable & {
  /** The file's name, for messages. */
  readonly file: string;
  /** What the file says of itself. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /** Reads one tensor, in the host's numbers: floats as float32, whole numbers as int32. */
  read(name: string): Promise<HostTensor>;
};

/**
 * A source of tensors that are in memory. An open file, see {@linkcode openSafetensors}, is a
 * source by itself.
 *
 * @param tensors host tensors by name, or what {@linkcode parseSafetensors} returns
 * @param file what messages call them. Default: the file's name, or `"the given tensors"`
 * @returns the source
 * @throws {RangeError} by `read`, if there is no tensor of that name
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { tensorSource } from "@neocog/neocog/weights";
 *
 * const bias = { dtype: "float32", shape: [2], values: new Float32Array([1, 2]) } as const;
 * assertEquals(await tensorSource(new Map([["bias", bias]])).read("bias"), bias);
 * ```
 */
export function tensorSource(
  tensors: ReadonlyMap<string, HostTensor> | Safetensors,
  file?: string,
): TensorSource {
  if (!(tensors instanceof Map)) {
    const contents = tensors as Safetensors;
    const read = (name: string): HostTensor => hostTensor(contents, name);
    return { file: file ?? contents.file, tensors: contents.tensors, read };
  }
  const map: ReadonlyMap<string, HostTensor> = tensors;
  return {
    file: file ?? "the given tensors",
    tensors: map,
    read(name) {
      const tensor = map.get(name);
      if (!tensor) {
        throw new RangeError(`Cannot read a tensor: it must be given, got ${name}`);
      }
      return { ...tensor, values: tensor.values.slice() };
    },
  };
}
