// Tests of lib/data/select_examples.ts.

import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { type ArrayExamples, type Column, countExamples } from "../../lib/data/columns.ts";
import type { Examples } from "../../lib/data/examples.ts";
import { readExamples } from "../../lib/data/image_source.ts";
import { sampleExamples, splitValidation, takeExamples } from "../../lib/data/select_examples.ts";
import { key } from "../../lib/tensor/random.ts";

/** Examples of `count` 1×2 images, whose pixels are both the example's index. */
function numbered(count: number): Examples {
  return {
    name: "numbered",
    images: Uint8Array.from({ length: 2 * count }, (_, i) => i >> 1),
    labels: Uint8Array.from({ length: count }, (_, i) => i % 3),
    imageShape: [1, 2, 1],
    classNames: ["a", "b", "c"],
  };
}

/** The index of each example of `numbered`, once its pixels and label are seen to agree. */
function indices({ images, labels }: Examples): number[] {
  return Array.from(labels, (label, i) => {
    assertEquals([images[2 * i], label], [images[2 * i + 1], images[2 * i]! % 3]);
    return images[2 * i]!;
  });
}

Deno.test("takeExamples takes the first examples", () => {
  assertEquals(indices(takeExamples(numbered(5), 2)), [0, 1]);
  assertEquals(indices(takeExamples(numbered(5), 5)), [0, 1, 2, 3, 4]);
  assertEquals(takeExamples(numbered(5), 2).name, "numbered");
});

Deno.test("takeExamples and sampleExamples refuse a count that is 0, negative, not whole, or more than there are", () => {
  for (const count of [0, -1, 1.5, NaN, Infinity, 6]) {
    const message =
      `of the 5 examples of numbered: their count must be a whole number from 1 to 5, got ${count}`;
    assertThrows(() => takeExamples(numbered(5), count), RangeError, message);
    assertThrows(() => sampleExamples(numbered(5), count, key(0)), RangeError, message);
  }
});

Deno.test("splitValidation splits all examples in two, at random and by the key alone", () => {
  const [train, validation] = splitValidation(numbered(50), 0.2, key(1));
  assertEquals([train.labels.length, validation.labels.length], [40, 10]);
  const all = [...indices(train), ...indices(validation)];
  assertEquals(all.toSorted((a, b) => a - b), indices(numbered(50)));
  assertNotEquals(all, indices(numbered(50)));
  assertEquals(splitValidation(numbered(50), 0.2, key(1)), [train, validation]);
  assertNotEquals(splitValidation(numbered(50), 0.2, key(2))[1].images, validation.images);
  assertEquals([train.name, validation.name], ["numbered", "numbered/validation"]);
});

Deno.test("labels of other arrays, which would be cut to eight bits, are refused", () => {
  for (const Kind of [Int32Array, Uint32Array, Float32Array, Uint8ClampedArray, Int8Array]) {
    const labels = Kind.from(numbered(5).labels) as unknown as Uint8Array;
    const message = "labels must be the indices of classes in a Uint8Array or Uint16Array, got";
    assertThrows(() => takeExamples({ ...numbered(5), labels }, 2), TypeError, message);
  }
});

Deno.test("splitValidation refuses a fraction that leaves a part empty", () => {
  for (const fraction of [0, 1, -0.5, 1.5, NaN, Infinity, 0.001, 0.999]) {
    const message = `of its 5 examples empty, got ${fraction}`;
    assertThrows(() => splitValidation(numbered(5), fraction, key(0)), RangeError, message);
  }
});

Deno.test("examples whose parts do not match are refused", () => {
  const sound = numbered(4);
  const uses = [
    (examples: Examples) => takeExamples(examples, 1),
    (examples: Examples) => sampleExamples(examples, 1, key(0)),
    (examples: Examples) => splitValidation(examples, 0.5, key(0)),
  ];
  for (const use of uses) {
    assertThrows(() => use({ ...sound, images: sound.images.subarray(1) }), TypeError, "7 pixel");
    assertThrows(() => use({ ...sound, labels: new Uint8Array(3) }), TypeError, "3 labels");
    assertThrows(() => use(numbered(0)), TypeError, "0 labels");
    assertThrows(() => use({ ...sound, imageShape: [1, 2, 0] }), TypeError, "[1,2,0]");
    assertThrows(() => use({ ...sound, imageShape: [1, 4, 0.5] }), TypeError, "[1,4,0.5]");
    const labels = new Uint8Array([0, 1, 3, 2]);
    assertThrows(() => use({ ...sound, labels }), RangeError, "got 3 at index 2");
  }
});

/** Examples of 1×1 images, sorted by class, with so many of each; the pixel is the index. */
function sorted(counts: readonly number[]): Examples {
  const labels = Uint8Array.from(counts.flatMap((count, label) => Array(count).fill(label)));
  return {
    name: "sorted",
    images: Uint8Array.from(labels, (_, i) => i),
    labels,
    imageShape: [1, 1, 1],
    classNames: counts.map((_, label) => `class ${label}`),
  };
}

/** How many of each class there are. */
function countsOf({ labels, classNames }: Examples): number[] {
  return classNames.map((_, label) => labels.filter((one) => one === label).length);
}

Deno.test("a sample has as many of each class as of another, as far as there are so many", () => {
  const examples = sorted([50, 20, 3]);
  const cases: [number, number[]][] = [[9, [3, 3, 3]], [23, [10, 10, 3]], [53, [30, 20, 3]]];
  for (const [count, expected] of cases) {
    assertEquals(countsOf(sampleExamples(examples, count, key(0))), expected);
  }
  // What is left over goes to the first classes.
  assertEquals(countsOf(sampleExamples(examples, 5, key(0))), [2, 2, 1]);
  assertEquals(countsOf(sampleExamples(examples, 1, key(0))), [1, 0, 0]);
  assertEquals(sampleExamples(examples, 73, key(0)), examples);
});

Deno.test("a sample is drawn by its key alone, in the examples' order, and a larger one holds it", () => {
  const examples = sorted([40, 40]);
  const few = sampleExamples(examples, 10, key(3));
  assertEquals(few, sampleExamples(examples, 10, key(3)));
  assertNotEquals(few.images, sampleExamples(examples, 10, key(4)).images);
  assertNotEquals([...few.images].slice(0, 5), [0, 1, 2, 3, 4]);
  assertEquals(few.images.toSorted(), few.images);
  few.images.forEach((index, i) => assertEquals(examples.labels[index], few.labels[i]));
  const more = sampleExamples(examples, 30, key(3));
  assert(few.images.every((index) => more.images.includes(index)));
});

Deno.test("each example of a class is drawn about as often as another", () => {
  const times = Array<number>(10).fill(0);
  for (let seed = 0; seed < 500; seed++) {
    for (const index of sampleExamples(sorted([10, 10]), 8, key(seed)).images) {
      if (index < 10) times[index]!++;
    }
  }
  // 200 expected, of deviation 11: four of them.
  for (const time of times) assert(Math.abs(time - 200) < 44, `${times}`);
});

Deno.test("a sample of a source is that of the images in memory", async () => {
  const { images, ...rest } = sorted([9, 9]);
  const read = (indices: Uint32Array): Promise<Uint8Array> =>
    Promise.resolve(Uint8Array.from(indices, (index) => images[index]!));
  const expected = sampleExamples({ ...rest, images }, 7, key(0));
  assertEquals(await readExamples(sampleExamples({ ...rest, read }, 7, key(0))), expected);
});

/** Columns of which each number is its example's index, one of them read by a function. */
function columns(count: number): ArrayExamples {
  const index = (i: number): number => i;
  const pair = Float32Array.from({ length: 2 * count }, (_, i) => i >> 1);
  return {
    name: "columns",
    inputs: {
      pair: { values: pair, shape: [2], normalize: "none" },
      read: { values: (indices) => Promise.resolve(Int32Array.from(indices)), shape: [1] },
    },
    targets: { values: Int32Array.from({ length: count }, (_, i) => index(i)), shape: [] },
    contents: "indices",
  };
}

/** The index of each example of `columns`, once its columns are seen to agree. */
async function columnIndices({ inputs, targets, count }: ArrayExamples): Promise<number[]> {
  const { pair, read } = inputs as { readonly pair: Column; readonly read: Column };
  const values = Array.from((targets as Column).values as Int32Array);
  assertEquals([...pair.values as Float32Array], values.flatMap((i) => [i, i]));
  const asked = Uint32Array.from({ length: count! }, (_, i) => i);
  const own = await (read.values as (indices: Uint32Array) => Promise<Int32Array>)(asked);
  assertEquals([...own], values);
  return values;
}

Deno.test("arrays are cut and split as images are, and what reads them too", async () => {
  const five = columns(5);
  assertEquals(await columnIndices(takeExamples(five, 2)), [0, 1]);
  const [train, held] = splitValidation(columns(20), 0.25, key(2));
  assertEquals([countExamples(train), countExamples(held)], [15, 5]);
  const all = [...await columnIndices(train), ...await columnIndices(held)];
  assertEquals(all.toSorted((a, b) => a - b), Array.from({ length: 20 }, (_, i) => i));
  assertNotEquals(all, all.toSorted((a, b) => a - b));
  assertEquals(held.name, "columns/validation");
  assertNotEquals(train.contents, held.contents);
  // A part of a part.
  assertEquals(await columnIndices(takeExamples(train, 3)), all.slice(0, 3));
  assertEquals((five.targets as Column).values.length, 5);
  assertThrows(() => takeExamples(five, 6), RangeError, "their count must be");
  assertThrows(() => splitValidation(five, 1, key(0)), RangeError, "leave neither part");
  assertThrows(
    () => sampleExamples(five as unknown as Examples, 2, key(0)),
    TypeError,
    "Use takeExamples or splitValidation",
  );
});
