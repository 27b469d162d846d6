// A picture's file as the pixels of an example, the same in a worker as on the main thread.
import { decodeRaster } from "../../image/codecs/decode.ts";
import type { Size } from "../../image/image.ts";
import { preprocessRaster, seenPart } from "../../image/preprocess.ts";
import type { Preprocessing } from "../../image/preprocessing.ts";
import { resizedWindow, type ResizeFilter } from "../../image/resize.ts";

/** How pictures become pixels of one size. */
export type PixelRule = {
  readonly shape: readonly [height: number, width: number, channels: 1 | 3];
  /** See `ImageFolderOptions`. */
  readonly resize: "cover" | "stretch" | number;
  readonly filter: ResizeFilter;
};

/** The pixels of a picture, 0 to 255, `[H, W, C]`, and what is wrong with its file, if anything. */
export type PicturePixels = { readonly pixels: Uint8Array<ArrayBuffer>; readonly warning?: string };

/**
 * Decodes a picture and resizes it.
 *
 * @throws {SyntaxError | RangeError} if `decodeImage` cannot decode it
 */
export function picturePixels(
  bytes: Uint8Array,
  file: string,
  rule: PixelRule,
): PicturePixels {
  const { shape: [height, width, channels], filter } = rule;
  const zeros = Array<number>(channels).fill(0);
  const stretch = rule.resize === "stretch";
  const how = (size: Size): Preprocessing => ({
    ...(stretch ? {} : { resize: shortSide(size, rule) }),
    crop: [height, width],
    filter,
    range: 255,
    mean: zeros,
    std: zeros.map(() => 1),
  });
  const decoded = decodeRaster(
    bytes,
    file,
    stretch ? undefined : (size) => seenPart(size, how(size)),
  );
  const whole = { left: 0, top: 0, width, height };
  const image = stretch ? resizedWindow(decoded, width, height, whole, filter, "dropped") : decoded;
  const pixels = preprocessRaster(image, how(image));
  const rounded = new Uint8Array(pixels.length);
  for (let i = 0; i < pixels.length; i++) rounded[i] = Math.round(pixels[i]!);
  const { warning } = decoded;
  return warning === undefined ? { pixels: rounded } : { pixels: rounded, warning };
}

/** The length of the shorter side with which the picture covers the size. */
function shortSide(image: Size, { shape: [height, width], resize }: PixelRule): number {
  if (typeof resize === "number") return resize;
  const [shorter, longer] = [image.width, image.height].sort((a, b) => a - b) as [number, number];
  const [across, along] = image.width <= image.height ? [width, height] : [height, width];
  return Math.max(across, Math.ceil(along * shorter / longer));
}
