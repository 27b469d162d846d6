// Writes files atomically: the whole new contents, or none of them.
import { attempting, fileError } from "./file_error.ts";

/** The contents of a file: bytes, text, or parts one after the other. */
export type FileContents =
  | Uint8Array
  | string
  | Iterable<Uint8Array>
  | AsyncIterable<Uint8Array>;

/**
 * Writes a file so that at every moment, and after every failure, `path` holds either the old
 * contents or all of the new: these are written to a temporary file beside it, flushed to the disk,
 * and then renamed. A failed write leaves no temporary file. If `path` is a symbolic link, its target
 * is replaced.
 *
 * Needs `--allow-read` and `--allow-write` for the directory of `path`, which must exist.
 *
 * @param path the file to write
 * @param contents bytes, text (written as UTF-8), or parts; an error of an iterator of parts is
 * thrown as it is
 * @throws {RangeError} if `path` is a directory, a device or otherwise not a regular file
 * @throws {Error} if the system refuses, of Deno's class (`NotFound`, `PermissionDenied`, …)
 */
export async function writeFileAtomically(path: string, contents: FileContents): Promise<void> {
  const target = await destination(path);
  const temporary = `${target}.${crypto.randomUUID()}.tmp`;
  const attempt = `Cannot write ${path}`;
  const opened = Deno.open(temporary, { write: true, createNew: true });
  const file = await attempting(attempt, opened);
  try {
    await fill(file, contents, attempt);
    await attempting(attempt, Deno.rename(temporary, target));
  } catch (error) {
    // The caller must see the first error: the directory itself may be gone.
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
}

/** The regular file that `path` is or will be, with symbolic links followed. */
async function destination(path: string): Promise<string> {
  try {
    const target = await Deno.realPath(path);
    const info = await Deno.stat(target);
    // A rename would replace a device such as /dev/null by a file.
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

/** Writes all parts, flushes them to the disk, and closes the file in any case. */
async function fill(file: Deno.FsFile, contents: FileContents, attempt: string): Promise<void> {
  try {
    for await (const part of parts(contents)) await attempting(attempt, writeAll(file, part));
    await attempting(attempt, file.sync());
  } finally {
    file.close();
  }
}

function parts(contents: FileContents): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
  if (typeof contents === "string") return [new TextEncoder().encode(contents)];
  return contents instanceof Uint8Array ? [contents] : contents;
}

/** Writes bytes at a file's position. A single write of Deno may write only a part of them. */
export async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    written += await file.write(bytes.subarray(written));
  }
}
