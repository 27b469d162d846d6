// Files in a browser: those in memory, and behind them those of the page's server.

/** Files that were written or added, by path. */
const written = new Map<string, Uint8Array<ArrayBuffer>>();

/** Where files are kept that nobody asked for by this path: they are not fetched. */
export const CACHE = "/neocog-cache";

/** The class of the system's refusals, named as in Deno. */
export class NotFound extends Error {
  override readonly name = "NotFound";
}

/** What a page cannot do. */
export class NotSupported extends Error {
  override readonly name = "NotSupported";
}

/** The bytes of a file that is in memory, or else that the page's server has. */
export async function read(path: string | URL): Promise<Uint8Array<ArrayBuffer>> {
  const held = written.get(`${path}`);
  if (held) return held;
  const response = await request(path, "GET");
  try {
    return new Uint8Array(await response.arrayBuffer());
  } catch (cause) {
    // Browsers say "network error", or "Failed to fetch".
    throw new Error(
      `Cannot fetch ${path}: the connection must bring the whole file, got its end early`,
      { cause },
    );
  }
}

/** The size of a file in bytes. */
export async function sizeOf(path: string | URL): Promise<number> {
  const held = written.get(`${path}`);
  if (held) return held.length;
  const length = (await request(path, "HEAD")).headers.get("content-length");
  return length === null ? (await read(path)).length : Number(length);
}

async function request(path: string | URL, method: "GET" | "HEAD"): Promise<Response> {
  if (`${path}`.startsWith(CACHE)) throw new NotFound(`There is no ${path}`);
  let response: Response;
  try {
    response = await fetch(path, { method });
  } catch (cause) {
    throw new NotFound(`Cannot fetch ${path}: ${(cause as Error).message}`, { cause });
  }
  // Servers of single-page applications answer by their page whatever they do not have.
  const isPage = /^text\/html\b/.test(response.headers.get("content-type") ?? "") &&
    !/\.html?$/.test(`${path}`);
  if (response.ok && !isPage) return response;
  await response.body?.cancel();
  throw new NotFound(
    `Cannot fetch ${path}: the server must have it, got ${
      isPage ? "a page of HTML" : `status ${response.status}`
    }`,
  );
}

/** Keeps a file in memory. */
export function keep(path: string, bytes: Uint8Array<ArrayBuffer>): void {
  written.set(path, bytes);
}

/** Removes a file from memory. */
export function remove(path: string): void {
  if (!written.delete(path)) throw new NotFound(`There is no ${path}`);
}

/**
 * Gives a file another path. A file that thereby is complete, as {@linkcode writeFileAtomically}
 * leaves it, is handed to the user as a download, unless it is in the cache.
 */
export function rename(from: string, to: string): void {
  const bytes = written.get(from);
  if (!bytes) throw new NotFound(`There is no ${from}`);
  written.delete(from);
  written.set(to, bytes);
  if (!to.startsWith(CACHE)) download(to, bytes);
}

/** What is used of a page; Deno's types do not know it. */
type Page = {
  createElement(name: "a"): { href: string; download: string; click(): void };
};

function download(path: string, bytes: Uint8Array<ArrayBuffer>): void {
  const { document } = globalThis as { readonly document?: Page };
  if (!document) return; // A worker has no downloads; the file is in memory.
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([bytes]));
  link.download = path.slice(path.lastIndexOf("/") + 1);
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/**
 * Makes a file that a user chose or dropped readable by its name, for `open` and others that take a
 * path.
 *
 * @param file of an `<input type="file">`, or of a drop
 * @returns its path
 * @throws {Error} if it cannot be read, as when it is larger than the page's memory
 *
 * @example
 * ```ts ignore
 * input.onchange = async () => {
 *   const network = await nc.open(await nc.addFile(input.files[0]));
 * };
 * ```
 */
export async function addFile(file: File): Promise<string> {
  const path = `/files/${file.name}`;
  try {
    keep(path, new Uint8Array(await file.arrayBuffer()));
  } catch (cause) {
    throw new Error(
      `Cannot read ${file.name}: it must be there and fit into the page's memory, got ${file.size} bytes and "${
        (cause as Error).message
      }"`,
      { cause },
    );
  }
  return path;
}
