// Files that are fetched once, kept in a cache, and checked each time.
import { discard, download, type DownloadOptions } from "./download.ts";
import { attempting } from "./file_error.ts";
import { firstHash, isFile, keepFirstHash, requireHash } from "./file_trust.ts";
import { sha256Of } from "./sha256.ts";

/** A file that can be fetched. */
export type FileSource = {
  /** The file's address, `https:` or `http:`. */
  readonly url: string;
  /** Its SHA-256, 64 lower-case hexadecimal digits. Default: that of the first download. */
  readonly sha256?: string | undefined;
  /** Its size in bytes. */
  readonly bytes?: number | undefined;
};

/** Options of functions that fetch files into a cache. */
export type CachedFileOptions = DownloadOptions & {
  /** Called before the server is asked; not if the file is in the cache. */
  readonly onFetch?: () => void;
};

/** The names of {@linkcode CachedFileOptions}. */
export const CACHED_FILE_OPTIONS: Readonly<Record<keyof CachedFileOptions, true>> = {
  onFetch: true,
  onProgress: true,
  signal: true,
  retries: true,
  retryDelay: true,
  stallTimeout: true,
};

/**
 * Ensures that a file is in the cache, whole and with the right hash.
 *
 * @param source its address, and what is known of it
 * @param verify checks the fetched file before it gets its name; if it throws, the file is removed
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

/** A name in a cache: a word, and a hash of the address. */
export function cacheName(stem: string, url: string, ending: string): string {
  const plain = stem.replace(/[^\w.-]+/g, "_").slice(0, 60);
  return `${plain}-${sha256Of(url).slice(0, 12)}${ending}`;
}

/** The hash of the file in the cache, which must be right; `undefined` if there is no file. */
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

/** Fetches a file. If another process is doing so, waits for it. */
async function fetchOnce(
  path: string,
  source: FileSource,
  verify: (part: string) => Promise<void>,
  options: CachedFileOptions,
): Promise<string> {
  const directory = path.slice(0, path.lastIndexOf("/"));
  const attempt = `Cannot keep fetched files in ${directory}`;
  await attempting(attempt, Deno.mkdir(directory, { recursive: true }));
  using _lock = await locked(`${path}.lock`);
  const other = await cached(path, source);
  if (other !== undefined) return other;
  options.onFetch?.();
  const actual = await fetchTo(path, source, verify, options);
  if (source.sha256 === undefined) await keepFirstHash(path, actual);
  return actual;
}

/** Keeps other processes from fetching the same file at the same time. */
async function locked(path: string): Promise<Deno.FsFile> {
  const opened = Deno.open(path, { write: true, create: true });
  const file = await attempting(`Cannot lock ${path}`, opened);
  await file.lock(true);
  return file;
}

/** Fetches a file, and gives it its name once it is verified. */
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
    await attempting(`Cannot keep ${path}`, Deno.rename(part, path));
    await discard(part);
    return hash;
  } catch (error) {
    // A whole file that is bad must not be resumed. The caller must see the first error.
    await discard(part).catch(() => {});
    throw error;
  }
}
