// Erasing and mixing against plain TypeScript, given the same drawn numbers.
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  type Augmentation,
  cutmix,
  labelSmoothing,
  mixup,
  randomErasing,
} from "../../lib/augment/mod.ts";
import { disposeTree, fold, key, tf } from "../../mod.ts";
import { uniformArray } from "../../lib/tensor/mod.ts";
import { word } from "../../lib/tensor/random.ts";
import { blend } from "../../lib/tensor/blend.ts";
import { erase } from "../../lib/tensor/erase.ts";
import { recolor } from "../../lib/tensor/recolor.ts";
import { onCpu, onEachBackend } from "../backends.ts";
import { assertClose } from "../closeness.ts";
import { numbersOfBatch, randomBatch, type Shape4 } from "./batches.ts";

const SHAPES: readonly Shape4[] = [[5, 7, 9, 3], [4, 10, 6, 1], [1, 5, 5, 3]];

/** Calls for each number of a batch with where it is. */
function mapPixels(
  [count, height, width, channels]: Shape4,
  make: (n: number, y: number, x: number, c: number) => number,
): number[] {
  const result: number[] = [];
  for (let n = 0; n < count; n++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        for (let c = 0; c < channels; c++) result.push(make(n, y, x, c));
      }
    }
  }
  return result;
}

const isWithin = (at: number, from: number, length: number): boolean =>
  at >= from && at < from + length;

onEachBackend("mixed images and labels are the sums of both by their shares", async () => {
  for (const shape of SHAPES) {
    for (const augmentation of [mixup({ alpha: 1 }), cutmix()]) {
      const [, height, width, channels] = shape;
      const batch = randomBatch(shape);
      const before = await numbersOfBatch(batch);
      const drawn = augmentation.draw(key(2), shape);
      const { images: rowTensor } = drawn as { images: tf.Tensor2D; labels: tf.Tensor2D };
      const rows = await rowTensor.array();
      const after = await numbersOfBatch(augmentation.apply(batch, drawn));
      const shares = rows.map(([, , , across, down, , share]) =>
        augmentation.name.startsWith("cutmix") ? across! * down! / (height * width) : share!
      );
      const expected = mapPixels(shape, (n, y, x, c) => {
        const [partner, left, top, across, down, , outside] = rows[n]!;
        const isInside = isWithin(x, left!, across!) && isWithin(y, top!, down!);
        const share = isInside ? 1 : outside!;
        const at = (image: number): number =>
          before.images[((image * height + y) * width + x) * channels + c]!;
        return (1 - share) * at(n) + share * at(partner!);
      });
      await assertClose(after.images, expected, augmentation.name);
      const labels = mapPixels([shape[0], 1, 1, 3], (n, _y, _x, c) => {
        const at = (image: number): number => before.labels[image * 3 + c]!;
        return (1 - shares[n]!) * at(n) + shares[n]! * at(rows[n]![0]!);
      });
      await assertClose(after.labels, labels, `labels of ${augmentation.name}`);
    }
  }
});

onEachBackend("the pixels that cutmix takes and leaves are exact copies", async () => {
  const shape: Shape4 = [6, 8, 8, 3];
  const batch = randomBatch(shape);
  const known = new Set(await batch.images.data());
  const augmentation = cutmix();
  const after = augmentation.apply(batch, augmentation.draw(key(1), shape));
  const values = await after.images.data();
  assertEquals([...values].filter((value) => !known.has(value)), []);
});

onEachBackend("noise is the words of each image's own key, and nothing else changes", async () => {
  for (const shape of SHAPES) {
    const [, height, width, channels] = shape;
    const augmentation = randomErasing({ probability: 1 });
    const batch = randomBatch(shape);
    const before = await batch.images.data();
    const drawn = augmentation.draw(key(3), shape);
    const rows = await (drawn as tf.Tensor2D).array();
    const after = await augmentation.apply(batch, drawn).images.data();
    const expected = mapPixels(shape, (n, y, x, c) => {
      const [left, top, across, down, high, low] = rows[n] as number[];
      const place = (y * width + x) * channels + c;
      const isInside = isWithin(x, left!, across!) && isWithin(y, top!, down!);
      return isInside
        ? Math.floor(word([high!, low!], place) / 2 ** 8) / 2 ** 24
        : before[n * height * width * channels + place]!;
    });
    assertEquals([...after], expected);
    assert(rows.every(([, , across, down]) => across! >= 1 && down! >= 1));
  }
});

onCpu("noise fills 0 to 1 evenly, and is another in each image", async () => {
  const shape: Shape4 = [2, 100, 100, 3];
  const images = tf.fill(shape, -1) as tf.Tensor4D;
  const erasing = randomErasing({ probability: 1, area: [0.5, 0.5], ratio: [1, 1] });
  const batch = { images, labels: tf.ones<tf.Rank.R2>([2, 1]) };
  const after = erasing.apply(batch, erasing.draw(key(1), shape));
  const parts = await Promise.all(
    tf.unstack(after.images).map(async (image) => await image.data()),
  );
  const [first, second] = parts.map((part) => [...part].filter((value) => value >= 0));
  const mean = first!.reduce((sum, value) => sum + value, 0) / first!.length;
  const deviation = 1 / Math.sqrt(12 * first!.length);
  assert(Math.abs(mean - 0.5) < 4 * deviation, `${mean}`);
  assert(Math.max(...first!) > 0.99 && Math.min(...first!) < 0.01);
  assert(first!.slice(0, 100).join() !== second!.slice(0, 100).join());
});

onEachBackend("smoothed labels keep their sum, and the rest is shared by all classes", async () => {
  for (const epsilon of [0, 0.1, 1]) {
    const batch = randomBatch([3, 2, 2, 1], 5);
    const { labels } = labelSmoothing(epsilon).apply(batch, null);
    const expected = [...await batch.labels.data()]
      .map((value) => (1 - epsilon) * value + epsilon / 5);
    await assertClose(labels, expected);
  }
});

onCpu("soft labels are mixed as well as hard ones", async () => {
  const augmentation = mixup({ alpha: 1 });
  const soft = tf.tensor2d(uniformArray(key(1), 12), [4, 3]);
  const batch = { ...randomBatch([4, 2, 2, 1]), labels: soft };
  const drawn = augmentation.draw(fold(key(0), 1), [4, 2, 2, 1]) as { labels: tf.Tensor2D };
  const rows = await drawn.labels.array();
  const { labels } = augmentation.apply(batch, drawn);
  const values = await soft.array();
  const expected = values.flatMap((own, n) =>
    own.map((value, c) => (1 - rows[n]![6]!) * value + rows[n]![6]! * values[rows[n]![0]!]![c]!)
  );
  await assertClose(labels, expected);
});

onCpu("draws for other batches are refused", () => {
  const batch = randomBatch([3, 4, 4, 3]);
  const refused = (augmentation: Augmentation, says: string): void => {
    const drawn = augmentation.draw(key(0), [2, 4, 4, 3]);
    assertThrows(() => augmentation.apply(batch, drawn), TypeError, says);
    disposeTree(drawn);
  };
  refused(mixup(), "a row of 8 numbers for each");
  refused(randomErasing(), "a row of 8 numbers for each");
  const flat = tf.zeros([3, 4]);
  assertThrows(() => blend(flat, tf.zeros([3, 8])), TypeError, "[N, H, W, C]");
  assertThrows(() => erase(batch.images, tf.zeros([3, 7]), 0), TypeError, "got");
  assertThrows(
    () => recolor(tf.zeros([1, 2, 2, 2]), tf.zeros([1, 1, 16]), false),
    TypeError,
    "1 or 3] with [N, stages, 16]",
  );
});
