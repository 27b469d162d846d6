// Reads GIF files, by the GIF89a specification, for what the tests look at: written apart from the encoder.

/** A frame: its pixels as red, green and blue from 0 to 255, and how long it is shown in milliseconds. */
export type GifFrame = { readonly rgb: Uint8Array; readonly delay: number };

/** What a file holds; `loops` is the Netscape extension's number, absent where there is none. */
export type Gif = {
  readonly width: number;
  readonly height: number;
  readonly loops?: number;
  readonly frames: readonly GifFrame[];
};

type Reader = { readonly bytes: Uint8Array; at: number };

const byte = (reader: Reader): number => {
  const value = reader.bytes[reader.at++];
  if (value === undefined) throw new Error("the file is cut");
  return value;
};
const short = (reader: Reader): number => byte(reader) | byte(reader) << 8;

function blocks(reader: Reader): Uint8Array {
  const parts: number[] = [];
  for (let size = byte(reader); size > 0; size = byte(reader)) {
    for (let i = 0; i < size; i++) parts.push(byte(reader));
  }
  return Uint8Array.from(parts);
}

function palette(reader: Reader, flags: number): Uint8Array | undefined {
  if ((flags & 0x80) === 0) return undefined;
  return Uint8Array.from({ length: 3 * 2 ** ((flags & 7) + 1) }, () => byte(reader));
}

/** LZW with codes of growing width, appendix F. */
function unpacked(data: Uint8Array, codeSize: number, count: number): number[] {
  const [clear, end] = [1 << codeSize, (1 << codeSize) + 1];
  const out: number[] = [];
  let table: number[][] = [];
  let width = 0;
  let last: number[] | undefined;
  let bit = 0;
  for (;;) {
    let code = 0;
    if (width === 0) {
      table = Array.from({ length: clear + 2 }, (_, i) => [i]);
      width = codeSize + 1;
    }
    for (let i = 0; i < width; i++, bit++) code |= (data[bit >> 3]! >> (bit & 7) & 1) << i;
    if (code === end) break;
    if (code === clear) {
      width = 0;
      last = undefined;
      continue;
    }
    const entry: number[] = table[code] ?? [...last!, last![0]!];
    out.push(...entry);
    if (last && table.length < 4096) table.push([...last, entry[0]!]);
    if (table.length === 1 << width && width < 12) width++;
    last = entry;
  }
  if (out.length !== count) throw new Error(`${out.length} pixels in the place of ${count}`);
  return out;
}

/** Reads a whole file whose frames are as large as it. */
export function readGif(bytes: Uint8Array): Gif {
  const reader: Reader = { bytes, at: 6 };
  if (new TextDecoder().decode(bytes.subarray(0, 6)) !== "GIF89a") throw new Error("no GIF89a");
  const [width, height] = [short(reader), short(reader)];
  const flags = byte(reader);
  reader.at += 2;
  const shared = palette(reader, flags);
  const frames: GifFrame[] = [];
  let loops: number | undefined;
  let delay = 0;
  for (let kind = byte(reader); kind !== 0x3b; kind = byte(reader)) {
    if (kind === 0x21) {
      const label = byte(reader);
      const data = blocks(reader);
      if (label === 0xf9) delay = 10 * (data[1]! | data[2]! << 8);
      // "NETSCAPE2.0", then 1 and the number, in blocks of their own.
      if (label === 0xff) loops = data[12]! | data[13]! << 8;
      continue;
    }
    if (kind !== 0x2c) throw new Error(`unknown block ${kind}`);
    reader.at += 8;
    const colors = palette(reader, byte(reader)) ?? shared!;
    const codeSize = byte(reader);
    const index = unpacked(blocks(reader), codeSize, width * height);
    const rgb = Uint8Array.from(index.flatMap((i) => [...colors.subarray(3 * i, 3 * i + 3)]));
    frames.push({ rgb, delay });
  }
  if (reader.at !== bytes.length) throw new Error("there is more after the end");
  return { width, height, frames, ...(loops === undefined ? {} : { loops }) };
}
