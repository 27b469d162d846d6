// Contact sheets: where the images are, what stands below them, and what is refused.
import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import {
  contactSheet,
  labelSmoothing,
  mixup,
  pcaColors,
  randomCrop,
  randomFlip,
} from "../../lib/augment/mod.ts";
import { type Examples, type ImageSource, key, tf } from "../../mod.ts";
import { uniformArray } from "../../lib/tensor/mod.ts";
import type { Image } from "../../lib/image/mod.ts";
import { onCpu, onEachBackend } from "../backends.ts";

function examplesOf(count: number, channels: 1 | 3): Examples {
  const pixels = uniformArray(key(1), count * 5 * 6 * channels, 0, 256);
  return {
    name: "random pixels",
    images: Uint8Array.from(pixels),
    labels: Uint8Array.from({ length: count }, (_, n) => n % 2),
    imageShape: [5, 6, channels],
    classNames: ["first", "second"],
  };
}

/** A cell's image out of a sheet. */
function cellOf({ width, channels, pixels }: Image, row: number, column: number): number[] {
  const [down, across] = [5 + 11 + 1, 6 + 1];
  const result: number[] = [];
  for (let y = 0; y < 5; y++) {
    for (let x = 0; x < 6 * channels; x++) {
      const place = (1 + row * down + y) * width + 1 + column * across;
      result.push(pixels[place * channels + x]!);
    }
  }
  return result;
}

const reversed = (cell: number[], channels: number): number[] =>
  cell.map((_, i) => {
    const [pixel, c] = [Math.floor(i / channels), i % channels];
    const [y, x] = [Math.floor(pixel / 6), pixel % 6];
    return cell[(y * 6 + 5 - x) * channels + c]!;
  });

onEachBackend(
  "originals are in the first column, with their augmentations beside them",
  async () => {
    for (const channels of [1, 3] as const) {
      const examples = examplesOf(4, channels);
      const before = tf.memory().numTensors;
      const sheet = await contactSheet(examples, randomFlip(1), { count: 3, times: 2, scale: 1 });
      assertEquals(tf.memory().numTensors, before);
      assertEquals([sheet.width, sheet.height], [3 * 7 + 1, 3 * 17 + 1]);
      const all = Array.from({ length: 4 }, (_, n) =>
        Array.from(
          examples.images.subarray(n * 30 * channels, (n + 1) * 30 * channels),
          (byte) => Math.fround(byte / 255),
        ).join());
      for (let row = 0; row < 3; row++) {
        const original = cellOf(sheet, row, 0);
        assert(all.includes(original.join()), "an original must be one of the examples");
        for (const column of [1, 2]) {
          assertEquals(cellOf(sheet, row, column), reversed(original, channels));
        }
      }
    }
  },
);

onCpu("each column is drawn anew, and the same key gives the same sheet", async () => {
  const sheetOf = (seed: number): Promise<Image> =>
    contactSheet(examplesOf(4, 1), randomCrop(3), { key: key(seed), times: 5, scale: 1 });
  const sheet = await sheetOf(1);
  assertEquals(sheet, await sheetOf(1));
  assertNotEquals(sheet, await sheetOf(2));
  const columns = [1, 2, 3, 4, 5].map((column) => `${cellOf(sheet, 0, column)}`);
  assert(new Set(columns).size > 1);
});

onCpu("soft labels stand below their images, and only they", async () => {
  const examples = examplesOf(2, 1);
  const inkOf = async (augmentation: ReturnType<typeof randomFlip>): Promise<number[]> => {
    const { width, pixels } = await contactSheet(examples, augmentation, { times: 1, scale: 20 });
    const row = pixels.subarray(width * 101, width * 112);
    const dark = [0, 0];
    row.forEach((value, i) => {
      if (value < 0.5) dark[i % width < width / 2 ? 0 : 1]!++;
    });
    return dark;
  };
  const [original, flipped] = await inkOf(randomFlip());
  assert(original! > 0);
  assertEquals(flipped, 0);
  const [, smoothed] = await inkOf(labelSmoothing(0.2) as ReturnType<typeof randomFlip>);
  assert(smoothed! > original!); // "second 90% first 10%" and the like.
});

onCpu("colors that leave 0 to 1 are shown as black and white", async () => {
  const sheet = await contactSheet(examplesOf(3, 3), pcaColors(20), { scale: 1 });
  assert(sheet.pixels.every((value) => value >= 0 && value <= 1));
  assert(cellOf(sheet, 0, 1).some((value) => value === 0 || value === 1));
});

onCpu("images that are read when they are wanted are shown as well", async () => {
  const { images, ...rest } = examplesOf(3, 1);
  const source: ImageSource = {
    ...rest,
    read: (indices) =>
      Promise.resolve(
        Uint8Array.from([...indices].flatMap((n) => [...images.subarray(n * 30, n * 30 + 30)])),
      ),
  };
  const options = { times: 2, scale: 1 };
  assertEquals(
    await contactSheet(source, mixup(), options),
    await contactSheet({ ...rest, images }, mixup(), options),
  );
});

onCpu("what cannot be shown is refused", async () => {
  const examples = examplesOf(3, 1);
  for (const count of [0, 4, 1.5]) {
    const says = `whole number from 1 to 3, got ${count}`;
    await assertRejects(() => contactSheet(examples, randomFlip(), { count }), RangeError, says);
  }
  for (const times of [0, -1, NaN]) {
    await assertRejects(() => contactSheet(examples, randomFlip(), { times }), RangeError, "times");
  }
  await assertRejects(
    () => contactSheet(examples, randomFlip(), { scale: 0.5 }),
    RangeError,
    "factor",
  );
  const two = { ...examples, images: new Uint8Array(3 * 60), imageShape: [5, 6, 2] } as const;
  await assertRejects(() => contactSheet(two, randomFlip()), TypeError, "1 or 3 channels");
  const before = tf.memory().numTensors;
  await assertRejects(() => contactSheet(examples, pcaColors()), TypeError, "3 channels");
  await assertRejects(() => contactSheet(examples, randomCrop(5)), RangeError, "smaller than");
  assertEquals(tf.memory().numTensors, before);
});
