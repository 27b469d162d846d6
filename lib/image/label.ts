// Writes a text below a picture.
import { requireOptions, requireWhole } from "../text/require.ts";
import { type Color, colorOf, type Ground, place, plain } from "./color.ts";
import { LETTER, letters } from "./font.ts";
import { checkImage, type Image } from "./image.ts";

/** Options of {@linkcode label}. */
export type LabelOptions = {
  /** The size of a point in pixels; letters are 7 points high. Default: 1. */
  readonly size?: number;
  /** The color behind the text: a gray from 0 to 1, or red, green and blue. Default: 1, white. */
  readonly background?: Ground;
};

/** From one letter to the next, in points. */
const ADVANCE = LETTER.width + 1;

/** Points above the letters, and below their baseline: as much as descenders need. */
const MARGIN = LETTER.descent;

/** Black or white, whichever stands out. */
function inkOn([red, green, blue]: Color): number {
  return 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 ? 0 : 1;
}

/** The text, or its beginning and two dots if it is too wide. */
function cut(text: string, width: number): string {
  const fits = Math.floor((width + 1) / ADVANCE);
  if (letters(text).length <= fits) return text;
  return fits < 3
    ? [...text].slice(0, Math.max(0, fits)).join("")
    : `${[...text].slice(0, fits - 2).join("")}..`;
}

/** Draws letters on a picture, starting at a place. */
function draw(
  onto: Image,
  text: string,
  left: number,
  top: number,
  size: number,
  ink: number,
): void {
  letters(text).forEach((columns, i) => {
    columns.forEach((bits, x) => {
      for (let y = 0; y < LETTER.height + LETTER.descent; y++) {
        if ((bits >> y & 1) === 0) continue;
        const point = plain(size, size, ink, 1);
        place(onto, point, left + (i * ADVANCE + x) * size, top + y * size, [0, 0, 0]);
      }
    });
  });
}

/** The height of a label in pixels. */
function labelHeight(size: number): number {
  return (LETTER.height + 2 * MARGIN) * size;
}

/**
 * Writes a text below a picture, centered. A text that is too wide is cut.
 *
 * @param image a picture of 1, 3 or 4 channels
 * @param text the text; letters without a form in ASCII become question marks
 * @param options the size of the letters, and the color behind them
 * @returns the picture, higher by 11 points: gray if all is gray, else of three channels
 * @throws {RangeError} if the size is not a whole number of at least 1
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { label } from "@neocog/neocog/image";
 *
 * const black = { width: 20, height: 4, channels: 1, pixels: new Float32Array(80) } as const;
 * const { width, height } = label(black, "cat");
 * assertEquals([width, height], [20, 4 + 11]);
 * ```
 */
export function label(image: Image, text: string, options: LabelOptions = {}): Image {
  requireOptions("label an image", options, { size: true, background: true });
  checkImage(image);
  const { size = 1, background = 1 } = options;
  requireWhole("label a picture", "the size of a point", size);
  const { width, height } = image;
  const ground = colorOf(background);
  const isGray = image.channels === 1 && typeof background === "number";
  const sheet = plain(width, height + labelHeight(size), background, isGray ? 1 : 3);
  place(sheet, image, 0, 0, ground);
  const shown = cut(text, Math.floor(width / size));
  const wide = (letters(shown).length * ADVANCE - 1) * size;
  draw(sheet, shown, Math.max(0, (width - wide) >> 1), height + MARGIN * size, size, inkOn(ground));
  return sheet;
}
