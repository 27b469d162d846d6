// Tests of lib/data/idx.ts and lib/data/gzip.ts: sound files are read, all others refused.

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { parseIdx, readIdx } from "../../lib/data/sources/idx.ts";
import { gzipped, idxBytes, withFolder } from "./idx_files.ts";

const SMALL = idxBytes([2, 2, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 255]);

/** Asserts that `bytes`, as a file on disk, are refused with an error that has all the `parts`. */
async function assertRefused(bytes: Uint8Array, ...parts: string[]): Promise<void> {
  await withFolder({ "bad.idx": bytes }, async (directory) => {
    const file = `${directory}/bad.idx`;
    const error = await assertRejects(() => readIdx(file), SyntaxError, file);
    for (const part of ["at byte ", "expected ", "found ", ...parts]) {
      assert(error.message.includes(part), `"${error.message}" lacks "${part}"`);
    }
  });
}

Deno.test("parseIdx returns shape and values of a file, also of a view into a larger buffer", () => {
  const padded = new Uint8Array(SMALL.length + 9);
  padded.set(SMALL, 5);
  for (const bytes of [SMALL, padded.subarray(5, 5 + SMALL.length)]) {
    const { shape, values } = parseIdx(bytes, "small");
    assertEquals(shape, [2, 2, 3]);
    assertEquals([...values], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 255]);
  }
});

Deno.test("parseIdx reads the dimensions as unsigned and big-endian", () => {
  assertEquals(parseIdx(idxBytes([0x0102], new Uint8Array(0x0102)), "long").shape, [258]);
});

Deno.test("readIdx reads a plain file and a gzipped one alike, whatever its name ends in", async () => {
  await withFolder({ "a.gz": SMALL, "b": await gzipped(SMALL) }, async (directory) => {
    assertEquals(await readIdx(`${directory}/a.gz`), parseIdx(SMALL, "small"));
    assertEquals(await readIdx(`${directory}/b`), parseIdx(SMALL, "small"));
    assertEquals(await readIdx(new URL(`file://${directory}/b`)), parseIdx(SMALL, "small"));
  });
});

Deno.test("readIdx inflates a gzipped file of many pieces", async () => {
  const values = crypto.getRandomValues(new Uint8Array(60_000));
  await withFolder({ "a.gz": await gzipped(idxBytes([60_000], values)) }, async (directory) => {
    assertEquals((await readIdx(`${directory}/a.gz`)).values, values);
  });
});

Deno.test("parseIdx refuses a wrong magic number with file, offset, expected and found", () => {
  const cases: [bytes: number[], message: string][] = [
    [
      [0, 1, 8, 1, 0, 0, 0, 0],
      "at byte 1, expected the file to begin with 00 00 08, found 00 01 08",
    ],
    [
      [0, 0, 13, 1, 0, 0, 0, 0],
      "at byte 2, expected the file to begin with 00 00 08, found 00 00 0d",
    ],
    [
      [0x89, 0x50, 0x4e, 0x47],
      "at byte 0, expected the file to begin with 00 00 08, found 89 50 4e",
    ],
    [[0, 0, 8, 0], "at byte 3, expected 1 or more, found 0"],
  ];
  for (const [bytes, message] of cases) {
    const error = assertThrows(
      () => parseIdx(new Uint8Array(bytes), "x.idx"),
      SyntaxError,
      message,
    );
    assert(error.message.startsWith("Cannot read x.idx: "));
  }
});

Deno.test("parseIdx refuses a file cut off at any byte", () => {
  for (let length = 0; length < SMALL.length; length++) {
    const cut = SMALL.subarray(0, length);
    assertThrows(() => parseIdx(cut, "x.idx"), SyntaxError, `at byte ${length}, expected `);
  }
});

Deno.test("parseIdx refuses bytes after the data", () => {
  const longer = new Uint8Array([...SMALL, 0]);
  const message = `at byte ${SMALL.length}, expected the end, found 1 more bytes`;
  assertThrows(() => parseIdx(longer, "x.idx"), SyntaxError, message);
});

Deno.test("parseIdx refuses dimensions that lie, among them products beyond all numbers", () => {
  const most = 2 ** 32 - 1;
  const lies = [[13], [most], [most, most], Array(40).fill(most), Array(255).fill(most)];
  for (const shape of lies) {
    const bytes = idxBytes(shape, new Uint8Array(12));
    assertThrows(() => parseIdx(bytes, "x.idx"), SyntaxError, "values its header claims");
  }
  // A zero makes the product zero, also where the rest overflows: then the data are too many.
  const none = idxBytes([...Array(40).fill(most), 0], [1]);
  assertThrows(() => parseIdx(none, "x.idx"), SyntaxError, "nothing may follow its data");
});

Deno.test("readIdx refuses a gzipped file cut off at any byte", async () => {
  const whole = await gzipped(SMALL);
  for (let length = 0; length < whole.length; length++) {
    await assertRefused(whole.subarray(0, length));
  }
});

Deno.test("readIdx returns the same values or refuses if any byte of a gzipped file changes", async () => {
  const whole = await gzipped(SMALL);
  let refused = 0;
  for (let at = 0; at < whole.length; at++) {
    const changed = whole.slice();
    changed[at]! ^= 0x55;
    await withFolder({ "x.gz": changed }, async (directory) => {
      try {
        assertEquals(await readIdx(`${directory}/x.gz`), parseIdx(SMALL, "small"));
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
        refused++;
      }
    });
  }
  // All but a few bytes of gzip's own header (time, system) count.
  assert(refused >= whole.length - 8, `${refused} of ${whole.length} changes were refused`);
});

Deno.test("readIdx refuses bytes after a gzip stream", async () => {
  await assertRefused(new Uint8Array([...await gzipped(SMALL), 1, 2, 3]), "whole and valid gzip");
});

Deno.test("readIdx refuses gzipped content that is not IDX, too short or too long", async () => {
  await assertRefused(await gzipped(new TextEncoder().encode("label,pixel")), "(inflated)");
  await assertRefused(await gzipped(new Uint8Array(0)), "at byte 0");
  await assertRefused(await gzipped(SMALL.slice(0, 9)), "at byte 9");
  await assertRefused(await gzipped(SMALL.slice(0, -1)), `at byte ${SMALL.length - 1}`);
  await assertRefused(await gzipped(new Uint8Array([...SMALL, 0])), `at byte ${SMALL.length}`);
});

Deno.test("readIdx inflates a gzip bomb no further than its header claims", async () => {
  const bomb = new Uint8Array(50_000_000);
  bomb.set(SMALL);
  const bytes = await gzipped(bomb);
  // Had all of it been inflated, the message would know how many bytes too many there are.
  await assertRefused(bytes, `at byte ${SMALL.length}, expected the end, found more bytes`);
});

Deno.test("readIdx refuses a gzipped file that claims more than it can hold, and inflates no more", async () => {
  const bytes = await gzipped(idxBytes([2 ** 32 - 1, 28, 28], new Uint8Array(784)));
  await assertRefused(bytes, "at byte 0", "a claim of 3367254359");
  await assertRefused(await gzipped(idxBytes(Array(255).fill(2 ** 32 - 1), [])), "Infinity");
});

Deno.test("readIdx names a missing file", async () => {
  await assertRejects(
    () => readIdx("/no/such/file.idx"),
    Deno.errors.NotFound,
    "/no/such/file.idx",
  );
});
