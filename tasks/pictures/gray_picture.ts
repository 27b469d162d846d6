// Pictures as MNIST has them, for networks that see gray.
import { type Image, resize, toGray } from "../../lib/image/mod.ts";
import type { Shape } from "../../mod.ts";

/** What `--invert` can say: whether dark and light change places. */
export const INVERSIONS = ["auto", "yes", "no"] as const;

/** One of them. */
export type Inversion = typeof INVERSIONS[number];

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
 * A picture as MNIST has them: gray, of the network's size, light on dark.
 *
 * @param image the picture
 * @param shape shape of the network's input, `[height, width, 1]`
 * @param invert whether dark and light change places; `"auto"`: where the picture's edge is light
 * @returns the gray picture, and whether it was inverted
 */
export function prepareGray(
  image: Image,
  [height, width]: Shape,
  invert: Inversion,
): { readonly image: Image; readonly inverted: boolean } {
  const small = resize(toGray(image), width!, height!);
  const inverted = invert === "yes" || (invert === "auto" && edgeBrightness(small) > 0.5);
  if (!inverted) return { image: small, inverted };
  return { image: { ...small, pixels: small.pixels.map((value) => 1 - value) }, inverted };
}
