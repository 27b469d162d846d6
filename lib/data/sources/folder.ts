// A folder of a data set's files: what it holds, and where a file is.

import { fileName } from "./idx.ts";

/**
 * The names in a folder.
 *
 * @throws {Deno.errors.NotFound} if there is no such folder
 */
export async function listFolder(
  directory: string | URL,
  name: string,
  files: string,
): Promise<readonly string[]> {
  try {
    const names: string[] = [];
    for await (const entry of Deno.readDir(directory)) names.push(entry.name);
    return names.sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable || error instanceof Deno.errors.PermissionDenied) {
      throw error;
    }
    throw new Deno.errors.NotFound(
      `Cannot read ${name}: its data directory must be a folder with ${files}, ` +
        `got ${fileName(directory)}`,
      { cause: error },
    );
  }
}

/** Each of the names, then each as a gzipped file. */
export function withGzip(names: readonly string[]): readonly string[] {
  return [...names, ...names.map((name): string => `${name}.gz`)];
}

/**
 * The path of a file: the first of its possible names that the folder has.
 *
 * @throws {Deno.errors.NotFound} if it has none of them, with their names
 */
export function findFile(
  directory: string | URL,
  names: readonly string[],
  variants: readonly string[],
  name: string,
): string | URL {
  const found = variants.find((variant): boolean => names.includes(variant));
  if (found === undefined) throw missingFile(directory, names, variants.join(" or "), name);
  if (typeof directory === "string") return `${directory.replace(/[/\\]+$/, "")}/${found}`;
  return new URL(found, directory.href.endsWith("/") ? directory : `${directory.href}/`);
}

/** The error for a folder that lacks `files`. */
export function missingFile(
  directory: string | URL,
  names: readonly string[],
  files: string,
  name: string,
): Error {
  const held = names.length === 0 ? "nothing" : names.slice(0, 8).join(", ");
  return new Deno.errors.NotFound(
    `Cannot read ${name}: its data directory must hold ${files}, ` +
      `got ${fileName(directory)}, which holds ${held}`,
  );
}
