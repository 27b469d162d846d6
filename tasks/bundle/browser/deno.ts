// What the library uses of Deno, in a browser: files in memory and of the page's server, and no
// permission to anything else. The bundle's last line makes it the constant Deno.
import * as files from "./files.ts";

/** A file that is read and written in memory. */
class MemoryFile {
  #at = 0;

  constructor(readonly path: string, public bytes: Uint8Array<ArrayBuffer>) {}

  read(buffer: Uint8Array): Promise<number | null> {
    const part = this.bytes.subarray(this.#at, this.#at + buffer.length);
    if (part.length === 0 && buffer.length > 0) return Promise.resolve(null);
    buffer.set(part);
    this.#at += part.length;
    return Promise.resolve(part.length);
  }

  write(part: Uint8Array): Promise<number> {
    const end = this.#at + part.length;
    if (end > this.bytes.length) {
      // Room for more, so that many small parts do not copy the whole each time.
      const grown = new Uint8Array(new ArrayBuffer(Math.max(end, 2 * this.bytes.length)), 0, end);
      grown.set(this.bytes);
      this.bytes = end <= this.bytes.buffer.byteLength
        ? new Uint8Array(this.bytes.buffer, 0, end)
        : grown;
    }
    this.bytes.set(part, this.#at);
    this.#at = end;
    files.keep(this.path, this.bytes);
    return Promise.resolve(part.length);
  }

  seek(offset: number, from: number): Promise<number> {
    const base = [0, this.#at, this.bytes.length][from]!;
    return Promise.resolve(this.#at = base + offset);
  }

  stat(): Promise<{ size: number; isFile: true; isDirectory: false }> {
    return Promise.resolve({ size: this.bytes.length, isFile: true, isDirectory: false });
  }

  get readable(): ReadableStream<Uint8Array> {
    return new Blob([this.bytes]).stream();
  }

  lock = (): Promise<void> => Promise.resolve();
  sync = (): Promise<void> => Promise.resolve();
  syncData = (): Promise<void> => Promise.resolve();
  close(): void {}
  [Symbol.dispose](): void {}
}

type OpenFlags = {
  readonly write?: boolean;
  readonly create?: boolean;
  readonly createNew?: boolean;
  readonly append?: boolean;
  readonly truncate?: boolean;
};

async function open(path: string | URL, flags: OpenFlags = {}): Promise<MemoryFile> {
  const name = `${path}`;
  const isNew = flags.createNew || flags.truncate;
  const bytes = isNew ? undefined : await files.read(path).catch((error) => {
    if (flags.create && error instanceof files.NotFound) return undefined;
    throw error;
  });
  const file = new MemoryFile(name, bytes ?? new Uint8Array());
  if (bytes === undefined) files.keep(name, file.bytes);
  return file;
}

const stat = async (path: string | URL): Promise<object> => ({
  size: await files.sizeOf(path),
  isFile: true,
  isDirectory: false,
  isSymlink: false,
});

/** The names in a folder of a server, which cannot list it itself: its index.json is a list of them. */
async function* readDir(folder: string | URL): AsyncGenerator<{ readonly name: string }> {
  const list = `${folder}/index.json`;
  const names: unknown = JSON.parse(new TextDecoder().decode(await files.read(list)));
  if (!Array.isArray(names)) {
    throw new SyntaxError(`Cannot list ${folder}: ${list} must be a list of names`);
  }
  for (const name of names) yield { name: `${name}` };
}

const refuse = (what: string) => (path?: unknown): never => {
  throw new files.NotSupported(
    `Cannot ${what}${path === undefined ? "" : ` ${path}`} in a browser`,
  );
};

const denied = { state: "denied" } as const;

/** What stands for Deno. */
const deno = {
  build: { os: "browser" },
  noColor: true,
  errors: {
    NotFound: files.NotFound,
    NotSupported: files.NotSupported,
    NotCapable: class NotCapable extends Error {},
    PermissionDenied: class PermissionDenied extends Error {},
    IsADirectory: class IsADirectory extends Error {},
    AlreadyExists: class AlreadyExists extends Error {},
  },
  permissions: { querySync: () => denied, query: () => Promise.resolve(denied) },
  env: { get: (name: string) => name === "NEOCOG_CACHE" ? files.CACHE : undefined },
  SeekMode: { Start: 0, Current: 1, End: 2 },
  open,
  stat,
  lstat: stat,
  realPath: async (path: string) => (await stat(path), path),
  readFile: files.read,
  readTextFile: async (path: string | URL) => new TextDecoder().decode(await files.read(path)),
  writeTextFile: (path: string, text: string) =>
    Promise.resolve(files.keep(path, new TextEncoder().encode(text))),
  mkdir: () => Promise.resolve(),
  rename: (from: string, to: string) => Promise.resolve(files.rename(from, to)),
  // deno-lint-ignore require-await -- a refusal is a rejection
  remove: async (path: string) => files.remove(path),
  removeSync: files.remove,
  readDir,
  readDirSync: refuse("list the folder"),
  readTextFileSync: refuse("read at once"),
};

Object.assign(globalThis, { [Symbol.for("neocog.deno")]: deno });
