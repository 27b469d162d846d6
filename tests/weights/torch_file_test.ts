// Files of torch.save: every dtype and layout of tensors, wrappers, and what is refused unrun.
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { openTensors } from "../../lib/weights/mod.ts";
import { zipOf } from "../files/zip_fixture.ts";
import { diceOf } from "../fuzz/files/mutate.ts";
import golden from "../golden/torch_files.json" with { type: "json" };

type Numbers = { dtype: string; shape: number[]; values: number[] };

async function fileOf(bytes: Uint8Array): Promise<string> {
  const path = await Deno.makeTempFile({ suffix: ".pth" });
  await Deno.writeFile(path, bytes);
  return path;
}

const decoded = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text), (char) => char.charCodeAt(0));

async function readAll(bytes: Uint8Array): Promise<Record<string, Numbers>> {
  const path = await fileOf(bytes);
  try {
    await using file = await openTensors(path);
    const all: Record<string, Numbers> = {};
    for (const name of file.tensors.keys()) {
      const { dtype, shape, values } = await file.read(name);
      assertEquals(file.tensors.get(name)!.shape, shape);
      all[name] = { dtype, shape: [...shape], values: [...values] };
    }
    return all;
  } finally {
    await Deno.remove(path);
  }
}

/** What float32 keeps of Python's numbers. */
const kept = (tensors: Record<string, Numbers>): Record<string, Numbers> =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [name, {
      ...tensor,
      values: tensor.values.map(tensor.dtype === "float32" ? Math.fround : Number),
    }]),
  );

for (const name of ["zip", "legacy", "protocol 4"] as const) {
  Deno.test(`tensors of torch.save are read as Python has them (${name})`, async () => {
    assertEquals(await readAll(decoded(golden.good[name])), kept(golden.tensors));
  });
}

for (const name of ["checkpoint", "legacy checkpoint"] as const) {
  Deno.test(`the state dict of a checkpoint is found, whatever is beside it (${name})`, async () => {
    assertEquals(await readAll(decoded(golden.good[name])), kept(golden.module));
  });
}

for (const [wanted, text] of Object.entries(golden.bad)) {
  Deno.test(`what is no state dict is refused by name, and nothing is run: ${wanted}`, async () => {
    const path = await fileOf(decoded(text));
    const { message } = await assertRejects(() => openTensors(path), SyntaxError);
    assertStringIncludes(message, wanted);
    assertStringIncludes(message, path);
    await assertRejects(() => Deno.stat("/tmp/neocog-was-run"), Deno.errors.NotFound);
  });
}

Deno.test("files that are cut are refused, wherever they are cut", async () => {
  for (const name of ["zip", "legacy"] as const) {
    const whole = decoded(golden.good[name]);
    for (let length = 0; length < whole.length; length += 97) {
      await assertRejects(() => readAll(whole.subarray(0, length)), SyntaxError);
    }
  }
});

Deno.test("a damaged file is refused or has tensors, in little memory", async () => {
  const { below } = diceOf(5);
  let refused = 0;
  for (let i = 0; i < 300; i++) {
    const bytes = decoded(golden.good[i % 2 === 0 ? "zip" : "legacy"]);
    for (let j = below(3); j >= 0; j--) {
      // Headers and pickles are where damage tells.
      const place = below(i % 4 < 2 ? bytes.length : 1500);
      bytes[place] = below(10) < 3 ? 0xff : below(256);
    }
    try {
      await readAll(bytes);
    } catch (error) {
      assert(error instanceof SyntaxError, String(error));
      refused++;
    }
  }
  assert(refused > 50, `${refused} of 300 were refused`);
});

/** A state dict of one tensor, whose storage has one number, as torch.save would pickle it. */
function expanded(shape: number, stride: number): Uint8Array {
  const bytes = (text: string): number[] => [...new TextEncoder().encode(text)];
  const word = (text: string): number[] => [0x58, text.length, 0, 0, 0, ...bytes(text)];
  const int = (value: number): number[] => [0x4a, ...new Uint8Array(Int32Array.of(value).buffer)];
  const storage = [
    0x28,
    ...word("storage"),
    ...bytes("ctorch\nFloatStorage\n"),
    ...[...word("0"), ...word("cpu"), ...int(1)],
    0x74,
    0x51,
  ];
  const pickle = Uint8Array.from([
    ...[0x80, 2, 0x7d, ...word("w"), ...bytes("ctorch._utils\n_rebuild_tensor_v2\n"), 0x28],
    ...[...storage, ...int(0), ...int(shape), 0x85, ...int(stride), 0x85, 0x89],
    ...[...bytes("ccollections\nOrderedDict\n"), 0x29, 0x52, 0x74, 0x52, 0x73, 0x2e],
  ]);
  const data = new Uint8Array(Float32Array.of(1.5).buffer);
  return zipOf([{ name: "a/data.pkl", data: pickle }, { name: "a/data/0", data }]);
}

Deno.test("a tensor that repeats its storage's numbers is read, but not without a bound", async () => {
  const { w } = await readAll(expanded(3, 0));
  assertEquals(w, { dtype: "float32", shape: [3], values: [1.5, 1.5, 1.5] });
  const path = await fileOf(expanded(2 ** 31 - 1, 0));
  const message = "no more than 1048576 numbers, of a storage of 1, got [2147483647]";
  await assertRejects(() => openTensors(path), SyntaxError, message);
  await Deno.remove(path);
});

Deno.test("a global whose names are no texts is refused in words", async () => {
  const pickle = Uint8Array.of(0x80, 4, 0x7d, 0x88, 0x93, 0x2e);
  const path = await fileOf(zipOf([{ name: "a/data.pkl", data: pickle }]));
  await assertRejects(() => openTensors(path), SyntaxError, "must be given by texts");
  await Deno.remove(path);
});
