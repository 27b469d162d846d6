// Writes safetensors files, the same bytes as Python's package: into memory, or tensor by tensor to the disk.
import { writeFileAtomically } from "../files/atomic_file.ts";
import {
  checkHostTensor,
  type HostDtype,
  type HostTensor,
  type HostValues,
} from "./host_tensor.ts";
import { dtypeBits, SAFETENSORS_DTYPES, WRITTEN_AS } from "./safetensors_dtype.ts";

/** The values of a tensor that is written: a host tensor's, or `BigInt64Array` for `"int64"`. */
export type WrittenValues = HostValues | BigInt64Array;

/** A tensor to be written whose values are made when their turn comes. */
export type LazyTensor = {
  /** A host tensor's type, or `"int64"`, which PyTorch counts in. */
  readonly dtype: HostDtype | "int64";
  readonly shape: readonly number[];
  /** Makes the values, the product of `shape` in row-major order; called at most once a file. */
  readonly values: () => WrittenValues | Promise<WrittenValues>;
};

/** What is known of a tensor before its values are. */
type TensorPlan = Pick<LazyTensor, "dtype" | "shape">;

/**
 * Writes tensors as a safetensors file. The same tensors and metadata give the same bytes,
 * in whatever order they come; they are those of the Python package.
 *
 * @param tensors host tensors by name
 * @param metadata strings by name
 * @returns the file's bytes
 * @throws {TypeError} if a tensor's shape, dtype and values disagree, or a name or a
 * metadata string cannot be written
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { serializeSafetensors } from "@neocog/neocog/weights";
 *
 * assertEquals(new TextDecoder().decode(serializeSafetensors(new Map()).subarray(8)), "{}      ");
 * ```
 */
export function serializeSafetensors(
  tensors: ReadonlyMap<string, HostTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  for (const [name, tensor] of tensors) checkHostTensor(name, tensor);
  const sorted = [...tensors].sort(byTypeThenName);
  const head = headBytes(sorted, metadata);
  const size = sorted.reduce((sum, [, tensor]) => sum + tensor.values.byteLength, 0);
  const out = new Uint8Array(head.length + size);
  out.set(head);
  let at = head.length;
  for (const [, { values }] of sorted) {
    out.set(bytesOf(values), at);
    at += values.byteLength;
  }
  return out;
}

/**
 * Writes tensors to a safetensors file one after the other, so that no two need be in memory
 * together. The bytes are those of {@linkcode serializeSafetensors}; the file is written in full
 * or not at all.
 *
 * Needs `--allow-read` and `--allow-write` for the directory of `path`.
 *
 * @param path the file; its old contents stay if this throws
 * @param tensors pairs of name and tensor, such as a `Map`: host tensors, or such as make their
 * values when these are to be written
 * @param metadata strings by name
 * @throws {TypeError} if a tensor's shape, dtype and values disagree, two have one name, or
 * a name or a metadata string cannot be written
 * @throws {Error} of Deno's class for it if the system refuses
 * @throws what a tensor's `values` throws
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { openSafetensors, writeSafetensors } from "@neocog/neocog/weights";
 *
 * const path = await Deno.makeTempFile({ suffix: ".safetensors" });
 * const values = () => Promise.resolve(new Float32Array([1, 2]));
 * await writeSafetensors(path, [["bias", { dtype: "float32", shape: [2], values }]]);
 * await using file = await openSafetensors(path);
 * assertEquals([...(await file.read("bias")).values], [1, 2]);
 * ```
 */
export async function writeSafetensors(
  path: string,
  tensors: Iterable<readonly [name: string, tensor: HostTensor | LazyTensor]>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const sorted = requireDistinct([...tensors]).sort(byTypeThenName);
  for (const [name, tensor] of sorted) {
    if (typeof tensor.values !== "function") checkHostTensor(name, tensor as HostTensor);
  }
  const head = headBytes(sorted, metadata);
  await writeFileAtomically(path, parts(head, sorted));
}

type NamedTensor<T> = readonly [name: string, tensor: T];

function requireDistinct<T>(tensors: NamedTensor<T>[]): NamedTensor<T>[] {
  const names = new Set<string>();
  for (const [name] of tensors) {
    if (names.has(name)) {
      throw new TypeError(
        `Cannot write tensors: their names must differ, got ${JSON.stringify(name)} twice`,
      );
    }
    names.add(name);
  }
  return tensors;
}

/** The file, piece by piece. */
async function* parts(
  head: Uint8Array,
  tensors: readonly NamedTensor<HostTensor | LazyTensor>[],
): AsyncIterable<Uint8Array> {
  yield head;
  for (const [name, tensor] of tensors) {
    const { dtype, shape } = tensor;
    const values = typeof tensor.values === "function" ? await tensor.values() : tensor.values;
    if (dtype === "int64") checkInt64(name, shape, values);
    else checkHostTensor(name, { dtype, shape, values: values as HostValues });
    yield bytesOf(values);
  }
}

function checkInt64(name: string, shape: readonly number[], values: WrittenValues): void {
  const count = shape.reduce((product, size) => product * size, 1);
  if (values instanceof BigInt64Array && values.length === count) return;
  throw new TypeError(
    `Cannot write tensor "${name}": int64 [${shape.join(", ")}] must be a BigInt64Array of ` +
      `${count}, got ${values?.constructor.name} of ${values?.length}`,
  );
}

/** Buffers are little-endian, as the format is and as every machine that Deno runs on. */
function bytesOf({ buffer, byteOffset, byteLength }: WrittenValues): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** The reference's order: wide types first, so that every tensor is aligned; then by name. */
function byTypeThenName([a, x]: NamedTensor<TensorPlan>, [b, y]: NamedTensor<TensorPlan>): number {
  const rank = ({ dtype }: TensorPlan): number => SAFETENSORS_DTYPES.indexOf(WRITTEN_AS[dtype]);
  return rank(y) - rank(x) || (a < b ? -1 : 1);
}

/** The header with its length before it. */
function headBytes(
  tensors: readonly NamedTensor<TensorPlan>[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const fields: string[] = [];
  if (Object.keys(metadata).length > 0) fields.push(`"__metadata__":${metadataJson(metadata)}`);
  let begin = 0;
  for (const [name, { dtype, shape }] of tensors) {
    checkName(name);
    const size = shape.reduce((product, length) => product * length, 1);
    const end = begin + size * dtypeBits(WRITTEN_AS[dtype]) / 8;
    const entry = { dtype: WRITTEN_AS[dtype], shape, data_offsets: [begin, end] };
    fields.push(`${JSON.stringify(name)}:${JSON.stringify(entry)}`);
    begin = end;
  }
  const header = new TextEncoder().encode(`{${fields.join(",")}}`);
  // Padded with spaces as in the reference, so that the data begins at a multiple of 8.
  const padded = new Uint8Array(8 + Math.ceil(header.length / 8) * 8).fill(0x20);
  new DataView(padded.buffer).setBigUint64(0, BigInt(padded.length - 8), true);
  padded.set(header, 8);
  return padded;
}
function checkName(name: string): void {
  if (name === "__metadata__" || !name.isWellFormed()) {
    throw new TypeError(
      'Cannot write a tensor: its name must be valid UTF-16 and not "__metadata__": ' +
        `got ${JSON.stringify(name)}`,
    );
  }
}

function metadataJson(metadata: Readonly<Record<string, string>>): string {
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value !== "string" || !value.isWellFormed() || !key.isWellFormed()) {
      throw new TypeError(
        `Cannot write metadata "${key}": it must be a string of valid UTF-16, ` +
          `got ${JSON.stringify(value)}`,
      );
    }
  }
  return JSON.stringify(metadata);
}
