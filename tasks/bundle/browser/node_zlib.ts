// node:zlib in a browser: what PNG needs.
// deno-lint-ignore no-import-prefix
import { Unzlib, type ZlibOptions, zlibSync } from "npm:fflate@0.8.3";

/**
 * Inflates data in zlib's form.
 *
 * @throws {RangeError} if there is more than `maxOutputLength`
 * @throws {Error} if it is damaged
 */
export function inflateSync(
  data: Uint8Array,
  { maxOutputLength }: { readonly maxOutputLength: number },
): Uint8Array {
  const whole = new Uint8Array(maxOutputLength);
  let at = 0;
  const stream = new Unzlib((part) => {
    if (at + part.length > maxOutputLength) throw new RangeError("there is more");
    whole.set(part, at);
    at += part.length;
  });
  // In parts, so that little is inflated of what has no end.
  for (let from = 0; from < data.length; from += 65536) {
    stream.push(data.subarray(from, from + 65536), from + 65536 >= data.length);
  }
  return whole.subarray(0, at);
}

/**
 * Deflates data to zlib's form.
 *
 * @param level 0 to 9, from fast to small
 */
export function deflateSync(
  data: Uint8Array,
  { level }: { readonly level: NonNullable<ZlibOptions["level"]> },
): Uint8Array {
  return zlibSync(data, { level });
}

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** The CRC-32 of bytes. */
export function crc32(bytes: Uint8Array): number {
  let sum = 0xffffffff;
  for (const byte of bytes) sum = TABLE[(sum ^ byte) & 255]! ^ (sum >>> 8);
  return (sum ^ 0xffffffff) >>> 0;
}
