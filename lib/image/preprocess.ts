// Prepares pictures as the input of a network.
import { toGray } from "./gray.ts";
import { checkImage, type Image, type Raster, type Size } from "./image.ts";
import { checkPreprocessing, type Preprocessing } from "./preprocessing.ts";
import { resizedWindow } from "./resize.ts";

/**
 * Prepares a picture as the input that a network's weights expect.
 *
 * 1. Alpha is dropped, as PIL's `convert("RGB")` does: the colors behind it are shown.
 * 2. The shorter side becomes `resize` pixels, the longer ⌊resize · longer / shorter⌋, as in
 *    torchvision; of `"cover"`, the least `resize` with which both sides reach the crop. If the picture is still smaller than the crop, or no `resize` is given, it is
 *    enlarged until both sides reach it; nothing is padded.
 * 3. The middle is cut out, starting at round((size − crop) / 2), a half to the even number.
 * 4. Gray becomes three equal channels, or three channels become gray, by the number of means.
 * 5. `(range · pixel − mean) / std`, with the channels in `order`.
 *
 * Only what the crop shows is computed, whatever the picture's proportions.
 *
 * @param image a picture of 1, 3 or 4 channels
 * @param how size, range, means and order
 * @returns the numbers, `[height, width, channels]` by {@linkcode inputShapeOf}
 * @throws {RangeError} if `how` breaks a rule
 * @throws {TypeError} if the image's size and pixels disagree
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { preprocess } from "@neocog/neocog/image";
 *
 * const image = { width: 1, height: 1, channels: 1, pixels: new Float32Array([1]) } as const;
 * const how = { crop: 1, range: 255, mean: [100, 110, 120], std: [1, 1, 1] } as const;
 * assertEquals([...preprocess(image, how)], [155, 145, 135]);
 * ```
 */
export function preprocess(image: Image, how: Preprocessing): Float32Array<ArrayBuffer> {
  checkImage(image);
  return preprocessRaster(image, how);
}

/** As {@linkcode preprocess}, of a picture as its file has it. */
export function preprocessRaster(image: Raster, how: Preprocessing): Float32Array<ArrayBuffer> {
  const seen = croppedImage(image, how);
  const gray = how.mean.length === 1 ? toGray(seen) : seen;
  return normalized(gray, how);
}

/**
 * The shape of what {@linkcode preprocess} returns.
 *
 * @param how the rule
 * @returns height, width and channels
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { inputShapeOf, preprocessings } from "@neocog/neocog/image";
 *
 * assertEquals(inputShapeOf(preprocessings.torchvision), [224, 224, 3]);
 * ```
 */
export function inputShapeOf(
  { crop, mean }: Preprocessing,
): [height: number, width: number, channels: number] {
  const [height, width] = typeof crop === "number" ? [crop, crop] : crop;
  return [height, width, mean.length];
}

/**
 * The means and deviations of a preprocessing for pixels from 0 to 1, as the `normalize` option of
 * `fit` and `evaluate`: for images that have the network's size already.
 *
 * @param how the rule
 * @returns one mean and one deviation a channel
 * @throws {TypeError} if the rule puts blue before red, which is more than a shift and a scale
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { momentsOf, preprocessings } from "@neocog/neocog/image";
 *
 * assertEquals(momentsOf(preprocessings.inception).std, [0.5, 0.5, 0.5]);
 * ```
 */
export function momentsOf(
  { mean, std, range, order }: Preprocessing,
): { readonly mean: readonly number[]; readonly std: readonly number[] } {
  if (order === "bgr") {
    throw new TypeError(
      'Cannot normalize images by a preprocessing: its order must be "rgb", got "bgr"',
    );
  }
  return { mean: mean.map((each) => each / range), std: std.map((each) => each / range) };
}

/** What {@linkcode preprocess} shows of a picture: its steps 1 to 3. */
export function croppedImage(image: Raster, how: Preprocessing): Image {
  checkPreprocessing(how);
  const [cropHeight, cropWidth] = inputShapeOf(how);
  const [width, height] = sizeBeforeCrop(image, how, cropWidth, cropHeight);
  const window = {
    left: roundHalfToEven((width - cropWidth) / 2),
    top: roundHalfToEven((height - cropHeight) / 2),
    width: cropWidth,
    height: cropHeight,
  };
  return resizedWindow(image, width, height, window, how.filter ?? "bilinear", "dropped");
}

/** Width and height to resize to, of which the middle is cut out. */
function sizeBeforeCrop(
  { width, height }: Size,
  { resize }: Preprocessing,
  cropWidth: number,
  cropHeight: number,
): [width: number, height: number] {
  const [across, along] = width <= height ? [cropWidth, cropHeight] : [cropHeight, cropWidth];
  const shorter = resize === "cover"
    ? Math.max(across, Math.ceil(along * Math.min(width, height) / Math.max(width, height)))
    : resize;
  const sideOf = (side: number, other: number): number =>
    side <= other ? shorter! : Math.floor(shorter! * side / other);
  const sized = shorter === undefined
    ? [width, height] as const
    : [sideOf(width, height), sideOf(height, width)] as const;
  if (sized[0] >= cropWidth && sized[1] >= cropHeight) return [...sized];
  const scale = Math.max(cropWidth / width, cropHeight / height);
  return [
    Math.max(cropWidth, Math.round(width * scale)),
    Math.max(cropHeight, Math.round(height * scale)),
  ];
}

/** Python's `round`, with which torchvision places the crop. */
function roundHalfToEven(half: number): number {
  const floor = Math.floor(half);
  return half - floor === 0.5 ? floor + floor % 2 : Math.round(half);
}

/** Steps 4 and 5. */
function normalized(
  { width, height, channels, pixels }: Image,
  { range, mean, std, order = "rgb" }: Preprocessing,
): Float32Array<ArrayBuffer> {
  const count = mean.length;
  const out = new Float32Array(width * height * count);
  for (let c = 0; c < count; c++) {
    const source = channels === 1 ? 0 : order === "bgr" ? count - 1 - c : c;
    for (let i = 0; i < width * height; i++) {
      out[i * count + c] = (range * pixels[i * channels + source]! - mean[c]!) / std[c]!;
    }
  }
  return out;
}
