// The decoded pixels of files, up to a limit of memory; the others are decoded again.
import { attempting } from "../../files/file_error.ts";
import { readAt } from "../../files/read_at.ts";
import { partOf } from "../../tensor/batch_part.ts";
import { ALONE, type World } from "../../world/world.ts";
import type { PictureFile } from "./class_folders.ts";
import type { DecodePool } from "./decode_pool.ts";
import { imageSize } from "../examples.ts";
import type { PicturePixels, PixelRule } from "./picture_pixels.ts";
import { createPixelFile, openPixelFile, type PixelFile, pixelPath } from "./pixel_file.ts";

/** A file with a fault, and what it is. */
export type BrokenFile = { readonly file: string; readonly reason: string };

/** How much a cache of pixels holds in memory, and how many files were decoded. */
export type CacheUse = {
  /** Bytes of decoded pixels in memory. */
  readonly heldBytes: number;
  /** How many times decoding a file was tried. */
  readonly decodes: number;
};

/** Pixels of files, by their places in a list of files. */
export type PixelCache = CacheUse & {
  /** The files that could not be decoded, in the order of the list. */
  readonly broken: readonly BrokenFile[];
  /** The files that were decoded although something is wrong with them. */
  readonly warnings: readonly BrokenFile[];
  readonly imageShape: readonly [height: number, width: number, channels: number];
  /** Decodes each file once, and holds the first ones. */
  fill(options: FillOptions): Promise<void>;
  /** The pixels of the files at these places, `[B, H, W, C]`. */
  read(places: Uint32Array): Promise<Uint8Array>;
};

/** How a cache is filled. */
export type FillOptions = {
  readonly cacheDir?: string;
  /** The ranks that decode together, each a part of the files; each holds what it decoded. */
  readonly world?: World;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
};

/** A cache as it stands. */
type State = {
  readonly files: readonly PictureFile[];
  readonly rule: PixelRule;
  readonly pool: DecodePool;
  /** Bytes of pixels of a file, and how many files may be held. */
  readonly size: number;
  readonly room: number;
  /** How many files are read and decoded at once. */
  readonly atOnce: number;
  readonly held: Map<number, Uint8Array>;
  readonly broken: Map<number, string>;
  readonly warnings: Map<number, string>;
  decodes: number;
  /** Whether a file is broken for a reason that may pass, such as a permission. */
  hasPassing: boolean;
  onDisk?: PixelFile;
};

/**
 * Makes a cache, which holds nothing yet. The first files are held: as every epoch uses each
 * image once, replacing one by another would gain nothing.
 *
 * @param rule the pixels' shape, how it is reached, and how many bytes may be held
 */
export function pixelCache(
  files: readonly PictureFile[],
  { memoryLimit, workers, shape, resize, filter }: PixelRule & {
    readonly memoryLimit: number;
    readonly workers: number;
  },
  pool: DecodePool,
): PixelCache {
  const size = imageSize({ imageShape: shape });
  const state: State = {
    files,
    rule: { shape, resize, filter },
    pool,
    size,
    room: Math.floor(memoryLimit / size),
    atOnce: 2 * workers + 2, // Some are read while others are decoded.
    held: new Map(),
    broken: new Map(),
    warnings: new Map(),
    decodes: 0,
    hasPassing: false,
  };
  return {
    imageShape: shape,
    get heldBytes(): number {
      return state.held.size * size;
    },
    get decodes(): number {
      return state.decodes;
    },
    get broken(): readonly BrokenFile[] {
      return listed(state.broken, files);
    },
    get warnings(): readonly BrokenFile[] {
      return listed(state.warnings, files);
    },
    fill: (options) => fill(state, options),
    read: (places) => read(state, places),
  };
}

/** Faults in the order of the files. */
function listed(
  faults: ReadonlyMap<number, string>,
  files: readonly PictureFile[],
): BrokenFile[] {
  const sorted = [...faults].sort(([a], [b]) => a - b);
  return sorted.map(([place, reason]) => ({ file: files[place]!.file, reason }));
}

async function fill(state: State, options: FillOptions): Promise<void> {
  const { files, rule, size } = state;
  const { cacheDir, world = ALONE } = options;
  if (cacheDir === undefined) return await decodeTogether(state, options, world);
  // One rank writes what the others read.
  if (world.rank > 0) await world.during("wait for pixels", () => world.barrier(), A_WEEK);
  const path = await pixelPath(cacheDir, files, rule);
  const before = await openPixelFile(path, files.length, size);
  if (before) await fillFrom(state, before, options);
  else {
    await world.during("decode pictures", async () => {
      using writer = await createPixelFile(path, files.length, size);
      await decodeAll(state, options, files.keys(), writer.write);
      if (!state.hasPassing) state.onDisk = await writer.finish(state);
    }, A_WEEK);
  }
  if (world.rank === 0) await world.barrier();
}

/** So long, in seconds, may large folders take. */
const A_WEEK = 7 * 24 * 3600;

/** Decodes each file on one of the ranks, and tells all which are broken. */
async function decodeTogether(state: State, options: FillOptions, world: World): Promise<void> {
  const { files, broken, warnings } = state;
  const { first, count } = partOf(world, files.length);
  const own = Array.from({ length: count }, (_, i) => first + i);
  const said = await world.during("decode pictures", async () => {
    await decodeAll(state, options, own, async () => {});
    if (world.size === 1) return [];
    const faults = JSON.stringify([[...broken], [...warnings]]);
    return await world.allGather(new TextEncoder().encode(faults));
  }, A_WEEK);
  for (const bytes of said) {
    const faults: [number, string][][] = JSON.parse(new TextDecoder().decode(bytes));
    for (const [place, reason] of faults[0]!) broken.set(place, reason);
    for (const [place, reason] of faults[1]!) warnings.set(place, reason);
  }
}

/** Decodes files, holds the first ones and hands each to `keep`. */
async function decodeAll(
  state: State,
  { onProgress, signal }: FillOptions,
  places: Iterable<number>,
  keep: (place: number, pixels: Uint8Array) => Promise<void>,
): Promise<void> {
  const { files, atOnce, broken, warnings } = state;
  const all = [...places];
  let done = 0;
  await atMost(atOnce, all, async (place) => {
    signal?.throwIfAborted();
    const picture = await decode(state, place).catch((error: unknown) => {
      broken.set(place, reasonOf(error, files[place]!.file));
      if (!lasts(error)) state.hasPassing = true;
    });
    if (picture) {
      if (picture.warning !== undefined) warnings.set(place, picture.warning);
      hold(state, picture.pixels, place);
      await keep(place, picture.pixels);
    }
    onProgress?.(++done, all.length);
  });
}

async function decode(state: State, place: number): Promise<PicturePixels> {
  const { files, rule, pool } = state;
  const picture = files[place]!;
  const bytes = await bytesOf(picture);
  state.decodes++;
  return await pool.decode({ bytes, file: picture.file, rule });
}

async function bytesOf({ file, at }: PictureFile): Promise<Uint8Array<ArrayBuffer>> {
  if (!at) return await Deno.readFile(file);
  using archive = await attempting(`Cannot read ${at.archive}`, Deno.open(at.archive));
  return await readAt(archive, at.offset, at.size);
}

function hold({ held, room }: State, pixels: Uint8Array, place: number): void {
  if (held.size < room) held.set(place, pixels);
}

/** Fills the cache from the disk. */
async function fillFrom(state: State, file: PixelFile, options: FillOptions): Promise<void> {
  const { files, room, broken, warnings } = state;
  state.onDisk = file;
  for (const [place, reason] of file.faults.broken) broken.set(place, reason);
  for (const [place, reason] of file.faults.warnings) warnings.set(place, reason);
  const whole = [...files.keys()].filter((place) => !broken.has(place));
  await file.read(whole.slice(0, room), (pixels, place) => hold(state, pixels, place));
  options.onProgress?.(files.length, files.length);
}

async function read(state: State, places: Uint32Array): Promise<Uint8Array> {
  const { held, size, atOnce, onDisk } = state;
  const pixels = new Uint8Array(places.length * size);
  const absent = new Map<number, number[]>();
  places.forEach((place, i) => {
    const known = held.get(place);
    if (known) pixels.set(known, i * size);
    else absent.set(place, [...absent.get(place) ?? [], i]);
  });
  const put = (found: Uint8Array, place: number): void =>
    absent.get(place)!.forEach((i) => pixels.set(found, i * size));
  if (onDisk && absent.size > 0) await onDisk.read(absent.keys(), put);
  else {
    await atMost(
      atOnce,
      absent.keys(),
      async (place) => {
        const { pixels } = await decode(state, place);
        hold(state, pixels, place); // What another rank has decoded before.
        put(pixels, place);
      },
    );
  }
  return pixels;
}

/** Why a file is broken; an error that is not about the file is thrown. */
function reasonOf(error: unknown, file: string): string {
  if (!(error instanceof Error) || error instanceof Deno.errors.NotCapable) throw error;
  return error.message.includes(file) ? error.message : `Cannot read ${file}: ${error.message}`;
}

/** Whether a file stays broken for this reason until its size or time changes. */
function lasts(error: unknown): boolean {
  return error instanceof SyntaxError || error instanceof RangeError ||
    error instanceof Deno.errors.NotFound;
}

/**
 * Calls a function for each item, a few at a time, in order.
 *
 * @param count how many run at once, at least 1
 */
export async function atMost<T>(
  count: number,
  items: Iterable<T>,
  visit: (item: T) => Promise<void>,
): Promise<void> {
  const left = items[Symbol.iterator]();
  let failure: { readonly error: unknown } | undefined;
  const work = async (): Promise<void> => {
    while (!failure) {
      const { done, value } = left.next();
      if (done) return;
      await visit(value).catch((error: unknown) => {
        failure ??= { error };
      });
    }
  };
  await Promise.all(Array.from({ length: count }, work));
  if (failure) throw (failure as { readonly error: unknown }).error;
}
