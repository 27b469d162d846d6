// Tests of lib/data/fashion_mnist.ts.

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { Examples } from "../../lib/data/examples.ts";
import { fashionMnist, parseClothes } from "../../lib/data/sources/fashion_mnist.ts";
import { idxBytes, soundFiles, withFolder } from "./idx_files.ts";

/** How often each label occurs in the first `count` examples. */
function histogram(examples: Examples, count = examples.labels.length): number[] {
  const counts = new Array(10).fill(0);
  examples.labels.subarray(0, count).forEach((label) => counts[label]++);
  return counts;
}

/** The SHA-256 of some bytes, in hexadecimal. */
async function digest(bytes: Uint8Array): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes.slice())).toHex();
}

Deno.test("fashionMnist has 6,000 training and 1,000 test images a class, the first of them balanced", async () => {
  const { train, test } = await fashionMnist();
  assertEquals(histogram(train), new Array(10).fill(6000));
  assertEquals(histogram(test), new Array(10).fill(1000));
  assertEquals(histogram(train, 100), new Array(10).fill(10));
  assertEquals(histogram(test, 100), new Array(10).fill(10));
  assertEquals([train.images.length, test.images.length], [60_000 * 784, 10_000 * 784]);
  assertEquals([train.imageShape, test.imageShape], [[28, 28, 1], [28, 28, 1]]);
  // The split must never change: a model trained on it would be tested on its own training images.
  assertEquals(
    await digest(train.images),
    "548a4956b5a915b1514de3473def139f9fb5259c299f9cd827c73383e08747ec",
  );
  assertEquals(
    await digest(test.images),
    "01a5d93fa3d1f8b5c34bb1411470eed3c47ff0113959b8da9fce656226e271c5",
  );
  assertEquals(train.classNames[9], "Ankle boot");
});

Deno.test("fashionMnist reads a data directory of IDX files, as strictly as mnist", async () => {
  await withFolder(soundFiles(), async (dataDir) => {
    const { train, test } = await fashionMnist({ dataDir });
    assertEquals([train.name, test.name], ["fashion-mnist/train", "fashion-mnist/test"]);
    assertEquals([...train.labels, ...test.labels], [9, 0, 4, 1, 2]);
    assertEquals(train.classNames[0], "T-shirt/top");
    await Deno.writeFile(`${dataDir}/train-labels-idx1-ubyte`, idxBytes([3], [9, 0, 10]));
    await assertRejects(() => fashionMnist({ dataDir }), SyntaxError, "expected 0 to 9, found 10");
  });
  await assertRejects(
    () => fashionMnist({ dataDir: "/no/such" }),
    Deno.errors.NotFound,
    "/no/such",
  );
});

Deno.test("parseClothes leaves out empty entries and keeps the order of the others", () => {
  const first = new Array(784).fill(1);
  const second = new Array(784).fill(255);
  const pixels = parseClothes(JSON.stringify({ data: [first, [], second, []] }), "0.json", 2);
  assertEquals([pixels.length, pixels[0], pixels[783], pixels[784]], [1568, 1, 1, 255]);
});

Deno.test("parseClothes refuses what is not such a file", () => {
  const image = new Array(784).fill(0);
  const cases: [text: string, message: string][] = [
    ["{", "must be JSON"],
    ["null", '{"data": [[pixel, …], …]}'],
    ["[]", '{"data": [[pixel, …], …]}'],
    ['{"data":[1]}', '{"data": [[pixel, …], …]}'],
    ['{"data":[]}', "must hold 1 images, got 0"],
    [JSON.stringify({ data: [image, image] }), "must hold 1 images, got 2"],
    [JSON.stringify({ data: [image.slice(1)] }), "783 numbers in image 0"],
    [JSON.stringify({ data: [image.with(5, 256)] }), "256 in image 0"],
    [JSON.stringify({ data: [image.with(5, -1)] }), "-1 in image 0"],
    [JSON.stringify({ data: [image.with(5, 0.5)] }), "0.5 in image 0"],
    [JSON.stringify({ data: [image.with(5, "1")] }), '"1" in image 0'],
    [JSON.stringify({ data: [image.with(5, { a: 1 })] }), '{"a":1} in image 0'],
  ];
  for (const [text, message] of cases) {
    const error = assertThrows(() => parseClothes(text, "0.json", 1), SyntaxError, message);
    assertEquals(error.message.startsWith("Cannot read 0.json: "), true);
  }
});
