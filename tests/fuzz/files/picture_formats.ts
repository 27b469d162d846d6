// PNG and JPEG, with second readings to tell right pixels.
import { decodeImage } from "../../../lib/image/codecs/decode.ts";
import type { Image } from "../../../lib/image/image.ts";
import { JPEGS } from "../../image/jpeg_fixture.ts";
import { png } from "../../image/png_fixture.ts";
import { type Format, format, isSame } from "./format.ts";
import { chunkPlaces, crcOf, readPng } from "./reference_png.ts";

const PALETTE = [0, 0, 0, 255, 0, 0, 9, 99, 199, 255, 255, 255];

/** A PNG file of each form. */
const PNGS: readonly Uint8Array[] = [
  png({ width: 7, height: 5, depth: 8, color: 2 }),
  png({ width: 5, height: 3, depth: 8, color: 6 }),
  png({ width: 9, height: 4, depth: 1, color: 0 }),
  png({ width: 6, height: 4, depth: 16, color: 0 }),
  png({ width: 5, height: 5, depth: 4, color: 3, palette: PALETTE, transparency: [0, 128] }),
  png({ width: 5, height: 5, depth: 8, color: 4 }),
  png({ width: 9, height: 9, depth: 8, color: 2, interlaced: true }),
  png({ width: 4, height: 4, depth: 8, color: 2, transparency: [0, 13, 0, 20, 0, 1] }),
  png({ width: 1, height: 1, depth: 8, color: 0 }),
];

/** Right checksums wherever the chunks' lengths lead. */
function withChecksums(damaged: Uint8Array): Uint8Array {
  const file = damaged.slice();
  const view = new DataView(file.buffer);
  for (const { start, end } of chunkPlaces(file)) {
    view.setUint32(end, crcOf(file.subarray(start - 4, end)));
  }
  return file;
}

/** A fault of a picture by itself. */
function faultOf({ width, height, channels, pixels }: Image): string | undefined {
  if (pixels.length !== width * height * channels) return "its pixels do not fill it";
  return pixels.every((value) => value >= 0 && value <= 1)
    ? undefined
    : "a pixel is not from 0 to 1";
}

const pngFormat: Omit<Format<Image>, "name"> = {
  seeds: PNGS,
  parse: (file) => decodeImage(file, "a.png"),
  errors: ["SyntaxError", "RangeError"],
  check(found, file) {
    if (faultOf(found)) return faultOf(found);
    if (file[0] === 0xff) return undefined; // It became a JPEG by splicing, which is another format's.
    try {
      return isSame({ ...found }, readPng(file))
        ? undefined
        : "its pixels are not those of a second reading";
    } catch (error) {
      return `a second reading refuses it: ${(error as Error).message}`;
    }
  },
  // The inflated data twice, samples, and floats.
  room: (_file, found) => found ? found.pixels.length * 16 : 0,
  accepts(file) {
    try {
      readPng(file);
      return true;
    } catch {
      return false;
    }
  },
};

/** The size in the frame header, and where the coded data begins. */
function frameOf(file: Uint8Array): { readonly width: number; readonly height: number } {
  for (let at = 2; at + 9 < file.length;) {
    if (file[at] !== 0xff) return { width: 0, height: 0 };
    const marker = file[at + 1]!;
    if (marker === 0xff) at++;
    else if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      return {
        height: file[at + 5]! << 8 | file[at + 6]!,
        width: file[at + 7]! << 8 | file[at + 8]!,
      };
    } else at += 2 + (file[at + 2]! << 8 | file[at + 3]!);
  }
  return { width: 0, height: 0 };
}

// libjpeg-turbo's own memory, 50 MiB, is not that of a file.
await decodeImage(JPEGS[0]!.jpeg, "first.jpg");

const jpegFormat: Format<Image> = {
  name: "JPEG",
  seeds: JPEGS.filter(({ jpeg }) => jpeg.length < 6000).map(({ jpeg }) => jpeg),
  parse: (file) => decodeImage(file, "a.jpg"),
  errors: ["SyntaxError", "RangeError"],
  async check(found, file, seed, how) {
    if (faultOf(found)) return faultOf(found);
    if (file[0] !== 0xff) return undefined;
    const { width, height } = frameOf(file);
    const sizes = [[found.width, found.height], [found.height, found.width]];
    if (!sizes.some(([w, h]) => w === width && h === height)) {
      return "its size is not its frame header's";
    }
    // JPEG has no checksums: what is cut off may not be missed, other damage may not be seen.
    if (!/^(cut|cutEnd)(, (cut|cutEnd))*$|^append(, append)*$/.test(how)) return undefined;
    const whole = await decodeImage(seed, "whole.jpg");
    return isSame(found.pixels, whole.pixels) ? undefined : "cut or continued, it has other pixels";
  },
  // Coefficients, samples, colors and floats of what it claims to be.
  room(file, found) {
    const { width, height } = found ?? frameOf(file);
    return (width + 64) * (height + 64) * 4 * 16;
  },
};

/** All formats of pictures. */
export const pictureFormats: readonly Format[] = [
  format({ name: "PNG", ...pngFormat }),
  format({ name: "PNG with right checksums", ...pngFormat, build: withChecksums }),
  format(jpegFormat),
];
