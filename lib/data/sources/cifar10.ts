// CIFAR-10: 60,000 small photos of ten kinds of things.

import { CACHED_FILE_OPTIONS, type CachedFileOptions } from "../../files/cached_file.ts";
import { requireOptions } from "../../text/require.ts";
import { badFile } from "./bad_file.ts";
import {
  archiveFiles,
  type DataFiles,
  folderFiles,
  NAMES_FILE,
  TEST_FILES,
  TRAINING_FILES,
} from "./cifar10_files.ts";
import { checkRecords, fromRecords, MOST_BYTES } from "./cifar10_records.ts";
import type { Examples } from "../examples.ts";
import type { DataSplit } from "../image_source.ts";

const NAME = "cifar10";

const TRAINING_TEXT = `${TRAINING_FILES[0]} to ${TRAINING_FILES.at(-1)}`;

/** CIFAR-10's classes by label, as in `batches.meta.txt`. */
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

/** Options of {@linkcode cifar10}. */
export type Cifar10Options = CachedFileOptions & {
  /**
   * The folder `cifar-10-batches-bin` of the binary version: `data_batch_1.bin` to
   * `data_batch_5.bin`, `test_batch.bin` and `batches.meta.txt`, each plain or with `.gz`.
   * Training files may be missing.
   */
  readonly dataDir?: string | URL;
  /** Whether to fetch the archive, 170 MB, if it is not in the cache. Default: `false`. */
  readonly download?: boolean;
  /** Where the archive is fetched from. Default: its author's page, whose hash is known. */
  readonly url?: string;
  /** The SHA-256 of the archive at `url`. Default: the known one, else that of the first download. */
  readonly sha256?: string;
  /** Where the archive is kept. Default: `NEOCOG_CACHE`, else `neocog` in the user's cache directory. */
  readonly cacheDir?: string;
};

const OPTIONS: Readonly<Record<keyof Cifar10Options, true>> = {
  dataDir: true,
  download: true,
  url: true,
  sha256: true,
  cacheDir: true,
  ...CACHED_FILE_OPTIONS,
};

/** A part of the data, or why it is missing. */
type Part = { readonly examples: Examples } | { readonly reason: Error };

/**
 * CIFAR-10: small photos of ten kinds of animals and vehicles, 50,000 to train on and 10,000 to
 * test with, 32×32 pixels of red, green and blue, in the order of the files.
 *
 * It is in no npm package. Either `download` fetches its archive, resuming broken connections, and
 * keeps it; its SHA-256 is checked at every call. Or `dataDir` names the folder of the binary
 * version of https://www.cs.toronto.edu/~kriz/cifar.html. A folder with only the test file is enough
 * to evaluate: then only what uses `train` throws, and vice versa.
 *
 * Needs `--allow-read` for the folder or the cache; to download also `--allow-write` for the cache,
 * `--allow-net` for the host, and `--allow-env` for the variables that name the cache if `cacheDir`
 * is not given.
 *
 * Source: A. Krizhevsky, "Learning multiple layers of features from tiny images", 2009.
 *
 * @param options where to read or to fetch from
 * @returns training and test images of shape [32, 32, 3]; a part that the folder lacks throws
 * `Deno.errors.NotFound`, which names the files
 * @throws {SyntaxError} if a file is not whole: no images or too many, a size that is not a
 * multiple of 3,073 bytes, a label above 9, or not ten names of classes; if the archive is
 * damaged, lacks a file, or is a web page
 * @throws {Deno.errors.NotFound} if neither is given, the folder does not exist or has neither
 * part, or the server has no such file
 * @throws {RangeError} if both are given, or the archive does not have the known size
 * @throws {Error} if the archive has another hash, the server refuses, or too many attempts fail
 */
export async function cifar10(options: Cifar10Options = {}): Promise<DataSplit> {
  requireOptions("read CIFAR-10", options, OPTIONS);
  const files = await filesOf(options);
  const classNames = await readNames(files);
  const train = await readPart(files, "train", TRAINING_FILES, classNames);
  const test = await readPart(files, "test", TEST_FILES, classNames);
  if ("reason" in train && "reason" in test) {
    throw files.missing(`${TRAINING_TEXT} or ${TEST_FILES[0]}`, NAME);
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

/** The files of the folder or of the archive. */
async function filesOf({ dataDir, download, ...options }: Cifar10Options): Promise<DataFiles> {
  if (dataDir !== undefined && download) {
    throw new RangeError(
      `Cannot read ${NAME}: it must be either fetched (download) or read from dataDir, ` +
        `got both, with ${dataDir}`,
    );
  }
  if (dataDir !== undefined) return await folderFiles(dataDir, NAME);
  if (download) return await archiveFiles(options, NAME);
  throw new Deno.errors.NotFound(
    `Cannot read ${NAME}: dataDir (--data-dir) must name its folder, or download must be true, ` +
      "as no npm package has it (see https://www.cs.toronto.edu/~kriz/cifar.html), got neither",
  );
}

function examplesOf(part: Part): Examples {
  if ("reason" in part) throw part.reason;
  return part.examples;
}

/** Reads the files of a part that exist; there must be at least one. */
async function readPart(
  files: DataFiles,
  part: "train" | "test",
  wanted: readonly string[],
  classNames: readonly string[],
): Promise<Part> {
  const name = `${NAME}/${part}`;
  const there = wanted.filter(files.has);
  if (there.length === 0) {
    const text = part === "train" ? TRAINING_TEXT : TEST_FILES[0]!;
    return { reason: files.missing(text, name) };
  }
  const batches: Uint8Array[] = [];
  for (const one of there) {
    const { bytes, file } = await files.read(one, MOST_BYTES);
    checkRecords(bytes, file);
    batches.push(bytes);
  }
  return { examples: { name, ...fromRecords(batches), classNames } };
}

/** The names of the classes, from the file if it exists. */
async function readNames(files: DataFiles): Promise<readonly string[]> {
  if (!files.has(NAMES_FILE)) return cifar10Classes;
  const { bytes, file } = await files.read(NAMES_FILE, 4096);
  const lines = new TextDecoder().decode(bytes).split("\n").map((line) => line.trim());
  const found = lines.filter((line) => line !== "");
  if (found.length === cifar10Classes.length) return found;
  throw badFile(file, "each line must name a class", 0, `${cifar10Classes.length}`, found.length);
}
