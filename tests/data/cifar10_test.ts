// Tests of lib/data/cifar10.ts.

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { cifar10 } from "../../lib/data/sources/cifar10.ts";
import { gzipped, withFolder } from "./idx_files.ts";

const RECORD = 3073;

/** Records with these labels; the pixels tell label, channel, row and column apart. */
function batch(...labels: number[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(labels.length * RECORD);
  labels.forEach((label, i) => {
    bytes[i * RECORD] = label;
    for (let c = 0; c < 3; c++) {
      for (let y = 0; y < 32; y++) {
        for (let x = 0; x < 32; x++) {
          bytes[i * RECORD + 1 + c * 1024 + y * 32 + x] = level(label, c, y, x);
        }
      }
    }
  });
  return bytes;
}

function level(label: number, c: number, y: number, x: number): number {
  return (label * 17 + c * 80 + y * 5 + x * 3) & 255;
}

const NAMES = "airplane automobile bird cat deer dog frog horse ship truck".split(" ");
const text = (value: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(value);

function soundFiles(): Record<string, Uint8Array<ArrayBuffer>> {
  return {
    "batches.meta.txt": text(NAMES.join("\n") + "\n\n"),
    "data_batch_1.bin": batch(9, 0),
    "data_batch_3.bin": batch(4),
    "test_batch.bin": batch(1, 2),
  };
}

/** Asserts that the sound files with `changes` are refused with an error that has all the `parts`. */
async function assertRefused(
  changes: Record<string, Uint8Array>,
  ...parts: string[]
): Promise<void> {
  await withFolder({ ...soundFiles(), ...changes }, async (dataDir) => {
    const error = await assertRejects(() => cifar10({ dataDir }), SyntaxError, dataDir);
    for (const part of parts) {
      assert(error.message.includes(part), `"${error.message}" lacks "${part}"`);
    }
  });
}

Deno.test("cifar10 reads those training files that are there, and puts channels side by side", async () => {
  await withFolder(soundFiles(), async (dir) => {
    for (const dataDir of [dir, `${dir}/`, new URL(`file://${dir}`)]) {
      const { train, test } = await cifar10({ dataDir });
      assertEquals([train.name, test.name], ["cifar10/train", "cifar10/test"]);
      assertEquals([[...train.labels], [...test.labels]], [[9, 0, 4], [1, 2]]);
      assertEquals([train.imageShape, test.imageShape], [[32, 32, 3], [32, 32, 3]]);
      assertEquals([train.classNames, test.classNames], [NAMES, NAMES]);
      for (const { images, labels } of [train, test]) {
        assertEquals(images.length, labels.length * 3072);
        images.forEach((value, at) => {
          const [c, pixel] = [at % 3, Math.floor(at / 3)];
          const [x, y] = [pixel % 32, Math.floor(pixel / 32) % 32];
          const expected = level(labels[Math.floor(pixel / 1024)]!, c, y, x);
          if (value !== expected) assertEquals(value, expected, `at ${at}`);
        });
      }
    }
  });
});

Deno.test("cifar10 reads gzipped files, plain ones first", async () => {
  const zipped: Record<string, Uint8Array> = {};
  for (const [name, bytes] of Object.entries(soundFiles())) {
    zipped[`${name}.gz`] = await gzipped(bytes);
  }
  await withFolder(zipped, async (dataDir) => {
    const { train, test } = await cifar10({ dataDir });
    assertEquals([...train.labels, ...test.labels], [9, 0, 4, 1, 2]);
    assertEquals(train.images.subarray(0, 3), new Uint8Array([153, 233, 57]));
    assertEquals(test.classNames, NAMES);
  });
  await withFolder({ ...soundFiles(), "test_batch.bin.gz": text("no") }, async (dataDir) => {
    assertEquals([...(await cifar10({ dataDir })).test.labels], [1, 2]);
  });
});

Deno.test("cifar10 names classes by the folder's file, or by the published names", async () => {
  const { "batches.meta.txt": _, ...without } = soundFiles();
  await withFolder(without, async (dataDir) => {
    assertEquals((await cifar10({ dataDir })).test.classNames, NAMES);
  });
  const own = NAMES.map((name) => name.toUpperCase());
  await withFolder(
    { ...without, "batches.meta.txt": text(own.join("\r\n")) },
    async (dataDir) => {
      assertEquals((await cifar10({ dataDir })).test.classNames, own);
    },
  );
  const short = text(NAMES.slice(1).join("\n"));
  await assertRefused({ "batches.meta.txt": short }, "batches.meta.txt", "expected 10, found 9");
});

Deno.test("a folder with one part serves it, and names the files if the other is used", async () => {
  await withFolder({ "test_batch.bin": batch(3) }, async (dataDir) => {
    const data = await cifar10({ dataDir });
    assertEquals([...data.test.labels], [3]);
    const { message } = assertThrows(() => data.train, Deno.errors.NotFound, "cifar10/train");
    const part = "must hold data_batch_1.bin to data_batch_5.bin, plain or .gz, got";
    assert(message.includes(`${part} ${dataDir}, which holds test_batch.bin`), message);
  });
  await withFolder({ "data_batch_2.bin": batch(3) }, async (dataDir) => {
    const data = await cifar10({ dataDir });
    assertEquals([...data.train.labels], [3]);
    assertThrows(() => data.test, Deno.errors.NotFound, "must hold test_batch.bin, plain or .gz");
  });
});

Deno.test("cifar10 says where to get it, and names a folder that is missing or lacks it", async () => {
  await assertRejects(() => cifar10(), Deno.errors.NotFound, "https://www.cs.toronto.edu/~kriz/");
  await assertRejects(() => cifar10(), Deno.errors.NotFound, "--data-dir");
  const missing = "/no/such/directory";
  await assertRejects(() => cifar10({ dataDir: missing }), Deno.errors.NotFound, missing);
  await assertRejects(() => cifar10({ dataDir: "" }), Deno.errors.NotFound, "must be a folder");
  await withFolder({ "cifar-10-binary.tar.gz": text("x") }, async (dataDir) => {
    const error = await assertRejects(() => cifar10({ dataDir }), Deno.errors.NotFound, dataDir);
    assert(error.message.includes("data_batch_1.bin to data_batch_5.bin or test_batch.bin"));
    assert(error.message.includes("which holds cifar-10-binary.tar.gz"));
  });
});

Deno.test("cifar10 refuses files that are empty, cut, too long or of other things", async () => {
  const name = "test_batch.bin";
  await assertRefused({ [name]: new Uint8Array(0) }, name, "at byte 0, expected 3073 bytes");
  for (const length of [1, 3072, 3074, 6145]) {
    const at = Math.floor(length / RECORD) * RECORD;
    const part = `at byte ${at}, expected 3073 bytes, found ${length - at} to the end`;
    await assertRefused({ [name]: batch(1, 2).subarray(0, length) }, name, part);
  }
  await assertRefused({ [name]: text("<html>404</html>") }, "whole records of 3073 bytes");
  await assertRefused({ [name]: batch(1, 10) }, "at byte 3073, expected 0 to 9, found 10");
  await assertRefused({ "data_batch_3.bin": batch(255) }, "data_batch_3.bin", "found 255");
  const long = new Uint8Array(10_001 * RECORD);
  await assertRefused({ [name]: long }, "at most 10000 images", "3073 more bytes");
  await assertRefused({ "data_batch_2.bin.gz": await gzipped(long) }, "nothing may follow");
});

Deno.test("cifar10 refuses a gzipped file that is cut", async () => {
  const zipped = await gzipped(batch(1, 2, 3));
  for (const length of [2, 10, zipped.length - 9, zipped.length - 1]) {
    const bytes = zipped.subarray(0, length);
    await assertRefused({ "data_batch_2.bin.gz": bytes }, "data_batch_2.bin.gz");
  }
});

const shared = new URL("../../../shared/data/cifar10/", import.meta.url);
let absent = false;
try {
  Deno.statSync(shared);
} catch {
  absent = true;
}

Deno.test({
  name: "the real sample has as many images of each class as its notes say" +
    (absent ? " (ignored: ../shared/data cannot be read)" : ""),
  ignore: absent,
  async fn(): Promise<void> {
    const { train, test } = await cifar10({ dataDir: shared });
    assertEquals([train.labels.length, test.labels.length], [10_000, 2_000]);
    for (const [{ labels }, each] of [[train, 1000], [test, 200]] as const) {
      const counts = new Array(10).fill(0);
      labels.forEach((label) => counts[label]++);
      assertEquals(counts, new Array(10).fill(each));
    }
    assertEquals(test.classNames, NAMES);
  },
});
