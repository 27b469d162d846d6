// What the library uses of Deno, by Node's modules. The bundle's last line makes it the constant Deno.
import * as fs from "node:fs";
import { type FileHandle, open as openHandle } from "node:fs/promises";
import { Readable } from "node:stream";
import process from "node:process";

class NotFound extends Error {
  override readonly name = "NotFound";
}
class PermissionDenied extends Error {
  override readonly name = "PermissionDenied";
}
class IsADirectory extends Error {
  override readonly name = "IsADirectory";
}
class AlreadyExists extends Error {
  override readonly name = "AlreadyExists";
}
class NotCapable extends Error {
  override readonly name = "NotCapable";
}

const errors = { NotFound, PermissionDenied, IsADirectory, AlreadyExists, NotCapable };

/** Deno's classes by Node's codes. */
const CLASSES: Readonly<Record<string, new (message: string, options: ErrorOptions) => Error>> = {
  ENOENT: NotFound,
  EACCES: PermissionDenied,
  EPERM: PermissionDenied,
  EISDIR: IsADirectory,
  EEXIST: AlreadyExists,
};

function translated(cause: unknown): unknown {
  const { code, message } = cause as { readonly code?: string; readonly message: string };
  const Class = code === undefined ? undefined : CLASSES[code];
  return Class ? new Class(message, { cause }) : cause;
}

async function attempt<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw translated(error);
  }
}

function attemptNow<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw translated(error);
  }
}

type Info = {
  readonly size: number;
  readonly isFile: boolean;
  readonly isDirectory: boolean;
  readonly isSymlink: boolean;
  readonly mtime: Date;
};

function infoOf(stats: fs.Stats): Info {
  return {
    size: stats.size,
    isFile: stats.isFile(),
    isDirectory: stats.isDirectory(),
    isSymlink: stats.isSymbolicLink(),
    mtime: stats.mtime,
  };
}

/** A file that is open: Node's handle, with the place in it. */
class File {
  #at = 0;

  constructor(readonly handle: FileHandle) {}

  async read(buffer: Uint8Array): Promise<number | null> {
    const read = this.handle.read(buffer, 0, buffer.length, this.#at);
    const { bytesRead } = await attempt(() => read);
    this.#at += bytesRead;
    return bytesRead === 0 && buffer.length > 0 ? null : bytesRead;
  }

  async write(part: Uint8Array): Promise<number> {
    const write = this.handle.write(part, 0, part.length, this.#at);
    const { bytesWritten } = await attempt(() => write);
    this.#at += bytesWritten;
    return bytesWritten;
  }

  async seek(offset: number, from: number): Promise<number> {
    const base = from === 2 ? (await this.handle.stat()).size : from === 1 ? this.#at : 0;
    return this.#at = base + offset;
  }

  async stat(): Promise<Info> {
    return infoOf(await this.handle.stat());
  }

  get readable(): ReadableStream<Uint8Array> {
    return Readable.toWeb(this.handle.createReadStream()) as ReadableStream<Uint8Array>;
  }

  sync = (): Promise<void> => attempt(() => this.handle.sync());
  syncData = (): Promise<void> => attempt(() => this.handle.datasync());
  truncate = (length?: number): Promise<void> => attempt(() => this.handle.truncate(length));
  /** Node has no locks: two processes that fetch one file both do so. */
  lock = (): Promise<void> => Promise.resolve();
  close(): void {
    // A stream of the file may have closed it.
    this.handle.close().catch(() => {});
  }
  [Symbol.dispose](): void {
    this.close();
  }
}

type OpenFlags = {
  readonly write?: boolean;
  readonly create?: boolean;
  readonly createNew?: boolean;
};

/** Node's flags for Deno's: `r+` neither makes nor empties the file. */
async function open(path: string | URL, flags: OpenFlags = {}): Promise<File> {
  if (!flags.write) return new File(await attempt(() => openHandle(path, "r")));
  if (flags.createNew) return new File(await attempt(() => openHandle(path, "wx+")));
  try {
    return new File(await attempt(() => openHandle(path, "r+")));
  } catch (error) {
    if (!flags.create || !(error instanceof NotFound)) throw error;
    return new File(await attempt(() => openHandle(path, "w+")));
  }
}

type Entry = { readonly name: string; readonly isFile: boolean; readonly isDirectory: boolean };

function readDirSync(path: string | URL): Entry[] {
  return attemptNow(() => fs.readdirSync(path, { withFileTypes: true })).map((entry) => ({
    name: entry.name,
    isFile: entry.isFile(),
    isDirectory: entry.isDirectory(),
    isSymlink: entry.isSymbolicLink(),
  }));
}

const { promises } = fs;
const denied = { state: "denied" } as const;
const SYSTEMS: Readonly<Record<string, string>> = { win32: "windows" };

/** What stands for Deno. */
const deno = {
  build: { os: SYSTEMS[process.platform] ?? process.platform },
  errors,
  // Of what needs Deno itself: workers of modules, the driver's variables.
  permissions: { querySync: () => denied, query: () => Promise.resolve(denied) },
  env: {
    get: (name: string): string | undefined => process.env[name],
    set: (name: string, value: string): void => void (process.env[name] = value),
  },
  SeekMode: { Start: 0, Current: 1, End: 2 },
  open,
  stat: (path: string | URL) => attempt(async () => infoOf(await promises.stat(path))),
  lstat: (path: string | URL) => attempt(async () => infoOf(await promises.lstat(path))),
  realPath: (path: string | URL) => attempt(() => promises.realpath(path)),
  readFile: (path: string | URL) =>
    attempt(async () => new Uint8Array(await promises.readFile(path))),
  readTextFile: (path: string | URL) => attempt(() => promises.readFile(path, "utf8")),
  readTextFileSync: (path: string | URL) => attemptNow(() => fs.readFileSync(path, "utf8")),
  writeFile: (path: string | URL, bytes: Uint8Array) =>
    attempt(() => promises.writeFile(path, bytes)),
  writeTextFile: (path: string | URL, text: string) =>
    attempt(() => promises.writeFile(path, text)),
  mkdir: (path: string | URL, options?: { readonly recursive?: boolean }) =>
    attempt(async () => void await promises.mkdir(path, options)),
  rename: (from: string | URL, to: string | URL) => attempt(() => promises.rename(from, to)),
  remove: (path: string | URL, { recursive = false }: { readonly recursive?: boolean } = {}) =>
    attempt(() => recursive ? promises.rm(path, { recursive }) : promises.unlink(path)),
  removeSync: (path: string | URL) => attemptNow(() => fs.unlinkSync(path)),
  readDirSync,
  async *readDir(path: string | URL): AsyncGenerator<Entry> {
    yield* readDirSync(path);
  },
};

Object.assign(globalThis, { [Symbol.for("neocog.deno")]: deno });
