// CIFAR-10: 60,000 small photos of ten kinds of things.

import { badFile } from "./bad_file.ts";
import type { DataSplit, Examples } from "./examples.ts";
import { findFile, listFolder, missingFile, withGzip } from "./folder.ts";
import { gunzip, inside, isGzip } from "./gzip.ts";
import { fileName } from "./idx.ts";

const NAME = "cifar10";
const SIDE = 32;
const CHANNELS = 3;
const PLANE = SIDE * SIDE;

/** A label, and the planes of red, green and blue. */
const RECORD = 1 + CHANNELS * PLANE;

/** Images in a whole batch file; samples have fewer, and nothing has more. */
const MOST_RECORDS = 10_000;

const TRAINING_FILES = [1, 2, 3, 4, 5].map((i): string => `data_batch_${i}.bin`);
const TEST_FILES = ["test_batch.bin"];
const NAMES_FILE = "batches.meta.txt";

/** CIFAR-10's classes by their labels, as `batches.meta.txt` has them. */
export const cifar10Classes: readonly string[] = [
  "airplane",
  "automobile",
  "bird",
  "cat",
  "deer",
  "dog",
  "frog",
  "horse",
  "ship",
  "truck",
];

/** Where CIFAR-10 is read from. */
export type Cifar10Options = {
  /**
   * The folder `cifar-10-batches-bin` of the binary version: `data_batch_1.bin` to
   * `data_batch_5.bin`, `test_batch.bin` and `batches.meta.txt`, each plain or with `.gz`. Those
   * training files are read that are there.
   */
  readonly dataDir?: string | URL;
};

/** A part of the data, or why it cannot be had. */
type Part = { readonly examples: Examples } | { readonly reason: Error };

/**
 * CIFAR-10: small photos of ten kinds of animals and vehicles, 50,000 to train on and 10,000 to
 * test with, 32×32 pixels of red, green and blue, in the order of the files.
 *
 * It is in no npm package: the binary version has to be fetched from
 * https://www.cs.toronto.edu/~kriz/cifar.html. A folder with the test file alone will do to
 * evaluate: only what uses `train` throws then, and the other way round.
 *
 * Source: A. Krizhevsky, "Learning multiple layers of features from tiny images", 2009.
 *
 * @param options where to read from
 * @returns training and test images of shape [32, 32, 3]; reading a part that the folder has not
 * throws `Deno.errors.NotFound`, which names the files
 * @throws {SyntaxError} where a file is not whole: no images or too many, a size that is not a
 * multiple of 3,073 bytes, a label above 9, or not ten names of classes
 * @throws {Deno.errors.NotFound} where `dataDir` is not given, does not exist or has neither part
 */
export async function cifar10(options: Cifar10Options = {}): Promise<DataSplit> {
  const { dataDir } = options;
  if (dataDir === undefined) {
    throw new Deno.errors.NotFound(
      `Cannot read ${NAME} as its folder must be named by dataDir (--data-dir), no npm package ` +
        "having it; the binary version is at https://www.cs.toronto.edu/~kriz/cifar.html: " +
        "current value is undefined",
    );
  }
  const files = `the files of its binary version, such as ${TEST_FILES[0]}`;
  const names = await listFolder(dataDir, NAME, files);
  const classNames = await readNames(dataDir, names);
  const train = await readPart(dataDir, names, "train", TRAINING_FILES, classNames);
  const test = await readPart(dataDir, names, "test", TEST_FILES, classNames);
  if ("reason" in train && "reason" in test) {
    const wanted = `${listed(TRAINING_FILES)} or ${listed(TEST_FILES)}, plain or .gz`;
    throw missingFile(dataDir, names, wanted, NAME);
  }
  return {
    get train(): Examples {
      return examplesOf(train);
    },
    get test(): Examples {
      return examplesOf(test);
    },
  };
}

function examplesOf(part: Part): Examples {
  if ("reason" in part) throw part.reason;
  return part.examples;
}

/** Names that are counted up. */
function listed(files: readonly string[]): string {
  return files.length === 1 ? files[0]! : `${files[0]} to ${files.at(-1)}`;
}

/** Reads those of a part's files that are there, of which there must be one. */
async function readPart(
  directory: string | URL,
  names: readonly string[],
  part: string,
  files: readonly string[],
  classNames: readonly string[],
): Promise<Part> {
  const name = `${NAME}/${part}`;
  const there = files.filter((file) => withGzip([file]).some((one) => names.includes(one)));
  if (there.length === 0) {
    return { reason: missingFile(directory, names, `${listed(files)}, plain or .gz`, name) };
  }
  const batches: Uint8Array[] = [];
  for (const file of there) {
    batches.push(await readBatch(findFile(directory, names, withGzip([file]), name)));
  }
  return { examples: { name, ...fromBatches(batches), classNames } };
}

/** The bytes of a file, inflated where they are gzipped, of at most `most`. */
async function readBytes(
  path: string | URL,
  most: number,
): Promise<{ readonly bytes: Uint8Array; readonly file: string }> {
  const file = fileName(path);
  const bytes = await Deno.readFile(path);
  if (!isGzip(bytes)) return { bytes, file };
  // Deflate grows data at most 1,032-fold, and gunzip refuses a claim beyond that.
  const claimed = Math.min(most, bytes.length * 1032);
  return { bytes: await gunzip(bytes, file, () => claimed), file: inside(file) };
}

/** Reads a file of records, and checks each label. */
async function readBatch(path: string | URL): Promise<Uint8Array> {
  const most = MOST_RECORDS * RECORD;
  const { bytes, file } = await readBytes(path, most);
  const size = bytes.length;
  if (size === 0) throw badFile(file, "it must hold an image", 0, `${RECORD} bytes`, "the end");
  if (size % RECORD !== 0) {
    const rule = `it must hold whole records of ${RECORD} bytes`;
    const last = size - size % RECORD;
    throw badFile(file, rule, last, `${RECORD} bytes`, `${size - last} to the end`);
  }
  if (size > most) {
    const rule = `it must hold at most ${MOST_RECORDS} images`;
    throw badFile(file, rule, most, "the end", `${size - most} more bytes`);
  }
  for (let at = 0; at < size; at += RECORD) {
    if (bytes[at]! > 9) throw badFile(file, "a label must be a class", at, "0 to 9", bytes[at]!);
  }
  return bytes;
}

/** Images and labels of all batches: plane after plane becomes channel beside channel. */
function fromBatches(
  batches: readonly Uint8Array[],
): Pick<Examples, "images" | "labels" | "imageShape"> {
  const count = batches.reduce((sum, { length }) => sum + length / RECORD, 0);
  const images = new Uint8Array(count * CHANNELS * PLANE);
  const labels = new Uint8Array(count);
  let i = 0;
  for (const bytes of batches) {
    for (let at = 0; at < bytes.length; at += RECORD, i++) {
      labels[i] = bytes[at]!;
      const to = i * CHANNELS * PLANE;
      for (let c = 0; c < CHANNELS; c++) {
        const from = at + 1 + c * PLANE;
        for (let p = 0; p < PLANE; p++) images[to + p * CHANNELS + c] = bytes[from + p]!;
      }
    }
  }
  return { images, labels, imageShape: [SIDE, SIDE, CHANNELS] };
}

/** The names of the classes, of the folder's file where it has one. */
async function readNames(
  directory: string | URL,
  names: readonly string[],
): Promise<readonly string[]> {
  const variants = withGzip([NAMES_FILE]);
  if (!variants.some((one) => names.includes(one))) return cifar10Classes;
  const path = findFile(directory, names, variants, NAME);
  const { bytes, file } = await readBytes(path, 4096);
  const lines = new TextDecoder().decode(bytes).split("\n").map((line) => line.trim());
  const found = lines.filter((line) => line !== "");
  if (found.length === cifar10Classes.length) return found;
  throw badFile(file, "it must name a class a line", 0, `${cifar10Classes.length}`, found.length);
}
