// What the options of an image folder must be, and what they are where not given.
import { type Key, key as keyOf } from "../../tensor/random.ts";
import type { ImageFolderOptions } from "./image_folder.ts";
import type { PixelRule } from "./picture_pixels.ts";

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

const isWhole = (value: unknown, least: number, most: number): boolean =>
  Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;

/**
 * Completes the options.
 *
 * @throws {RangeError} naming the one that is out of range
 */
export function checkImageFolder(options: ImageFolderOptions): ImageFolderRules {
  const { size = 64, channels = 3, resize = "cover", filter = "bilinear" } = options;
  const { testFraction = 0.2, memoryLimit = 2 ** 30 } = options;
  const { workers = Math.min(8, navigator.hardwareConcurrency) } = options;
  const sides = typeof size === "number" ? [size, size] as const : size;
  const isSide = (value: unknown): boolean => isWhole(value, 1, LARGEST_SIDE);
  const side = `a whole number from 1 to ${LARGEST_SIDE}`;
  require(sides.length === 2 && sides.every(isSide), "size", `${side}, or two of them`, size);
  require(channels === 1 || channels === 3, "channels", "1 or 3", channels);
  const ways = ["cover", "stretch"] as unknown[];
  const isWay = ways.includes(resize) || isSide(resize);
  require(isWay, "resize", `"cover", "stretch" or ${side}`, resize);
  require(["bilinear", "bicubic"].includes(filter), "filter", '"bilinear" or "bicubic"', filter);
  require(testFraction > 0 && testFraction < 1, "testFraction", "between 0 and 1", testFraction);
  const bytes = "a whole number of bytes";
  require(isWhole(memoryLimit, 0, Number.MAX_SAFE_INTEGER), "memoryLimit", bytes, memoryLimit);
  const count = `a whole number from 0 to ${MOST_WORKERS}`;
  require(isWhole(workers, 0, MOST_WORKERS), "workers", count, workers);
  const shape = [sides[0], sides[1], channels] as const;
  const key = options.key ?? keyOf(0);
  return { shape, resize, filter, testFraction, key, memoryLimit, workers };
}

function require(holds: boolean, option: string, rule: string, value: unknown): void {
  if (holds) return;
  throw new RangeError(
    `Cannot read an image folder: ${option} must be ${rule}, got ${value}`,
  );
}
