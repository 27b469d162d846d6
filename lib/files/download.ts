// Fetches a file over connections that may break, each resuming where the last one ended.
import { writeAll } from "./atomic_file.ts";
import { attempting } from "./file_error.ts";
import { checkResponse, PassingError, rangeHeaders, startOf, totalOf } from "./http_range.ts";
import { delay, Stall } from "./patience.ts";

/** Options of downloads. */
export type DownloadOptions = {
  /** Called with the number of bytes so far, and with the total if the server says it. */
  readonly onProgress?: (bytes: number, total: number | undefined) => void;
  /** Ends the download; its bytes are kept for the next time. */
  readonly signal?: AbortSignal;
  /** How many successive attempts may fail without bringing a byte. Default: 5. */
  readonly retries?: number;
  /** Time before the second attempt in milliseconds, doubled for each further one. Default: 500. */
  readonly retryDelay?: number;
  /** Time without a byte after which a connection is closed, in milliseconds. Default: 30,000. */
  readonly stallTimeout?: number;
};

/** What is known of a file before it is fetched. */
export type Expected = {
  /** Its size in bytes, with which the server must agree. */
  readonly bytes?: number | undefined;
  /** Whether its contents are checked afterwards, which detects parts of other versions. */
  readonly isChecked: boolean;
};

/** More than any file here: a server that never ends does not fill the disk. */
const LARGEST = 16 * 2 ** 30;

/**
 * Fetches a file. The bytes that are already in `part` are its beginning, if the server still has the
 * same version of the file.
 *
 * Needs `--allow-net` for the host, and `--allow-read` and `--allow-write` for `part`.
 *
 * @param part the file to write; kept after an error, unless it is known to be bad
 * @param expected what is known of it
 * @throws {Deno.errors.NotFound} if the server has no such file
 * @throws {SyntaxError} if the server sends a web page
 * @throws {RangeError} if the file has another size than is known
 * @throws {Error} if the server refuses, or too many attempts fail
 */
export async function download(
  url: string,
  part: string,
  expected: Expected,
  options: DownloadOptions = {},
): Promise<void> {
  const { signal, retries = 5, retryDelay = 500 } = options;
  let failures = 0;
  let highest = await sizeOf(part);
  while (true) {
    try {
      signal?.throwIfAborted();
      return await attempt(url, part, expected, options);
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof PassingError)) throw error;
      const reached = await sizeOf(part);
      failures = reached > highest ? 0 : failures + 1;
      highest = Math.max(highest, reached);
      if (failures > retries) {
        throw new Error(
          `Cannot fetch ${url}: the connection must bring the whole file, got ` +
            `${error.message}, with ${reached} bytes so far, after ${failures} attempts that brought nothing; ` +
            "another call resumes",
          { cause: error },
        );
      }
      await delay(retryDelay * 2 ** Math.max(0, failures - 1), signal);
    }
  }
}

/** Removes a part and the note of its version. */
export async function discard(part: string): Promise<void> {
  for (const path of [part, versionFile(part)]) await removeIfThere(path);
}

async function removeIfThere(path: string): Promise<void> {
  await attempting(`Cannot remove ${path}`, Deno.remove(path).catch(ignoreAbsent));
}

/** The file beside a part with its version, as the server names it. */
function versionFile(part: string): string {
  return `${part}.version`;
}

function ignoreAbsent(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

async function sizeOf(path: string): Promise<number> {
  const info = await Deno.stat(path).catch(ignoreAbsent);
  return info?.size ?? 0;
}

async function attempt(
  url: string,
  part: string,
  expected: Expected,
  options: DownloadOptions,
): Promise<void> {
  const held = await sizeOf(part);
  const version = await Deno.readTextFile(versionFile(part)).catch(ignoreAbsent);
  const stall = new Stall(options.stallTimeout ?? 30_000, options.signal);
  try {
    const headers = rangeHeaders(held, version ?? undefined, expected.isChecked);
    const response = await passing(fetch(url, { headers, signal: stall.signal }));
    if (response.status === 416 && held > 0) return await afterRange(response, held, part);
    try {
      checkResponse(response, url, expected.bytes, held);
      const start = startOf(response, held);
      if (start === undefined) throw await restart(part, "the server sent another range");
      await keepVersion(response, part);
      await append(response, part, start, expected, { ...options, stall });
    } finally {
      await response.body?.cancel().catch(() => {});
    }
  } finally {
    stall.end();
  }
}

/** After the response that nothing follows: either the part is whole, or it is of another file. */
async function afterRange(response: Response, held: number, part: string): Promise<void> {
  await response.body?.cancel();
  if (totalOf(response, held) === held) return;
  throw await restart(part, "the server has a shorter file than the part");
}

async function restart(part: string, reason: string): Promise<PassingError> {
  await discard(part);
  return new PassingError(reason);
}

async function keepVersion({ headers }: Response, part: string): Promise<void> {
  const etag = headers.get("etag");
  // A weak ETag does not promise the same bytes.
  const version = etag?.startsWith('"') ? etag : headers.get("last-modified");
  const file = versionFile(part);
  if (version) await writing(file, Deno.writeTextFile(file, version));
  else await removeIfThere(file);
}

async function append(
  response: Response,
  part: string,
  start: number,
  { bytes = LARGEST }: Expected,
  { stall, onProgress }: DownloadOptions & { readonly stall: Stall },
): Promise<void> {
  const total = totalOf(response, start);
  using file = await open(part, start);
  let done = start;
  onProgress?.(done, total);
  const reader = (response.body ?? new Blob().stream()).getReader();
  for (let next; !(next = await passing(reader.read())).done;) {
    stall.reset();
    done += next.value.length;
    if (done > bytes) {
      await discard(part);
      throw new RangeError(
        `Cannot fetch ${response.url}: it must have ${bytes} bytes, got more`,
      );
    }
    await writing(part, writeAll(file, next.value));
    onProgress?.(done, total);
  }
  await writing(part, file.sync());
  if (total !== undefined && done < total) {
    throw new PassingError(`an end after ${done} of ${total} bytes`);
  }
}

async function open(part: string, start: number): Promise<Deno.FsFile> {
  const options = { write: true, create: true, truncate: start === 0 };
  const file = await writing(part, Deno.open(part, options));
  await file.seek(start, Deno.SeekMode.Start);
  return file;
}

function writing<T>(part: string, work: Promise<T>): Promise<T> {
  return attempting(`Cannot write ${part}`, work);
}

/** A failure of fetch on the way is a TypeError, and may be gone the next time. */
async function passing<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof TypeError ? new PassingError(error.message, { cause: error }) : error;
  }
}
