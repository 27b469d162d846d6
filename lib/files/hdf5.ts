// Reads HDF5 files that are in memory.
import { lastReason, loadLibrary, type Package } from "./hdf5_library.ts";

/** A value of an attribute. */
export type Hdf5Attribute = string | number | readonly string[] | readonly number[];

/** Numbers in an open file. */
export type Hdf5Dataset = {
  readonly shape: readonly number[];
  /** Reads them, in row-major order; half, double and whole numbers as float32. */
  read(): Float32Array<ArrayBuffer>;
};

/** An open file; whoever opened it disposes it. Groups and datasets are named by their paths. */
export type Hdf5File = Disposable & {
  /** The names in a group; none if there is no such group. */
  names(group: string): readonly string[];
  /** The attribute of a group or dataset; `undefined` if there is none. */
  attribute(path: string, name: string): Hdf5Attribute | undefined;
  /** The dataset of a path; `undefined` if there is none. */
  dataset(path: string): Hdf5Dataset | undefined;
};

/** The most that numbers may be larger than a file that packs them. */
const MOST_INFLATION = 1100; // Deflate reaches 1032 : 1.

/**
 * Opens an HDF5 file that is in memory. Nothing outside its bytes is read: links to other files and
 * data in other files are refused.
 *
 * @param bytes the file's contents
 * @param name its name, for messages
 * @returns the file. Its methods throw a `SyntaxError` for a part that is damaged, that is no text and
 * no numbers, or that is larger than the file can hold
 * @throws {SyntaxError} if it is no HDF5 file, or cut
 */
export async function openHdf5(bytes: Uint8Array, name: string): Promise<Hdf5File> {
  const { Hdf5File, Group, module, files, said } = await loadLibrary();
  const bad = (got: string, cause?: unknown): SyntaxError =>
    new SyntaxError(`Cannot read ${name}: it must be a whole HDF5 file, got ${got}`, { cause });
  /** What the library answers, unless it says that something is wrong. */
  const asked = <T>(what: string, ask: () => T): T => {
    said();
    let answer: T;
    try {
      answer = ask();
    } catch (error) {
      if (error instanceof SyntaxError) throw error;
      const reason = lastReason(said()) ?? (error instanceof Error ? error.message : `${error}`);
      throw bad(`${what} that cannot be read: ${reason}`, error);
    }
    const reason = lastReason(said());
    if (reason !== undefined) throw bad(`${what} that cannot be read: ${reason}`);
    return answer;
  };
  const path = `/${crypto.randomUUID()}.h5`;
  files.writeFile(path, bytes, { canOwn: true });
  let file: InstanceType<Package["File"]>;
  try {
    file = asked(`${bytes.length} bytes`, () => new Hdf5File(path, "r"));
  } catch (error) {
    files.unlink(path);
    throw error;
  }
  const id = file.file_id;
  /** What lies at a path, which is followed name by name, as the library complains of what lacks. */
  const typeOf = (path: string): number | undefined => {
    let [group, type] = ["", module.H5G_GROUP];
    for (const part of path.split("/").filter((part) => part !== "")) {
      if (type !== module.H5G_GROUP || !namesIn(group || "/").includes(part)) return undefined;
      group += `/${part}`;
      type = asked(`"${group}"`, () => module.get_type(id, group));
      if (type === module.H5G_UDLINK) throw bad(`"${group}", a link to another file`);
    }
    return type;
  };
  const known = new Map<string, readonly string[]>();
  const namesIn = (group: string): readonly string[] => {
    const names = known.get(group) ??
      asked(`group "${group}"`, () => module.get_names(id, group, false));
    known.set(group, names);
    return names;
  };
  /** Refuses what is larger than the file can hold, before there is memory of it. */
  const requireSize = (what: string, size: number, most: number): void => {
    if (size <= most) return;
    throw bad(`${what} of ${size} bytes, where ${most} can be`);
  };
  return {
    names: (group) => typeOf(group) === module.H5G_GROUP ? namesIn(group || "/") : [],
    attribute(path, attribute) {
      if (typeOf(path) === undefined) return undefined;
      const what = `attribute "${attribute}" of "${path}"`;
      return asked(what, () => {
        const own = path === "" ? "/" : path;
        if (!module.get_attribute_names(id, own).includes(attribute)) return undefined;
        const { size, total_size: count } = module.get_attribute_metadata(id, own, attribute);
        requireSize(what, size * count, bytes.length);
        // Of a dataset too: a path is all that it takes.
        const value = new Group(id, own).get_attribute(attribute, true);
        return attributeOf(value, () => bad(`${what}, which is no text and no numbers`));
      });
    },
    dataset(path) {
      if (typeOf(path) !== module.H5G_DATASET) return undefined;
      const what = `dataset "${path}"`;
      return asked(what, () => {
        const about = module.get_dataset_metadata(id, path);
        const { type, size, signed, shape, total_size: count, virtual_sources: sources } = about;
        const isFloat = type === module.H5T_class_t.H5T_FLOAT.value;
        const decode = decoders[`${isFloat ? "f" : signed ? "i" : "u"}${size}`];
        const isNumbers = isFloat || type === module.H5T_class_t.H5T_INTEGER.value;
        if (!isNumbers || !decode || shape === null) throw bad(`${what}, which is no numbers`);
        if (sources?.length) throw bad(`${what}, whose numbers are in other datasets`);
        const isPacked = module.get_dataset_filters(id, path).length > 0;
        requireSize(what, size * count, bytes.length * (isPacked ? MOST_INFLATION : 1));
        return {
          shape,
          read: () =>
            asked(what, () => {
              const place = module._malloc(Math.max(1, size * count));
              if (place === 0) throw bad(`${what}, for which there is no memory`);
              try {
                module.get_dataset_data(id, path, null, null, null, BigInt(place));
                // The library's memory is another one after it grew.
                const view = new DataView(module.HEAPU8.buffer, place, size * count);
                return decode(view, count);
              } finally {
                module._free(place);
              }
            }),
        };
      });
    },
    [Symbol.dispose]() {
      file.close();
      said();
      files.unlink(path);
    },
  };
}

function attributeOf(value: unknown, refusal: () => Error): Hdf5Attribute {
  const isPlain = (one: unknown): one is string | number =>
    typeof one === "string" || typeof one === "number";
  if (isPlain(value)) return value;
  if (Array.isArray(value) && value.every(isPlain)) return value as Hdf5Attribute;
  throw refusal();
}

type Decode = (view: DataView<ArrayBufferLike>, count: number) => Float32Array<ArrayBuffer>;

const each = (bytes: number, at: (view: DataView, byte: number) => number): Decode =>
(
  view,
  count,
) => {
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) values[i] = at(view, i * bytes);
  return values;
};

/** Makes float32 of numbers, by their kind and bytes; the library has put the least byte first. */
const decoders: Readonly<Record<string, Decode>> = {
  f2: each(2, (view, byte) => view.getFloat16(byte, true)),
  f4: each(4, (view, byte) => view.getFloat32(byte, true)),
  f8: each(8, (view, byte) => view.getFloat64(byte, true)),
  i1: each(1, (view, byte) => view.getInt8(byte)),
  i2: each(2, (view, byte) => view.getInt16(byte, true)),
  i4: each(4, (view, byte) => view.getInt32(byte, true)),
  i8: each(8, (view, byte) => Number(view.getBigInt64(byte, true))),
  u1: each(1, (view, byte) => view.getUint8(byte)),
  u2: each(2, (view, byte) => view.getUint16(byte, true)),
  u4: each(4, (view, byte) => view.getUint32(byte, true)),
  u8: each(8, (view, byte) => Number(view.getBigUint64(byte, true))),
};
