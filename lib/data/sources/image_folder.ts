// A folder of pictures, with a folder for each class, as images to train on and to test with.
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { sha256Of } from "../../files/sha256.ts";
import { ALONE } from "../../world/world.ts";
import {
  type ClassFolders,
  findClassFolders,
  holdsShards,
  type LabeledFile,
  type PictureFile,
  some,
} from "./class_folders.ts";
import { findShards, namesShards } from "./shards.ts";
import { decodePool } from "./decode_pool.ts";
import type { DataSplit, ImageSource } from "../image_source.ts";
import {
  checkImageFolder,
  type ImageFolderOptions,
  type ImageFolderRules,
} from "./image_folder_options.ts";
import {
  atMost,
  type BrokenFile,
  type CacheUse,
  type PixelCache,
  pixelCache,
} from "./pixel_cache.ts";
import { splitByClass } from "../select_examples.ts";

export type { ImageFolderOptions } from "./image_folder_options.ts";

/** Images of a folder. Disposing of it ends its workers; reading continues without them. */
export type ImageFolder = DataSplit<ImageSource> & Disposable & {
  /** The images of `val`, if the folder has both `val` and `test`. */
  readonly validation?: ImageSource;
  /** The number of training images of each class, by label. */
  readonly classCounts: readonly number[];
  /** The largest of `classCounts` divided by the smallest: 1 if the classes have the same size. */
  readonly imbalance: number;
  /** The paths of the images, in their order. */
  readonly files: {
    readonly train: readonly string[];
    readonly test: readonly string[];
    readonly validation?: readonly string[];
  };
  /** The files that were left out by `skipBroken`, and why. */
  readonly broken: readonly BrokenFile[];
  /** The files that were read although something is wrong with them, and what. */
  readonly warnings: readonly BrokenFile[];
  /** Paths of files that are not pictures, and of folders within the folders of the classes. */
  readonly ignored: readonly string[];
  /** How much is held in memory, and how many files were decoded. */
  readonly cache: CacheUse;
};

/**
 * Reads a folder of PNG and JPEG files with a folder for each class: `photos/cat/1.jpg`. Classes
 * are sorted by name. If there are `photos/train/cat` and `photos/test/cat` (or `val`), the images
 * are split that way; else at random, a fraction of each class.
 *
 * Each file is decoded once when the folder is opened, by workers, so that broken files are known
 * before training begins. Pixels are held up to a limit of memory, and the others are decoded again
 * when they are needed: memory does not grow with the folder. Photos that were taken on their side
 * are turned upright; alpha is dropped, as {@linkcode preprocess} does; gray becomes three equal
 * channels, or colors become gray, as asked.
 *
 * No picture is left out in silence. A file is a picture if its first bytes or its name say so,
 * whatever the other says; if it is neither PNG nor JPEG (GIF, WebP, …) it is a broken file. All
 * other files and deeper folders are listed in `ignored`. Names that begin with a dot are skipped.
 *
 * A folder of `.tar` files, or a path such as `photos-{000..015}.tar`, are shards as WebDataset
 * writes them: each picture, `cat/0001.jpg`, is followed by its label, `cat/0001.cls` or `.txt` with the
 * number or the name of its class, or `.json` with a field `label`, `cls` or `class`. Names of shards may
 * begin with `train`, `val` and `test`. Their headers are read when they are opened, their pictures when
 * a batch needs them, so that a broken one ends the run then (unless `skipBroken` has all decoded before).
 *
 * With the option `world` ranks divide the decoding of a folder, and the headers of shards; then each
 * reads what its part of a batch has, and nothing else.
 *
 * A run is resumed on a folder whose pictures have the same names and sizes, in bytes, wherever it lies:
 * a picture that was replaced by another one of equal size is not noticed. Times of changes are not
 * looked at, as copies of a folder have others.
 *
 * With `cacheDir` all pixels are on the disk too, and nothing is decoded twice, the next time
 * included.
 *
 * Needs `--allow-read` for the folder and `--allow-write` for the cache. Workers need
 * `--allow-read` for the library too, if that is local: without it this thread decodes. They
 * end half a second after the last file.
 *
 * @param directory the folder
 * @param options size, parts, broken files, memory, workers
 * @returns the images, counts of the classes, and what was left out
 * @throws {Deno.errors.NotFound} if there is no such folder
 * @throws {RangeError} if an option is out of range; if there are not two classes, a class
 * has no image (or only one, if the folder has no parts), or the classes of the parts differ
 * @throws {SyntaxError} if files are broken; the first ones are named
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
  const { found, isSharded } = await findPictures(root, options);
  const files = PART_ORDER.flatMap((part) => found.parts[part] ?? []);
  const pool = decodePool(rules.workers);
  try {
    const cache = pixelCache(files, rules, pool);
    // Shards are made to be read once an epoch, and by those who need them.
    if (!isSharded || options.skipBroken || options.cacheDir) await cache.fill(options);
    if (cache.broken.length > 0 && !options.skipBroken) {
      throw brokenError(root, cache, files.length);
    }
    const parts = partsOf(root, found, cache, rules);
    const sizes = await sizesOf(files);
    return folderOf(root, parts, found, { ...rules, cache, pool, sizes });
  } catch (error) {
    pool[Symbol.dispose]();
    throw error;
  }
}

/** The parts in the order of their images' places. */
const PART_ORDER = ["all", "train", "val", "test"] as const;

/** The pictures of class folders, or of shards. */
async function findPictures(
  root: string,
  { world = ALONE }: ImageFolderOptions,
): Promise<{ readonly found: ClassFolders; readonly isSharded: boolean }> {
  const isSharded = namesShards(root) || await holdsShards(root);
  return {
    found: isSharded ? await findShards(root, world) : await findClassFolders(root),
    isSharded,
  };
}

function brokenError(root: string, { broken }: PixelCache, total: number): SyntaxError {
  const reasons = some(broken.map(({ reason }) => reason), 3);
  return new SyntaxError(
    `Cannot read images of ${root}: each file must be a whole PNG or JPEG picture, ` +
      `got ${broken.length} broken of ${total} files: ${reasons}. ` +
      "skipBroken leaves them out",
  );
}

/** Images with their places among all files. */
type Places = readonly (LabeledFile & { readonly place: number })[];

/** The images of the parts, without broken ones. */
type Parts = { readonly train: Places; readonly test: Places; readonly validation?: Places };

/** Splits the whole images by the folders, or at random. */
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

/** Refuses a class with too few images to train on or to test with. */
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

/** The sizes of files; a file that cannot be asked has none. */
async function sizesOf(files: readonly PictureFile[]): Promise<(number | undefined)[]> {
  const sizes: (number | undefined)[] = files.map(({ at }) => at?.size);
  const asked = [...files.keys()].filter((place) => sizes[place] === undefined);
  await atMost(16, asked, async (place) => {
    sizes[place] = (await Deno.stat(files[place]!.file).catch(() => undefined))?.size;
  });
  return sizes;
}

/** A folder whose files were decoded. */
type OpenFolder = ImageFolderRules & {
  readonly cache: PixelCache;
  readonly pool: Disposable;
  /** The sizes of its files, by place. */
  readonly sizes: readonly (number | undefined)[];
};

function folderOf(
  root: string,
  parts: Parts,
  { classNames, ignored }: ClassFolders,
  { cache, pool, sizes, shape, resize, filter }: OpenFolder,
): ImageFolder {
  const contentsOf = (images: Places): string => {
    const files = images.map(({ file, place }) => [file.slice(root.length), sizes[place]]);
    return sha256Of(JSON.stringify([shape, resize, filter, files]));
  };
  const sourceOf = (part: string, images: Places): ImageSource => {
    const places = Uint32Array.from(images, ({ place }) => place);
    return {
      name: `${basename(root)}/${part}`,
      labels: labelsOf(images, classNames.length),
      imageShape: cache.imageShape,
      classNames,
      contents: contentsOf(images),
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
    warnings: cache.warnings,
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
