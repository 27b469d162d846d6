// JPEG files by Pillow, and parts of files to change them with.
import cases from "../golden/jpegs.json" with { type: "json" };

/** A JPEG file, and a PNG file of the pixels that Pillow reads from it. */
export type JpegCase = {
  readonly name: string;
  readonly jpeg: Uint8Array;
  readonly png: Uint8Array;
};

const bytesOf = (text: string): Uint8Array => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

/** The files of jpegs.py. */
export const JPEGS: readonly JpegCase[] = cases.map(({ name, jpeg, png }) => ({
  name,
  jpeg: bytesOf(jpeg),
  png: bytesOf(png),
}));

/** A file by its name. */
export function jpegOf(name: string): Uint8Array {
  const found = JPEGS.find((one) => one.name === name);
  if (!found) throw new RangeError(`Cannot find a JPEG named ${name}`);
  return found.jpeg;
}

/** Where the marker `0xff second` first stands. */
export function markerIn(bytes: Uint8Array, second: number): number {
  return bytes.findIndex((byte, i) => byte === 0xff && bytes[i + 1] === second);
}

/** A copy with `values` written from the place `at` on. */
export function withBytes(bytes: Uint8Array, at: number, values: readonly number[]): Uint8Array {
  const copy = bytes.slice();
  copy.set(values, at);
  return copy;
}

/** A copy with `values` put in at the place `at`, in the place of `removed` bytes. */
export function spliced(
  bytes: Uint8Array,
  at: number,
  removed: number,
  values: ArrayLike<number> = [],
): Uint8Array {
  const out = new Uint8Array(bytes.length - removed + values.length);
  out.set(bytes.subarray(0, at));
  out.set(values, at);
  out.set(bytes.subarray(at + removed), at + values.length);
  return out;
}
