// The files of tasks: errors name the file and the reason.
import { fileError } from "../../lib/files/file_error.ts";

async function named<T>(file: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const reason = error instanceof Deno.errors.NotFound
      ? "there is no such file"
      : error instanceof Deno.errors.IsADirectory
      ? "it is a directory"
      : (error as Error).message;
    throw new Error(`Cannot read ${file}: ${reason}`, { cause: error });
  }
}

/**
 * The bytes of a file.
 *
 * @param file its path
 * @throws {Error} if it cannot be read, with its name and the reason
 */
export function readFile(file: string): Promise<Uint8Array<ArrayBuffer>> {
  return named(file, Deno.readFile(file));
}

/**
 * The text of a file.
 *
 * @param file its path
 * @throws {Error} if it cannot be read, with its name and the reason
 */
export function readText(file: string): Promise<string> {
  return named(file, Deno.readTextFile(file));
}

/**
 * Makes a directory for a task's files, before any work.
 *
 * @param dir the directory, which may be there already
 * @throws {Error} naming the directory, if it cannot be made
 */
export async function makeOutputDir(dir: string): Promise<void> {
  try {
    await Deno.mkdir(dir, { recursive: true });
  } catch (error) {
    throw fileError(
      `Cannot use the output directory ${dir}: it must be one that can be made`,
      error,
    );
  }
}
