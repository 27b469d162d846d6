// The library's only disk writer: a file is there whole, or as it was before.
import { fileError } from "./file_error.ts";
import { writeAll } from "./write_all.ts";

/** What a file can be written from: its bytes, its text, or its parts one after the other. */
export type FileContents =
  | Uint8Array
  | string
  | Iterable<Uint8Array>
  | AsyncIterable<Uint8Array>;

/**
 * Writes a file so that at every moment, and after every failure, `path` holds either the old
 * contents or the new in full: they go into a temporary file beside it, are flushed to the
 * disk, and then take its name. A failed write leaves no temporary file. A symbolic link stays
 * one; the file that it leads to is replaced.
 *
 * Needs `--allow-read` and `--allow-write` for the directory of `path`, which must be there.
 *
 * @param path the file to write
 * @param contents bytes, text (written as UTF-8), or parts; where producing these throws, so
 * does this function, with the same error
 * @throws {RangeError} if `path` is a directory, a device or otherwise no regular file
 * @throws {Error} of the class that Deno has for it (`NotFound`, `PermissionDenied`, …), where
 * the system refuses
 */
export async function writeFileAtomically(path: string, contents: FileContents): Promise<void> {
  const target = await destination(path);
  const temporary = `${target}.${crypto.randomUUID()}.tmp`;
  let file: Deno.FsFile;
  try {
    file = await Deno.open(temporary, { write: true, createNew: true });
  } catch (error) {
    throw fileError(`Cannot write ${path}`, error);
  }
  try {
    await fill(file, contents, path);
    await asSystem(path, Deno.rename(temporary, target));
  } catch (error) {
    // What went wrong first is what the caller must hear: the directory itself may be gone.
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
}

/** The regular file that `path` is or will be, its symbolic links followed. */
async function destination(path: string): Promise<string> {
  try {
    const target = await Deno.realPath(path);
    const info = await Deno.stat(target);
    // A rename would put a file in the place of a device such as /dev/null.
    if (info.isFile) return target;
    const found = info.isDirectory ? "a directory" : "a device, pipe or socket";
    throw new RangeError(
      `Cannot write ${path}: it must be a regular file or absent, got ${found}`,
    );
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return path;
    throw error instanceof RangeError ? error : fileError(`Cannot write ${path}`, error);
  }
}

/** Writes all parts, has the disk confirm them, and closes the file in any case. */
async function fill(file: Deno.FsFile, contents: FileContents, path: string): Promise<void> {
  try {
    for await (const part of parts(contents)) await asSystem(path, writeAll(file, part));
    await asSystem(path, file.sync());
  } finally {
    file.close();
  }
}

function parts(contents: FileContents): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
  if (typeof contents === "string") return [new TextEncoder().encode(contents)];
  return contents instanceof Uint8Array ? [contents] : contents;
}

/** Tells errors of the system, which get the path, from those of whoever makes the contents. */
async function asSystem(path: string, work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    throw fileError(`Cannot write ${path}`, error);
  }
}
