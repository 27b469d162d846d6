// Colors, and pictures on a ground of one color.
import { checkImage, type Image } from "./image.ts";

/** Red, green and blue, from 0 to 1. */
export type Color = readonly [red: number, green: number, blue: number];

/** A color, or a gray by one number. */
export type Ground = Color | number;

/**
 * The red, green and blue of a ground.
 *
 * @param ground a color, or a gray
 * @throws {RangeError} where a number is not from 0 to 1
 */
export function colorOf(ground: Ground): Color {
  const color: Color = typeof ground === "number" ? [ground, ground, ground] : ground;
  if (color.length === 3 && color.every((value) => value >= 0 && value <= 1)) return color;
  throw new RangeError(
    `Cannot use a color: its numbers must be from 0 to 1, got ${color}`,
  );
}

/** A color at each pixel of a picture: gray as three equal numbers, alpha laid on the ground. */
export function colorAt(image: Image, index: number, ground: Color): Color {
  const { channels, pixels } = image;
  const at = index * channels;
  if (channels === 1) return [pixels[at]!, pixels[at]!, pixels[at]!];
  const [red, green, blue] = [pixels[at]!, pixels[at + 1]!, pixels[at + 2]!];
  if (channels === 3) return [red, green, blue];
  const alpha = pixels[at + 3]!;
  const laid = (value: number, below: number): number => alpha * value + (1 - alpha) * below;
  return [laid(red, ground[0]), laid(green, ground[1]), laid(blue, ground[2])];
}

/**
 * A picture of one color.
 *
 * @param width pixels
 * @param height pixels
 * @param ground its color; a number makes a gray picture of one channel
 */
export function plain(width: number, height: number, ground: Ground, channels: 1 | 3): Image {
  const color = colorOf(ground).slice(0, channels);
  const pixels = Float32Array.from(
    { length: width * height * channels },
    (_, i) => color[i % channels]!,
  );
  return { width, height, channels, pixels };
}

/** Lays a picture on another of 1 or 3 channels, whose pixels are written over. */
export function place(onto: Image, image: Image, left: number, top: number, ground: Color): void {
  checkImage(image);
  for (let y = 0; y < image.height; y++) {
    for (let x = 0; x < image.width; x++) {
      const color = colorAt(image, y * image.width + x, ground);
      const at = ((top + y) * onto.width + left + x) * onto.channels;
      for (let c = 0; c < onto.channels; c++) onto.pixels[at + c] = color[c]!;
    }
  }
}
