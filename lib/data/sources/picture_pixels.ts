// A picture's file as the pixels of an example, the same in a worker as on the main thread.
import { decodeRaster } from "../../image/codecs/decode.ts";
import { toGray } from "../../image/gray.ts";
import type { Image } from "../../image/image.ts";
import { croppedImage } from "../../image/preprocess.ts";
import { resizedWindow, type ResizeFilter } from "../../image/resize.ts";

/** How pictures become pixels of one size. */
export type PixelRule = {
  readonly shape: readonly [height: number, width: number, channels: 1 | 3];
  /** See `ImageFolderOptions`. */
  readonly resize: "cover" | "stretch" | "none" | number;
  readonly filter: ResizeFilter;
};

/** The pixels of a picture, 0 to 255, `[H, W, C]`, and what is wrong with its file, if anything. */
export type PicturePixels = { readonly pixels: Uint8Array<ArrayBuffer>; readonly warning?: string };

/**
 * Decodes a picture and resizes it.
 *
 * @throws {SyntaxError | RangeError} if `decodeImage` cannot decode it
 */
export async function picturePixels(
  bytes: Uint8Array,
  file: string,
  rule: PixelRule,
): Promise<PicturePixels> {
  const { shape: [height, width, channels], filter } = rule;
  const decoded = await decodeRaster(bytes, file);
  const whole = { left: 0, top: 0, width, height };
  const image = rule.resize === "stretch"
    ? resizedWindow(decoded, width, height, whole, filter, "dropped")
    : croppedImage(decoded, {
      ...(rule.resize === "none" ? {} : { resize: rule.resize }),
      ...{ crop: [height, width], filter },
      ...{ range: 255, mean: [0], std: [1] }, // which change nothing that is shown
    });
  return levelsOf(image, channels, decoded.warning);
}

/** The pixels of an image, 0 to 255, in so many channels. */
function levelsOf(image: Image, channels: 1 | 3, warning: string | undefined): PicturePixels {
  const { width, height, ...seen } = channels === 1 ? toGray(image) : image;
  const pixels = new Uint8Array(width * height * channels);
  const copies = channels / seen.channels; // Gray becomes three equal channels.
  let to = 0;
  for (let i = 0; i < seen.pixels.length; i++) {
    const level = Math.floor(Math.fround(255 * seen.pixels[i]!) + 0.5); // of preprocess's numbers
    for (let c = 0; c < copies; c++) pixels[to++] = level;
  }
  return warning === undefined ? { pixels } : { pixels, warning };
}
