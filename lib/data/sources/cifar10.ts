// CIFAR-10: 60,000 small photos of ten kinds of things.

import type { CachedFileOptions } from "../../files/cached_file.ts";
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
import type { DataSplit, Examples } from "../examples.ts";

const NAME = "cifar10";

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
export type Cifar10Options = CachedFileOptions & {
  /**
   * The folder `cifar-10-batches-bin` of the binary version: `data_batch_1.bin` to
   * `data_batch_5.bin`, `test_batch.bin` and `batches.meta.txt`, each plain or with `.gz`. Those
   * training files are read that are there.
   */
  readonly dataDir?: string | URL;
  /** Fetches the archive of the binary version, 170 MB, where it is not in the cache. */
  readonly download?: boolean;
  /** Where the archive is fetched from. Default: its author's page, whose hash is known. */
  readonly url?: string;
  /** The SHA-256 of the archive at `url`. Default: the known one, or else that of the first time. */
  readonly sha256?: string;
  /** Where the archive is kept. Default: `NEOCOG_CACHE`, else `neocog` in the user's cache directory. */
  readonly cacheDir?: string;
};

/** A part of the data, or why it cannot be had. */
type Part = { readonly examples: Examples } | { readonly reason: Error };

/**
 * CIFAR-10: small photos of ten kinds of animals and vehicles, 50,000 to train on and 10,000 to
 * test with, 32×32 pixels of red, green and blue, in the order of the files.
 *
 * It is in no npm package. With `download` its archive is fetched (over connections that break,
 * too), compared with its SHA-256 at every call and kept; else the binary version's folder is
 * named by `dataDir`, of https://www.cs.toronto.edu/~kriz/cifar.html. A folder with the test file
 * alone will do to evaluate: only what uses `train` throws then, and the other way round.
 *
 * Needs `--allow-read` for the folder or the cache; to download also `--allow-write` for the cache,
 * `--allow-net` for the host, and `--allow-env` for the variables that name the cache if `cacheDir`
 * is not given.
 *
 * Source: A. Krizhevsky, "Learning multiple layers of features from tiny images", 2009.
 *
 * @param options where to read or to fetch from
 * @returns training and test images of shape [32, 32, 3]; reading a part that the folder has not
 * throws `Deno.errors.NotFound`, which names the files
 * @throws {SyntaxError} where a file is not whole: no images or too many, a size that is not a
 * multiple of 3,073 bytes, a label above 9, or not ten names of classes; where the archive is
 * damaged, lacks a file, or is a web page
 * @throws {Deno.errors.NotFound} where neither is asked for, the folder does not exist or has
 * neither part, or the server has no such file
 * @throws {RangeError} where both are asked for, or the archive has another size than is known
 * @throws {Error} where the archive has another hash, the server refuses, or too many attempts failed
 */
export async function cifar10(options: Cifar10Options = {}): Promise<DataSplit> {
  const files = await filesOf(options);
  const classNames = await readNames(files);
  const train = await readPart(files, "train", TRAINING_FILES, classNames);
  const test = await readPart(files, "test", TEST_FILES, classNames);
  if ("reason" in train && "reason" in test) {
    throw files.missing(`${listed(TRAINING_FILES)} or ${listed(TEST_FILES)}`, NAME);
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

/** The files of the folder, or of the archive. */
async function filesOf({ dataDir, download, ...options }: Cifar10Options): Promise<DataFiles> {
  if (dataDir !== undefined && download) {
    throw new RangeError(
      `Cannot read ${NAME}: it must be either fetched (download) or read from dataDir: ` +
        `got both, ${dataDir}`,
    );
  }
  if (dataDir !== undefined) return await folderFiles(dataDir, NAME);
  if (download) return await archiveFiles(options, NAME);
  throw new Deno.errors.NotFound(
    `Cannot read ${NAME}: its folder must be named by dataDir (--data-dir), or download be ` +
      "true, no npm package having it (see https://www.cs.toronto.edu/~kriz/cifar.html): " +
      "got undefined",
  );
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
  files: DataFiles,
  part: string,
  wanted: readonly string[],
  classNames: readonly string[],
): Promise<Part> {
  const name = `${NAME}/${part}`;
  const there = wanted.filter(files.has);
  if (there.length === 0) return { reason: files.missing(listed(wanted), name) };
  const batches: Uint8Array[] = [];
  for (const one of there) {
    const { bytes, file } = await files.read(one, MOST_BYTES);
    checkRecords(bytes, file);
    batches.push(bytes);
  }
  return { examples: { name, ...fromRecords(batches), classNames } };
}

/** The names of the classes, of the file where it is there. */
async function readNames(files: DataFiles): Promise<readonly string[]> {
  if (!files.has(NAMES_FILE)) return cifar10Classes;
  const { bytes, file } = await files.read(NAMES_FILE, 4096);
  const lines = new TextDecoder().decode(bytes).split("\n").map((line) => line.trim());
  const found = lines.filter((line) => line !== "");
  if (found.length === cifar10Classes.length) return found;
  throw badFile(file, "it must name a class a line", 0, `${cifar10Classes.length}`, found.length);
}
