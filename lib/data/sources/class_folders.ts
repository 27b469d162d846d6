// What a folder of pictures holds: a folder for each class, perhaps within train, val and test.
import { isPicture } from "../../image/codecs/file_kind.ts";
import { fileName } from "./idx.ts";

/** A picture's file, or where it is in an archive. */
export type PictureFile = {
  /** Its path; of a picture in an archive that of the archive with its name, which no file has. */
  readonly file: string;
  readonly at?: { readonly archive: string; readonly offset: number; readonly size: number };
};

/** A picture's file and its class. */
export type LabeledFile = PictureFile & { readonly label: number };

/** The pictures of a folder. */
export type ClassFolders = {
  readonly classNames: readonly string[];
  /** By part: `all` if the folder is not split, else `train` and one or both of the others. */
  readonly parts: Readonly<Partial<Record<Part, readonly LabeledFile[]>>>;
  /** Paths of files that are not pictures, and of folders that lie too deep. */
  readonly ignored: readonly string[];
};

/** A part of a data set. */
export type Part = "all" | "train" | "val" | "test";

/** What the folders of the parts may be called. */
export const PARTS: Readonly<Record<string, Part>> = {
  train: "train",
  training: "train",
  val: "val",
  valid: "val",
  validation: "val",
  test: "test",
};

/** Names of pictures. Files of other names are pictures if they begin as such. */
const PICTURE = /\.(?:png|jpe?g|gif|webp|bmp|tiff?|avif|heic)$/i;

/** More labels than 16 bits can hold. */
const MOST_CLASSES = 2 ** 16;

/** What a folder holds, symbolic links followed, sorted by name. */
type Contents = { readonly folders: readonly string[]; readonly files: readonly string[] };

/**
 * Finds the pictures of a folder. A symbolic link counts as its target, and a broken one as a file.
 * Names that begin with a dot are skipped.
 *
 * @throws {Deno.errors.NotFound} if it is not a folder
 * @throws {RangeError} if it does not hold at least two classes, each with a picture, the same in
 * every part
 */
export async function findClassFolders(root: string): Promise<ClassFolders> {
  const contents = await readFolder(root);
  const parts = contents.folders.filter((name) => Object.hasOwn(PARTS, name.toLowerCase()));
  const train = parts.find((name) => PARTS[name.toLowerCase()] === "train");
  const isSplit = train !== undefined && (await readFolder(`${root}/${train}`)).folders.length > 0;
  if (isSplit) return await findParts(root, contents, parts);
  const { classNames, files, ignored } = await findClasses(root, contents);
  return { classNames, parts: { all: files }, ignored };
}

/** Whether a folder holds archives and no folders. */
export async function holdsShards(root: string): Promise<boolean> {
  const { folders, files } = await readFolder(root);
  return folders.length === 0 && files.some((name) => name.endsWith(".tar"));
}

async function findParts(
  root: string,
  contents: Contents,
  names: readonly string[],
): Promise<ClassFolders> {
  const others = contents.folders.filter((name) => !names.includes(name));
  const ignored = [...contents.files, ...others].map((name) => `${root}/${name}`);
  const found: Partial<Record<Part, Classes>> = {};
  for (const name of names) {
    const part = PARTS[name.toLowerCase()]!;
    if (found[part]) throw bad(root, `it must hold one folder to be its ${part} part`, "two");
    const folder = `${root}/${name}`;
    found[part] = await findClasses(folder, await readFolder(folder));
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

async function findClasses(folder: string, contents: Contents): Promise<Classes> {
  const classNames = contents.folders;
  requireClasses(folder, contents);
  const files: LabeledFile[] = [];
  const ignored = contents.files.map((name) => `${folder}/${name}`);
  for (const [label, name] of classNames.entries()) {
    const path = `${folder}/${name}`;
    const inside = await readFolder(path);
    const before = files.length;
    for (const own of inside.files) {
      const file = `${path}/${own}`;
      if (PICTURE.test(own) || await beginsAsPicture(file)) files.push({ file, label });
      else ignored.push(file);
    }
    if (files.length === before) {
      const rule = `each folder of a class must hold a picture, ${name} too`;
      throw bad(folder, rule, described(inside));
    }
    ignored.push(...inside.folders.map((other) => `${path}/${other}`));
  }
  return { classNames, files, ignored };
}

/** Whether a file is a picture by its first bytes; one that cannot be opened is not. */
async function beginsAsPicture(path: string): Promise<boolean> {
  try {
    if (!(await Deno.stat(path)).isFile) return false; // Opening a pipe would wait.
    using file = await Deno.open(path);
    const head = new Uint8Array(1024);
    return isPicture(head.subarray(0, await file.read(head) ?? 0));
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return false;
  }
}

function requireClasses(folder: string, contents: Contents): void {
  const { folders } = contents;
  if (folders.length >= 2 && folders.length <= MOST_CLASSES) return;
  const found = folders.length === 1 ? `one class, ${folders[0]}` : described(contents);
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

function described({ folders, files }: Contents): string {
  if (folders.length + files.length === 0) return "nothing in it";
  const parts = [[folders, "folders"], [files, "files"]] as const;
  return parts.filter(([names]) => names.length > 0)
    .map(([names, what]) => `${names.length} ${what} (${some(names, 3)})`).join(" and ");
}

function bad(folder: string, rule: string, found: string): RangeError {
  return new RangeError(`Cannot read images of ${folder}: ${rule}, got ${found}`);
}

/** What a folder holds, sorted by code units: the same everywhere. */
async function readFolder(folder: string): Promise<Contents> {
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
    const found = error instanceof Deno.errors.NotFound ? "none of that name" : "a file";
    throw new Deno.errors.NotFound(
      `Cannot read images of ${fileName(folder)}: it must be a folder, got ${found}`,
      { cause: error },
    );
  }
  return { folders: folders.sort(), files: files.sort() };
}

async function leadsToFolder(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isDirectory;
  } catch (error) {
    // A broken link, or one in a circle.
    if (error instanceof Deno.errors.NotCapable) throw error;
    return false;
  }
}
