// The decoded pixels of files, as many as memory is given for; the others are decoded again.
import { atMost } from "./at_most.ts";
import type { DecodePool } from "./decode_pool.ts";
import { imageSize } from "./examples.ts";
import type { PixelRule } from "./picture_pixels.ts";

/** A file that cannot be decoded, and why. */
export type BrokenFile = { readonly file: string; readonly reason: string };

/** What is held in memory, and what was done. */
export type CacheUse = {
  /** Bytes of decoded pixels that are held. */
  readonly heldBytes: number;
  /** How many times a file was decoded, or tried to be. */
  readonly decodes: number;
};

/** Pixels of files, by their places in a list. */
export type PixelCache = CacheUse & {
  /** The files that could not be decoded, in the order of the list. */
  readonly broken: readonly BrokenFile[];
  readonly imageShape: readonly [height: number, width: number, channels: number];
  /** Decodes each file once, and holds the first ones. */
  fill(options: FillOptions): Promise<void>;
  /** The pixels of the files at these places, `[B, H, W, C]`. */
  read(places: Uint32Array): Promise<Uint8Array>;
};

/** How a cache is filled. */
export type FillOptions = {
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
};

/**
 * Makes a cache, which holds nothing yet. What comes first is held: as every epoch comes to each
 * image once, nothing is gained by giving one up for another.
 *
 * @param files the files
 * @param rule the pixels' shape, how it is reached, and bytes that may be held
 * @param pool what decodes
 */
export function pixelCache(
  files: readonly string[],
  rule: PixelRule & { readonly memoryLimit: number; readonly workers: number },
  pool: DecodePool,
): PixelCache {
  const size = imageSize({ imageShape: rule.shape });
  const room = Math.min(files.length, Math.floor(rule.memoryLimit / size));
  const held = new Map<number, Uint8Array>();
  const reasons = new Map<number, string>();
  // Some files are read while others are decoded.
  const atOnce = 2 * rule.workers + 2;
  let decodes = 0;
  const decode = async (place: number): Promise<Uint8Array> => {
    const file = files[place]!;
    const bytes = await Deno.readFile(file);
    decodes++;
    const { shape, resize, filter } = rule;
    return await pool.decode({ bytes, file, rule: { shape, resize, filter } });
  };
  return {
    imageShape: rule.shape,
    get heldBytes(): number {
      return held.size * size;
    },
    get decodes(): number {
      return decodes;
    },
    get broken(): readonly BrokenFile[] {
      const sorted = [...reasons].sort(([a], [b]) => a - b);
      return sorted.map(([place, reason]) => ({ file: files[place]!, reason }));
    },
    async fill({ onProgress, signal }) {
      let done = 0;
      await atMost(atOnce, files.keys(), async (place) => {
        signal?.throwIfAborted();
        try {
          const pixels = await decode(place);
          if (held.size < room) held.set(place, pixels);
        } catch (error) {
          reasons.set(place, reasonOf(error, files[place]!));
        }
        onProgress?.(++done, files.length);
      });
    },
    async read(places) {
      const pixels = new Uint8Array(places.length * size);
      await atMost(atOnce, places.entries(), async ([i, place]) => {
        pixels.set(held.get(place) ?? await decode(place), i * size);
      });
      return pixels;
    },
  };
}

/** Why a file is broken; what is wrong with more than the file is thrown. */
function reasonOf(error: unknown, file: string): string {
  if (!(error instanceof Error) || error instanceof Deno.errors.NotCapable) throw error;
  return error.message.includes(file) ? error.message : `Cannot read ${file}: ${error.message}`;
}
