// Where the files of a tar archive lie in it, found by their headers alone: what is between is not read.
// Formats: POSIX.1-1988 ustar, POSIX.1-2001 pax, and GNU's long names and large sizes.
import { attempting } from "./file_error.ts";
import { readAt } from "./read_at.ts";

/** A file in an archive. */
export type TarFile = {
  /** Its path in the archive: a name, which leads nowhere. */
  readonly name: string;
  /** Where its bytes begin, and how many they are. */
  readonly offset: number;
  readonly size: number;
};

const BLOCK = 512;

/** Bytes that are read at once: mostly those of a header, a small file and the next header. */
const WINDOW = 4096;

/** The most bytes of a name or of a header's records. */
const LONGEST = 1 << 20;

/**
 * The files of an archive, in its order. Folders and links are passed over.
 *
 * @param path the archive
 * @param small whether the contents of a file are wanted as well
 * @throws {SyntaxError} if it is compressed, cut, damaged, or has sparse files
 */
export async function* filesOfTar(
  path: string,
  small: (file: TarFile) => boolean = () => false,
): AsyncGenerator<TarFile & { readonly bytes?: Uint8Array<ArrayBuffer> }, void, void> {
  using file = await attempting(`Cannot read ${path}`, Deno.open(path));
  const { size: length } = await file.stat();
  const bad = (rule: string, at: number, found: unknown): SyntaxError =>
    new SyntaxError(`Cannot read ${path}: ${rule}, got ${found} at byte ${at}`);
  let window = new Uint8Array(0);
  let start = 0;
  /** Bytes from a place, which must be there. */
  const read = async (at: number, count: number): Promise<Uint8Array<ArrayBuffer>> => {
    if (at < start || at + count > start + window.length) {
      window = await readAt(file, at, Math.max(count, WINDOW));
      start = at;
    }
    const bytes = window.slice(at - start, at - start + count);
    if (bytes.length < count) {
      throw bad("it must be a whole tar archive, which ends in empty blocks", at, "its end");
    }
    return bytes;
  };
  let pax: ReadonlyMap<string, string> = new Map();
  let longName: string | undefined;
  let at = 0;
  if (length >= 2 && `${await read(0, 2)}` === "31,139") {
    throw bad(
      "it must not be compressed, so that files can be read one by one (gunzip)",
      0,
      "gzip",
    );
  }
  while (true) {
    const header = await read(at, BLOCK);
    if (header.every((byte) => byte === 0)) break;
    const { name, size: stored, type } = parseHeader(header, (rule, found) => bad(rule, at, found));
    const isRecord = "xgLK".includes(type);
    const size = isRecord ? stored : sizeOf(pax, stored, (rule, found) => bad(rule, at, found));
    const offset = at + BLOCK;
    if (offset + size > length) {
      throw bad("it must be a whole tar archive", at, `a file of ${size} bytes beyond its end`);
    }
    if (isRecord) {
      if (size > LONGEST) throw bad(`names must have at most ${LONGEST} bytes`, at, size);
      const bytes = await read(offset, size);
      if (type === "x") pax = parsePax(bytes, (rule, found) => bad(rule, at, found));
      if (type === "L") longName = textOf(bytes);
    } else {
      const isSparse = type === "S" || [...pax.keys()].some((key) => key.startsWith("GNU.sparse."));
      if (isSparse) throw bad("its files must be whole", at, `the sparse file ${name}`);
      const found = { name: pax.get("path") ?? longName ?? name, offset, size };
      if ("0\0".includes(type) || type === "7") {
        yield small(found) ? { ...found, bytes: await read(offset, size) } : found;
      }
      pax = new Map();
      longName = undefined;
    }
    at = offset + BLOCK * Math.ceil(size / BLOCK);
  }
  // What a reader that stops here would leave out in silence, as of archives that were joined.
  for (; at < length; at += LONGEST) {
    const rest = await readAt(file, at, LONGEST);
    const other = rest.findIndex((byte) => byte !== 0);
    if (other >= 0) throw bad("nothing may follow its empty blocks", at + other, "more");
  }
}

type Bad = (rule: string, found: unknown) => SyntaxError;

/** A header's fields; GNU's differs from ustar's in that it has no prefix of the name. */
function parseHeader(
  header: Uint8Array,
  bad: Bad,
): { readonly name: string; readonly size: number; readonly type: string } {
  const claimed = octal(header.subarray(148, 156));
  const sum = header.reduce((sum, byte, i) => sum + (i >= 148 && i < 156 ? 32 : byte), 0);
  if (claimed !== sum) {
    throw bad("its headers must have the sum that they say", `${sum} instead of ${claimed}`);
  }
  const isUstar = textOf(header.subarray(257, 263)) === "ustar" && header[262] === 0;
  const prefix = isUstar ? textOf(header.subarray(345, 500)) : "";
  const own = textOf(header.subarray(0, 100));
  const size = numberOf(header.subarray(124, 136));
  if (!Number.isSafeInteger(size)) throw bad("sizes must be whole numbers", size);
  return {
    name: prefix === "" ? own : `${prefix}/${own}`,
    size,
    type: String.fromCharCode(header[156]!),
  };
}

/** Text up to its first zero. */
function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

function octal(bytes: Uint8Array): number {
  const text = textOf(bytes).trim();
  return text === "" ? 0 : /^[0-7]+$/.test(text) ? parseInt(text, 8) : NaN;
}

/** Octal digits, or, of a file of 8 GiB or more, the bytes of a large number. */
function numberOf(bytes: Uint8Array): number {
  if (bytes[0] !== 0x80) return octal(bytes);
  return bytes.subarray(1).reduce((value, byte) => value * 256 + byte, 0);
}

/** The size that pax says, if it says one. */
function sizeOf(pax: ReadonlyMap<string, string>, stored: number, bad: Bad): number {
  const text = pax.get("size");
  if (text === undefined) return stored;
  const size = /^\d+$/.test(text) ? Number(text) : NaN;
  if (!Number.isSafeInteger(size)) throw bad("sizes must be whole numbers", text);
  return size;
}

/** The records of a pax header: "28 path=photos/0001.cls.txt\n" and so on. */
function parsePax(bytes: Uint8Array, bad: Bad): ReadonlyMap<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(32, at);
    const digits = new TextDecoder().decode(bytes.subarray(at, Math.max(at, space)));
    const length = /^\d+$/.test(digits) ? Number(digits) : NaN;
    const record = new TextDecoder().decode(bytes.subarray(space + 1, at + length - 1));
    const equals = record.indexOf("=");
    const isWhole = space > at && length > digits.length + 1 && at + length <= bytes.length &&
      bytes[at + length - 1] === 10 && equals > 0;
    if (!isWhole) throw bad("records of pax must be whole", JSON.stringify(digits));
    records.set(record.slice(0, equals), record.slice(equals + 1));
    at += length;
  }
  return records;
}
