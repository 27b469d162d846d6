// Where the files of CIFAR-10's binary version come from: a folder, or its archive.
import { cachedFile, type CachedFileOptions, cacheName } from "../../files/cached_file.ts";
import { cacheDirectory } from "../../files/cache_directory.ts";
import { requireSha256 } from "../../files/sha256.ts";
import { filesOfTarGz } from "../../files/tar_gz.ts";
import { MOST_BYTES } from "./cifar10_records.ts";
import { findFile, listFolder, missingFile, withGzip } from "./folder.ts";
import { gunzip, inside, isGzip } from "./gzip.ts";
import { fileName } from "./idx.ts";

/** The files with training images, with test images, and with the names of the classes. */
export const TRAINING_FILES: readonly string[] = [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`);
export const TEST_FILES: readonly string[] = ["test_batch.bin"];
export const NAMES_FILE = "batches.meta.txt";

/** Files by name. */
export type DataFiles = {
  /** Whether a file exists, plain or gzipped. */
  has(name: string): boolean;
  /** Reads a file of at most `most` bytes, inflated; returns them and its name for messages. */
  read(name: string, most: number): Promise<{ readonly bytes: Uint8Array; readonly file: string }>;
  /** The error for missing files of a part. */
  missing(wanted: string, part: string): Error;
};

/**
 * The files of a folder.
 *
 * @throws {Deno.errors.NotFound} if there is no such folder
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

/** The bytes of a file, inflated if they are gzipped, at most `most`. */
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
 * The archive of the author's page. The hash is the one that independent public projects pin
 * (among others gomlx, in Go, and torchvision-ruby).
 */
export const CIFAR10_ARCHIVE = {
  url: `https://${HOST}/~kriz/cifar-10-binary.tar.gz`,
  sha256: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
  bytes: 170_052_171,
} as const;

/** Where the archive is fetched from, and where it is kept. */
export type ArchiveOptions = CachedFileOptions & {
  readonly url?: string;
  readonly sha256?: string;
  readonly cacheDir?: string;
};

/**
 * The files of the archive, which is fetched if it is not in the cache.
 *
 * @throws {SyntaxError} if the archive is damaged or lacks a file
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

/** The files of an archive, which must have all of them. */
async function unpacked(path: string, what: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const wanted = [...TRAINING_FILES, ...TEST_FILES, NAMES_FILE];
  const limit = (name: string): number | undefined =>
    wanted.includes(name) ? name === NAMES_FILE ? 4096 : MOST_BYTES : undefined;
  const files = await filesOfTarGz(path, what, limit);
  const missing = wanted.filter((name) => !files.has(name));
  if (missing.length === 0) return files;
  throw new SyntaxError(
    `Cannot use ${what}: it must hold CIFAR-10's files, got none named ${missing.join(", ")}`,
  );
}
