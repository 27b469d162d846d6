// Where the files of CIFAR-10's binary version come from: a folder, or its archive, once fetched.
import { cachedFile, type CachedFileOptions, cacheName } from "../../files/cached_file.ts";
import { cacheDirectory } from "../../files/cache_directory.ts";
import { requireSha256 } from "../../files/sha256.ts";
import { filesOfTarGz } from "../../files/tar_gz.ts";
import { MOST_BYTES } from "./cifar10_records.ts";
import { findFile, listFolder, missingFile, withGzip } from "./folder.ts";
import { gunzip, inside, isGzip } from "./gzip.ts";
import { fileName } from "./idx.ts";

/** The files that hold images to train on, and to test with; and the one of the classes' names. */
export const TRAINING_FILES: readonly string[] = [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`);
export const TEST_FILES: readonly string[] = ["test_batch.bin"];
export const NAMES_FILE = "batches.meta.txt";

/** Files by their names. */
export type DataFiles = {
  /** Whether a file is there, plain or gzipped. */
  has(name: string): boolean;
  /** A file's bytes, inflated, of at most `most`, and what messages call it. */
  read(name: string, most: number): Promise<{ readonly bytes: Uint8Array; readonly file: string }>;
  /** The error for files that are not there, of the part of this name. */
  missing(wanted: string, part: string): Error;
};

/**
 * The files of a folder.
 *
 * @throws {Deno.errors.NotFound} where there is no such folder
 */
export async function folderFiles(directory: string | URL, name: string): Promise<DataFiles> {
  const files = `the files of its binary version, such as ${TEST_FILES[0]}`;
  const names = await listFolder(directory, name, files);
  return {
    has: (file) => withGzip([file]).some((one) => names.includes(one)),
    read: (file, most) => readBytes(findFile(directory, names, withGzip([file]), name), most),
    missing: (wanted, part) => missingFile(directory, names, `${wanted}, plain or .gz`, part),
  };
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

/** The host of the author's page. */
const HOST = "www.cs.toronto.edu";

/**
 * The archive of the author's page. The hash is the one that independent public projects have
 * pinned (among others gomlx, in Go, and torchvision-ruby).
 */
export const CIFAR10_ARCHIVE = {
  url: `https://${HOST}/~kriz/cifar-10-binary.tar.gz`,
  sha256: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
  bytes: 170_052_171,
} as const;

/** Where the archive is fetched from, and kept. */
export type ArchiveOptions = CachedFileOptions & {
  readonly url?: string;
  readonly sha256?: string;
  readonly cacheDir?: string;
};

/**
 * The files of the archive, which is fetched where it is not in the cache.
 *
 * @throws {SyntaxError} where the archive is damaged or lacks a file
 */
export async function archiveFiles(options: ArchiveOptions, name: string): Promise<DataFiles> {
  const { url = CIFAR10_ARCHIVE.url } = options;
  const known = url === CIFAR10_ARCHIVE.url ? CIFAR10_ARCHIVE : { url };
  const sha256 = options.sha256 === undefined ? undefined : requireSha256(options.sha256);
  const source = { ...known, ...(sha256 === undefined ? {} : { sha256 }) };
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new RangeError(
      `Cannot fetch ${name}: its URL must begin with https: or http:, got ${url}`,
    );
  }
  const path = `${options.cacheDir ?? cacheDirectory()}/data/${cacheName(name, url, ".tar.gz")}`;
  let fetched: ReadonlyMap<string, Uint8Array> | undefined;
  const verify = async (part: string): Promise<void> => {
    fetched = await unpacked(part, url);
  };
  await cachedFile(path, source, verify, options);
  const files = fetched ?? await unpacked(path, path);
  return {
    has: (file) => files.has(file),
    read: (file) => Promise.resolve({ bytes: files.get(file)!, file: `${path} (${file})` }),
    missing: (wanted, part) =>
      new SyntaxError(`Cannot read ${part}: ${path} must hold ${wanted}, got none`),
  };
}

/** The files of an archive that has them all. */
async function unpacked(path: string, what: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const wanted = [...TRAINING_FILES, ...TEST_FILES, NAMES_FILE];
  const limit = (name: string): number | undefined =>
    wanted.includes(name) ? name === NAMES_FILE ? 4096 : MOST_BYTES : undefined;
  const files = await filesOfTarGz(path, what, limit);
  const missing = wanted.filter((name) => !files.has(name));
  if (missing.length === 0) return files;
  throw new SyntaxError(
    `Cannot use ${what}: it must hold CIFAR-10's files: it lacks ${missing.join(", ")}`,
  );
}
