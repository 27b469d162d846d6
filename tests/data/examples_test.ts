// Tests of lib/data/examples.ts.

import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { type Examples, splitValidation, takeExamples } from "../../lib/data/examples.ts";
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

Deno.test("take answers the first examples", () => {
  assertEquals(indices(takeExamples(numbered(5), 2)), [0, 1]);
  assertEquals(indices(takeExamples(numbered(5), 5)), [0, 1, 2, 3, 4]);
  assertEquals(takeExamples(numbered(5), 2).name, "numbered");
});

Deno.test("take refuses a count that is 0, negative, not whole, or more than there are", () => {
  for (const count of [0, -1, 1.5, NaN, Infinity, 6]) {
    const message = `from 1 to 5, which is all of them, got ${count}`;
    assertThrows(() => takeExamples(numbered(5), count), RangeError, message);
  }
});

Deno.test("splitValidation parts all examples in two, at random and by the key alone", () => {
  const [train, validation] = splitValidation(numbered(50), 0.2, key(1));
  assertEquals([train.labels.length, validation.labels.length], [40, 10]);
  const all = [...indices(train), ...indices(validation)];
  assertEquals(all.toSorted((a, b) => a - b), indices(numbered(50)));
  assertNotEquals(all, indices(numbered(50)));
  assertEquals(splitValidation(numbered(50), 0.2, key(1)), [train, validation]);
  assertNotEquals(splitValidation(numbered(50), 0.2, key(2))[1].images, validation.images);
  assertEquals([train.name, validation.name], ["numbered", "numbered/validation"]);
});

Deno.test("splitValidation refuses a fraction that leaves a part empty", () => {
  for (const fraction of [0, 1, -0.5, 1.5, NaN, Infinity, 0.001, 0.999]) {
    const message = `of its 5 examples empty, got ${fraction}`;
    assertThrows(() => splitValidation(numbered(5), fraction, key(0)), RangeError, message);
  }
});

Deno.test("take and splitValidation refuse examples whose parts do not fit each other", () => {
  const sound = numbered(4);
  const uses = [
    (examples: Examples) => takeExamples(examples, 1),
    (examples: Examples) => splitValidation(examples, 0.5, key(0)),
  ];
  for (const use of uses) {
    assertThrows(() => use({ ...sound, images: sound.images.subarray(1) }), TypeError, "7 pixel");
    assertThrows(() => use({ ...sound, labels: new Uint8Array(3) }), TypeError, "3 labels");
    assertThrows(() => use(numbered(0)), TypeError, "0 labels");
    assertThrows(() => use({ ...sound, imageShape: [1, 2, 0] }), TypeError, "[1,2,0]");
    assertThrows(() => use({ ...sound, imageShape: [1, 4, 0.5] }), TypeError, "[1,4,0.5]");
    const labels = new Uint8Array([0, 1, 3, 2]);
    assertThrows(() => use({ ...sound, labels }), RangeError, "got 3 at place 2");
  }
});
