// Reads files of a zip archive where it lies, by zip.js, which is loaded when an archive is opened.
import { attempting } from "./file_error.ts";
import { readAt } from "./read_at.ts";

// Not a literal inside `import()`: Deno fetches those when a program starts.
const ZIP_JS = "npm:@zip.js/zip.js@2.24.0";

/** Loads the package. */
function loadZip(): Promise<typeof import("npm:@zip.js/zip.js@2.24.0")> {
  return import(ZIP_JS);
}

/** A file in an archive. */
export type ZipEntry = {
  /** Its path in the archive. Nothing is ever written there. */
  readonly name: string;
  /** Bytes of its contents. */
  readonly size: number;
  /** Reads its contents, all of them. */
  read(): Promise<Uint8Array<ArrayBuffer>>;
};

/** An open archive; whoever opened it closes it. */
export type ZipFile = AsyncDisposable & {
  readonly entries: ReadonlyMap<string, ZipEntry>;
};

/** The most that contents may be larger than what the archive keeps of them. */
const MOST_INFLATION = 1100; // Deflate reaches 1032 : 1.

/**
 * Opens a zip archive: its directory is read, and each file's contents when they are asked for.
 *
 * @param path the archive
 * @throws {SyntaxError} if it is no zip archive, is cut, has two files of one name, or says of a file
 * that it is larger than its bytes can be
 * @throws {Error} of Deno's class for it (`NotFound`, …) if the system refuses
 */
export async function openZip(path: string): Promise<ZipFile> {
  const zip = await loadZip();
  const file = await attempting(`Cannot read ${path}`, Deno.open(path));
  const bad = (reason: string, cause?: unknown): SyntaxError =>
    new SyntaxError(`Cannot read ${path}: it must be a whole zip archive, got ${reason}`, {
      cause,
    });
  /** Reads of the one handle, one after another. */
  class FileReader extends zip.Reader<Deno.FsFile> {
    #last: Promise<unknown> = Promise.resolve();

    override async init(): Promise<void> {
      await super.init!();
      this.size = (await file.stat()).size;
    }

    override readUint8Array(at: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
      const reading = this.#last.then(() =>
        readAt(file, at, Math.max(0, Math.min(length, this.size - at)))
      );
      this.#last = reading.then(() => {}, () => {});
      return reading;
    }
  }
  const archive = new zip.ZipReader(new FileReader(file), { useWebWorkers: false });
  const close = async (): Promise<void> => {
    await archive.close().catch(() => {});
    file.close();
  };
  try {
    const { size: whole } = await file.stat();
    const entries = new Map<string, ZipEntry>();
    for (const entry of await archive.getEntries()) {
      const { filename: name, compressedSize: kept, uncompressedSize: size } = entry;
      if (entry.directory) continue;
      if (entries.has(name)) throw bad(`two files ${JSON.stringify(name)}`);
      if (kept > whole || size > MOST_INFLATION * kept) {
        throw bad(`${size} bytes of ${JSON.stringify(name)} in ${Math.min(kept, whole)}`);
      }
      const read = async (): Promise<Uint8Array<ArrayBuffer>> => {
        try {
          const bytes = await entry.getData!(new zip.Uint8ArrayWriter(), { checkSignature: true });
          if (bytes.length === size) return bytes as Uint8Array<ArrayBuffer>;
          throw new Error(`${bytes.length} bytes in place of ${size}`);
        } catch (error) {
          throw bad(`${JSON.stringify(name)} that cannot be read: ${messageOf(error)}`, error);
        }
      };
      entries.set(name, { name, size, read });
    }
    return { entries, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error instanceof SyntaxError ? error : bad(messageOf(error), error);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * The bytes of a zip archive of files as they are, without compression. The same files give the same
 * bytes.
 *
 * @param files contents by path, in the archive's order
 */
export async function serializeZip(
  files: Readonly<Record<string, Uint8Array<ArrayBuffer>>>,
): Promise<Uint8Array<ArrayBuffer>> {
  const zip = await loadZip();
  const archive = new zip.ZipWriter(new zip.Uint8ArrayWriter(), {
    level: 0,
    useWebWorkers: false,
    lastModDate: new Date(1980, 0, 1),
    extendedTimestamp: false,
  });
  for (const [name, bytes] of Object.entries(files)) {
    await archive.add(name, new zip.Uint8ArrayReader(bytes));
  }
  return await archive.close() as Uint8Array<ArrayBuffer>;
}
