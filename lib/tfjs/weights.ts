// The numbers of a TensorFlow.js model: groups of tensors, each in shards beside `model.json`.
// Source: https://github.com/tensorflow/tfjs/blob/master/tfjs-core/src/io/types.ts
import { besidePath } from "../files/beside.ts";
import { isRecord } from "../keras/mod.ts";
import { sizeOf } from "../tensor/tensor.ts";

/** A tensor as the manifest lists it. */
type Entry = {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  /** How its numbers were packed. */
  readonly quantization?: {
    readonly dtype: string;
    readonly min?: number;
    readonly scale?: number;
  };
};

/** A tensor whose numbers are unpacked when they are asked for. */
export type TfjsTensor = {
  readonly name: string;
  readonly shape: readonly number[];
  readonly isWhole: boolean;
  read(): Float32Array;
};

/** Bytes of a number. */
const WIDTHS: Readonly<Record<string, number>> = {
  float32: 4,
  int32: 4,
  bool: 1,
  uint8: 1,
  uint16: 2,
  float16: 2,
};

const READERS: Readonly<Record<string, (view: DataView, byte: number) => number>> = {
  float32: (view, byte) => view.getFloat32(byte, true),
  int32: (view, byte) => view.getInt32(byte, true),
  bool: (view, byte) => view.getUint8(byte),
  uint8: (view, byte) => view.getUint8(byte),
  uint16: (view, byte) => view.getUint16(byte, true),
  float16: (view, byte) => view.getFloat16(byte, true),
};

/**
 * The tensors that a manifest lists. The shards' lengths are compared with it before they are read.
 *
 * @param manifest `weightsManifest` of the file
 * @param file the file, `model.json`
 * @throws {SyntaxError} if it is no manifest, or the shards are too short or too long
 * @throws {TypeError} if a tensor is of a type that is not known
 * @throws {RangeError} if a shard is outside the file's folder, or a link
 */
export async function readWeights(
  manifest: unknown,
  file: string,
): Promise<Map<string, TfjsTensor>> {
  const bad = (rule: string, got: unknown): SyntaxError =>
    new SyntaxError(`Cannot read ${file}: ${rule}, got ${JSON.stringify(got)?.slice(0, 120)}`);
  if (!Array.isArray(manifest)) throw bad("its weightsManifest must be a list of groups", manifest);
  const tensors = new Map<string, TfjsTensor>();
  for (const group of manifest.flat(9)) {
    const isGroup = isRecord(group) && Array.isArray(group.paths) &&
      group.paths.every((path) => typeof path === "string") && Array.isArray(group.weights);
    if (!isGroup) throw bad("a group of its weights must have paths and weights", group);
    const { paths, weights } = group as { paths: string[]; weights: unknown[] };
    const entries = weights.map((entry) => requireEntry(entry, file));
    const widths = entries.map(({ shape, dtype, quantization }) =>
      sizeOf(shape) * WIDTHS[quantization?.dtype ?? dtype]!
    );
    const total = widths.reduce((sum, width) => sum + width, 0);
    const bytes = await shardsOf(file, paths, total);
    let at = 0;
    for (const [i, entry] of entries.entries()) {
      if (tensors.has(entry.name)) {
        throw bad("each of its weights must be there once", entry.name);
      }
      tensors.set(entry.name, tensorOf(entry, bytes, at));
      at += widths[i]!;
    }
  }
  return tensors;
}

function requireEntry(value: unknown, file: string): Entry {
  const { name, shape, dtype, quantization } = isRecord(value) ? value : {} as Partial<Entry>;
  const isEntry = typeof name === "string" && typeof dtype === "string" && Array.isArray(shape) &&
    shape.every((size) => Number.isSafeInteger(size) && size >= 0) &&
    Number.isSafeInteger(sizeOf(shape));
  if (!isEntry) {
    throw new SyntaxError(
      `Cannot read ${file}: each of its weights must have a name, a shape and a dtype, got ${
        JSON.stringify(value)?.slice(0, 120)
      }`,
    );
  }
  const packed = isRecord(quantization) ? quantization as Entry["quantization"] : undefined;
  const isPlain = dtype === "float32" || dtype === "int32" || dtype === "bool";
  const isPacked = !packed || packed.dtype === "float16" && dtype === "float32" ||
    (packed.dtype === "uint8" || packed.dtype === "uint16") &&
      Number.isFinite(packed.min) && Number.isFinite(packed.scale);
  if (!isPlain || !isPacked) {
    throw new TypeError(
      `Cannot read ${file}: its weight "${name}" must be of float32, int32 or bool, perhaps packed as uint8, uint16 (with min and scale) or float16, got ${dtype}${
        packed ? ` packed as ${JSON.stringify(packed)}` : ""
      }`,
    );
  }
  return { name, shape, dtype, ...(packed ? { quantization: packed } : {}) };
}

/** The bytes of a group's shards, one after another. */
async function shardsOf(
  file: string,
  paths: readonly string[],
  total: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const places: string[] = [];
  let size = 0;
  for (const path of paths) {
    const place = await besidePath(file, path, `Cannot read ${file}: its weights must be`);
    places.push(place);
    size += (await Deno.stat(place)).size;
  }
  if (size !== total) {
    throw new SyntaxError(
      `Cannot read ${file}: its weights must be ${total} bytes in ${
        paths.join(", ") || "no shards"
      }, got ${size}`,
    );
  }
  const bytes = new Uint8Array(total);
  let at = 0;
  for (const place of places) {
    const shard = await Deno.readFile(place);
    bytes.set(shard.subarray(0, total - at), at);
    at += shard.length;
  }
  return bytes;
}

function tensorOf(
  { name, shape, dtype, quantization }: Entry,
  bytes: Uint8Array<ArrayBuffer>,
  at: number,
): TfjsTensor {
  const count = sizeOf(shape);
  const packed = quantization?.dtype ?? dtype;
  const [width, numberAt] = [WIDTHS[packed]!, READERS[packed]!];
  const { min = 0, scale = 1 } = packed.startsWith("uint") ? quantization! : {};
  const isWhole = dtype !== "float32";
  const read = (): Float32Array => {
    const view = new DataView(bytes.buffer, bytes.byteOffset + at, count * width);
    const values = new Float32Array(count);
    for (let i = 0; i < count; i++) {
      const value = numberAt(view, i * width) * scale + min;
      values[i] = isWhole ? Math.round(value) : value;
    }
    return values;
  };
  return { name, shape, isWhole, read };
}
