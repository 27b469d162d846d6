// Safetensors on the disk: one tensor at a time is read, and one at a time is written.
import { assert, assertEquals, assertLess, assertRejects, assertStringIncludes } from "@std/assert";
import type { HostTensor } from "../../lib/weights/host_tensor.ts";
import { hostTensor, parseSafetensors } from "../../lib/weights/safetensors.ts";
import { openSafetensors } from "../../lib/weights/safetensors_file.ts";
import {
  type LazyTensor,
  serializeSafetensors,
  writeSafetensors,
} from "../../lib/weights/safetensors_write.ts";
import { float32 } from "./fixtures.ts";

/** Runs with the path of a file in a directory of its own, in which nothing else may be left. */
async function withPath(run: (path: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await run(`${directory}/a.safetensors`);
    const names = [...Deno.readDirSync(directory)].map(({ name }) => name);
    assertEquals(names.filter((name) => name !== "a.safetensors"), []);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const TENSORS: ReadonlyMap<string, HostTensor> = new Map<string, HostTensor>([
  ["c", { dtype: "bool", shape: [3], values: new Uint8Array([1, 0, 1]) }],
  ["zero", float32([], [0, 3])],
  ["é", float32([0.1], [])],
  ["a/f32", float32([1.5, -0, NaN, Infinity, -Infinity, 1e-45], [2, 3])],
  ["b.i32", { dtype: "int32", shape: [2], values: new Int32Array([-(2 ** 31), 2 ** 31 - 1]) }],
]);

/** The same tensors, in another order, their values made late. */
function lazily(): [string, LazyTensor][] {
  return [...TENSORS].reverse().map(([name, { dtype, shape, values }], i) => [
    name,
    { dtype, shape, values: () => i % 2 === 0 ? values : Promise.resolve(values) },
  ]);
}

Deno.test("a file written tensor by tensor has the bytes of one written in memory", async () => {
  await withPath(async (path) => {
    const metadata = { made: "late" };
    const expected = serializeSafetensors(TENSORS, metadata);
    await writeSafetensors(path, lazily(), metadata);
    assertEquals(await Deno.readFile(path), expected);
    await writeSafetensors(path, TENSORS, metadata);
    assertEquals(await Deno.readFile(path), expected);
    await writeSafetensors(path, []);
    assertEquals(await Deno.readFile(path), serializeSafetensors(new Map()));
  });
});

Deno.test("tensors read one by one, in any order and at once, are those read in memory", async () => {
  await withPath(async (path) => {
    await writeSafetensors(path, TENSORS, { made: "at once" });
    const whole = parseSafetensors(await Deno.readFile(path), path);
    await using file = await openSafetensors(path);
    assertEquals(file.metadata, whole.metadata);
    assertEquals([...file.tensors.keys()], [...whole.tensors.keys()]);
    assertEquals(file.tensors.get("a/f32")!.shape, [2, 3]);
    const names = [...TENSORS.keys(), ...TENSORS.keys()];
    const read = await Promise.all(names.map((name) => file.read(name)));
    assertEquals(read, names.map((name) => hostTensor(whole, name)));
  });
});

Deno.test("whole numbers of 64 bits are written as I64", async () => {
  await withPath(async (path) => {
    const count: LazyTensor = { dtype: "int64", shape: [], values: () => new BigInt64Array([7n]) };
    await writeSafetensors(path, [["w", float32([1], [1])], ["count", count]]);
    await using file = await openSafetensors(path);
    // Wide types first, as Python has it.
    assertEquals([...file.tensors].map(([name, { dtype }]) => [name, dtype]), [
      ["count", "I64"],
      ["w", "F32"],
    ]);
    assertEquals(await file.read("count"), {
      dtype: "int32",
      shape: [],
      values: new Int32Array([7]),
    });
  });
});

Deno.test("values of another number or class than was said leave the old file", async () => {
  const wrong: [LazyTensor, string][] = [
    [{ dtype: "float32", shape: [2], values: () => new Float32Array(3) }, "must hold 2 values"],
    [{ dtype: "float32", shape: [1], values: () => new Int32Array(1) }, "of class Float32Array"],
    [{ dtype: "int64", shape: [2], values: () => new BigInt64Array(1) }, "BigInt64Array of 2"],
    [{ dtype: "int64", shape: [1], values: () => new Int32Array(1) }, "got Int32Array of 1"],
  ];
  await withPath(async (path) => {
    await Deno.writeTextFile(path, "old");
    for (const [tensor, includes] of wrong) {
      const write = (): Promise<void> =>
        writeSafetensors(path, [["a", float32([1], [1])], ["w", tensor]]);
      await assertRejects(write, TypeError, includes);
    }
    const twice = [["a", float32([1], [1])], ["a", float32([2], [1])]] as const;
    await assertRejects(() => writeSafetensors(path, twice), TypeError, '"a" twice');
    const failure = new Error("the device is lost");
    const failing = {
      dtype: "float32",
      shape: [1],
      values: () => Promise.reject(failure),
    } as const;
    assertEquals(await assertRejects(() => writeSafetensors(path, [["w", failing]])), failure);
    assertEquals(await Deno.readTextFile(path), "old");
  });
});

/** A file of this header whose data is a hole: nothing of it is on the disk. */
async function sparseFile(path: string, header: object, dataSize: number): Promise<void> {
  const json = new TextEncoder().encode(JSON.stringify(header));
  const head = new Uint8Array(8 + json.length);
  new DataView(head.buffer).setBigUint64(0, BigInt(json.length), true);
  head.set(json, 8);
  await Deno.writeFile(path, head);
  await Deno.truncate(path, head.length + dataSize);
}

const MEGABYTE = 2 ** 20;

/**
 * By how much the memory of a process of its own grows while it reads a file: in this one, other
 * tests run at the same time.
 *
 * @param path a file
 * @returns the greatest growth, in bytes, how many numbers were read, and the error if there was one
 */
async function readAlone(path: string): Promise<{ grown: number; count: number; error: string }> {
  const library = new URL("../../lib/weights/safetensors_file.ts", import.meta.url).href;
  const script = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(
    script,
    `
    import { openSafetensors } from ${JSON.stringify(library)};
    const before = Deno.memoryUsage().rss;
    let [grown, count, error] = [0, 0, ""];
    const measure = () => grown = Math.max(grown, Deno.memoryUsage().rss - before);
    try {
      await using file = await openSafetensors(${JSON.stringify(path)});
      for (const name of file.tensors.keys()) {
        count += (await file.read(name)).values.length;
        measure();
      }
    } catch (cause) {
      error = String(cause);
    }
    measure();
    console.log(JSON.stringify({ grown, count, error }));`,
  );
  try {
    const args = ["run", "--allow-read", "--no-check", script];
    const { stdout } = await new Deno.Command(Deno.execPath(), { args }).output();
    return JSON.parse(new TextDecoder().decode(stdout));
  } finally {
    await Deno.remove(script);
  }
}

Deno.test("of a file of 600 MB no more than a tensor's worth comes into memory", async () => {
  await withPath(async (path) => {
    const size = 4 * MEGABYTE;
    const names = Array.from({ length: 150 }, (_, i) => `w${i}`);
    const header = Object.fromEntries(names.map((name, i) => [
      name,
      { dtype: "F32", shape: [size / 4], data_offsets: [i * size, (i + 1) * size] },
    ]));
    await sparseFile(path, header, 150 * size);
    const { grown, count, error } = await readAlone(path);
    assertEquals([count, error], [150 * MEGABYTE, ""]);
    // The collector runs when it likes: some dead tensors lie about, but not 600 MB of them.
    assertLess(grown, 200 * MEGABYTE);
  });
});

Deno.test("of a file of 600 MB with one bad byte in its header nothing is allocated", async () => {
  await withPath(async (path) => {
    const header = { w: { dtype: "F32", shape: [150 * MEGABYTE], data_offsets: [0, 1] } };
    await sparseFile(path, header, 600 * MEGABYTE);
    const { grown, error } = await readAlone(path);
    assertStringIncludes(error, "must have 629145600 bytes");
    assertLess(grown, 50 * MEGABYTE);
  });
});

Deno.test("a header over 100 MB is refused before it is read, though the file has it", async () => {
  await withPath(async (path) => {
    const head = new Uint8Array(9);
    new DataView(head.buffer).setBigUint64(0, 100_000_001n, true);
    head[8] = 0x7b;
    await Deno.writeFile(path, head);
    await Deno.truncate(path, 200 * MEGABYTE);
    const { grown, error } = await readAlone(path);
    assertStringIncludes(error, "at most 100000000 bytes");
    assertLess(grown, 50 * MEGABYTE);
  });
});

Deno.test("a file that is cut after it was opened is an error, and the others still read", async () => {
  await withPath(async (path) => {
    await writeSafetensors(path, [["a", float32([1], [1])], ["b", float32([2], [1])]]);
    await using file = await openSafetensors(path);
    await Deno.truncate(path, (await Deno.stat(path)).size - 2);
    await assertRejects(() => file.read("b"), SyntaxError, "must have");
    assertEquals((await file.read("a")).values, new Float32Array([1]));
  });
});

Deno.test("a closed file, an unknown name and a bad value are refused", async () => {
  await withPath(async (path) => {
    const header = {
      wide: { dtype: "U64", shape: [1], data_offsets: [0, 8] },
      octet: { dtype: "F8_E4M3", shape: [1], data_offsets: [8, 9] },
    };
    await sparseFile(path, header, 9);
    const handle = await Deno.open(path, { write: true });
    await handle.seek(-9, Deno.SeekMode.End);
    await handle.write(new Uint8Array(9).fill(255));
    handle.close();
    const file = await openSafetensors(path);
    await assertRejects(
      () => file.read("wide"),
      SyntaxError,
      "got 184467440737095516",
    );
    await assertRejects(() => file.read("octet"), SyntaxError, "got F8_E4M3");
    await assertRejects(() => file.read("bias"), RangeError, "one of wide, octet");
    file.close();
    file.close();
    await assertRejects(() => file.read("wide"), RangeError, "got closed");
  });
});

Deno.test("what is no file is refused by its name", async () => {
  await withPath(async (path) => {
    await assertRejects(() => openSafetensors(path), Deno.errors.NotFound, path);
    const directory = path.slice(0, path.lastIndexOf("/"));
    const error = await assertRejects(() => openSafetensors(directory), Error);
    assert(error.message.includes(directory), error.message);
  });
});
