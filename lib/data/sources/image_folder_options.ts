// The options of an image folder: what they must be, and their defaults.
import type { ResizeFilter } from "../../image/resize.ts";
import { type Key, key as keyOf } from "../../tensor/random.ts";
import { requireOneOf, requireOptions, requireRange, requireWhole } from "../../text/require.ts";
import type { World } from "../../world/world.ts";
import type { PixelRule } from "./picture_pixels.ts";

/** Options of {@linkcode imageFolder}. */
export type ImageFolderOptions = {
  /** Height and width of the images, 1 to 8,192 pixels each; one number for both. Default: 64. */
  readonly size?: number | readonly [height: number, width: number];
  /** 3 for red, green and blue, 1 for gray. Default: 3. */
  readonly channels?: 1 | 3;
  /**
   * How pictures get their size. `"cover"`: the shorter side becomes as long as the size needs,
   * and the middle is cut out. A number: the shorter side becomes so many pixels before that, as
   * `resize` of a {@linkcode Preprocessing}. `"none"`: the middle is cut out of the picture as it is,
   * as by a preprocessing without `resize`. `"stretch"`: the proportions are not kept, which no
   * preprocessing says of the pictures that are predicted later. Default: `"cover"`.
   */
  readonly resize?: "cover" | "stretch" | "none" | number;
  /** How pixels are interpolated, see {@linkcode resize}. Default: `"bilinear"`. */
  readonly filter?: ResizeFilter;
  /**
   * The part of each class to test with if the folder has no parts, above 0 and below 1; at least
   * one image, and never all. Default: 0.2.
   */
  readonly testFraction?: number;
  /** Which images are drawn for the test then. Default: `key(0)`. */
  readonly key?: Key;
  /** Whether files that cannot be decoded are left out; else they are an error. Default: `false`. */
  readonly skipBroken?: boolean;
  /** The most bytes of decoded pixels that are held; others are decoded again. Default: 2³⁰. */
  readonly memoryLimit?: number;
  /**
   * Where the pixels of all files are kept for the next time, in a file of so many bytes; they are
   * used while the files have the same sizes and times. Default: nowhere.
   */
  readonly cacheDir?: string;
  /**
   * How many workers decode; 0 decodes on this thread. Default: the number of processors, at most 8.
   * If workers cannot be started, this thread decodes, to the same pixels.
   */
  readonly workers?: number;
  /** The ranks that share the work of opening the folder. Default: this process alone. */
  readonly world?: World;
  /** Called when files are decoded while the folder is opened. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Ends the opening, which then throws its reason. */
  readonly signal?: AbortSignal;
};

const OPTIONS: Readonly<Record<keyof ImageFolderOptions, true>> = {
  size: true,
  channels: true,
  resize: true,
  filter: true,
  testFraction: true,
  key: true,
  skipBroken: true,
  memoryLimit: true,
  cacheDir: true,
  workers: true,
  world: true,
  onProgress: true,
  signal: true,
};

/** Options that are checked and complete. */
export type ImageFolderRules = PixelRule & {
  readonly testFraction: number;
  readonly key: Key;
  readonly memoryLimit: number;
  readonly workers: number;
};

/** The largest side, as of preprocessing. */
const LARGEST_SIDE = 8192;

const MOST_WORKERS = 64;

const ACTION = "read an image folder";

/**
 * Completes the options.
 *
 * @throws {RangeError} naming the one that is out of range
 */
export function checkImageFolder(options: ImageFolderOptions): ImageFolderRules {
  requireOptions("read images", options, OPTIONS);
  const { size = 64, channels = 3, resize = "cover", filter = "bilinear" } = options;
  const { testFraction = 0.2, memoryLimit = 2 ** 30, key = keyOf(0) } = options;
  const { workers = Math.min(8, globalThis.navigator?.hardwareConcurrency ?? 1) } = options;
  const sides = typeof size === "number" ? [size, size] as const : size;
  const isSide = (value: unknown): boolean =>
    Number.isInteger(value) && (value as number) >= 1 && (value as number) <= LARGEST_SIDE;
  const side = `a whole number from 1 to ${LARGEST_SIDE}`;
  const isSize = sides.length === 2 && sides.every(isSide);
  requireRange(ACTION, `size must be ${side}, or two of them`, isSize, size);
  requireOneOf(ACTION, "channels", [1, 3], channels);
  const isWay = ["cover", "stretch", "none"].includes(resize as string) || isSide(resize);
  requireRange(ACTION, `resize must be "cover", "stretch", "none" or ${side}`, isWay, resize);
  requireOneOf(ACTION, "filter", ["bilinear", "bicubic"], filter);
  const isFraction = testFraction > 0 && testFraction < 1;
  requireRange(ACTION, "testFraction must be between 0 and 1", isFraction, testFraction);
  requireWhole(ACTION, "memoryLimit", memoryLimit, 0);
  requireWhole(ACTION, "workers", workers, 0, MOST_WORKERS);
  const shape = [sides[0], sides[1], channels] as const;
  return { shape, resize, filter, testFraction, key, memoryLimit, workers };
}
