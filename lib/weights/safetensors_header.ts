// The header of a safetensors file: reads it, and checks every rule that the format has.
import { duplicateKey } from "./duplicate_key.ts";
import { dtypeBits, SAFETENSORS_DTYPES, type SafetensorsDtype } from "./safetensors_dtype.ts";

/** The format's own limit, in bytes. */
const LONGEST_HEADER = 100_000_000;

/** What the header says of one tensor; `begin` and `end` count from the end of the header. */
export type Entry = {
  readonly name: string;
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
};

/** What a header says of its file. */
export type Header = {
  /** In the order of their data. */
  readonly entries: readonly Entry[];
  readonly metadata: Readonly<Record<string, string>>;
  /** Where the tensors' data begins in the file. */
  readonly dataStart: number;
};

/** The error for a file that breaks a rule of its format. */
export function badFile(file: string, rule: string, found: unknown): SyntaxError {
  return new SyntaxError(`Cannot read ${file}: ${rule}, got ${shown(found)}`);
}

/** A number that is no whole one, as the file has it. */
function written(_name: string, value: unknown): unknown {
  return typeof value === "symbol" ? value.description : value;
}

/** A value as a message shows it: as JSON, and not all of a long one. */
/** What is said of a file that begins as no safetensors file does. */
const NO_SAFETENSORS =
  "is this a safetensors file? Others are known by their names: .pth, .pt, .onnx, .keras, .h5, .hdf5, model.json";

function shown(value: unknown): string {
  const text = typeof value === "number"
    ? String(value)
    : JSON.stringify(value, written) ?? "missing";
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/** How many bytes of a file say how long its header is. */
export const PREFIX_LENGTH = 8;

/**
 * The length of a file's header, known to be one that the file can have before anything is
 * allocated for it.
 *
 * @param prefix the file's first 8 bytes, or more; fewer if the file has no more
 * @returns how many bytes of header follow the first 8
 * @throws {SyntaxError} if the file is too short, or its header over 100 MB
 */
export function headerLength(prefix: Uint8Array, fileSize: number, file: string): number {
  if (Math.min(prefix.length, fileSize) < PREFIX_LENGTH) {
    throw badFile(file, "a safetensors file must have at least 8 bytes", prefix.length);
  }
  // Compared before anything is made of that length: the number is whatever the file says.
  const view = new DataView(prefix.buffer, prefix.byteOffset, PREFIX_LENGTH);
  const claimed = view.getBigUint64(0, true);
  if (claimed > LONGEST_HEADER) {
    const rule = `the header length at offset 0 must be at most ${LONGEST_HEADER} bytes`;
    throw badFile(
      file,
      `${rule} (${NO_SAFETENSORS})`,
      Number(claimed),
    );
  }
  if (claimed > fileSize - PREFIX_LENGTH) {
    const rule = `the header of ${claimed} bytes must end within the file of ${fileSize} bytes`;
    throw badFile(file, rule, PREFIX_LENGTH + Number(claimed));
  }
  return Number(claimed);
}

/**
 * Reads and checks the header (https://github.com/huggingface/safetensors, "Format").
 * The tensors are then known to tile the rest of the file, without hole, overlap or excess.
 *
 * @param bytes the header, without the 8 bytes before it
 * @throws {SyntaxError} if a rule of the format is broken
 */
export function parseHeader(bytes: Uint8Array, fileSize: number, file: string): Header {
  const dataStart = PREFIX_LENGTH + bytes.length;
  const json = headerObject(bytes, file);
  const { __metadata__, ...tensors } = json;
  const metadata = __metadata__ ?? {}; // Python's package takes null for none.
  const entries = Object.entries(tensors).map(([name, value]) => parseEntry(name, value, file));
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkTiling(entries, fileSize - dataStart, file);
  return { entries, metadata: parseMetadata(metadata, file), dataStart };
}

/** The bytes that JSON takes for blanks: tab, line feed, carriage return, space. */
const BLANKS: readonly (number | undefined)[] = [0x09, 0x0a, 0x0d, 0x20];

/**
 * Leaves numbers that are not written as whole ones, `2.0` or `2e0`, as symbols: they are no sizes, and
 * no texts of the metadata either.
 *
 * @throws {RangeError} if a number is beyond what a double holds
 */
function withoutFractions(
  _name: string,
  value: unknown,
  context?: { readonly source?: string },
): unknown {
  const { source } = context ?? {};
  if (typeof value !== "number" || !source || /^\d+$/.test(source)) return value;
  if (!Number.isFinite(value)) throw new RangeError(`a number is out of range, got ${source}`);
  return Symbol(source);
}

function headerObject(bytes: Uint8Array, file: string): Record<string, unknown> {
  const first = bytes.find((byte) => !BLANKS.includes(byte));
  if (first !== 0x7b) {
    throw badFile(
      file,
      `the header at offset 8 must begin with "{" (byte 123) (${NO_SAFETENSORS})`,
      first,
    );
  }
  let text: string;
  let json: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new SyntaxError(`Cannot read ${file}: the header must be valid UTF-8`, { cause });
  }
  try {
    json = JSON.parse(text, withoutFractions);
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new SyntaxError(`Cannot read ${file}: the header must be valid JSON: ${reason}`, {
      cause,
    });
  }
  const twice = duplicateKey(text);
  if (twice !== undefined) throw badFile(file, "no key may stand twice in the header", twice);
  return json as Record<string, unknown>;
}

function parseMetadata(value: unknown, file: string): Record<string, string> {
  if (!isObject(value)) throw badFile(file, '"__metadata__" must be an object', value);
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== "string" || !text.isWellFormed() || !key.isWellFormed()) {
      throw badFile(file, `"__metadata__" must map ${shown(key)} to a string of UTF-16`, text);
    }
  }
  return value as Record<string, string>;
}

function parseEntry(name: string, value: unknown, file: string): Entry {
  const where = `tensor ${shown(name)}`;
  if (!name.isWellFormed()) throw badFile(file, `the name of ${where} must be valid UTF-16`, name);
  if (!isObject(value)) throw badFile(file, `${where} must be an object`, value);
  const { dtype, shape, data_offsets: offsets } = value;
  if (!isDtype(dtype)) {
    throw badFile(file, `the dtype of ${where} must be one of ${SAFETENSORS_DTYPES}`, dtype);
  }
  if (!isWholeNumbers(shape)) {
    throw badFile(file, `the shape of ${where} must be of whole numbers from 0`, shape);
  }
  if (!isWholeNumbers(offsets) || offsets.length !== 2) {
    throw badFile(file, `the data_offsets of ${where} must be two whole numbers`, offsets);
  }
  const [begin, end] = offsets as [number, number];
  checkSize({ name, dtype, shape, begin, end }, where, file);
  return { name, dtype, shape, begin, end };
}

function checkSize({ dtype, shape, begin, end }: Entry, where: string, file: string): void {
  if (begin > end) {
    throw badFile(file, `the data_offsets of ${where} must not run backwards`, [begin, end]);
  }
  let bits = dtypeBits(dtype);
  for (const length of shape) {
    bits *= length;
    // 2^53 − 1 bits are more than any file has; beyond it the product would not be exact.
    if (!Number.isSafeInteger(bits)) {
      throw badFile(file, `the shape of ${where} must not overflow`, shape);
    }
  }
  const size = bits / 8;
  if (end - begin !== size) {
    const rule = `${dtype} ${where} of shape [${shape.join(", ")}] must have ${size} bytes`;
    throw badFile(file, `${rule}, by its data_offsets ${begin} to ${end}`, end - begin);
  }
}

/** `entries`, in the order of their data, must cover it from end to end, each byte once. */
function checkTiling(entries: readonly Entry[], dataLength: number, file: string): void {
  let reached = 0;
  for (const { name, begin, end } of entries) {
    if (begin !== reached) {
      const fault = begin > reached ? "a hole" : "an overlap";
      const rule = `the data of tensor ${shown(name)} must begin at ${reached} (${fault})`;
      throw badFile(file, rule, begin);
    }
    reached = end;
  }
  if (reached !== dataLength) {
    const fault = reached > dataLength ? "it is cut short" : "bytes are left over";
    throw badFile(file, `the data must have ${reached} bytes (${fault})`, dataLength);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isDtype(value: unknown): value is SafetensorsDtype {
  return (SAFETENSORS_DTYPES as readonly unknown[]).includes(value);
}

function isWholeNumbers(value: unknown): value is readonly number[] {
  return Array.isArray(value) &&
    value.every((n) => Number.isSafeInteger(n) && n >= 0 && !Object.is(n, -0));
}
