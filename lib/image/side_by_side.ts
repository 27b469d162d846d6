// Arranges pictures in a row.
import { requireOptions, requireRange, requireWhole } from "../text/require.ts";
import { colorOf, type Ground, place, plain } from "./color.ts";
import type { Image } from "./image.ts";
import { label } from "./label.ts";
import { resize } from "./resize.ts";

/** Options of {@linkcode sideBySide}. */
export type SideBySideOptions = {
  /** Pixels between pictures, and around them. Default: 8. */
  readonly gap?: number;
  /** The color between them: a gray from 0 to 1, or red, green and blue. Default: 1, white. */
  readonly background?: Ground;
  /** The text below each picture, as far as it fits, see {@linkcode label}. Default: none. */
  readonly labels?: readonly string[];
  /** The size of a point of the labels' letters, in pixels. Default: 2. */
  readonly labelSize?: number;
};

/** The pictures, all as high as the highest. */
function ofOneHeight(images: readonly Image[]): Image[] {
  const highest = Math.max(...images.map(({ height }) => height));
  return images.map((image) =>
    image.height === highest
      ? image
      : resize(image, Math.max(1, Math.round(image.width * highest / image.height)), highest)
  );
}

/**
 * Arranges pictures in a row, all as high as the highest: lower ones are enlarged, with their
 * proportions kept.
 *
 * @param images pictures of 1, 3 or 4 channels; at least one
 * @param options gap, background, labels
 * @returns the row: gray if all is gray, else of three channels
 * @throws {RangeError} if there is no picture, or not a label for each, or the gap is not a whole
 * number of at least 0
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { sideBySide } from "@neocog/neocog/image";
 *
 * const high = { width: 1, height: 4, channels: 1, pixels: new Float32Array(4) } as const;
 * const low = { width: 2, height: 2, channels: 1, pixels: new Float32Array(4) } as const;
 * const { width, height } = sideBySide([high, low], { gap: 1 });
 * assertEquals([width, height], [1 + 1 + 1 + 4 + 1, 1 + 4 + 1]);
 * ```
 */
export function sideBySide(images: readonly Image[], options: SideBySideOptions = {}): Image {
  requireOptions("put images side by side", options, {
    gap: true,
    background: true,
    labels: true,
    labelSize: true,
  });
  const { gap = 8, background = 1, labels, labelSize = 2 } = options;
  requireRange("make a row", "it must have a picture", images.length > 0, "none");
  requireWhole("make a row", "its gap", gap, 0);
  if (labels && labels.length !== images.length) {
    throw new RangeError(
      `Cannot make a row: there must be a label for each of ${images.length} pictures, got ${labels.length}`,
    );
  }
  const row = ofOneHeight(images).map((image, i) =>
    labels ? label(image, labels[i]!, { size: labelSize, background }) : image
  );
  const isGray = typeof background === "number" && row.every(({ channels }) => channels === 1);
  const width = row.reduce((sum, image) => sum + image.width + gap, gap);
  const sheet = plain(width, row[0]!.height + 2 * gap, background, isGray ? 1 : 3);
  let left = gap;
  for (const image of row) {
    place(sheet, image, left, gap, colorOf(background));
    left += image.width + gap;
  }
  return sheet;
}
