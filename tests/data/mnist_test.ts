// Tests of lib/data/mnist.ts and lib/data/idx_folder.ts.

import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { mnist } from "../../lib/data/sources/mnist.ts";
import { gzipped, idxBytes, imageBytes, soundFiles, withFolder } from "./idx_files.ts";

/** Asserts that the sound files with `changes` are refused with an error that has all the `parts`. */
async function assertRefused(
  changes: Record<string, Uint8Array>,
  ...parts: string[]
): Promise<void> {
  await withFolder({ ...soundFiles(), ...changes }, async (dataDir) => {
    const error = await assertRejects(() => mnist({ dataDir }), SyntaxError, dataDir);
    for (const part of parts) {
      assert(error.message.includes(part), `"${error.message}" lacks "${part}"`);
    }
  });
}

Deno.test("mnist has the published counts, labels, mean and deviation", async () => {
  const { train, test } = await mnist();
  assertEquals([train.labels.length, test.labels.length], [60_000, 10_000]);
  assertEquals([train.images.length, test.images.length], [60_000 * 784, 10_000 * 784]);
  assertEquals([train.imageShape, test.imageShape], [[28, 28, 1], [28, 28, 1]]);
  const histogram = new Array(10).fill(0);
  train.labels.forEach((label) => histogram[label]++);
  assertEquals(histogram, [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
  assertEquals([...train.labels.subarray(0, 5)], [5, 0, 4, 1, 9]);
  assertEquals([...test.labels.subarray(0, 5)], [7, 2, 1, 0, 4]);
  const mean = train.images.reduce((sum, x) => sum + x, 0) / train.images.length;
  const square = train.images.reduce((sum, x) => sum + x * x, 0) / train.images.length;
  assertAlmostEquals(mean / 255, 0.1307, 5e-5);
  assertAlmostEquals(Math.sqrt(square - mean * mean) / 255, 0.3081, 5e-5);
});

Deno.test("mnist reads a data directory, given as path or URL, with a slash at its end or none", async () => {
  await withFolder(soundFiles(), async (dir) => {
    for (const dataDir of [dir, `${dir}/`, new URL(`file://${dir}`), new URL(`file://${dir}/`)]) {
      const { train, test } = await mnist({ dataDir });
      assertEquals([train.name, test.name], ["mnist/train", "mnist/test"]);
      assertEquals([...train.labels, ...test.labels], [9, 0, 4, 1, 2]);
      assertEquals(train.images, imageBytes(3).slice(16));
      assertEquals(test.images, imageBytes(2).slice(16));
      assertEquals(train.classNames, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    }
  });
});

Deno.test("mnist reads every variant of the files' names, plain before gzipped", async () => {
  const sound = Object.entries(soundFiles());
  const dotted = sound.map(([name, bytes]) => [name.replace("-idx", ".idx"), bytes] as const);
  const zip = async (files: readonly (readonly [string, Uint8Array<ArrayBuffer>])[]) =>
    await Promise.all(
      files.map(async ([name, bytes]) => [`${name}.gz`, await gzipped(bytes)] as const),
    );
  const broken = sound.map(([name]) => [`${name}.gz`, new Uint8Array(3)] as const);
  for (const files of [dotted, await zip(sound), await zip(dotted), [...sound, ...broken]]) {
    await withFolder(Object.fromEntries(files), async (dataDir) => {
      assertEquals([...(await mnist({ dataDir })).train.labels], [9, 0, 4]);
    });
  }
});

Deno.test("mnist names the directory that is missing, or is none", async () => {
  const missing = "/no/such/directory";
  await assertRejects(() => mnist({ dataDir: missing }), Deno.errors.NotFound, missing);
  await assertRejects(() => mnist({ dataDir: "" }), Deno.errors.NotFound, "must be a folder");
  await withFolder({ file: new Uint8Array(1) }, async (dir) => {
    const dataDir = `${dir}/file`;
    await assertRejects(() => mnist({ dataDir }), Deno.errors.NotFound, dataDir);
  });
});

Deno.test("mnist names the missing file, its folder, and what the folder holds", async () => {
  for (const missing of Object.keys(soundFiles())) {
    const { [missing]: _, ...others } = soundFiles();
    await withFolder(others, async (dataDir) => {
      const error = await assertRejects(() => mnist({ dataDir }), Deno.errors.NotFound, missing);
      const parts = [dataDir, `${missing}.gz`, missing.replace("-idx", ".idx")];
      for (const part of [...parts, ...Object.keys(others)]) assert(error.message.includes(part));
    });
  }
  await withFolder({}, async (dataDir) => {
    await assertRejects(() => mnist({ dataDir }), Deno.errors.NotFound, "which holds nothing");
  });
});

Deno.test("mnist refuses images that are not 28×28, none at all, and another rank", async () => {
  const images = "train-images-idx3-ubyte";
  const cases: [shape: number[], message: string][] = [
    [[3, 27, 28], "at byte 8, expected 28, found a height of 27"],
    [[3, 28, 32], "at byte 12, expected 28, found a width of 32"],
    [[0, 28, 28], "at byte 4, expected 1 or more, found 0"],
    [[3, 784], "at byte 3, expected 3, found 2"],
    [[3, 28, 28, 1], "at byte 3, expected 3, found 4"],
  ];
  for (const [shape, message] of cases) {
    const values = new Uint8Array(shape.reduce((a, b) => a * b));
    await assertRefused({ [images]: idxBytes(shape, values) }, images, message);
  }
});

Deno.test("mnist refuses labels out of range, and more or fewer of them than images", async () => {
  const labels = "t10k-labels-idx1-ubyte";
  const cases: [bytes: Uint8Array, message: string][] = [
    [idxBytes([2], [1, 10]), "at byte 9, expected 0 to 9, found 10"],
    [idxBytes([2], [255, 1]), "at byte 8, expected 0 to 9, found 255"],
    [idxBytes([1], [1]), "at byte 4, expected 2 labels, found 1"],
    [idxBytes([3], [1, 2, 3]), "at byte 4, expected 2 labels, found 3"],
    [idxBytes([2, 1], [1, 2]), "at byte 3, expected 1, found 2"],
  ];
  for (const [bytes, message] of cases) await assertRefused({ [labels]: bytes }, labels, message);
});

Deno.test("mnist refuses images and labels that are exchanged", async () => {
  const { "train-images-idx3-ubyte": images, "train-labels-idx1-ubyte": labels } = soundFiles();
  await assertRefused({ "train-images-idx3-ubyte": labels! }, "expected 3, found 1");
  await assertRefused({ "train-labels-idx1-ubyte": images! }, "expected 1, found 3");
});

Deno.test("mnist refuses a file cut off, a gzipped one that is cut off, and one that is text", async () => {
  const images = imageBytes(3);
  const zipped = await gzipped(images);
  const name = "train-images-idx3-ubyte";
  for (const length of [0, 1, 3, 4, 15, 16, 17, 800, images.length - 1]) {
    await assertRefused({ [name]: images.subarray(0, length) }, name, `at byte ${length}, `);
  }
  for (const length of [2, 9, 10, 20, zipped.length - 9, zipped.length - 1]) {
    await assertRefused({ [name]: zipped.subarray(0, length) }, name, `at byte ${length}, `);
  }
  await assertRefused(
    { [name]: new TextEncoder().encode("<html>404</html>") },
    name,
    "at byte 0, ",
  );
});
