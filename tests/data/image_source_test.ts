// Tests of lib/data/image_source.ts, and of what the others do with a source.

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { batches } from "../../lib/data/dataset.ts";
import type { Examples } from "../../lib/data/examples.ts";
import { type ImageSource, readExamples } from "../../lib/data/image_source.ts";
import { splitValidation, takeExamples } from "../../lib/data/select_examples.ts";
import { features } from "../../lib/explain/embedding/features.ts";
import { evaluate } from "../../lib/train/evaluate.ts";
import { identity } from "../../lib/layers/activation.ts";
import { flatten } from "../../lib/layers/reshape.ts";
import { sequential } from "../../lib/layers/sequential.ts";
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

/** The same examples as a source, which notes what it was asked for. */
function sourceOf({ images, ...rest }: Examples): ImageSource & { readonly asked: number[][] } {
  const asked: number[][] = [];
  return {
    ...rest,
    asked,
    async read(indices) {
      asked.push([...indices]);
      await new Promise((resolve) => setTimeout(resolve, 2));
      const pixels = new Uint8Array(indices.length * 4);
      indices.forEach((at, i) => pixels.set(images.subarray(4 * at, 4 * at + 4), 4 * i));
      return pixels;
    },
  };
}

async function numbersOf(examples: Examples | ImageSource, shuffled: boolean): Promise<unknown[]> {
  const all = [];
  const options = { batchSize: 4, ...(shuffled ? { key: key(3) } : {}), skip: 1 };
  for await (const { images, labels, classes, size } of batches(examples, options)) {
    all.push([await images.array(), await labels.array(), [...classes], size]);
    tf.dispose([images, labels]);
  }
  return all;
}

Deno.test("batches gives the same of a source as of the same images in memory", async () => {
  for (const shuffled of [false, true]) {
    const [memory, source] = [numbered(11), sourceOf(numbered(11))];
    assertEquals(await numbersOf(source, shuffled), await numbersOf(memory, shuffled));
    assertEquals(source.asked.map((indices) => indices.length), [4, 3]);
  }
});

Deno.test("a source is read one batch ahead while the consumer waits, and not further", async () => {
  const source = sourceOf(numbered(11));
  const before = tf.memory().numTensors;
  for await (const { images, labels } of batches(source, { batchSize: 3 })) {
    tf.dispose([images, labels]);
    await new Promise((resolve) => setTimeout(resolve, 20));
    assertEquals(source.asked, [[0, 1, 2], [3, 4, 5]]);
    break; // What is under way ends with the loop.
  }
  assertEquals(tf.memory().numTensors, before);
});

Deno.test("an error of reading, ahead or not, is thrown by the loop over batches", async () => {
  const source = sourceOf(numbered(6));
  const broken: ImageSource = {
    ...source,
    read: (indices) =>
      indices.includes(5) ? Promise.reject(new SyntaxError("file 5")) : source.read(indices),
  };
  const before = tf.memory().numTensors;
  for (const wait of [0, 20]) {
    let seen = 0;
    await assertRejects(
      async () => {
        for await (const { images, labels } of batches(broken, { batchSize: 3 })) {
          tf.dispose([images, labels]);
          seen++;
          await new Promise((resolve) => setTimeout(resolve, wait));
        }
      },
      SyntaxError,
      "file 5",
    );
    assertEquals(seen, 1);
  }
  assertEquals(tf.memory().numTensors, before);
});

Deno.test("a source that returns too few pixels, or none, is refused", async () => {
  for (const answer of [new Uint8Array(23), undefined as unknown as Uint8Array]) {
    const source: ImageSource = {
      ...sourceOf(numbered(6)),
      read: () => Promise.resolve(answer),
    };
    await assertRejects(() => readExamples(source), TypeError, "must have 24 bytes");
    await assertRejects(
      () => Array.fromAsync(batches(source, { batchSize: 6 })),
      TypeError,
      "must have 24 bytes",
    );
  }
});

Deno.test("take and splitValidation of a source are those of the images in memory", async () => {
  const [memory, source] = [numbered(20), sourceOf(numbered(20))];
  assertEquals(await readExamples(takeExamples(source, 7)), takeExamples(memory, 7));
  const parts = await Promise.all(
    splitValidation(source, 0.3, key(1)).map((part) => readExamples(part)),
  );
  assertEquals(parts, splitValidation(memory, 0.3, key(1)));
  const [, twice] = splitValidation(splitValidation(source, 0.5, key(1))[0], 0.5, key(2));
  const [, expected] = splitValidation(splitValidation(memory, 0.5, key(1))[0], 0.5, key(2));
  assertEquals(await readExamples(twice), expected);
  assertThrows(() => takeExamples(source, 21), RangeError, "from 1 to 20");
  assertEquals(await readExamples(memory), memory);
});

Deno.test("300 classes are told apart: labels, one-hot rows, and the confusion matrix", async () => {
  const classes = 300;
  const labels = Uint16Array.from({ length: classes }, (_, i) => i);
  const images = new Uint8Array(classes * classes); // [300, 1, 300, 1], a one-hot row each
  labels.forEach((label) => images[label * classes + label] = 255);
  const classNames = Array.from(labels, (label) => `class ${label}`);
  const examples: Examples = {
    name: "many",
    images,
    labels,
    imageShape: [1, classes, 1],
    classNames,
  };
  const [, held] = splitValidation(examples, 0.5, key(0));
  assert(held.labels.some((label) => label > 255));
  for await (const batch of batches(held, { batchSize: held.labels.length })) {
    assertEquals([...batch.classes], [...held.labels]);
    assertEquals(await batch.labels.argMax(1).array(), [...held.labels]);
    assertEquals(await batch.images.reshape([-1, classes]).argMax(1).array(), [...held.labels]);
    tf.dispose([batch.images, batch.labels]);
  }
  const model = sequential({ flatten: flatten(), logits: identity() });
  const weights = { params: { flatten: {}, logits: {} }, state: { flatten: {}, logits: {} } };
  const { accuracy, confusion } = await evaluate({ model, ...weights }, examples, { jit: false });
  assertEquals([accuracy, confusion.counts[299]![299]], [1, 1]);
});

Deno.test("features of a source are those of the images in memory", async () => {
  const network = {
    model: sequential({ flatten: flatten(), last: identity() }),
    params: { flatten: {}, last: {} },
    state: { flatten: {}, last: {} },
  };
  const options = { batchSize: 4, jit: false };
  const ofMemory = await features(network, numbered(11), "flatten", options);
  assertEquals(await features(network, sourceOf(numbered(11)), "flatten", options), ofMemory);
  assertEquals([ofMemory.count, ofMemory.size], [11, 4]);
});
