// A file that is fetched once, checked each time, and kept in a cache.
import { discard, download, type DownloadOptions } from "./download.ts";
import { fileError } from "./file_error.ts";
import { firstHash, isFile, keepFirstHash, requireHash } from "./file_trust.ts";
import { sha256Of } from "./sha256.ts";

/** A file that can be fetched. */
export type FileSource = {
  /** Where the file is, `https:` or `http:`. */
  readonly url: string;
  /** Its SHA-256, 64 small hexadecimal digits; where absent, that of the first time is trusted. */
  readonly sha256?: string | undefined;
  /** Its size. */
  readonly bytes?: number | undefined;
};

/** How a file is fetched into a cache. */
export type CachedFileOptions = DownloadOptions & {
  /** Called before the server is asked: not where the file is in the cache. */
  readonly onFetch?: () => void;
};

/**
 * Sees to it that a file is in the cache: whole, and what it was said to be, or the first time.
 *
 * @param path where it is kept
 * @param source where it is fetched from, and what is known of it
 * @param verify looks at the fetched file before it gets its name; what it throws is thrown, and
 * the file is removed
 * @param options progress, signal, retries
 * @returns the file's SHA-256
 * @throws {Error} as `download` and `requireHash` say
 */
export async function cachedFile(
  path: string,
  source: FileSource,
  verify: (part: string) => Promise<void>,
  options: CachedFileOptions,
): Promise<string> {
  return await cached(path, source) ?? await fetchOnce(path, source, verify, options);
}

/** A name in a cache: of a word, and of what tells an address from others. */
export function cacheName(stem: string, url: string, ending: string): string {
  const plain = stem.replace(/[^\w.-]+/g, "_").slice(0, 60);
  return `${plain}-${sha256Of(url).slice(0, 12)}${ending}`;
}

/** The hash of the file in the cache, which must be the right one; `undefined` if it is not there. */
async function cached(path: string, { url, sha256 }: FileSource): Promise<string | undefined> {
  if (!await isFile(path)) return undefined;
  const expected = sha256 ?? await firstHash(path);
  const actual = await requireHash(
    path,
    expected,
    `${path} (of ${url}; without it, it is fetched anew)`,
  );
  if (expected === undefined) await keepFirstHash(path, actual);
  return actual;
}

/** Fetches a file unless another process is doing so, which is then waited for. */
async function fetchOnce(
  path: string,
  source: FileSource,
  verify: (part: string) => Promise<void>,
  options: CachedFileOptions,
): Promise<string> {
  await makeDirectory(path.slice(0, path.lastIndexOf("/")));
  using _lock = await locked(`${path}.lock`);
  const other = await cached(path, source);
  if (other !== undefined) return other;
  options.onFetch?.();
  const actual = await fetchTo(path, source, verify, options);
  if (source.sha256 === undefined) await keepFirstHash(path, actual);
  return actual;
}

async function makeDirectory(path: string): Promise<void> {
  try {
    await Deno.mkdir(path, { recursive: true });
  } catch (error) {
    throw fileError(`Cannot keep fetched files in ${path}`, error);
  }
}

/** Keeps other processes from fetching the same file at once. */
async function locked(path: string): Promise<Deno.FsFile> {
  const file = await Deno.open(path, { write: true, create: true });
  await file.lock(true);
  return file;
}

/** Fetches a file, and gives it its name once it is known to be good. */
async function fetchTo(
  path: string,
  { url, sha256, bytes }: FileSource,
  verify: (part: string) => Promise<void>,
  options: DownloadOptions,
): Promise<string> {
  const part = `${path}.part`;
  await download(url, part, { bytes, isChecked: sha256 !== undefined }, options);
  try {
    const hash = await requireHash(part, sha256 ?? await firstHash(path), url);
    await verify(part);
    await Deno.rename(part, path);
    return hash;
  } finally {
    // What was fetched in full and is bad must not be gone on from.
    await discard(part);
  }
}
