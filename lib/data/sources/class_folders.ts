// What lies in a folder of pictures: a folder a class, perhaps within train, val and test.
import { fileName } from "./idx.ts";

/** A picture's file and its class. */
export type LabeledFile = { readonly file: string; readonly label: number };

/** The pictures of a folder. */
export type ClassFolders = {
  readonly classNames: readonly string[];
  /** By part: `all` where the folder is not parted, else `train` and one or both of the others. */
  readonly parts: Readonly<Partial<Record<Part, readonly LabeledFile[]>>>;
  /** What is no picture, or lies too deep, as paths. */
  readonly ignored: readonly string[];
};

/** A part of a data set. */
export type Part = "all" | "train" | "val" | "test";

/** What the folders of the parts may be called. */
const PARTS: Readonly<Record<string, Part>> = {
  train: "train",
  training: "train",
  val: "val",
  valid: "val",
  validation: "val",
  test: "test",
};

/** Files that are read, or refused by what they are: a data set must not shrink in silence. */
const PICTURE = /\.(?:png|jpe?g|gif|webp|bmp|tiff?|avif|heic)$/i;

/** More labels than 16 bits tell apart. */
const MOST_CLASSES = 2 ** 16;

/** What a folder holds, symbolic links followed, by name. */
type Held = { readonly folders: readonly string[]; readonly files: readonly string[] };

/**
 * Finds the pictures of a folder. A symbolic link counts as what it leads to, and where it leads
 * nowhere as a file, which reading refuses. Names that begin with a dot are passed over.
 *
 * @param root the folder
 * @throws {Deno.errors.NotFound} where it is no folder
 * @throws {RangeError} where it does not hold at least two classes, each with a picture, the same
 * in every part
 */
export async function findClassFolders(root: string): Promise<ClassFolders> {
  const held = await holdings(root);
  const parts = held.folders.filter((name) => Object.hasOwn(PARTS, name.toLowerCase()));
  const trained = parts.find((name) => PARTS[name.toLowerCase()] === "train");
  const isParted = trained !== undefined &&
    (await holdings(`${root}/${trained}`)).folders.length > 0;
  if (!isParted) {
    const { classNames, files, ignored } = await findClasses(root, held);
    return { classNames, parts: { all: files }, ignored };
  }
  return await findParts(root, held, parts);
}

async function findParts(
  root: string,
  held: Held,
  names: readonly string[],
): Promise<ClassFolders> {
  const ignored = [...held.files, ...held.folders.filter((name) => !names.includes(name))]
    .map((name) => `${root}/${name}`);
  const found: Partial<Record<Part, Classes>> = {};
  for (const name of names) {
    const part = PARTS[name.toLowerCase()]!;
    if (found[part]) throw bad(root, `it must hold one folder to be its ${part} part`, "two");
    const folder = `${root}/${name}`;
    found[part] = await findClasses(folder, await holdings(folder));
    ignored.push(...found[part].ignored);
  }
  const { train, val, test } = found;
  if (!val && !test) throw bad(root, "beside train there must be test or val", names.join(", "));
  for (const other of [val, test]) if (other) requireSameClasses(root, train!, other);
  const { classNames, files } = train!;
  const parts = {
    train: files,
    ...(val ? { val: val.files } : {}),
    ...(test ? { test: test.files } : {}),
  };
  return { classNames, parts, ignored };
}

/** The classes of a part. */
type Classes = {
  readonly classNames: readonly string[];
  readonly files: readonly LabeledFile[];
  readonly ignored: readonly string[];
};

async function findClasses(folder: string, held: Held): Promise<Classes> {
  const classNames = held.folders;
  requireClasses(folder, held);
  const files: LabeledFile[] = [];
  const ignored = held.files.map((name) => `${folder}/${name}`);
  for (const [label, name] of classNames.entries()) {
    const path = `${folder}/${name}`;
    const inside = await holdings(path);
    const pictures = inside.files.filter((file) => PICTURE.test(file));
    if (pictures.length === 0) {
      const rule = `each folder of a class must hold a picture, ${name} too`;
      throw bad(folder, rule, described(inside));
    }
    files.push(...pictures.map((file) => ({ file: `${path}/${file}`, label })));
    const others = inside.files.filter((file) => !PICTURE.test(file));
    ignored.push(...[...others, ...inside.folders].map((other) => `${path}/${other}`));
  }
  return { classNames, files, ignored };
}

function requireClasses(folder: string, held: Held): void {
  const { folders } = held;
  if (folders.length >= 2 && folders.length <= MOST_CLASSES) return;
  const found = folders.length === 1 ? `one class, ${folders[0]}` : described(held);
  throw bad(folder, `it must hold a folder for each of 2 to ${MOST_CLASSES} classes`, found);
}

function requireSameClasses(root: string, train: Classes, other: Classes): void {
  const missing = (from: Classes, to: Classes): string[] =>
    from.classNames.filter((name) => !to.classNames.includes(name));
  const [more, fewer] = [missing(other, train), missing(train, other)];
  if (more.length + fewer.length === 0) return;
  const found = [[fewer, "only in train"], [more, "not in train"]] as const;
  const text = found.filter(([names]) => names.length > 0)
    .map(([names, where]) => `${some(names)} ${where}`).join(", ");
  throw bad(root, "the classes of its parts must be the same", text);
}

/** The first few names of many. */
export function some(names: readonly string[], count = 5): string {
  const first = names.slice(0, count).join(", ");
  return names.length > count ? `${first} and ${names.length - count} more` : first;
}

function described({ folders, files }: Held): string {
  if (folders.length + files.length === 0) return "nothing in it";
  const parts = [[folders, "folders"], [files, "files"]] as const;
  return parts.filter(([names]) => names.length > 0)
    .map(([names, what]) => `${names.length} ${what} (${some(names, 3)})`).join(" and ");
}

function bad(folder: string, rule: string, found: string): RangeError {
  return new RangeError(`Cannot read images of ${folder}: ${rule}, got ${found}`);
}

/** What a folder holds, sorted by code units: the same everywhere. */
async function holdings(folder: string): Promise<Held> {
  const folders: string[] = [];
  const files: string[] = [];
  try {
    for await (const entry of Deno.readDir(folder)) {
      if (entry.name.startsWith(".")) continue;
      const isFolder = entry.isSymlink
        ? await leadsToFolder(`${folder}/${entry.name}`)
        : entry.isDirectory;
      (isFolder ? folders : files).push(entry.name);
    }
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable || error instanceof Deno.errors.PermissionDenied) {
      throw error;
    }
    throw new Deno.errors.NotFound(
      `Cannot read images of ${fileName(folder)}: it must be a folder: ` +
        `got ${(error as Error).message}`,
      { cause: error },
    );
  }
  return { folders: folders.sort(), files: files.sort() };
}

async function leadsToFolder(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isDirectory;
  } catch (error) {
    // A link to nowhere, or in a circle.
    if (error instanceof Deno.errors.NotCapable) throw error;
    return false;
  }
}
