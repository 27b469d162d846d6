// Pictures in memory: the form to which every format is decoded.

/**
 * A picture: `pixels` holds `height × width × channels` numbers from 0 to 1, row by row from
 * the top left, the channels of a pixel together (`[H, W, C]`, as a tensor would have it).
 * One channel is gray, three are red, green and blue. A fourth is alpha, which is 0 in transparent
 * parts and does not multiply the colors. The numbers are the file's, divided by 255 or 65,535: no
 * gamma is undone.
 */
export type Image = {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3 | 4;
  readonly pixels: Float32Array;
  /** What is wrong with the file it was decoded from, if it could be read all the same. */
  readonly warning?: string;
};

/**
 * A picture as a file has it, or an {@linkcode Image}: white is 255 in 8 bits, 65,535 in 16 bits and
 * 1 in floats.
 */
export type Raster = Omit<Image, "pixels"> & {
  readonly pixels: Uint8Array | Uint16Array | Float32Array;
};

/** Width and height in pixels. */
export type Size = Pick<Image, "width" | "height">;

/** A part of a picture, in pixels. */
export type Window = Size & { readonly left: number; readonly top: number };

/** The value of white in these pixels. */
export function whiteOf(pixels: Raster["pixels"]): number {
  return pixels instanceof Uint8Array ? 255 : pixels instanceof Uint16Array ? 65535 : 1;
}

/** A picture in numbers from 0 to 1. */
export function imageOf(raster: Raster): Image {
  const { pixels } = raster;
  if (pixels instanceof Float32Array) return raster as Image;
  const white = whiteOf(pixels);
  const numbers = new Float32Array(pixels.length);
  for (let i = 0; i < numbers.length; i++) numbers[i] = pixels[i]! / white;
  return { ...raster, pixels: numbers };
}

/**
 * Refuses an image whose size and pixels disagree.
 *
 * @throws {RangeError} if width or height is not a whole number of at least 1, or the channels are
 * not 1, 3 or 4
 * @throws {TypeError} if the number of pixels does not match the size
 */
export function checkImage({ width, height, channels, pixels }: Image): void {
  checkSize("use an image", width, height);
  if (channels !== 1 && channels !== 3 && channels !== 4) {
    throw new RangeError(
      `Cannot use an image: it must have 1, 3 or 4 channels, got ${channels}`,
    );
  }
  const count = width * height * channels;
  if (!(pixels instanceof Float32Array) || pixels.length !== count) {
    const size = `${width}×${height} with ${channels} channels`;
    const found = (pixels as { length?: number } | undefined)?.length ?? String(pixels);
    throw new TypeError(
      `Cannot use an image: a Float32Array of ${size} must hold ${count} numbers, ` +
        `got ${found}`,
    );
  }
}

/** Refuses a size that is not of whole numbers of at least 1. */
export function checkSize(attempt: string, width: number, height: number): void {
  if (Number.isSafeInteger(width) && width > 0 && Number.isSafeInteger(height) && height > 0) {
    return;
  }
  throw new RangeError(
    `Cannot ${attempt}: its width and height must be whole numbers from 1, ` +
      `got ${width}×${height}`,
  );
}

/**
 * The most pixels that are decoded: 8,192 × 8,192. As red, green, blue and alpha in float32 they
 * take 1 GiB.
 */
const MOST_PIXELS = 2 ** 26;

/** Refuses a file whose header claims too many pixels. */
export function checkPixelCount(kind: string, file: string, width: number, height: number): void {
  if (width * height <= MOST_PIXELS) return;
  throw new RangeError(
    `Cannot decode ${kind} ${file}: it must have at most ${MOST_PIXELS} pixels, ` +
      `got ${width}×${height}`,
  );
}
