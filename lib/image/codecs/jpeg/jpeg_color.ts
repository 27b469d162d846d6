// Samples of components to pixels, as libjpeg: colors stored at half the size are interpolated.
import type { Window } from "../../image.ts";
import type { JpegComponent, JpegFrame } from "./jpeg_frame.ts";

/** The samples of a component, whole blocks. */
export type Plane = {
  readonly component: JpegComponent;
  readonly samples: Uint8Array;
};

/** What the components mean. */
export type ColorKind = "gray" | "rgb" | "ycc" | "cmyk" | "ycck";

/** A row of samples of the picture's width, from `at` on. */
type Row = { data: Uint8Array; at: number };

/**
 * Turns planes into pixels, `[height, width, 1]` if gray, else `[height, width, 3]`; those outside the
 * window stay black.
 */
export function colorsOf(
  { width, height }: JpegFrame,
  planes: readonly Plane[],
  kind: ColorKind,
  window: Window,
): Uint8Array<ArrayBuffer> {
  const channels = kind === "gray" ? 1 : 3;
  const pixels = new Uint8ClampedArray(width * height * channels);
  const rows = planes.map(rowReader);
  const convert = CONVERSIONS[kind];
  for (let y = window.top; y < window.top + window.height; y++) {
    const seen = rows.map((row): Row => {
      const { data, at } = row(y);
      return { data, at: at + window.left };
    });
    convert(seen, window.width, pixels, (y * width + window.left) * channels);
  }
  return new Uint8Array(pixels.buffer);
}

/** How rows of samples become pixels, from `to` on. */
type Conversion = (
  rows: readonly Row[],
  width: number,
  pixels: Uint8ClampedArray,
  to: number,
) => void;

/** What red, green and blue have of Cb and Cr, in 16 fractional bits (libjpeg's jdcolor.c). */
const FIX = (x: number): number => Math.round(x * 65536);
const HALF = 1 << 15;
const chroma = (f: (x: number) => number): Int32Array =>
  Int32Array.from({ length: 256 }, (_, x) => f(x - 128));
const RED_OF_CR = chroma((x) => FIX(1.402) * x + HALF >> 16);
const BLUE_OF_CB = chroma((x) => FIX(1.772) * x + HALF >> 16);
const GREEN_OF_CR = chroma((x) => -FIX(0.71414) * x);
const GREEN_OF_CB = chroma((x) => -FIX(0.34414) * x + HALF);

const CONVERSIONS: Readonly<Record<ColorKind, Conversion>> = {
  gray([gray], width, pixels, to) {
    const { data, at } = gray!;
    pixels.set(data.subarray(at, at + width), to);
  },
  rgb(rows, width, pixels, to) {
    rows.forEach(({ data, at }, c) => {
      for (let x = 0; x < width; x++) pixels[to + 3 * x + c] = data[at + x]!;
    });
  },
  ycc([luma, cb, cr], width, pixels, to) {
    const { data, at } = luma!;
    const { data: blues, at: blueAt } = cb!;
    const { data: reds, at: redAt } = cr!;
    for (let x = 0; x < width; x++) {
      const y = data[at + x]!;
      const blue = blues[blueAt + x]!;
      const red = reds[redAt + x]!;
      pixels[to] = y + RED_OF_CR[red]!;
      pixels[to + 1] = y + (GREEN_OF_CB[blue]! + GREEN_OF_CR[red]! >> 16);
      pixels[to + 2] = y + BLUE_OF_CB[blue]!;
      to += 3;
    }
  },
  cmyk(rows, width, pixels, to) {
    CONVERSIONS.rgb(rows.slice(0, 3), width, pixels, to);
    darken(rows[3]!, width, pixels, to);
  },
  ycck(rows, width, pixels, to) {
    CONVERSIONS.ycc(rows, width, pixels, to);
    for (let i = to; i < to + 3 * width; i++) pixels[i] = 255 - pixels[i]!;
    darken(rows[3]!, width, pixels, to);
  },
};

/** Inks, inverted as Adobe stores them, over black: Pillow's (1 − c)(1 − k), rounded. */
function darken({ data, at }: Row, width: number, pixels: Uint8ClampedArray, to: number): void {
  for (let x = 0; x < width; x++) {
    const white = data[at + x]!;
    for (let c = 0; c < 3; c++) {
      const product = (255 - pixels[to + 3 * x + c]!) * white + 128;
      pixels[to + 3 * x + c] = white - ((product >> 8) + product >> 8);
    }
  }
}

/** Reads the rows of a plane at the picture's size. A row is there until the next is asked for. */
function rowReader({ component, samples }: Plane): (y: number) => Row {
  const { h, v, mostH, mostV, width, height, across } = component;
  const stride = 8 * across;
  if (h === mostH && v === mostV) {
    const row = { data: samples, at: 0 };
    return (y) => {
      row.at = y * stride;
      return row;
    };
  }
  const sums = new Int32Array(width);
  const row = { data: new Uint8Array(Math.max(2 * width, Math.ceil(width * mostH / h))), at: 0 };
  const isWider = 2 * h === mostH;
  const isHigher = 2 * v === mostV;
  // libjpeg repeats a width of one or two.
  if (isWider && width > 2 && (isHigher || v === mostV)) {
    return (y) => {
      if (isHigher) {
        sumRows(samples, stride, y, height, sums);
        widen(sums, row.data, 8, 7, 4);
      } else {
        for (let x = 0; x < width; x++) sums[x] = samples[y * stride + x]!;
        widen(sums, row.data, 1, 2, 2);
      }
      return row;
    };
  }
  if (h === mostH && isHigher) {
    return (y) => {
      sumRows(samples, stride, y, height, sums);
      const bias = y % 2 === 0 ? 1 : 2;
      for (let x = 0; x < width; x++) row.data[x] = sums[x]! + bias >> 2;
      return row;
    };
  }
  return (y) => {
    const from = Math.floor(y * v / mostV) * stride;
    for (let x = 0; x * h < width * mostH; x++) {
      row.data[x] = samples[from + Math.floor(x * h / mostH)]!;
    }
    return row;
  };
}

/** Three times the nearest row of half as many and once the next nearest (libjpeg's jdsample.c). */
function sumRows(
  samples: Uint8Array,
  stride: number,
  y: number,
  height: number,
  sums: Int32Array,
): void {
  const near = y >> 1;
  const far = Math.min(Math.max(near + (y % 2 === 0 ? -1 : 1), 0), height - 1);
  const [nearAt, farAt] = [near * stride, far * stride];
  for (let x = 0; x < sums.length; x++) sums[x] = 3 * samples[nearAt + x]! + samples[farAt + x]!;
}

/** The same along a row: twice as many samples, rounded by turns up and down. */
function widen(
  sums: Int32Array,
  row: Uint8Array,
  leftBias: number,
  rightBias: number,
  shift: number,
): void {
  let before = sums[0]!;
  let own = before;
  const last = sums.length - 1;
  for (let x = 0; x <= last; x++) {
    const after = sums[x < last ? x + 1 : last]!;
    row[2 * x] = 3 * own + before + leftBias >> shift;
    row[2 * x + 1] = 3 * own + after + rightBias >> shift;
    before = own;
    own = after;
  }
}
