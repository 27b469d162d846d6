// Pictures of one height in a row.
import { grid, type GridOptions } from "./grid.ts";
import type { Image } from "./image.ts";
import { resize } from "./resize.ts";

/** Options of {@linkcode sideBySide}: those of a grid of one row. */
export type SideBySideOptions = Omit<GridOptions, "columns">;

/**
 * Puts pictures beside one another, all as high as the highest: lower ones are enlarged, in
 * their proportions.
 *
 * @param images pictures of 1, 3 or 4 channels; at least one
 * @param options gap (8 by default), background, scale, labels
 * @returns the row: grey where all is grey, else of three channels
 * @throws {RangeError} where there is no picture, or an option is out of range
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { sideBySide } from "@neocog/neocog";
 *
 * const high = { width: 1, height: 4, channels: 1, pixels: new Float32Array(4) } as const;
 * const low = { width: 2, height: 2, channels: 1, pixels: new Float32Array(4) } as const;
 * const { width, height } = sideBySide([high, low], { gap: 0 });
 * assertEquals([width, height], [4 + 4, 4]); // cells are as wide as the widest
 * ```
 */
export function sideBySide(images: readonly Image[], options: SideBySideOptions = {}): Image {
  const highest = Math.max(...images.map(({ height }) => height));
  const rows = images.map((image) =>
    image.height === highest
      ? image
      : resize(image, Math.max(1, Math.round(image.width * highest / image.height)), highest)
  );
  return grid(rows, { gap: 8, ...options, columns: Math.max(1, images.length) });
}
