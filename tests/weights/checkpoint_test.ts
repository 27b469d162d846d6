// Checkpoints come back to the bit, and nothing but a whole checkpoint is read as one.
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  type Checkpoint,
  parseCheckpoint,
  readCheckpoint,
  serializeCheckpoint,
  writeCheckpoint,
} from "../../lib/weights/checkpoint.ts";
import type { HostTensor } from "../../lib/weights/host_tensor.ts";
import type { Json } from "../../lib/weights/json.ts";
import { parseSafetensors } from "../../lib/weights/safetensors.ts";
import { serializeSafetensors } from "../../lib/weights/safetensors_write.ts";
import { bits, float32 } from "./fixtures.ts";

/** A NaN with bits of its own, a signaling one, both zeros, the least number, the infinities. */
const WORDS = [0x7fc12345, 0x7f800001, 0xffffffff, 0, 0x80000000, 1, 0x7f800000, 0xff800000];

const RUN: Json = {
  model: "lenet5",
  modelOptions: {},
  epoch: 2,
  step: 1875,
  key: [0, 4294967295],
  history: [{ loss: 0.1 + 0.2, validationLoss: -0, accuracy: 1e-300 }],
  config: { note: 'é "quoted" \u2028', resumed: false, from: null },
};

function checkpoint(): Checkpoint {
  const odd = new Float32Array(new Uint32Array(WORDS).buffer);
  const kernel = Float32Array.from({ length: 3000 }, (_, i) => Math.sin(i));
  return {
    sections: {
      params: new Map([
        ["conv1/kernel", { dtype: "float32", shape: [30, 100], values: kernel }],
        ["params/odd", { dtype: "float32", shape: [2, 4], values: odd }],
      ]),
      state: new Map([["bn1/mean", float32([], [0])]]),
      optimizer: new Map<string, HostTensor>([
        ["count", { dtype: "int32", shape: [], values: new Int32Array([-7]) }],
        ["mask", { dtype: "bool", shape: [3], values: new Uint8Array([0, 1, 1]) }],
      ]),
    },
    run: RUN,
  };
}

async function inDirectory(run: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await run(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

function names(directory: string): string[] {
  return [...Deno.readDirSync(directory)].map((entry) => entry.name);
}

Deno.test("a checkpoint comes back from its file to the bit, NaNs and −0 too", async () => {
  await inDirectory(async (directory) => {
    await writeCheckpoint(`${directory}/a.safetensors`, checkpoint());
    const { sections, run } = await readCheckpoint(`${directory}/a.safetensors`);
    assertEquals(run, RUN);
    for (const section of ["params", "state", "optimizer"] as const) {
      const [found, expected] = [sections[section], checkpoint().sections[section]];
      assertEquals([...found.keys()].sort(), [...expected.keys()].sort());
      for (const [path, tensor] of expected) {
        const { dtype, shape } = found.get(path)!;
        assertEquals([dtype, shape], [tensor.dtype, tensor.shape]);
        assertEquals(bits(found.get(path)!), bits(tensor), path);
      }
    }
    assertEquals(names(directory), ["a.safetensors"]);
  });
});

Deno.test("other readers of safetensors see the keys and the metadata", () => {
  const { tensors, metadata } = parseSafetensors(serializeCheckpoint(checkpoint()), "a");
  assertEquals([...tensors.keys()].sort(), [
    "optimizer/count",
    "optimizer/mask",
    "params/conv1/kernel",
    "params/params/odd",
    "state/bn1/mean",
  ]);
  assertEquals([metadata.format, metadata.version], ["neocog-checkpoint", "1"]);
  assertEquals(JSON.parse(metadata.run!), RUN);
});

Deno.test("a checkpoint cut in its header or at any 1,000th byte is refused", () => {
  const bytes = serializeCheckpoint(checkpoint());
  const dataStart = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const cuts = Array.from({ length: dataStart + 1 }, (_, i) => i);
  for (let cut = 0; cut < bytes.length; cut += 1000) cuts.push(cut);
  cuts.push(bytes.length - 1);
  assert(bytes.length > 12_000 && dataStart > 500);
  for (const cut of cuts) {
    const { message } = assertThrows(
      () => parseCheckpoint(bytes.subarray(0, cut), "cut.safetensors"),
      SyntaxError,
    );
    assert(message.includes("cut.safetensors"), message);
  }
});

Deno.test("a header that claims 10 GB is refused", () => {
  const bytes = serializeCheckpoint(checkpoint());
  new DataView(bytes.buffer).setBigUint64(0, 10_000_000_000n, true);
  assertThrows(() => parseCheckpoint(bytes, "a"), SyntaxError, "got 10000000000");
});

Deno.test("a file that is no safetensors file is refused", () => {
  const text = new TextEncoder().encode("<!DOCTYPE html><html></html>");
  assertThrows(() => parseCheckpoint(text, "a"), SyntaxError, "is this a safetensors file?");
});

Deno.test("a safetensors file of another kind is refused with its first keys", () => {
  const foreign = new Map(
    Array.from({ length: 12 }, (_, i) => [`layer${i + 10}.weight`, float32([0], [1])]),
  );
  const read = (metadata: Record<string, string>) => (): Checkpoint =>
    parseCheckpoint(serializeSafetensors(foreign, metadata), "resnet.safetensors");
  const { message } = assertThrows(read({ format: "pt" }), SyntaxError);
  for (
    const part of [
      "Cannot read checkpoint resnet.safetensors",
      'must be "neocog-checkpoint", got "pt"',
      "layer10.weight, layer11.weight",
      "(12 in all)",
    ]
  ) assert(message.includes(part), message);
  assertThrows(read({}), SyntaxError, "got missing");
});

Deno.test("a checkpoint of another version is refused by its number", () => {
  const read = (version?: string) => (): Checkpoint => {
    const metadata = { format: "neocog-checkpoint", run: "{}" };
    const all = version === undefined ? metadata : { ...metadata, version };
    return parseCheckpoint(serializeSafetensors(new Map(), all), "a.safetensors");
  };
  assertEquals(read("1")().run, {});
  assertThrows(read("2"), SyntaxError, "(it was written by a newer neocog), got 2");
  assertThrows(read("0"), SyntaxError, "version must be 1, got 0");
  assertThrows(read("one"), SyntaxError, "version must be 1, got one");
  assertThrows(read(), SyntaxError, "version must be 1, got missing");
});

Deno.test("a checkpoint with keys of no section, or without its run, is refused", () => {
  const metadata = { format: "neocog-checkpoint", version: "1", run: "{}" };
  const read = (names: string[], changes: Record<string, string>) => (): Checkpoint => {
    const tensors = new Map(names.map((name) => [name, float32([0], [1])]));
    return parseCheckpoint(serializeSafetensors(tensors, { ...metadata, ...changes }), "a");
  };
  assertThrows(read(["conv1/kernel"], {}), SyntaxError, "got conv1/kernel");
  assertThrows(read(["paramsx"], {}), SyntaxError, "must begin with one of params/, state/");
  assertThrows(read([], { run: "{" }), SyntaxError, '"run" must be JSON');
  const { run: _, ...without } = metadata;
  const bytes = serializeSafetensors(new Map(), without);
  assertThrows(() => parseCheckpoint(bytes, "a"), SyntaxError, "it is missing");
});

Deno.test("a write that fails leaves the old checkpoint as it was, and no other file", async () => {
  await inDirectory(async (directory) => {
    const path = `${directory}/a.safetensors`;
    await writeCheckpoint(path, checkpoint());
    const before = await Deno.readFile(path);
    const wrong = { dtype: "float32", shape: [2], values: new Float32Array(3) } as const;
    const broken = checkpoint();
    const sections = { ...broken.sections, optimizer: new Map([["m", wrong]]) };
    await assertRejects(
      () => writeCheckpoint(path, { ...broken, sections }),
      TypeError,
      '"optimizer/m"',
    );
    await assertRejects(
      () => writeCheckpoint(path, { ...broken, run: { loss: [1, NaN] } }),
      RangeError,
      "run.loss.1",
    );
    assertEquals(await Deno.readFile(path), before);
    assertEquals(names(directory), ["a.safetensors"]);
  });
});

Deno.test("a checkpoint that is absent or a directory is an error that names it", async () => {
  await inDirectory(async (directory) => {
    await assertRejects(
      () => readCheckpoint(`${directory}/none`),
      Deno.errors.NotFound,
      `Cannot read ${directory}/none: `,
    );
    const error = await assertRejects(() => readCheckpoint(directory));
    assert(
      error.message.startsWith(
        `Cannot read ${directory}: it must be a regular file, got "a directory"`,
      ),
      error.message,
    );
    await assertRejects(() => writeCheckpoint(directory, checkpoint()), RangeError, "a directory");
    await assertRejects(
      () => writeCheckpoint(`${directory}/none/a`, checkpoint()),
      Deno.errors.NotFound,
    );
  });
});
