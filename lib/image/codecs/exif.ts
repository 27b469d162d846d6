// EXIF orientation: the only entry of the data that changes a picture's pixels.
import type { Raster } from "../image.ts";

/** The orientation of the stored rows and columns (EXIF 2.32, tag 0x0112); 1 is upright. */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

const ORIENTATION_TAG = 0x0112;

/**
 * The orientation in EXIF data. Damaged data, which cameras and editors often leave, is ignored, as
 * the picture does not depend on it.
 *
 * @param data a TIFF structure, beginning with its byte order
 * @returns the orientation. Default: 1
 */
export function exifOrientation(data: Uint8Array): Orientation {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (data.length < 8) return 1;
  const order = view.getUint16(0);
  const little = order === 0x4949;
  if ((!little && order !== 0x4d4d) || view.getUint16(2, little) !== 42) return 1;
  const directory = view.getUint32(4, little);
  if (directory + 2 > data.length) return 1;
  const count = view.getUint16(directory, little);
  for (let i = 0; i < count; i++) {
    const entry = directory + 2 + 12 * i;
    if (entry + 12 > data.length) return 1;
    if (view.getUint16(entry, little) !== ORIENTATION_TAG) continue;
    // One number of 16 bits.
    const isShort = view.getUint16(entry + 2, little) === 3 &&
      view.getUint32(entry + 4, little) === 1;
    const value = view.getUint16(entry + 8, little);
    return isShort && value >= 1 && value <= 8 ? value as Orientation : 1;
  }
  return 1;
}

/**
 * Turns a picture upright.
 *
 * @returns the picture; from orientation 5 on, width and height are exchanged
 */
export function upright(image: Raster, orientation: Orientation): Raster {
  if (orientation === 1) return image;
  const exchanged = orientation >= 5;
  const fromRight = [2, 3, 7, 8].includes(orientation);
  const fromBelow = [3, 4, 6, 7].includes(orientation);
  const { channels } = image;
  const [width, height] = exchanged ? [image.height, image.width] : [image.width, image.height];
  const pixels = image.pixels.slice(); // of the same kind
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [column, row] = exchanged ? [y, x] : [x, y];
      const sourceX = fromRight ? image.width - 1 - column : column;
      const sourceY = fromBelow ? image.height - 1 - row : row;
      const from = (sourceY * image.width + sourceX) * channels;
      const to = (y * width + x) * channels;
      for (let c = 0; c < channels; c++) pixels[to + c] = image.pixels[from + c]!;
    }
  }
  return { width, height, channels, pixels };
}
