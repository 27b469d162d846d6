// Decoded pixels on the disk, for the next time the same folder is read in the same way.
import { writeAll, writeFileAtomically } from "../../files/atomic_file.ts";
import { attempting, fileError } from "../../files/file_error.ts";
import { readAt } from "../../files/read_at.ts";
import { sha256Of } from "../../files/sha256.ts";
import type { PictureFile } from "./class_folders.ts";
import type { PixelRule } from "./picture_pixels.ts";

/** What is wrong with files, by place. */
export type Faults = {
  /** Why files have no pixels. */
  readonly broken: ReadonlyMap<number, string>;
  /** What is wrong with files that could be read all the same. */
  readonly warnings: ReadonlyMap<number, string>;
};

/** Pixels of a list of files, each of the same number of bytes. */
export type PixelFile = {
  readonly faults: Faults;
  /** Calls a function with the pixels of each place, in order. */
  read(places: Iterable<number>, visit: (pixels: Uint8Array, place: number) => void): Promise<void>;
};

/** A file of pixels that is being written. */
export type PixelWriter = Disposable & {
  /** Writes the pixels of a place. */
  write(place: number, pixels: Uint8Array): Promise<void>;
  /** Gives the file its name; without it, disposing removes what was written. */
  finish(faults: Faults): Promise<PixelFile>;
};

/** Changes when pixels mean something else. */
const VERSION = 2;

/**
 * Where the pixels of these files are: the name changes with a file's size or time, and with the way
 * the pixels are made.
 *
 * @param folder where pixels are kept
 * @param rule how their pixels are made
 */
export async function pixelPath(
  folder: string,
  files: readonly PictureFile[],
  { shape, resize, filter }: PixelRule,
): Promise<string> {
  const stamps: unknown[] = [];
  let last: { readonly path: string; readonly stamp: readonly unknown[] } | undefined;
  for (const { file, at } of files) {
    const path = at?.archive ?? file;
    if (last?.path !== path) {
      const info = await Deno.stat(path).catch(() => undefined);
      last = { path, stamp: [info?.size, info?.mtime?.getTime()] };
    }
    stamps.push([file, ...last.stamp, ...(at ? [at.offset] : [])]);
  }
  const text = JSON.stringify([VERSION, shape, resize, filter, stamps]);
  return `${folder}/pixels/${sha256Of(text).slice(0, 32)}`;
}

/**
 * Opens a file of pixels.
 *
 * @param path as `pixelPath` says
 * @param size bytes of pixels of each
 * @returns `undefined` if it does not exist, or is not whole
 */
export async function openPixelFile(
  path: string,
  count: number,
  size: number,
): Promise<PixelFile | undefined> {
  try {
    // The list is written last: if it exists, so do the pixels.
    const faults = faultsIn(JSON.parse(await Deno.readTextFile(`${path}.json`)), count);
    if (!faults || (await Deno.stat(`${path}.bin`)).size !== count * size) return undefined;
    return pixelFile(`${path}.bin`, size, faults);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof SyntaxError) return undefined;
    throw fileError(`Cannot read ${path}.json`, error);
  }
}

/** What a list says of so many files; `undefined` if it is damaged. */
function faultsIn(lists: unknown, count: number): Faults | undefined {
  const isFault = (pair: unknown): boolean => {
    if (!Array.isArray(pair) || pair.length !== 2) return false;
    const [place, reason] = pair;
    return Number.isInteger(place) && place >= 0 && place < count && typeof reason === "string";
  };
  const isList = (list: unknown): list is [number, string][] =>
    Array.isArray(list) && list.every(isFault);
  if (!Array.isArray(lists) || lists.length !== 2 || !lists.every(isList)) return undefined;
  const [broken, warnings] = lists.map((list) => new Map(list));
  return { broken: broken!, warnings: warnings! };
}

function pixelFile(path: string, size: number, faults: Faults): PixelFile {
  return {
    faults,
    async read(places, visit) {
      using file = await attempting(`Cannot read ${path}`, Deno.open(path));
      for (const place of places) {
        const pixels = await readAt(file, place * size, size);
        if (pixels.length < size) {
          throw new SyntaxError(
            `Cannot read ${path}: it must have the pixels of ${place + 1} files, ` +
              "got fewer; without it, files are decoded anew",
          );
        }
        visit(pixels, place);
      }
    },
  };
}

/**
 * Creates a file of pixels.
 *
 * @param path as `pixelPath` says
 * @param size bytes of pixels of each
 */
export async function createPixelFile(
  path: string,
  count: number,
  size: number,
): Promise<PixelWriter> {
  const part = `${path}.${crypto.randomUUID()}.part`;
  const keeping = <T>(work: Promise<T>): Promise<T> =>
    attempting(`Cannot keep pixels in ${path}.bin`, work);
  await keeping(Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true }));
  const file = await keeping(Deno.open(part, { write: true, createNew: true }));
  let before = keeping(file.truncate(count * size));
  before.catch(() => {}); // Thrown by the first write.
  let isOpen = true;
  let isKept = false;
  return {
    async write(place, pixels) {
      const write = async (): Promise<void> => {
        await file.seek(place * size, Deno.SeekMode.Start);
        await writeAll(file, pixels);
      };
      // One after the other, as the file has one position.
      before = before.then(() => keeping(write()));
      before.catch(() => {}); // Thrown here, or by the next one.
      await before;
    },
    async finish(faults) {
      await before;
      await keeping(file.sync());
      file.close();
      isOpen = false;
      await keeping(Deno.rename(part, `${path}.bin`));
      isKept = true;
      const lists = [[...faults.broken], [...faults.warnings]];
      await writeFileAtomically(`${path}.json`, JSON.stringify(lists));
      return pixelFile(`${path}.bin`, size, faults);
    },
    [Symbol.dispose]() {
      if (isOpen) file.close();
      if (isKept) return;
      try {
        Deno.removeSync(part);
      } catch {
        // The caller must see the first error.
      }
    },
  };
}
