// The error for a file that breaks a rule of its format.

/**
 * The error for a file whose bytes break a rule of its format.
 *
 * @param file the file's name, for the message
 * @param rule what must hold
 * @param offset where in the file the rule is broken, in bytes from its start
 * @param expected what should be there
 * @param found what is there
 * @returns the error, to be thrown
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { badFile } from "./bad_file.ts";
 *
 * assertEquals(
 *   badFile("a.idx", "a label must be below 10", 9, "0 to 9", 12).message,
 *   "Cannot read a.idx: a label must be below 10: at byte 9, expected 0 to 9, found 12",
 * );
 * ```
 */
export function badFile(
  file: string,
  rule: string,
  offset: number,
  expected: string | number,
  found: string | number,
): SyntaxError {
  return new SyntaxError(
    `Cannot read ${file}: ${rule}: at byte ${offset}, expected ${expected}, found ${found}`,
  );
}
