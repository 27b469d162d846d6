// Writes HDF5 files in memory.
import type { Hdf5Attribute } from "./hdf5.ts";
import { lastReason, loadLibrary, type Package } from "./hdf5_library.ts";

/** A group to write: its attributes, and what lies in it by name. */
export type Hdf5Group = {
  readonly attributes?: Readonly<Record<string, Hdf5Attribute>>;
  readonly members?: Readonly<Record<string, Hdf5Group | Hdf5Numbers>>;
};

/** Numbers to write. */
export type Hdf5Numbers = {
  readonly attributes?: Readonly<Record<string, Hdf5Attribute>>;
  readonly shape: readonly number[];
  readonly values: Float32Array | Int32Array;
};

/**
 * The contents of an HDF5 file. Texts are of variable length, lists of texts of a fixed one, as h5py
 * writes both for Keras.
 *
 * @param root its outermost group
 * @returns the file's bytes
 * @throws {RangeError} if an attribute is larger than the 64 KB that the format allows
 */
export async function serializeHdf5(root: Hdf5Group): Promise<Uint8Array<ArrayBuffer>> {
  const { Hdf5File, files, said } = await loadLibrary();
  const path = `/${crypto.randomUUID()}.h5`;
  said();
  const file = new Hdf5File(path, "w");
  try {
    try {
      writeGroup(file, root);
    } finally {
      file.close();
    }
    const reason = lastReason(said());
    if (reason !== undefined) throw new RangeError(`Cannot write an HDF5 file: ${reason}`);
    return files.readFile(path);
  } finally {
    files.unlink(path);
  }
}

type Target = Pick<InstanceType<Package["Group"]>, "create_attribute">;

function writeGroup(
  target: InstanceType<Package["Group"]>,
  { attributes, members = {} }: Hdf5Group,
): void {
  writeAttributes(target, attributes);
  for (const [name, member] of Object.entries(members)) {
    if (!("values" in member)) {
      writeGroup(target.create_group(name), member);
      continue;
    }
    const { values, shape } = member;
    writeAttributes(
      target.create_dataset({ name, data: values, shape: [...shape] }),
      member.attributes,
    );
  }
}

/** The most bytes of an attribute, as it lies in its object's header. */
const MOST_ATTRIBUTE = 64_000;

function writeAttributes(
  target: Target,
  attributes: Readonly<Record<string, Hdf5Attribute>> = {},
): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "string" || typeof value === "number") {
      target.create_attribute(name, value);
      continue;
    }
    const isTexts = value.some((one) => typeof one === "string");
    const widest = Math.max(
      1,
      ...value.map((one) => new TextEncoder().encode(`${one}`).length),
    );
    const size = value.length * (isTexts ? widest : 8);
    if (size > MOST_ATTRIBUTE) {
      throw new RangeError(
        `Cannot write attribute "${name}": it must be of at most ${MOST_ATTRIBUTE} bytes, got ${size}`,
      );
    }
    const dtype = isTexts || value.length === 0 ? `A${widest}` : "<d";
    target.create_attribute(name, [...value] as string[] | number[], [value.length], dtype);
  }
}
