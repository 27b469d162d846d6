// Lines for the reader, on stderr: stdout is for results.

/**
 * Prints a line on stderr.
 *
 * @param line the line
 */
export function say(line: string): void {
  console.error("%s", line);
}
