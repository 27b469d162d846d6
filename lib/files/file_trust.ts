// Checks files by their SHA-256, the known one or that of the first time.
import { writeFileAtomically } from "./atomic_file.ts";
import { fileError } from "./file_error.ts";
import { requireSha256, sha256OfFile } from "./sha256.ts";

/** Whether a path is a regular file. */
export async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw fileError(`Cannot look for ${path}`, error);
  }
}

/**
 * Refuses a file with another hash.
 *
 * @param expected its SHA-256, or `undefined` for any
 * @returns its SHA-256
 * @throws {Error} if it is another; the caller removes the file, or says to
 */
export async function requireHash(
  path: string,
  expected: string | undefined,
  what: string,
): Promise<string> {
  const actual = await sha256OfFile(path);
  if (expected === undefined || actual === expected) return actual;
  throw new Error(
    `Cannot use ${what}: its SHA-256 must be ${expected}, got ${actual}. ` +
      "The file has changed, or was damaged on the way",
  );
}

/** The hash that a file had the first time, which is kept beside it in the form of `sha256sum`. */
export async function firstHash(path: string): Promise<string | undefined> {
  if (!await isFile(hashFile(path))) return undefined;
  return requireSha256((await Deno.readTextFile(hashFile(path))).slice(0, 64));
}

/**
 * Keeps the hash of the first time, unless there is one.
 *
 * @param hash its SHA-256
 */
export async function keepFirstHash(path: string, hash: string): Promise<void> {
  if (await isFile(hashFile(path))) return;
  await writeFileAtomically(hashFile(path), `${hash}  ${path.split(/[/\\]/).at(-1)}\n`);
}

function hashFile(path: string): string {
  return `${path}.sha256`;
}
