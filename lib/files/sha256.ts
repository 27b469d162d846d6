// SHA-256 of files and texts.
import { createHash } from "node:crypto";
import { fileError } from "./file_error.ts";

/** A written hash: 64 hexadecimal digits. */
const HEX = /^[0-9a-f]{64}$/;

/**
 * The SHA-256 of a file, read in pieces of a megabyte.
 *
 * @returns 64 hexadecimal digits
 * @throws {Error} if the system refuses, of Deno's class
 */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  const buffer = new Uint8Array(2 ** 20);
  try {
    using file = await Deno.open(path);
    for (let count; (count = await file.read(buffer)) !== null;) {
      hash.update(buffer.subarray(0, count));
    }
  } catch (error) {
    throw fileError(`Cannot read ${path}`, error);
  }
  return hash.digest("hex");
}

/** The SHA-256 of texts, in UTF-8, and bytes, one after the other. */
export function sha256Of(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}

/**
 * Checks a given hash; returns it in lower case.
 *
 * @throws {RangeError} if it is not a hash
 */
export function requireSha256(hash: string): string {
  const small = hash.toLowerCase();
  if (HEX.test(small)) return small;
  throw new RangeError(
    `Cannot check a file: its SHA-256 must be 64 hexadecimal digits, got ${hash}`,
  );
}
