// Encodes pictures as an animated GIF.
// A remote module does not see our deno.json, so the package is named and pinned here.
// deno-lint-ignore no-import-prefix
import gifenc from "npm:gifenc@1.0.3";
import { colorAt } from "../color.ts";
import { checkImage, type Image } from "../image.ts";
import { requireOptions } from "../../text/require.ts";

/** A palette: up to 256 colors of red, green and blue from 0 to 255. */
type Palette = number[][];

/** The part of the package that is used, which has no types. */
type Gifenc = {
  GIFEncoder(): {
    writeFrame(
      index: Uint8Array,
      width: number,
      height: number,
      options: { palette: Palette; delay: number; repeat: number },
    ): void;
    finish(): void;
    bytes(): Uint8Array<ArrayBuffer>;
  };
  quantize(rgba: Uint8Array, maxColors: number, options: { format: "rgb565" }): Palette;
  applyPalette(rgba: Uint8Array, palette: Palette, format: "rgb565"): Uint8Array;
};

const { GIFEncoder, quantize, applyPalette } = gifenc as unknown as Gifenc;

/** Options of {@linkcode encodeGif}. */
export type GifOptions = {
  /** How long a frame is shown, in milliseconds, rounded to hundredths of a second. Default: 100. */
  readonly delay?: number;
  /** How long the last frame is shown, in milliseconds. Default: `delay`. */
  readonly hold?: number;
  /** How often it is played, at least 1; `Infinity` for endlessly. Default: `Infinity`. */
  readonly plays?: number;
};

/** The longest time in the format, in milliseconds. */
const LONGEST = 655350;

/** All grays: gray pictures lose nothing. */
const GRAYS: Palette = Array.from({ length: 256 }, (_, level) => [level, level, level]);

function requireTime(name: string, value: number): void {
  // Viewers play shorter ones at their usual, slow pace.
  if (value >= 20 && value <= LONGEST) return;
  throw new RangeError(
    `Cannot encode a GIF: its ${name} must be from 20 to ${LONGEST} milliseconds, got ${value}`,
  );
}

/** The number of repeats, as the encoder has it: -1 for none, 0 for endlessly. */
function repeatsOf(plays: number): number {
  if (plays === Infinity) return 0;
  if (plays === 1) return -1;
  if (Number.isInteger(plays) && plays > 1 && plays <= 65536) return plays - 1;
  throw new RangeError(
    `Cannot encode a GIF: it must be played a whole number of times from 1 to 65536, or Infinity, got ${plays}`,
  );
}

function requireFrames(frames: readonly Image[]): Image {
  const [first] = frames;
  if (!first) {
    throw new RangeError("Cannot encode a GIF: it must have a frame, got none");
  }
  for (const frame of frames) {
    checkImage(frame);
    if (frame.width !== first.width || frame.height !== first.height) {
      throw new TypeError(
        `Cannot encode a GIF: its frames must be of one size, ${first.width}×${first.height}, got ${frame.width}×${frame.height}`,
      );
    }
  }
  if (first.width > 65535 || first.height > 65535) {
    throw new RangeError(
      `Cannot encode a GIF: its sides must be at most 65535, got ${first.width}×${first.height}`,
    );
  }
  return first;
}

function level(value: number): number {
  const rounded = Math.round(value * 255);
  if (rounded >= 0 && rounded <= 255) return rounded;
  throw new RangeError(
    `Cannot encode a GIF: its numbers must be from 0 to 1, got ${value}`,
  );
}

/** A frame's pixels as indices into a palette of at most 256 colors. */
function indexed(frame: Image): { readonly index: Uint8Array; readonly palette: Palette } {
  if (frame.channels === 1) {
    return { index: Uint8Array.from(frame.pixels, level), palette: GRAYS };
  }
  const count = frame.width * frame.height;
  const rgba = new Uint8Array(4 * count);
  for (let i = 0; i < count; i++) {
    rgba.set(colorAt(frame, i, [1, 1, 1]).map(level), 4 * i);
    rgba[4 * i + 3] = 255;
  }
  const palette = quantize(rgba, 256, { format: "rgb565" });
  return { index: applyPalette(rgba, palette, "rgb565"), palette };
}

/**
 * Encodes pictures as an animated GIF. Each color frame has its own palette of 256 colors, so use PNG
 * for pictures that are measured; gray frames are exact. Transparent parts are white.
 *
 * @param frames pictures of one size, at least one, with numbers from 0 to 1
 * @param options how long frames are shown, and how often all are played
 * @returns the file's bytes
 * @throws {TypeError} if the frames' sizes differ
 * @throws {RangeError} if there is no frame, or a number or an option is out of range
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { encodeGif } from "@neocog/neocog/image";
 *
 * const dark = { width: 1, height: 1, channels: 1, pixels: new Float32Array([0]) } as const;
 * const light = { ...dark, pixels: new Float32Array([1]) };
 * const file = encodeGif([dark, light], { delay: 200 });
 * assertEquals(new TextDecoder().decode(file.subarray(0, 6)), "GIF89a");
 * ```
 */
export function encodeGif(
  frames: readonly Image[],
  options: GifOptions = {},
): Uint8Array<ArrayBuffer> {
  requireOptions("write a GIF", options, { delay: true, hold: true, plays: true });
  const { delay = 100, hold = delay, plays = Infinity } = options;
  requireTime("delay", delay);
  requireTime("hold", hold);
  const repeat = repeatsOf(plays);
  const { width, height } = requireFrames(frames);
  const encoder = GIFEncoder();
  frames.forEach((frame, i) => {
    const { index, palette } = indexed(frame);
    const shown = i === frames.length - 1 ? hold : delay;
    encoder.writeFrame(index, width, height, { palette, delay: shown, repeat });
  });
  encoder.finish();
  return encoder.bytes();
}
