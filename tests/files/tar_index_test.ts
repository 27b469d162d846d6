// The index of tar archives: those of Python's tarfile, webdataset and GNU tar, and damaged ones.
import { assert, assertEquals, assertRejects } from "@std/assert";
import { filesOfTar } from "../../lib/files/tar_index.ts";
import golden from "../golden/tars.json" with { type: "json" };

async function archiveOf(gzip: string): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([Uint8Array.fromBase64(gzip)]).stream();
  return new Uint8Array(
    await new Response(stream.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer(),
  );
}

async function listed(bytes: Uint8Array): Promise<[string, number, number][]> {
  const path = await Deno.makeTempFile({ suffix: ".tar" });
  try {
    await Deno.writeFile(path, bytes);
    const files: [string, number, number][] = [];
    for await (const file of filesOfTar(path, ({ name }) => name.endsWith(".cls"))) {
      const { name, offset, size, bytes: small } = file;
      assertEquals(small === undefined, !name.endsWith(".cls"));
      if (small) assertEquals(small, bytes.slice(offset, offset + size));
      files.push([name, offset, size]);
    }
    return files;
  } finally {
    await Deno.remove(path);
  }
}

for (const [name, { gzip, files }] of Object.entries(golden.read)) {
  Deno.test(`the files of an archive by ${name} are where Python finds them`, async () => {
    assertEquals(await listed(await archiveOf(gzip)), files as [string, number, number][]);
  });
}

Deno.test("an archive that is cut anywhere is refused", async () => {
  for (const name of ["gnu", "pax"] as const) {
    const { gzip, files } = golden.read[name];
    const whole = await archiveOf(gzip);
    const [, offset, size] = files.at(-1)! as [string, number, number];
    // The last file, the link after it, and two empty blocks, of which one is enough.
    const end = offset + 512 * Math.ceil(size / 512) + 512;
    for (let length = 1; length < end + 512; length += length % 512 === 511 ? 1 : 102) {
      await assertRejects(() => listed(whole.subarray(0, length)), SyntaxError, "whole tar");
    }
    assertEquals((await listed(whole.subarray(0, end + 512))).length, files.length);
  }
});

Deno.test("archives that would be read otherwise than they are meant are refused", async () => {
  const whole = await archiveOf(golden.read.gnu.gzip);
  const changed = (at: number, byte: number): Uint8Array => {
    const copy = whole.slice();
    copy[at] = byte;
    return copy;
  };
  const [, offset] = golden.read.gnu.files[0]! as [string, number, number];
  const bad: [Uint8Array, string][] = [
    [Uint8Array.fromBase64(golden.read.gnu.gzip), "must not be compressed"],
    [new Uint8Array([...whole, ...whole]), "nothing may follow its empty blocks"],
    [changed(offset - 512, 88), "headers must have the sum"],
    [changed(offset - 512 + 124, 88), "headers must have the sum"],
    [new TextEncoder().encode("no archive, but a text".repeat(100)), "must have the sum"],
  ];
  for (const [bytes, message] of bad) {
    await assertRejects(() => listed(bytes), SyntaxError, message);
  }
  for (const gzip of golden.sparse) {
    const bytes = await archiveOf(gzip);
    await assertRejects(() => listed(bytes), SyntaxError, "the sparse file");
  }
});

Deno.test("records of pax that are no records are refused, whatever they say", async () => {
  const whole = await archiveOf(golden.read.pax.gzip);
  const at = whole.findIndex((_, i) =>
    new TextDecoder().decode(whole.subarray(i, i + 5)) === " path"
  );
  assert(at > 0);
  const digit = at - 1;
  for (const byte of [47, 49, 120, 0]) {
    const copy = whole.slice();
    copy[digit] = byte;
    await assertRejects(() => listed(copy), SyntaxError, "records of pax must be whole");
  }
});

Deno.test("a file of 8 GiB and more has its size in bytes, not in digits", async () => {
  const header = (await archiveOf(golden.read.gnu.gzip)).slice(512, 1024);
  header.set([0x80, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 1], 124); // 3 · 2³² + 1
  header.fill(32, 148, 156);
  const sum = header.reduce((sum, byte) => sum + byte, 0);
  header.set(new TextEncoder().encode(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
  const message = `a file of ${3 * 2 ** 32 + 1} bytes beyond its end`;
  await assertRejects(
    () => listed(new Uint8Array([...header, ...new Uint8Array(1024)])),
    SyntaxError,
    message,
  );
});
