// How pictures become a network's input, and known ways by name.
import type { ResizeFilter } from "./resize.ts";

/** How pictures become a network's input; {@linkcode preprocess} has the steps. */
export type Preprocessing = {
  /**
   * The length of the shorter side before the crop, in pixels; `"cover"`: the least with which the
   * picture covers the crop. Default: not resized.
   */
  readonly resize?: number | "cover";
  /** How pixels are interpolated. Default: `"bilinear"`. */
  readonly filter?: ResizeFilter;
  /** The size of the input, cut from the middle; one number for a square. */
  readonly crop: number | readonly [height: number, width: number];
  /** The value of white, before the mean is subtracted. */
  readonly range: 1 | 255;
  /** One number for each channel, in `order`: three, or one for a network with gray input. */
  readonly mean: readonly number[];
  /** The divisor, one number for each channel. */
  readonly std: readonly number[];
  /** The order of three channels. Default: `"rgb"`. */
  readonly order?: "rgb" | "bgr";
};

/** Means and deviations of ImageNet's training pictures, for pixels from 0 to 1. */
const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;

/** From −1 to 1. */
const HALF = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] } as const;

/**
 * Ways of preprocessing, by name:
 *
 * - `torchvision`: that of its classifiers (AlexNet, VGG, ResNet, SqueezeNet).
 * - `inception`, `googlenet`: pixels from −1 to 1. torchvision's weights of Inception v3 and
 *   GoogLeNet use these too: its models convert ImageNet's moments to these (`transform_input`).
 * - `caffe`: 227 pixels from 0 to 255 without resizing, minus the mean color, as the paper's
 *   SqueezeNet.
 * - `cifar`: 32 pixels with ImageNet's moments, as akamaster's ResNets.
 */
export const preprocessings = {
  torchvision: { resize: 256, crop: 224, range: 1, ...IMAGENET },
  inception: { resize: 342, crop: 299, range: 1, ...HALF },
  googlenet: { resize: 256, crop: 224, range: 1, ...HALF },
  caffe: { crop: 227, range: 255, mean: [123, 117, 104], std: [1, 1, 1], order: "rgb" },
  cifar: { resize: 32, crop: 32, range: 1, ...IMAGENET },
} as const satisfies Readonly<Record<string, Preprocessing>>;

/** The largest side, with which the input has at most 2^26 pixels. */
const LARGEST = 8192;

const isSide = (value: unknown): boolean =>
  Number.isInteger(value) && (value as number) >= 1 && (value as number) <= LARGEST;

const areNumbers = (value: unknown): boolean =>
  Array.isArray(value) && (value.length === 1 || value.length === 3) &&
  value.every(Number.isFinite);

/** The rule of each field. */
const RULES: Readonly<
  Record<keyof Preprocessing, readonly [rule: string, (value: unknown) => boolean]>
> = {
  resize: [
    `a whole number from 1 to ${LARGEST}, or "cover"`,
    (value) => value === undefined || value === "cover" || isSide(value),
  ],
  filter: [
    '"bilinear" or "bicubic"',
    (value) => value === undefined || value === "bilinear" || value === "bicubic",
  ],
  crop: [
    `a whole number from 1 to ${LARGEST}, or a height and a width`,
    (value) => isSide(value) || (Array.isArray(value) && value.length === 2 && value.every(isSide)),
  ],
  range: ["1 or 255", (value) => value === 1 || value === 255],
  mean: ["one or three numbers", areNumbers],
  std: [
    "one or three numbers above 0",
    (value) => areNumbers(value) && (value as number[]).every((std) => std > 0),
  ],
  order: ['"rgb" or "bgr"', (value) => value === undefined || value === "rgb" || value === "bgr"],
};

/**
 * Refuses what is not preprocessing.
 *
 * @throws {RangeError} naming the part that breaks its rule
 */
export function checkPreprocessing(how: Preprocessing): void {
  for (const [part, [rule, holds]] of Object.entries(RULES)) {
    const value = (how as Readonly<Record<string, unknown>>)[part];
    if (!holds(value)) throw badPart(`its ${part} must be ${rule}`, value);
  }
  if (how.mean.length !== how.std.length) {
    const found = `${how.mean.length} and ${how.std.length}`;
    throw badPart("it must have as many means as deviations", found);
  }
  const unknown = Object.keys(how).find((part) => !Object.hasOwn(RULES, part));
  if (unknown !== undefined) {
    throw badPart(`its parts must be of ${Object.keys(RULES).join(", ")}`, unknown);
  }
}

/** The same for a picture that has its size already. */
export function unresized(how: Preprocessing): Preprocessing {
  const { resize: _, ...rest } = how;
  return rest;
}

/**
 * The preprocessing of a name, or a given one that is checked.
 *
 * @throws {RangeError} if there is no such name, or a part breaks its rule
 */
export function preprocessingNamed(how: unknown): Preprocessing {
  if (typeof how !== "string") {
    if (typeof how !== "object" || how === null) throw badPart("it must be a record", how);
    checkPreprocessing(how as Preprocessing);
    return how as Preprocessing;
  }
  if (Object.hasOwn(preprocessings, how)) return preprocessings[how as keyof typeof preprocessings];
  throw badPart(`its name must be one of ${Object.keys(preprocessings).join(", ")}`, how);
}

function badPart(rule: string, found: unknown): RangeError {
  const text = JSON.stringify(found) ?? String(found);
  return new RangeError(`Cannot preprocess pictures: ${rule}, got ${text}`);
}
