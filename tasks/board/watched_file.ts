// A file that another process writes: read again when it changed, lines that grow from where they were.

/** The largest file that is read. */
const MOST_BYTES = 64 * 2 ** 20;

/** A file's length and time; `undefined` if it is not there, is a link, or no file. */
export function statOf(path: string): { readonly size: number; readonly at: number } | undefined {
  try {
    const { isFile, size, mtime } = Deno.lstatSync(path);
    return isFile ? { size, at: mtime?.getTime() ?? 0 } : undefined;
  } catch {
    return undefined;
  }
}

/** A file's bytes; `undefined` if it is not there or too large. */
export function bytesOf(path: string): Uint8Array<ArrayBuffer> | undefined {
  const stat = statOf(path);
  if (!stat || stat.size > MOST_BYTES) return undefined;
  try {
    return Deno.readFileSync(path);
  } catch {
    return undefined;
  }
}

/** What a file says, kept until it changes. */
export type Watched<T> = {
  /** What it says now; `undefined` if it is not there. */
  read(): T | undefined;
  /** When it was written last, in milliseconds; 0 if it is not there. */
  at(): number;
};

/** Watches a file of text. */
export function watchText<T>(path: string, parse: (text: string) => T): Watched<T> {
  let known: { readonly sign: string; readonly value: T } | undefined;
  return {
    at: () => statOf(path)?.at ?? 0,
    read() {
      const stat = statOf(path);
      if (!stat) return known = undefined;
      const sign = `${stat.size} ${stat.at}`;
      if (known?.sign === sign) return known.value;
      const bytes = bytesOf(path);
      if (!bytes) return known = undefined;
      known = { sign, value: parse(new TextDecoder().decode(bytes)) };
      return known.value;
    },
  };
}

/** A line that is JSON; `undefined` if it is not an object. */
function lineOf(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? value as Record<string, unknown>
      : undefined;
  } catch {
    return undefined;
  }
}

/** The lines of a file of JSON lines so far, and how many are none. */
export type Lines = { readonly lines: readonly Record<string, unknown>[]; readonly broken: number };

/**
 * Watches a file of JSON lines that grows: only what is new is read. A line that is half written is
 * read when it is whole. A file that became shorter is read from its beginning.
 */
export function watchLines(path: string): Watched<Lines> {
  let lines: Record<string, unknown>[] = [];
  let [read, broken, at] = [0, 0, 0];
  const NEWLINE = 10;
  return {
    at: () => statOf(path)?.at ?? 0,
    read() {
      const stat = statOf(path);
      if (!stat) return undefined;
      if (stat.size < read || (stat.size === read && stat.at !== at && read > 0)) {
        [lines, read, broken] = [[], 0, 0];
      }
      at = stat.at;
      if (stat.size === read) return { lines, broken };
      const bytes = new Uint8Array(Math.min(stat.size - read, MOST_BYTES));
      let length = 0;
      try {
        using file = Deno.openSync(path);
        file.seekSync(read, Deno.SeekMode.Start);
        while (length < bytes.length) {
          const count = file.readSync(bytes.subarray(length));
          if (count === null) break;
          length += count;
        }
      } catch {
        return { lines, broken };
      }
      const end = bytes.subarray(0, length).lastIndexOf(NEWLINE) + 1;
      const text = new TextDecoder().decode(bytes.subarray(0, end));
      read += end;
      const added = text.split("\n").filter((line) => line.trim() !== "").map(lineOf);
      broken += added.filter((line) => line === undefined).length;
      lines = [...lines, ...added.filter((line) => line !== undefined)];
      return { lines, broken };
    },
  };
}
