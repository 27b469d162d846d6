// Safetensors files in memory: reads any that keep the format's rules.
import { checkHostTensor, type HostTensor } from "./host_tensor.ts";
import { decodeElements, type SafetensorsDtype } from "./safetensors_dtype.ts";
import { headerLength, parseHeader, PREFIX_LENGTH } from "./safetensors_header.ts";

/** One tensor of a safetensors file, its elements still as the file's bytes (a view, no copy). */
export type SafetensorsEntry = {
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
};

/** The contents of a safetensors file. */
export type Safetensors = {
  /** The file's name, for messages. */
  readonly file: string;
  /** By name, in the order of their data. */
  readonly tensors: ReadonlyMap<string, SafetensorsEntry>;
  /** What the file says of itself. */
  readonly metadata: Readonly<Record<string, string>>;
};

/**
 * Reads the bytes of a safetensors file, and checks every rule of the format.
 *
 * Source: https://github.com/huggingface/safetensors, "Format".
 *
 * @param bytes the whole file
 * @param file its name, for messages
 * @returns its tensors, as views of `bytes`, and its metadata
 * @throws {SyntaxError} if a rule is broken: the header's length, its JSON, a key that
 * stands twice, an unknown dtype, a shape or offset that is no whole number, a size that is
 * not the shape's, a hole, an overlap, missing or excess data
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { hostTensor } from "./safetensors.ts";
 * import { parseSafetensors, serializeSafetensors } from "@neocog/neocog/weights";
 *
 * const bias = { dtype: "float32", shape: [2], values: new Float32Array([0.5, -0]) } as const;
 * const bytes = serializeSafetensors(new Map([["bias", bias]]), { made: "by hand" });
 * const contents = parseSafetensors(bytes, "small.safetensors");
 * assertEquals(contents.metadata, { made: "by hand" });
 * assertEquals(hostTensor(contents, "bias"), bias);
 * ```
 */
export function parseSafetensors(bytes: Uint8Array, file: string): Safetensors {
  const end = PREFIX_LENGTH + headerLength(bytes, bytes.length, file);
  const header = parseHeader(bytes.subarray(PREFIX_LENGTH, end), bytes.length, file);
  const { entries, metadata, dataStart } = header;
  const tensors = new Map(
    entries.map(({ name, dtype, shape, begin, end }): [string, SafetensorsEntry] => [
      name,
      { dtype, shape, bytes: bytes.subarray(dataStart + begin, dataStart + end) },
    ]),
  );
  return { file, tensors, metadata };
}

/**
 * One tensor of a safetensors file in the host's numbers: F64, F32, F16 and BF16 become
 * float32 (only F64 is rounded), I64 to I8 and U64 to U8 int32, BOOL bool.
 *
 * @param contents the file
 * @param name the tensor's name
 * @returns a copy of the tensor
 * @throws {RangeError} if the file has no such tensor
 * @throws {SyntaxError} if a value is beyond int32 or float32, or the type has no host
 * counterpart
 *
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 * import { hostTensor } from "./safetensors.ts";
 * import { parseSafetensors, serializeSafetensors } from "@neocog/neocog/weights";
 *
 * const empty = parseSafetensors(serializeSafetensors(new Map()), "empty.safetensors");
 * assertThrows(() => hostTensor(empty, "bias"), RangeError, "bias");
 * ```
 */
export function hostTensor(contents: Safetensors, name: string): HostTensor {
  const { file, tensors } = contents;
  const { dtype, shape, bytes } = entryOf(tensors, name, file);
  return converted(name, shape, () => decodeElements(dtype, bytes), file);
}

/**
 * What a file has under a name.
 *
 * @throws {RangeError} if there is no such tensor: with the names that exist
 */
export function entryOf<E>(tensors: ReadonlyMap<string, E>, name: string, file: string): E {
  const entry = tensors.get(name);
  if (entry) return entry;
  const names = firstNames(tensors.keys(), tensors.size);
  throw new RangeError(
    `Cannot read a tensor of ${file}: its name must be one of ${names}, got ${name}`,
  );
}

/** A tensor of the numbers that `decode` returns; its errors get the tensor's name. */
export function converted(
  name: string,
  shape: readonly number[],
  decode: () => Pick<HostTensor, "dtype" | "values">,
  file: string,
): HostTensor {
  try {
    const tensor = { shape, ...decode() };
    checkHostTensor(name, tensor);
    return tensor;
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new SyntaxError(`Cannot read tensor "${name}" of ${file}: ${reason}`, { cause });
  }
}

/** The first ten names of a list, then their number. */
export function firstNames(names: Iterable<string>, count: number): string {
  const first = [...names].slice(0, 10).join(", ");
  return count > 10 ? `${first}, ... (${count} in all)` : first || "(none)";
}
