// PyTorch's own files, `.pth` and `.pt`, as `torch.save` writes them: a zip archive since version 1.6,
// before it pickles one after another. Nothing of a file is run.
// Source: https://github.com/pytorch/pytorch/blob/main/torch/serialization.py
import { attempting } from "../files/file_error.ts";
import { readAt } from "../files/read_at.ts";
import { openZip, type ZipFile } from "../files/zip.ts";
import { sizeOf } from "../tensor/tensor.ts";
import type { HostTensor } from "./host_tensor.ts";
import { parsePickle, PickleEnd, PickleFunction, type PickleValue } from "./pickle.ts";
import { converted, entryOf } from "./safetensors.ts";
import { dtypeBits, type SafetensorsDtype, takeElements } from "./safetensors_dtype.ts";
import type { TensorInfo } from "./safetensors_file.ts";
import type { TensorFile } from "./tensor_source.ts";

/** The storages of tensors, by PyTorch's names of their classes. */
const STORAGES: Readonly<Record<string, SafetensorsDtype>> = {
  "torch.DoubleStorage": "F64",
  "torch.FloatStorage": "F32",
  "torch.HalfStorage": "F16",
  "torch.BFloat16Storage": "BF16",
  "torch.LongStorage": "I64",
  "torch.IntStorage": "I32",
  "torch.ShortStorage": "I16",
  "torch.CharStorage": "I8",
  "torch.ByteStorage": "U8",
  "torch.BoolStorage": "BOOL",
};

/** Bytes of a number. */
const widthOf = (dtype: SafetensorsDtype): number => dtypeBits(dtype) / 8;

/** The class of a storage. */
class StorageClass {
  constructor(readonly dtype: SafetensorsDtype) {}
}

/** Numbers that tensors look into, and where they are in the file. */
class Storage {
  constructor(readonly dtype: SafetensorsDtype, readonly key: string, readonly count: number) {}
}

/** A tensor: a view of a storage. */
class TensorView {
  constructor(
    readonly storage: Storage,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
  ) {}
}

/** Names that a state dict may have in a checkpoint, the likeliest first. */
const WRAPPERS = ["state_dict", "model_state_dict", "model_state", "model", "net", "params_ema"];

/**
 * Opens a file of `torch.save`: a state dict, or a dictionary with one under a name such as
 * `state_dict` or `model`. Storages are read when their tensors are asked for, one at a time.
 *
 * Needs `--allow-read` for `path`.
 *
 * @param path the file
 * @returns its tensors' types and shapes, and a way to read a tensor
 * @throws {SyntaxError} if it is damaged, is a whole module or a TorchScript archive, or names
 * anything but tensors, storages, ordered dictionaries and numbers: with the name
 * @throws {Error} of Deno's class for it (`NotFound`, …) if the system refuses
 */
export async function openTorch(path: string): Promise<TensorFile> {
  const start = await firstBytes(path);
  const isZip = start[0] === 0x50 && start[1] === 0x4b;
  return isZip ? await openArchive(path) : await openLegacy(path);
}

/** Whether a file begins as PyTorch's do: a zip archive, or a pickle of protocol 2 and later. */
export async function isTorch(path: string): Promise<boolean> {
  const [a, b, c, d] = await firstBytes(path);
  return a === 0x50 && b === 0x4b && c === 3 && d === 4 || a === 0x80 && b! >= 2 && b! <= 5;
}

async function firstBytes(path: string): Promise<Uint8Array> {
  using file = await attempting(`Cannot read ${path}`, Deno.open(path));
  const bytes = new Uint8Array(4);
  await attempting(`Cannot read ${path}`, file.read(bytes));
  return bytes;
}

async function openArchive(path: string): Promise<TensorFile> {
  const zip = await openZip(path);
  try {
    const pickle = [...zip.entries.keys()].find((name) => /^[^/]+\/data\.pkl$/.test(name));
    const root = pickle?.slice(0, -"data.pkl".length);
    if (root === undefined) throw bad(path, "it must have a data.pkl", "another zip archive");
    if ([...zip.entries.keys()].some((name) => name.startsWith(`${root}code/`))) {
      throw bad(path, "it must be a state dict, torch.save(model.state_dict(), …)", "TorchScript");
    }
    const order = await textIn(zip, `${root}byteorder`);
    if (order !== undefined && order !== "little") {
      throw bad(path, "it must be little-endian", order);
    }
    const bytes = await zip.entries.get(pickle!)!.read();
    const views = viewsIn(unpickle(bytes, 0, path).value, path);
    const contents = (key: string): ReturnType<ZipFile["entries"]["get"]> =>
      zip.entries.get(`${root}data/${key}`);
    requireStorages(views, (key) => contents(key)?.size, path);
    const read = async ({ key }: Storage): Promise<Uint8Array<ArrayBuffer>> =>
      await contents(key)!.read();
    return tensorFile(path, views, read, async () => await zip[Symbol.asyncDispose]());
  } catch (error) {
    await zip[Symbol.asyncDispose]();
    throw error;
  }
}

async function textIn(zip: ZipFile, name: string): Promise<string | undefined> {
  const entry = zip.entries.get(name);
  return entry && entry.size < 100 ? new TextDecoder().decode(await entry.read()) : undefined;
}

/** What `torch.save` wrote before version 1.6 begins with, and its version. */
const MAGIC = 0x1950a86a20f9469cfc6cn;
const LEGACY_VERSION = 1001;

async function openLegacy(path: string): Promise<TensorFile> {
  const file = await attempting(`Cannot read ${path}`, Deno.open(path));
  try {
    const { size } = await file.stat();
    const { value, keys, storages, end } = await legacyHead(file, size, path);
    const views = viewsIn(value, path);
    const places = new Map<string, number>();
    let at = end;
    for (const key of keys) {
      const storage = storages.get(key);
      if (!storage) throw bad(path, `storage ${key} must be of a tensor`, "none");
      const prefix = await bytesAt(file, at, 8, path);
      const count = Number(new DataView(prefix.buffer).getBigInt64(0, true));
      if (count !== storage.count) {
        throw bad(path, `storage ${key} must have ${storage.count} numbers`, count);
      }
      places.set(key, at + 8);
      at += 8 + count * widthOf(storage.dtype);
    }
    const sizeAt = (key: string): number | undefined => {
      const place = places.get(key);
      const { dtype, count } = storages.get(key)!;
      return place === undefined ? undefined : Math.min(size - place, count * widthOf(dtype));
    };
    requireStorages(views, sizeAt, path);
    const read = ({ key, count, dtype }: Storage): Promise<Uint8Array<ArrayBuffer>> =>
      bytesAt(file, places.get(key)!, count * widthOf(dtype), path);
    return tensorFile(path, views, read, () => Promise.resolve(file.close()));
  } catch (error) {
    file.close();
    throw error;
  }
}

/** The pickles before the storages: a few bytes of a large file, so that more is read as needed. */
async function legacyHead(
  file: Deno.FsFile,
  size: number,
  path: string,
): Promise<{
  value: PickleValue;
  keys: readonly string[];
  storages: ReadonlyMap<string, Storage>;
  end: number;
}> {
  for (let length = Math.min(size, 1 << 20);; length = Math.min(size, 4 * length)) {
    const bytes = await bytesAt(file, 0, length, path);
    try {
      const magic = unpickle(bytes, 0, path);
      if (magic.value !== MAGIC) {
        throw bad(path, "it must be of torch.save", "another pickle");
      }
      const version = unpickle(bytes, magic.end, path);
      if (version.value !== LEGACY_VERSION) {
        throw bad(path, `its version must be ${LEGACY_VERSION}`, String(version.value));
      }
      const system = unpickle(bytes, version.end, path);
      if (system.value instanceof Map && system.value.get("little_endian") === false) {
        throw bad(path, "it must be little-endian", "big-endian");
      }
      const storages = new Map<string, Storage>();
      const { value, end } = unpickle(bytes, system.end, path, storages);
      const keys = unpickle(bytes, end, path);
      const areKeys = Array.isArray(keys.value) &&
        keys.value.every((key) => typeof key === "string");
      if (!areKeys) throw bad(path, "its storages must have names", "others");
      return { value, keys: keys.value as string[], storages, end: keys.end };
    } catch (error) {
      if (!((error as Error).cause instanceof PickleEnd) || length === size) throw error;
    }
  }
}

async function bytesAt(
  file: Deno.FsFile,
  at: number,
  length: number,
  path: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const { size } = await file.stat();
  if (at + length > size) throw bad(path, `it must have ${at + length} bytes`, size);
  const bytes = await readAt(file, at, length);
  if (bytes.length === length) return bytes;
  throw bad(path, `it must have ${at + length} bytes`, at + bytes.length);
}

/**
 * A pickle of PyTorch's.
 *
 * @param storages takes the storages that it names
 */
function unpickle(
  bytes: Uint8Array,
  start: number,
  path: string,
  storages = new Map<string, Storage>(),
): { readonly value: PickleValue; readonly end: number } {
  const persistent = (id: PickleValue): Storage => {
    const storage = storageOf(id);
    storages.set(storage.key, storage);
    return storage;
  };
  try {
    return parsePickle(bytes, start, { global: globalOf, persistent });
  } catch (cause) {
    if (cause instanceof SyntaxError || cause instanceof TypeError) {
      throw new SyntaxError(`Cannot read ${path}: ${cause.message}`, { cause });
    }
    throw cause;
  }
}

const FUNCTIONS: Readonly<Record<string, PickleFunction>> = {
  "collections.OrderedDict": new PickleFunction(([items]) => {
    const map = new Map<PickleValue, PickleValue>();
    for (const pair of Array.isArray(items) ? items : []) {
      if (Array.isArray(pair) && pair.length === 2) map.set(pair[0]!, pair[1]!);
    }
    return map;
  }),
  "torch._utils._rebuild_tensor_v2": new PickleFunction(viewOf),
  "torch._utils._rebuild_tensor": new PickleFunction(viewOf),
  "torch._utils._rebuild_parameter": new PickleFunction(([tensor]) => tensor ?? null),
  "torch.Size": new PickleFunction(([sizes]) => sizes ?? []),
  "torch.device": new PickleFunction(([name]) => name ?? null),
};

function globalOf(name: string): PickleFunction | StorageClass | undefined {
  if (Object.hasOwn(STORAGES, name)) return new StorageClass(STORAGES[name]!);
  return Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
}

const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;
const areCounts = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every(isCount);

function storageOf(id: PickleValue): Storage {
  const [kind, type, key, , count, view] = Array.isArray(id) ? id : [];
  const isKnown = kind === "storage" && type instanceof StorageClass && typeof key === "string" &&
    isCount(count);
  if (!isKnown) throw new SyntaxError("its storages must have type, name and size, got others");
  if (view !== undefined && view !== null) {
    throw new SyntaxError("its storages must be whole, got a view of one");
  }
  return new Storage(type.dtype, key, count);
}

function viewOf([storage, offset, shape, strides]: readonly PickleValue[]): TensorView {
  if (
    !(storage instanceof Storage) || !isCount(offset) || !areCounts(shape) || !areCounts(strides) ||
    shape.length !== strides.length
  ) {
    throw new SyntaxError("its tensors must have storage, offset, shape and strides, got others");
  }
  const last = shape.includes(0)
    ? -1
    : shape.reduce((sum, size, axis) => sum + (size - 1) * strides[axis]!, offset);
  if (!(last < storage.count)) {
    throw new SyntaxError(
      `its tensors must lie within their storages, got number ${last} of ${storage.count}`,
    );
  }
  // By steps of zero a few bytes would be as many numbers as they like.
  const most = Math.max(storage.count, MOST_REPEATED);
  if (sizeOf(shape) > most) {
    throw new SyntaxError(
      `its tensors must have no more than ${most} numbers, of a storage of ${storage.count}, got [${shape}]`,
    );
  }
  return new TensorView(storage, offset, shape, strides);
}

/** The most numbers of a tensor that repeats those of its storage, as `expand` does. */
const MOST_REPEATED = 2 ** 20;

/** The tensors of a state dict by name; of a checkpoint, those of the state dict in it. */
function viewsIn(value: PickleValue, path: string): ReadonlyMap<string, TensorView> {
  if (!(value instanceof Map)) throw bad(path, "it must be a state dict", "another value");
  const found = tensorsOf(value);
  if (found.size > 0) return found;
  for (const name of WRAPPERS) {
    const inner = value.get(name);
    const views = inner instanceof Map ? tensorsOf(inner) : new Map<string, TensorView>();
    if (views.size > 0) return views;
  }
  const names = [...value.keys()].slice(0, 10).join(", ") || "nothing";
  const rule = `it must be a state dict, or have one as ${WRAPPERS.join(", ")}`;
  throw bad(path, rule, `a dictionary with ${names}`);
}

function tensorsOf(map: ReadonlyMap<PickleValue, PickleValue>): Map<string, TensorView> {
  return new Map(
    [...map].filter(([name, value]) => typeof name === "string" && value instanceof TensorView),
  ) as Map<string, TensorView>;
}

/** Refuses storages that are missing, or that are shorter than the tensors in them need. */
function requireStorages(
  views: ReadonlyMap<string, TensorView>,
  bytesOf: (key: string) => number | undefined,
  path: string,
): void {
  for (const [name, { storage: { key, count, dtype } }] of views) {
    const wanted = count * widthOf(dtype);
    const found = bytesOf(key);
    if (found === undefined || found < wanted) {
      throw bad(path, `storage ${key} of "${name}" must have ${wanted} bytes`, found ?? "none");
    }
  }
}

function tensorFile(
  file: string,
  views: ReadonlyMap<string, TensorView>,
  readStorage: (storage: Storage) => Promise<Uint8Array<ArrayBuffer>>,
  close: () => Promise<void>,
): TensorFile {
  const tensors = new Map<string, TensorInfo>(
    [...views].map(([name, { storage, shape }]) => [name, { dtype: storage.dtype, shape }]),
  );
  return {
    file,
    metadata: {},
    tensors,
    async read(name): Promise<HostTensor> {
      const { storage, offset, shape, strides } = entryOf(views, name, file);
      const bytes = await readStorage(storage);
      const elements = gathered(bytes, widthOf(storage.dtype), offset, shape, strides);
      return converted(name, shape, () => takeElements(storage.dtype, () => elements), file);
    },
    [Symbol.asyncDispose]: close,
  };
}

/** A tensor's elements, one after another in the order of its indices. */
function gathered(
  bytes: Uint8Array<ArrayBuffer>,
  width: number,
  offset: number,
  shape: readonly number[],
  strides: readonly number[],
): ArrayBuffer {
  const count = sizeOf(shape);
  const from = offset * width;
  if (isContiguous(shape, strides)) {
    const whole = from === 0 && bytes.byteOffset === 0 && bytes.buffer.byteLength === count * width;
    return whole ? bytes.buffer : bytes.slice(from, from + count * width).buffer;
  }
  const out = new Uint8Array(count * width);
  const index = shape.map(() => 0);
  let place = offset;
  for (let i = 0; i < count; i++) {
    out.set(bytes.subarray(place * width, (place + 1) * width), i * width);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      place += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      place -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return out.buffer;
}

function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis]! > 1 && strides[axis] !== stride) return false;
    stride *= shape[axis]!;
  }
  return true;
}

function bad(path: string, rule: string, found: unknown): SyntaxError {
  return new SyntaxError(`Cannot read ${path}: ${rule}, got ${found}`);
}
