// Files are written in full or not at all: every failure here leaves what was there before.
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { writeFileAtomically } from "../../lib/files/atomic_file.ts";

/** Runs with a new directory that has a file `old.txt` of "old"; checks afterwards that no other is left. */
async function inDirectory(
  run: (directory: string) => Promise<void>,
  left: Record<string, string>,
): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${directory}/old.txt`, "old");
    await run(directory);
    const found: Record<string, string> = {};
    for await (const { name, isFile } of Deno.readDir(directory)) {
      found[name] = isFile ? await Deno.readTextFile(`${directory}/${name}`) : "";
    }
    assertEquals(found, left);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("bytes, text and parts are written, over nothing and over an old file", async () => {
  await inDirectory(async (directory) => {
    await writeFileAtomically(`${directory}/old.txt`, "é");
    await writeFileAtomically(`${directory}/bytes`, new Uint8Array([97, 98]));
    const parts = ["a", "", "bc"].map((text) => new TextEncoder().encode(text));
    await writeFileAtomically(`${directory}/parts`, parts);
    await writeFileAtomically(`${directory}/stream`, ReadableStream.from(parts));
    await writeFileAtomically(`${directory}/empty`, []);
  }, { "old.txt": "é", bytes: "ab", parts: "abc", stream: "abc", empty: "" });
});

Deno.test("an error midway in the making leaves the old file, no other, and is passed on", async () => {
  const failure = new Error("the GPU is lost");
  function* parts(): Iterable<Uint8Array> {
    yield new Uint8Array(100_000);
    throw failure;
  }
  await inDirectory(async (directory) => {
    for (const name of ["old.txt", "new.txt"]) {
      const error = await assertRejects(() => writeFileAtomically(`${directory}/${name}`, parts()));
      assertEquals(error, failure);
    }
  }, { "old.txt": "old" });
});

Deno.test("parts of another type midway leave the old file", async () => {
  const parts = [new Uint8Array(10), "text" as unknown as Uint8Array];
  await inDirectory(async (directory) => {
    await assertRejects(() => writeFileAtomically(`${directory}/old.txt`, parts), TypeError);
  }, { "old.txt": "old" });
});

Deno.test("a directory that vanishes while its file is written is an error that names the file", async () => {
  const directory = await Deno.makeTempDir();
  async function* parts(): AsyncIterable<Uint8Array> {
    yield new Uint8Array(10);
    await Deno.remove(directory, { recursive: true });
  }
  const error = await assertRejects(
    () => writeFileAtomically(`${directory}/a.txt`, parts()),
    Deno.errors.NotFound,
  );
  assertStringIncludes(error.message, `Cannot write ${directory}/a.txt`);
});

Deno.test("a directory that comes into the file's place meanwhile stays, and nothing else", async () => {
  await inDirectory(async (directory) => {
    async function* parts(): AsyncIterable<Uint8Array> {
      yield new Uint8Array(10);
      await Deno.mkdir(`${directory}/a`);
    }
    const error = await assertRejects(() => writeFileAtomically(`${directory}/a`, parts()));
    assertStringIncludes(error.message, `Cannot write ${directory}/a: `);
  }, { "old.txt": "old", a: "" });
});

Deno.test("a path in no directory, under a file, or in a file system without files is refused", async () => {
  await inDirectory(async (directory) => {
    const paths = [`${directory}/none/a.txt`, `${directory}/old.txt/a.txt`];
    if (Deno.build.os === "linux") paths.push("/proc/neocog.txt");
    for (const path of paths) {
      const error = await assertRejects(() => writeFileAtomically(path, "new"));
      assertStringIncludes(error.message, `Cannot write ${path}: `);
    }
  }, { "old.txt": "old" });
});

Deno.test("a directory or a device is refused, not replaced", async () => {
  await inDirectory(async (directory) => {
    await assertRejects(
      () => writeFileAtomically(directory, "new"),
      RangeError,
      "must be a regular file or absent, got a directory",
    );
    if (Deno.build.os === "windows") return;
    await assertRejects(
      () => writeFileAtomically("/dev/null", "new"),
      RangeError,
      "got a device",
    );
  }, { "old.txt": "old" });
});

Deno.test("a link stays one, and the file that it leads to is replaced", async () => {
  await inDirectory(async (directory) => {
    await Deno.mkdir(`${directory}/links`);
    await Deno.symlink(`${directory}/old.txt`, `${directory}/links/latest`);
    await writeFileAtomically(`${directory}/links/latest`, "new");
    assertEquals((await Deno.lstat(`${directory}/links/latest`)).isSymlink, true);
    assertEquals([...Deno.readDirSync(`${directory}/links`)].length, 1);
  }, { "old.txt": "new", links: "" });
});
