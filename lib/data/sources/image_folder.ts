// A folder of pictures, a folder a class, as images to train on and to test with.
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import type { ResizeFilter } from "../../image/resize.ts";
import type { Key } from "../../tensor/random.ts";
import { type ClassFolders, findClassFolders, type LabeledFile, some } from "./class_folders.ts";
import { decodePool } from "./decode_pool.ts";
import type { DataSplit } from "../examples.ts";
import type { ImageSource } from "../image_source.ts";
import { checkImageFolder, type ImageFolderRules } from "./image_folder_rules.ts";
import { type BrokenFile, type CacheUse, type PixelCache, pixelCache } from "./pixel_cache.ts";
import { splitByClass } from "../split_by_class.ts";

/** How a folder of pictures is read. */
export type ImageFolderOptions = {
  /** Height and width of the images, 1 to 8,192 pixels each; one number for both. Default: 64. */
  readonly size?: number | readonly [height: number, width: number];
  /** 3 for red, green and blue, 1 for gray. Default: 3. */
  readonly channels?: 1 | 3;
  /**
   * How pictures get their size. `"cover"`: the shorter side becomes as long as the size needs,
   * and the middle is cut out. A number: the shorter side becomes so many pixels before that, as
   * `resize` of a {@linkcode Preprocessing}. `"stretch"`: without keeping proportions.
   * Default: `"cover"`.
   */
  readonly resize?: "cover" | "stretch" | number;
  /** How pixels between pixels are found, see {@linkcode resize}. Default: `"bilinear"`. */
  readonly filter?: ResizeFilter;
  /**
   * The part of each class to test with where the folder is not parted, above 0 and below 1; at
   * least an image, and never all. Default: 0.2.
   */
  readonly testFraction?: number;
  /** What is drawn for the test then: the same key, the same parts. Default: `key(0)`. */
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
   * How many workers decode; 0 decodes on this thread. Default: as many as there are processors,
   * at most 8. Where workers cannot be started this thread decodes, to the same pixels.
   */
  readonly workers?: number;
  /** Called as files are decoded while the folder is opened. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Ends the opening, which then throws its reason. */
  readonly signal?: AbortSignal;
};

/** Images of a folder; disposing of it ends its workers, and reading goes on without. */
export type ImageFolder = DataSplit<ImageSource> & Disposable & {
  /** The images of `val` where the folder has that and `test`. */
  readonly validation?: ImageSource;
  /** How many images of each class there are to train on, by label. */
  readonly classCounts: readonly number[];
  /** The most of `classCounts` by the fewest: 1 where the classes are of one size. */
  readonly imbalance: number;
  /** The files of the images, in their order. */
  readonly files: {
    readonly train: readonly string[];
    readonly test: readonly string[];
    readonly validation?: readonly string[];
  };
  /** The files that were left out by `skipBroken`, and why. */
  readonly broken: readonly BrokenFile[];
  /** What is no picture, or lies deeper than in the folder of a class. */
  readonly ignored: readonly string[];
  /** What is held and was done. */
  readonly cache: CacheUse;
};

/**
 * Reads a folder of PNG and JPEG files, a folder a class: `photos/cat/1.jpg`. Classes are in the
 * order of their names. Where there are `photos/train/cat` and `photos/test/cat` (or `val`), that
 * is how the images are parted; else at random, a fraction of each class.
 *
 * Each file is decoded once as the folder is opened, by workers, so that broken ones are known
 * before training begins. Pixels are kept up to a limit of memory, the others decoded again when
 * they are wanted: memory does not grow with the folder. Photos that were taken on their side
 * are turned upright; alpha is dropped, as {@linkcode preprocess} does; gray becomes three equal
 * channels, or colors gray, as asked. Of other files those that are named as pictures (GIF,
 * WebP, …) are broken ones, and the rest is ignored, as is what begins with a dot.
 *
 * With `cacheDir` all pixels are on the disk too, and nothing is decoded twice, the next time
 * included.
 *
 * Needs `--allow-read` for the folder and `--allow-write` for the cache. Workers need
 * `--allow-read` for the library too, where that is local: without it this thread decodes. They
 * end half a second after the last file.
 *
 * @param directory the folder
 * @param options size, parts, broken files, memory, workers
 * @returns the images, counts of the classes, and what was left out
 * @throws {Deno.errors.NotFound} where there is no such folder
 * @throws {RangeError} where an option is out of range; where there are not two classes, a class
 * has no image (or only one, where there are no parts), or the classes of the parts differ
 * @throws {SyntaxError} where files are broken; the first ones are named
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { encodePng } from "@neocog/neocog/image";
 * import { imageFolder } from "@neocog/neocog";
 *
 * const folder = await Deno.makeTempDir();
 * for (const [name, gray] of [["dark", 0], ["light", 1]] as const) {
 *   await Deno.mkdir(`${folder}/${name}`);
 *   const pixels = new Float32Array(4).fill(gray);
 *   const file = encodePng({ width: 2, height: 2, channels: 1, pixels });
 *   for (const i of [1, 2, 3]) await Deno.writeFile(`${folder}/${name}/${i}.png`, file);
 * }
 * using images = await imageFolder(folder, { size: 1, testFraction: 0.3 });
 * assertEquals([images.train.classNames, images.classCounts], [["dark", "light"], [2, 2]]);
 * assertEquals([...await images.test.read(new Uint32Array([1]))], [255, 255, 255]);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function imageFolder(
  directory: string | URL,
  options: ImageFolderOptions = {},
): Promise<ImageFolder> {
  const rules = checkImageFolder(options);
  const root = typeof directory === "string" ? directory : fileURLToPath(directory);
  const found = await findClassFolders(root);
  const files = Object.values(found.parts).flat();
  const pool = decodePool(rules.workers);
  try {
    const cache = pixelCache(files.map(({ file }) => file), rules, pool);
    await cache.fill(options);
    if (cache.broken.length > 0 && !options.skipBroken) {
      throw brokenError(root, cache, files.length);
    }
    return folderOf(root, partsOf(root, found, cache, rules), found, cache, pool);
  } catch (error) {
    pool[Symbol.dispose]();
    throw error;
  }
}

function brokenError(root: string, { broken }: PixelCache, total: number): SyntaxError {
  const reasons = some(broken.map(({ reason }) => reason), 3);
  return new SyntaxError(
    `Cannot read images of ${root}: each file must be a whole PNG or JPEG picture: ` +
      `got ${broken.length} broken of ${total} files: ${reasons}. ` +
      "skipBroken leaves them out",
  );
}

/** Where images lie among all files, and their classes. */
type Places = readonly (LabeledFile & { readonly place: number })[];

/** The images of the parts, without broken ones. */
type Parts = { readonly train: Places; readonly test: Places; readonly validation?: Places };

/** Parts the whole images by the folders, or at random. */
function partsOf(
  root: string,
  { parts, classNames }: ClassFolders,
  { broken }: PixelCache,
  { testFraction, key }: ImageFolderRules,
): Parts {
  const refused = new Set(broken.map(({ file }) => file));
  let place = 0;
  const whole = (files: readonly LabeledFile[] = []): Places => {
    const placed = files.map((file) => ({ ...file, place: place++ }))
      .filter(({ file }) => !refused.has(file));
    requireEach(root, classNames, placed, parts.all ? 2 : 1);
    return placed;
  };
  if (parts.all) return splitByClass(whole(parts.all), classNames, testFraction, key);
  const train = whole(parts.train);
  const val = parts.val && whole(parts.val);
  const test = parts.test && whole(parts.test);
  return { train, test: (test ?? val)!, ...(test && val ? { validation: val } : {}) };
}

/** Refuses a class that has too few images, as of which none can be trained on or tested with. */
function requireEach(
  root: string,
  classNames: readonly string[],
  placed: Places,
  least: number,
): void {
  const counts = countLabels(placed.map(({ label }) => label), classNames.length);
  const few = classNames.filter((_, label) => counts[label]! < least);
  if (few.length === 0) return;
  const rule = `each class must have ${
    least === 1 ? "a whole image" : "two whole images, one to test with"
  }`;
  throw new RangeError(
    `Cannot read images of ${root}: ${rule}, got fewer of ${some(few)}`,
  );
}

function folderOf(
  root: string,
  parts: Parts,
  { classNames, ignored }: ClassFolders,
  cache: PixelCache,
  pool: Disposable,
): ImageFolder {
  const sourceOf = (part: string, images: Places): ImageSource => {
    const places = Uint32Array.from(images, ({ place }) => place);
    return {
      name: `${basename(root)}/${part}`,
      labels: labelsOf(images, classNames.length),
      imageShape: cache.imageShape,
      classNames,
      read: (indices) => cache.read(indices.map((index) => places[index]!)),
    };
  };
  const { train, test, validation } = parts;
  const names = (images: Places): string[] => images.map(({ file }) => file);
  const classCounts = countLabels(train.map(({ label }) => label), classNames.length);
  return {
    train: sourceOf("train", train),
    test: sourceOf("test", test),
    ...(validation ? { validation: sourceOf("validation", validation) } : {}),
    classCounts,
    imbalance: Math.max(...classCounts) / Math.min(...classCounts),
    files: {
      train: names(train),
      test: names(test),
      ...(validation ? { validation: names(validation) } : {}),
    },
    broken: cache.broken,
    ignored,
    cache,
    [Symbol.dispose]: () => pool[Symbol.dispose](),
  };
}

function labelsOf(images: Places, classes: number): Uint8Array | Uint16Array {
  const labels = images.map(({ label }) => label);
  return classes > 256 ? Uint16Array.from(labels) : Uint8Array.from(labels);
}

/** How many there are of each label. */
function countLabels(labels: readonly number[], classes: number): number[] {
  const counts = Array<number>(classes).fill(0);
  for (const label of labels) counts[label]!++;
  return counts;
}
