// Pictures for networks that take gray images, such as MNIST's digits, which are light on dark.
import { toGray } from "./gray.ts";
import type { Image } from "./image.ts";
import type { Preprocessing } from "./preprocessing.ts";
import { resize } from "./resize.ts";

/** Mean of the pixels along the picture's edge, over all channels, 0 to 1. */
function edgeBrightness({ width, height, channels, pixels }: Image): number {
  let sum = 0;
  let seen = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (x > 0 && y > 0 && x < width - 1 && y < height - 1) continue;
      for (let c = 0; c < channels; c++) sum += pixels[(y * width + x) * channels + c]!;
      seen += channels;
    }
  }
  return sum / seen;
}

/**
 * A picture as MNIST has them, for networks that take gray images: of the network's size, light on
 * dark.
 *
 * @param shape shape of the network's input, `[height, width, 1]`
 * @param invert whether dark and light are swapped; `"auto"`: if the picture's edge is light
 * @returns the gray picture, and whether it was inverted
 */
export function prepareGray(
  image: Image,
  [height, width]: readonly number[],
  invert: boolean | "auto",
): { readonly image: Image; readonly inverted: boolean } {
  const small = resize(toGray(image), width!, height!);
  const inverted = invert === true || (invert === "auto" && edgeBrightness(small) > 0.5);
  if (!inverted) return { image: small, inverted };
  return { image: { ...small, pixels: small.pixels.map((value) => 1 - value) }, inverted };
}

/**
 * How a picture is prepared after {@linkcode prepareGray}: it has the network's size already.
 *
 * @param shape shape of the network's input, `[height, width, 1]`
 */
export function preparedGray(
  how: Preprocessing,
  [height, width]: readonly number[],
): Preprocessing {
  const { resize: _, ...rest } = how;
  return { ...rest, crop: [height!, width!] };
}
