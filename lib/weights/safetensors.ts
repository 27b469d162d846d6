// Safetensors files, as bytes: reads any that keep the format's rules, writes the same as Python does.
import { checkHostTensor, type HostTensor } from "./host_tensor.ts";
import { decodeElements, type SafetensorsDtype, WRITTEN_AS } from "./safetensors_dtype.ts";
import { parseHeader } from "./safetensors_header.ts";

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
 * @throws {SyntaxError} where a rule is broken: the header's length, its JSON, a key that
 * stands twice, an unknown dtype, a shape or offset that is no whole number, a size that is
 * not the shape's, a hole, an overlap, missing or excess data
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { hostTensor, parseSafetensors, serialiseSafetensors } from "@neocog/neocog";
 *
 * const bias = { dtype: "float32", shape: [2], values: new Float32Array([0.5, -0]) } as const;
 * const bytes = serialiseSafetensors(new Map([["bias", bias]]), { made: "by hand" });
 * const contents = parseSafetensors(bytes, "small.safetensors");
 * assertEquals(contents.metadata, { made: "by hand" });
 * assertEquals(hostTensor(contents, "bias"), bias);
 * ```
 */
export function parseSafetensors(bytes: Uint8Array, file: string): Safetensors {
  const { entries, metadata, dataStart } = parseHeader(bytes, file);
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
 * @throws {RangeError} where the file has no such tensor
 * @throws {SyntaxError} where a value is beyond int32 or float32, or the type has no host
 * counterpart
 *
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 * import { hostTensor, parseSafetensors, serialiseSafetensors } from "@neocog/neocog";
 *
 * const empty = parseSafetensors(serialiseSafetensors(new Map()), "empty.safetensors");
 * assertThrows(() => hostTensor(empty, "bias"), RangeError, "bias");
 * ```
 */
export function hostTensor(contents: Safetensors, name: string): HostTensor {
  const { file, tensors } = contents;
  const entry = tensors.get(name);
  if (!entry) {
    const names = firstNames(tensors.keys(), tensors.size);
    throw new RangeError(
      `Cannot read a tensor of ${file} as its name must be one of ${names}: current value is ${name}`,
    );
  }
  try {
    const tensor = { shape: entry.shape, ...decodeElements(entry.dtype, entry.bytes) };
    checkHostTensor(name, tensor);
    return tensor;
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new SyntaxError(`Cannot read tensor "${name}" of ${file}: ${reason}`, { cause });
  }
}

/** The first ten names of a list, then how many there are. */
export function firstNames(names: Iterable<string>, count: number): string {
  const first = [...names].slice(0, 10).join(", ");
  return count > 10 ? `${first}, ... (${count} in all)` : first || "(none)";
}

/**
 * Writes tensors as a safetensors file. The same tensors and metadata give the same bytes,
 * in whatever order they come; they are those of the Python package.
 *
 * @param tensors host tensors by name
 * @param metadata strings by name
 * @returns the file's bytes
 * @throws {TypeError} where a tensor's shape, dtype and values disagree, or a name or a
 * metadata string cannot be written
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { serialiseSafetensors } from "@neocog/neocog";
 *
 * assertEquals(new TextDecoder().decode(serialiseSafetensors(new Map()).subarray(8)), "{}      ");
 * ```
 */
export function serialiseSafetensors(
  tensors: ReadonlyMap<string, HostTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const sorted = [...tensors].sort(byTypeThenName);
  const header = headerBytes(sorted, metadata);
  const size = sorted.reduce((sum, [, tensor]) => sum + tensor.values.byteLength, 0);
  const out = new Uint8Array(8 + header.length + size);
  new DataView(out.buffer).setBigUint64(0, BigInt(header.length), true);
  out.set(header, 8);
  let at = 8 + header.length;
  for (const [, { values }] of sorted) {
    out.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at);
    at += values.byteLength;
  }
  return out;
}

/** The reference's order of types: wide elements first, so that every tensor is aligned. */
const ORDER = { float32: 0, int32: 1, bool: 2 } as const;

function byTypeThenName(
  [a, { dtype: x }]: [string, HostTensor],
  [b, { dtype: y }]: [string, HostTensor],
): number {
  return ORDER[x] - ORDER[y] || (a < b ? -1 : 1);
}

function headerBytes(
  tensors: readonly [string, HostTensor][],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const fields: string[] = [];
  if (Object.keys(metadata).length > 0) fields.push(`"__metadata__":${metadataJson(metadata)}`);
  let begin = 0;
  for (const [name, tensor] of tensors) {
    checkName(name);
    checkHostTensor(name, tensor);
    const end = begin + tensor.values.byteLength;
    const entry = { dtype: WRITTEN_AS[tensor.dtype], shape: tensor.shape };
    fields.push(
      `${JSON.stringify(name)}:${JSON.stringify({ ...entry, data_offsets: [begin, end] })}`,
    );
    begin = end;
  }
  const header = new TextEncoder().encode(`{${fields.join(",")}}`);
  // Padded with spaces as in the reference, so that the data begins at a multiple of 8.
  const padded = new Uint8Array(Math.ceil(header.length / 8) * 8).fill(0x20);
  padded.set(header);
  return padded;
}

function checkName(name: string): void {
  if (name === "__metadata__" || !name.isWellFormed()) {
    throw new TypeError(
      'Cannot write a tensor as its name must be valid UTF-16 and not "__metadata__": ' +
        `current value is ${JSON.stringify(name)}`,
    );
  }
}

function metadataJson(metadata: Readonly<Record<string, string>>): string {
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value !== "string" || !value.isWellFormed() || !key.isWellFormed()) {
      throw new TypeError(
        `Cannot write metadata "${key}" as it must be a string of valid UTF-16: ` +
          `current value is ${JSON.stringify(value)}`,
      );
    }
  }
  return JSON.stringify(metadata);
}
