// Tests of lib/files/tar_gz.ts.
import { assertEquals, assertRejects } from "@std/assert";
import { filesOfTarGz } from "../../lib/files/tar_gz.ts";
import { gzipped } from "../data/idx_files.ts";
import { tar } from "./tar_fixture.ts";

const noise = (length: number, seed: number): Uint8Array<ArrayBuffer> => {
  let state = seed;
  return Uint8Array.from({ length }, () => (state = Math.imul(state, 48271) % 0x7fffffff) & 255);
};
const [A, B, BIG] = [noise(1000, 1), noise(512, 2), noise(300_000, 3)];
const FILES = [
  ["set/", new Uint8Array()],
  ["set/big", BIG],
  ["set/a.bin", A],
  ["set/empty.bin", new Uint8Array()],
  ["set/b.bin", B],
] as const;

/** Reads an archive of these bytes; files of up to 1,000 bytes whose names end in .bin are wanted. */
async function read(bytes: Uint8Array): Promise<Map<string, Uint8Array>> {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeFile(path, bytes);
    return await filesOfTarGz(path, "it", (name) => name.endsWith(".bin") ? 1000 : undefined);
  } finally {
    await Deno.remove(path);
  }
}

const whole = tar(FILES).slice();

Deno.test("wanted files of an archive are read, and nothing of the others", async () => {
  const found = await read(await gzipped(whole));
  assertEquals([...found], [["a.bin", A], ["empty.bin", new Uint8Array()], ["b.bin", B]]);
});

Deno.test("an archive that is cut, anywhere, or damaged is refused", async () => {
  const file = await gzipped(whole);
  for (let i = 0; i < 20; i++) {
    await assertRejects(() => read(file.slice(0, i * file.length / 20)), SyntaxError, "unpack it");
  }
  // Cut before it was compressed: in the last file, before the blocks of zeros, in a header.
  for (const length of [whole.length - 1024 - 100, whole.length - 1024, 700]) {
    const cut = await gzipped(whole.slice(0, length));
    await assertRejects(() => read(cut), SyntaxError, "whole .tar.gz");
  }
  for (const at of [20, file.length >> 1, file.length - 6]) {
    const damaged = file.slice();
    damaged[at]! ^= 0xff;
    await assertRejects(() => read(damaged), SyntaxError, "whole .tar.gz");
  }
  const header = whole.slice();
  header[512 + 3]! ^= 1;
  const damaged = await gzipped(header);
  await assertRejects(() => read(damaged), SyntaxError, "checksum");
});

Deno.test("a file that is not an archive is refused", async () => {
  const text = new TextEncoder().encode("no archive".repeat(100));
  for (const bytes of [text, await gzipped(text), await gzipped(new Uint8Array())]) {
    await assertRejects(() => read(bytes), SyntaxError, "whole .tar.gz");
  }
  await assertRejects(
    () => filesOfTarGz("/nowhere.tar.gz", "it", () => 1),
    Deno.errors.NotFound,
    "/nowhere.tar.gz",
  );
});

Deno.test("a wanted file that is there twice, or too large, is refused", async () => {
  const twice = await gzipped(tar([...FILES, ["other/a.bin", B]]).slice());
  await assertRejects(() => read(twice), SyntaxError, "one file a.bin, got two");
  const large = await gzipped(tar([["a.bin", noise(1001, 1)]]).slice());
  await assertRejects(() => read(large), SyntaxError, "at most 1000 bytes, got 1001");
});
