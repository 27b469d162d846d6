// The picture that a dream begins with.
import { type Image, resize, toGray } from "../../lib/image/mod.ts";
import { uniformArray } from "../../lib/tensor/mod.ts";
import { key } from "../../mod.ts";
import { UsageError } from "../command.ts";
import type { OpenedNetwork } from "../pictures/opened_network.ts";

/** The least side at which a network of digits has room for four octaves. */
export const LEAST_SIZE = 112;

/** A picture of any size with a network's channels. */
export function inChannels(image: Image, channels: number): Image {
  if (channels === 1) return toGray(image);
  if (image.channels === 3) return image;
  const count = image.width * image.height;
  const pixels = Float32Array.from(
    { length: 3 * count },
    (_, i) =>
      image.pixels[
        Math.floor(i / 3) * image.channels + (image.channels === 1 ? 0 : i % 3)
      ]!,
  );
  return { ...image, channels: 3, pixels };
}

/** Noise around gray, of the network's size. */
export function noise({ inputShape }: Pick<OpenedNetwork, "inputShape">, seed: number): Image {
  const [height, width, channels] = inputShape as [number, number, 1 | 3];
  const pixels = uniformArray(key(seed), height * width * channels, 0.4, 0.6);
  return { width, height, channels, pixels };
}

/**
 * A picture with a shorter side of so many pixels; if no size is asked for, as it is, or enlarged to
 * the least size.
 */
export function resizedTo(image: Image, size: number | undefined, least?: number): Image {
  const side = Math.min(image.width, image.height);
  const wanted = size ?? Math.max(side, least ?? side);
  const share = wanted / side;
  if (share === 1) return image;
  const [width, height] = [image.width, image.height].map((each) => Math.round(each * share));
  requireRoom(wanted, width!, height!);
  return resize(image, width!, height!);
}

/** The most pixels of a picture, 16,384 squared; `deepDream` limits the memory of layers. */
const MOST_PIXELS = 2 ** 28;

/** Refuses a size that does not fit into memory. */
function requireRoom(size: number, width: number, height: number): void {
  if (width * height <= MOST_PIXELS) return;
  throw new UsageError(
    `Cannot use --size: the picture must have at most ${MOST_PIXELS} pixels, got ${size}, which gives ${width} × ${height}`,
  );
}
