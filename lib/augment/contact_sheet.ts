// A picture of what an augmentation does.
import { batches } from "../data/dataset.ts";
import type { Examples } from "../data/examples.ts";
import type { ImageSource } from "../data/image_source.ts";
import { LETTER } from "../image/font.ts";
import { grid } from "../image/grid.ts";
import type { Image } from "../image/image.ts";
import { fold, type Key, key as keyOf } from "../tensor/random.ts";
import { requireOptions, requireWhole } from "../text/require.ts";
import { disposeTree } from "../tensor/tree.ts";
import type { Augmentation, AugmentedBatch } from "./augmentation.ts";

/** Options of {@linkcode contactSheet}. */
export type ContactSheetOptions = {
  /** Draws the images, and their augmentations. Default: `key(0)`. */
  readonly key?: Key;
  /** The number of images, one in a row, from 1 to all. Default: 8, or all if there are fewer. */
  readonly count?: number;
  /** How often each is augmented, at least 1. Default: 7. */
  readonly times?: number;
  /** How large a pixel is drawn, at least 1. Default: so that images are about 90 wide. */
  readonly scale?: number;
};

/**
 * Draws what an augmentation does: each row has an image with its class, and beside it several random
 * augmentations of it. The rows are a batch, whose images may be mixed with each other. If labels are
 * changed, the two largest shares of the label are below the image.
 *
 * @param examples images of one or three channels
 * @param augmentation the augmentation
 * @param options the number of images and of augmentations, and their size
 * @returns the picture
 * @throws {RangeError} if a number is out of its range
 * @throws {TypeError} if the images have another number of channels
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { contactSheet, randomFlip } from "@neocog/neocog/augment";
 * import { start } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const examples = {
 *   name: "two images",
 *   images: new Uint8Array(32).map((_, i) => 8 * i),
 *   labels: new Uint8Array([0, 1]),
 *   imageShape: [4, 4, 1],
 *   classNames: ["dark", "light"],
 * } as const;
 * const sheet = await contactSheet(examples, randomFlip(), { times: 3, scale: 10 });
 * assertEquals(sheet.width, 4 * 40 + 5); // Four columns with a pixel between them.
 * ```
 */
export async function contactSheet(
  examples: Examples | ImageSource,
  augmentation: Augmentation,
  options: ContactSheetOptions = {},
): Promise<Image> {
  requireOptions("draw a contact sheet", options, {
    key: true,
    count: true,
    times: true,
    scale: true,
  });
  const [, width] = examples.imageShape;
  const { key = keyOf(0), times = 7, scale = Math.max(1, Math.round(90 / width)) } = options;
  const total = examples.labels.length;
  const { count = Math.min(8, total) } = options;
  requireSheet(examples, count, times);
  const first = await firstBatch(examples, count, fold(key, "examples"));
  try {
    const letters = Math.floor((width * scale + 1) / (LETTER.width + 1));
    const columns = [await cellsOf(first, examples.classNames, letters)];
    for (let time = 0; time < times; time++) {
      const after = once(augmentation, first, fold(key, time));
      columns.push(await cellsOf(after, examples.classNames, letters, columns[0]));
      disposeTree(after, first);
    }
    const cells = columns[0]!.flatMap((_, row) => columns.map((column) => column[row]!));
    const labels = cells.map(({ label }) => label);
    const options = { columns: times + 1, scale, labels, labelSize: 1 };
    return grid(cells.map(({ image }) => image), options);
  } finally {
    disposeTree(first);
  }
}

/** A batch after one draw. */
function once(augmentation: Augmentation, batch: AugmentedBatch, key: Key): AugmentedBatch {
  const drawn = augmentation.draw(key, batch.images.shape);
  try {
    return augmentation.apply(batch, drawn);
  } finally {
    disposeTree(drawn);
  }
}

/** An image of the sheet, the text below it, and its label's numbers. */
type Cell = { readonly image: Image; readonly label: string; readonly shares: Float32Array };

/** The images of a batch; without a text if the label is that of the original. */
async function cellsOf(
  { images, labels }: AugmentedBatch,
  classNames: readonly string[],
  letters: number,
  originals?: readonly Cell[],
): Promise<Cell[]> {
  const [count, height, width, channels] = images.shape;
  const [pixels, shares] = await Promise.all([images.data(), labels.data()]);
  return Array.from({ length: count }, (_, n) => {
    const size = height * width * channels;
    const own = (shares as Float32Array).slice(n * classNames.length, (n + 1) * classNames.length);
    const isSame = originals?.[n]?.shares.every((share, c) => share === own[c]);
    return {
      image: {
        height,
        width,
        channels: channels as 1 | 3,
        // Not all augmentations clip.
        pixels: Float32Array.from(
          pixels.slice(n * size, (n + 1) * size),
          (value) => Math.min(1, Math.max(0, value)),
        ),
      },
      label: isSame ? "" : labelOf(own, classNames, letters),
      shares: own,
    };
  });
}

/** The two classes with the largest shares of a label, their names cut so that both fit. */
function labelOf(shares: Float32Array, classNames: readonly string[], letters: number): string {
  const sorted = Array.from(
    shares,
    (share, c) => [Math.round(100 * share), classNames[c]!] as const,
  )
    .filter(([percent]) => percent > 0)
    .sort(([a], [b]) => b - a);
  if (sorted[0]?.[0] === 100) return sorted[0][1];
  const room = Math.max(1, Math.floor((letters - 1) / 2) - " 99%".length);
  return sorted.slice(0, 2)
    .map(([percent, name]) => `${[...name].slice(0, room).join("").trimEnd()} ${percent}%`)
    .join(" ");
}

/** Some of the examples, drawn by the key. */
async function firstBatch(
  examples: Examples | ImageSource,
  count: number,
  key: Key,
): Promise<AugmentedBatch> {
  for await (const { images, labels } of batches(examples, { batchSize: count, key })) {
    return { images, labels };
  }
  throw new RangeError(
    `Cannot show images of ${examples.name}: there must be one, got none`,
  );
}

function requireSheet(examples: Examples | ImageSource, count: number, times: number): void {
  const what = `make a contact sheet of ${examples.name}`;
  const total = examples.labels.length;
  requireWhole(what, "the count", count, 1, total);
  requireWhole(what, "the times", times);
  const channels = examples.imageShape[2];
  if (channels === 1 || channels === 3) return;
  throw new TypeError(
    `Cannot ${what}: images must have 1 or 3 channels, got ${channels}`,
  );
}
