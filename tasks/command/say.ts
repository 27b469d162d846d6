// Lines for the reader, on stderr: stdout is for results.

const encoder = new TextEncoder();
let isClosed = false;
const watchers = new Set<() => void>();
let lineWriter: ((line: string) => void) | undefined;

/** Writes text on stderr. Once nobody reads it any more, nothing is written. */
export function write(text: string): void {
  if (isClosed) return;
  try {
    let bytes = encoder.encode(text);
    while (bytes.length > 0) bytes = bytes.subarray(Deno.stderr.writeSync(bytes));
  } catch (error) {
    // A pipe whose reader has ended, or a terminal that was closed.
    const { code } = error as { readonly code?: string };
    if (!(error instanceof Deno.errors.BrokenPipe) && code !== "EIO") return;
    isClosed = true;
    watchers.forEach((watcher) => watcher());
  }
}

/** Lets this process print no lines for the reader: another one of the same run does. */
export function silence(): void {
  isClosed = true;
}

/** Prints a line on stderr. */
export function say(line: string): void {
  if (lineWriter) lineWriter(line);
  else write(`${line}\n`);
}

/**
 * Lets a live display print the lines, so that they do not break it.
 *
 * @param writer prints a line; `undefined` once the display is gone
 */
export function divertLines(writer: ((line: string) => void) | undefined): void {
  lineWriter = writer;
}

/** Calls a function when a write finds that nobody reads stderr any more. */
export function onStderrClosed(watcher: () => void): void {
  watchers.add(watcher);
}
