// Pictures for networks that take gray images, such as MNIST's digits, which are light on dark.
import { toGray } from "./gray.ts";
import { type Image, imageOf, type Raster } from "./image.ts";
import { croppedImage, inputShapeOf } from "./preprocess.ts";
import { type Preprocessing, unresized } from "./preprocessing.ts";
import { resize } from "./resize.ts";

/** The pixels along a gray picture's edge. */
function edgeOf({ width, height, pixels }: Image): Float32Array {
  return pixels.filter((_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    return x === 0 || y === 0 || x === width - 1 || y === height - 1;
  });
}

/** At most so many pixels a side of the network's are looked at, for each of its own. */
const FINENESS = 8;
/** The least difference of brightness, 0 to 1, that is a mark. */
const FAINTEST = 0.1;
/** What differs less from the ground than this share of what differs most is ground: uneven light. */
const GROUND = 0.3;
/** The longer side of MNIST's digits, and the side of its pictures. */
const [DIGIT, SIDE] = [20, 28];

/**
 * What is drawn in a picture, light on black, in the middle of a picture of another size: as MNIST's
 * digits are, its box has 20 of 28 pixels, and its center of mass is in the middle.
 *
 * @returns `undefined` if nothing differs from the ground
 */
function centered(gray: Image, width: number, height: number, isDark: boolean): Image | undefined {
  const scale = Math.min(1, FINENESS * Math.max(width, height) / Math.max(gray.width, gray.height));
  const [w, h] = [gray.width, gray.height].map((size) => Math.max(1, Math.round(size * scale)));
  const { pixels } = resize(gray, w!, h!);
  const edge = edgeOf({ width: w!, height: h!, channels: 1, pixels }).sort();
  const ground = edge[edge.length >> 1]!;
  const marks = pixels.map((value) => isDark ? ground - value : value - ground);
  const most = marks.reduce((one, other) => Math.max(one, other), 0);
  if (most < FAINTEST) return undefined;
  const drawn = marks.map((mark) => Math.max(0, (mark / most - GROUND) / (1 - GROUND)));
  let [left, right, top, bottom] = [w!, 0, h!, 0];
  let [mass, x0, y0] = [0, 0, 0];
  drawn.forEach((value, i) => {
    const [x, y] = [i % w!, Math.floor(i / w!)];
    mass += value;
    x0 += value * (x + 0.5);
    y0 += value * (y + 0.5);
    if (value < 0.5) return;
    [left, right] = [Math.min(left, x), Math.max(right, x + 1)];
    [top, bottom] = [Math.min(top, y), Math.max(bottom, y + 1)];
  });
  const unit = Math.max(right - left, bottom - top) * SIDE / DIGIT / Math.min(width, height);
  const [across, down] = [width, height].map((size) => Math.max(1, Math.round(unit * size)));
  const [dx, dy] = [Math.round(x0 / mass - across! / 2), Math.round(y0 / mass - down! / 2)];
  const cut = Float32Array.from({ length: across! * down! }, (_, i) => {
    const [x, y] = [dx + i % across!, dy + Math.floor(i / across!)];
    return x >= 0 && y >= 0 && x < w! && y < h! ? drawn[y * w! + x]! : 0;
  });
  return resize({ width: across!, height: down!, channels: 1, pixels: cut }, width, height);
}

/** Whether classes are signs, such as MNIST's digits; those of unknown names are taken for such. */
function areSigns(classNames: readonly string[] = []): boolean {
  return classNames.every((name) => [...name].length === 1);
}

/**
 * A picture for networks that take gray images, and how it is prepared then.
 *
 * @param how how the network's pictures are prepared, of one channel
 * @param invert `false`: the picture is as it was; `true`: dark and light are swapped; `"auto"`: as
 * MNIST has its digits, light on dark, so that they are swapped if the picture's edge is light; and
 * of a picture of another size what is drawn in it, in the middle, unless classes have longer names
 * @param classNames the names of the network's classes, if they are known
 * @returns the picture, the preprocessing it still needs, and whether it was inverted
 */
export function prepareGray<R extends Raster>(
  image: R,
  how: Preprocessing,
  invert: boolean | "auto",
  classNames?: readonly string[],
): { readonly image: R | Image; readonly how: Preprocessing; readonly inverted: boolean } {
  if (invert === false) return { image, how, inverted: false };
  const [height, width] = inputShapeOf(how);
  const gray = toGray(imageOf(image));
  const edge = edgeOf(resize(gray, width, height));
  const isDark = edge.reduce((sum, value) => sum + value, 0) / edge.length > 0.5;
  const inverted = invert === "auto" ? isDark : invert;
  const isOther = gray.width !== width || gray.height !== height;
  const found = invert === "auto" && isOther && areSigns(classNames)
    ? centered(gray, width, height, isDark)
    : undefined;
  if (found) return { image: found, how: unresized(how), inverted };
  const small = croppedImage(gray, how);
  const pixels = inverted ? small.pixels.map((value) => 1 - value) : small.pixels;
  return { image: { ...small, pixels }, how: unresized(how), inverted };
}
