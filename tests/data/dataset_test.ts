// Tests of lib/data/dataset.ts and lib/data/normalization.ts, and of prefetching with a timer.

import {
  assert,
  assertEquals,
  assertNotEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { from, prefetch } from "../../lib/data/combinators.ts";
import { batches, type BatchOptions, type Dataset } from "../../lib/data/dataset.ts";
import type { Examples } from "../../lib/data/examples.ts";
import { key } from "../../lib/tensor/random.ts";
import { tf } from "../../lib/tensor/tf.ts";

await tf.setBackend("cpu");

/** Examples of `count` 1×2 images of two channels; the first value is the example's index. */
function numbered(count: number): Examples {
  return {
    name: "numbered",
    images: Uint8Array.from({ length: 4 * count }, (_, i) => (i >> 2) + 50 * (i & 3)),
    labels: Uint8Array.from({ length: count }, (_, i) => i % 3),
    imageShape: [1, 2, 2],
    classNames: ["a", "b", "c"],
  };
}

/** All of a dataset's batches as numbers, their tensors disposed of. */
async function read(
  dataset: Dataset,
): Promise<{ images: number[]; labels: number[]; classes: number[]; shapes: number[][] }[]> {
  const all = [];
  for await (const { images, labels, classes, size } of dataset) {
    assertEquals([images.dtype, labels.dtype, classes.length], ["float32", "float32", size]);
    all.push({
      images: [...await images.data()],
      labels: [...await labels.data()],
      classes: [...classes],
      shapes: [images.shape, labels.shape],
    });
    tf.dispose([images, labels]);
  }
  return all;
}

/** The index of every example in the order in which a dataset gives them. */
async function order(dataset: Dataset): Promise<number[]> {
  const all = await read(dataset);
  return all.flatMap(({ images }) => images.filter((_, i) => i % 4 === 0).map((x) => x * 255))
    .map(Math.round);
}

Deno.test("batches gives images divided by 255, one-hot labels and classes, in order", async () => {
  const dataset = batches(numbered(5), { batchSize: 2 });
  assertEquals([dataset.count, dataset.batchCount], [5, 3]);
  const all = await read(dataset);
  assertEquals(all.map(({ shapes }) => shapes), [
    [[2, 1, 2, 2], [2, 3]],
    [[2, 1, 2, 2], [2, 3]],
    [[1, 1, 2, 2], [1, 3]],
  ]);
  assertEquals(all.map(({ classes }) => classes), [[0, 1], [2, 0], [1]]);
  assertEquals(all[1]!.labels, [0, 0, 1, 1, 0, 0]);
  const pixels = [2, 52, 102, 152, 3, 53, 103, 153];
  assertEquals(all[1]!.images, pixels.map((x) => Math.fround(x / 255)));
});

Deno.test("batches leaves out the remainder if asked, and nothing if there is none", async () => {
  const dropped = batches(numbered(5), { batchSize: 2, dropRemainder: true });
  assertEquals([dropped.count, dropped.batchCount], [4, 2]);
  assertEquals(await order(dropped), [0, 1, 2, 3]);
  const even = batches(numbered(6), { batchSize: 3, dropRemainder: true });
  assertEquals([even.count, even.batchCount, (await order(even)).length], [6, 2, 6]);
});

Deno.test("batches takes the whole as one batch", async () => {
  assertEquals((await read(batches(numbered(4), { batchSize: 4 }))).length, 1);
});

Deno.test("batches shuffles by the key alone: all examples, the same order every time", async () => {
  const inOrder = Array.from({ length: 40 }, (_, i) => i);
  const dataset = batches(numbered(40), { batchSize: 7, key: key(1) });
  const first = await order(dataset);
  assertNotEquals(first, inOrder);
  assertEquals(first.toSorted((a, b) => a - b), inOrder);
  assertEquals(await order(dataset), first);
  assertEquals(await order(batches(numbered(40), { batchSize: 40, key: key(1) })), first);
  assertNotEquals(await order(batches(numbered(40), { batchSize: 7, key: key(2) })), first);
});

Deno.test("batches keeps labels with their images when it shuffles", async () => {
  for (
    const { images, labels, classes } of await read(
      batches(numbered(40), { batchSize: 9, key: key(3) }),
    )
  ) {
    classes.forEach((label, i) => {
      assertEquals(Math.round(images[4 * i]! * 255) % 3, label);
      assertEquals(labels.slice(3 * i, 3 * i + 3), [0, 1, 2].map((c) => Number(c === label)));
    });
  }
});

Deno.test("batches normalizes each channel by its own mean and deviation", async () => {
  const normalize = { mean: [0.5, 0.25], std: [0.5, 2] };
  const [batch] = await read(batches(numbered(1), { batchSize: 1, normalize }));
  const expected = [0, 50, 100, 150].map((x, i) =>
    Math.fround((x / 255 - normalize.mean[i % 2]!) / normalize.std[i % 2]!)
  );
  assertEquals(batch!.images, expected);
});

Deno.test("batches refuses moments that are not one a channel, not finite, or not positive", () => {
  const bad = [
    { mean: [0.5], std: [1] },
    { mean: [0.5, 0.5], std: [1] },
    { mean: [0.5, NaN], std: [1, 1] },
    { mean: [0.5, 0.5], std: [1, 0] },
    { mean: [0.5, 0.5], std: [1, -1] },
    { mean: [0.5, 0.5], std: [1, Infinity] },
  ];
  for (const normalize of bad) {
    const message = `got mean [${normalize.mean}], std [${normalize.std}]`;
    assertThrows(() => batches(numbered(2), { batchSize: 1, normalize }), RangeError, message);
  }
});

Deno.test("batches refuses a batch size that is 0, negative, not whole, or over the examples", () => {
  for (const batchSize of [0, -1, NaN, 1.5, 6, Infinity]) {
    const message =
      `of the 5 examples of numbered: the batch size must be a whole number from 1 to 5, got ${batchSize}`;
    assertThrows(() => batches(numbered(5), { batchSize }), RangeError, message);
  }
  assertThrows(() => batches(numbered(5), {} as BatchOptions), RangeError, "got undefined");
});

Deno.test("batches refuses examples whose parts do not fit each other", () => {
  const options = { batchSize: 1 };
  const sound = numbered(4);
  const images = sound.images.subarray(1);
  assertThrows(() => batches({ ...sound, images }, options), TypeError, "15 pixel values");
  assertThrows(
    () => batches({ ...sound, classNames: ["a"] }, options),
    RangeError,
    "got 1 at index 1",
  );
  assertThrows(() => batches(numbered(0), options), TypeError, "at least one");
});

Deno.test("batches makes two tensors as it hands out a batch, and none before or after", async () => {
  const before = tf.memory().numTensors;
  const dataset = batches(numbered(9), { batchSize: 2 });
  const iterator = dataset[Symbol.asyncIterator]();
  assertEquals(tf.memory().numTensors, before);
  const first = await iterator.next();
  await new Promise((resolve) => setTimeout(resolve, 20)); // the next one is prepared meanwhile
  assertEquals(tf.memory().numTensors, before + 2);
  tf.dispose([first.value!.images, first.value!.labels]);
  await iterator.return!();
  assertEquals(tf.memory().numTensors, before);
  assertEquals(await iterator.next(), { done: true, value: undefined });
});

Deno.test("a loop over batches that is left early, or by an error, leaves no tensor and no task", async () => {
  const before = tf.memory().numTensors;
  const dataset = batches(numbered(9), { batchSize: 2 });
  for await (const { images, labels } of dataset) {
    tf.dispose([images, labels]);
    break;
  }
  await assertRejects(
    async () => {
      for await (const { images, labels } of dataset) {
        tf.dispose([images, labels]);
        throw new Error("the loop's own");
      }
    },
    Error,
    "the loop's own",
  );
  assertEquals(tf.memory().numTensors, before);
});

Deno.test("two loops over the same batches do not disturb each other", async () => {
  const dataset = batches(numbered(9), { batchSize: 2, key: key(5) });
  const [a, b] = await Promise.all([order(dataset), order(dataset)]);
  assertEquals(a, b);
  assertEquals(a!.length, 9);
});

/** An iteration that makes one item ahead. */
function prefetched<T>(count: number, make: (index: number) => T): AsyncIterator<T, void, void> {
  const items = from(function* () {
    for (let i = 0; i < count; i++) yield make(i);
  });
  return prefetch(items)[Symbol.asyncIterator]();
}

Deno.test("prefetch makes the next item while the consumer waits, once each, and one ahead only", async () => {
  const made: number[] = [];
  const items = prefetched(4, (index) => made[made.push(index) - 1]!);
  assertEquals(made, []);
  assertEquals(await items.next(), { done: false, value: 0 });
  assertEquals(made, [0]);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assertEquals(made, [0, 1]);
  for (const value of [1, 2, 3]) assertEquals(await items.next(), { done: false, value });
  assert((await items.next()).done);
  assertEquals(made, [0, 1, 2, 3]);
});

Deno.test("prefetch hands out what it made ahead, and nothing twice", async () => {
  const made: object[] = [];
  const items = prefetched(2, () => {
    const item = {};
    made.push(item);
    return item;
  });
  await items.next();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assertEquals(made.length, 2);
  assertStrictEquals((await items.next()).value, made[1]);
  await items.return!();
});

Deno.test("prefetch passes on an error of the item made ahead to whoever asks for it", async () => {
  const items = prefetched(2, (index) => {
    if (index === 1) throw new RangeError("item 1");
    return index;
  });
  assertEquals((await items.next()).value, 0);
  await new Promise((resolve) => setTimeout(resolve, 20));
  await assertRejects(() => items.next(), RangeError, "item 1");
  assert((await items.next()).done);
});
