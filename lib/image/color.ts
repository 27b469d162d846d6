// Colors, and pictures on a background of one color.
import { checkImage, type Image } from "./image.ts";

/** Red, green and blue, from 0 to 1. */
export type Color = readonly [red: number, green: number, blue: number];

/** A color of a background: red, green and blue, or one number for a gray. */
export type Ground = Color | number;

/**
 * The red, green and blue of a background.
 *
 * @throws {RangeError} if a number is not from 0 to 1
 */
export function colorOf(ground: Ground): Color {
  const color: Color = typeof ground === "number" ? [ground, ground, ground] : ground;
  if (color.length === 3 && color.every((value) => value >= 0 && value <= 1)) return color;
  throw new RangeError(
    `Cannot use a color: its numbers must be from 0 to 1, got ${color}`,
  );
}

/** The color of a pixel of a picture: gray as three equal numbers, alpha blended with the ground. */
export function colorAt(image: Image, index: number, ground: Color): Color {
  const { channels, pixels } = image;
  const at = index * channels;
  if (channels === 1) return [pixels[at]!, pixels[at]!, pixels[at]!];
  const [red, green, blue] = [pixels[at]!, pixels[at + 1]!, pixels[at + 2]!];
  if (channels === 3) return [red, green, blue];
  const alpha = pixels[at + 3]!;
  const blend = (value: number, below: number): number => alpha * value + (1 - alpha) * below;
  return [blend(red, ground[0]), blend(green, ground[1]), blend(blue, ground[2])];
}

/**
 * A picture of one color.
 *
 * @param width pixels
 * @param height pixels
 * @param channels 1 for a gray picture
 */
export function plain(width: number, height: number, ground: Ground, channels: 1 | 3): Image {
  const color = colorOf(ground).slice(0, channels);
  const pixels = Float32Array.from(
    { length: width * height * channels },
    (_, i) => color[i % channels]!,
  );
  return { width, height, channels, pixels };
}

/** Draws a picture onto another of 1 or 3 channels, whose pixels are overwritten. */
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
