// Examples in arrays: how their numbers become tensors, and what is refused.
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  type ArrayExamples,
  type Column,
  columnBatches,
  countExamples,
} from "../../lib/data/columns.ts";
import type { Examples } from "../../lib/data/examples.ts";
import { batches } from "../../lib/data/dataset.ts";
import { key } from "../../lib/tensor/random.ts";
import { tf } from "../../lib/tensor/tf.ts";
import { disposeTree, entries } from "../../lib/tensor/tree.ts";

await tf.setBackend("cpu");

/** Three examples of a column, with numbers as targets. */
function withTargets(inputs: ArrayExamples["inputs"], name = "three"): ArrayExamples {
  return { name, inputs, targets: { values: Int32Array.of(10, 11, 12), shape: [] } };
}

/** The batches as numbers. */
async function read(
  examples: ArrayExamples,
  options: Parameters<typeof columnBatches>[1],
): Promise<Record<string, unknown>[]> {
  const found: Record<string, unknown>[] = [];
  for await (const { inputs, targets } of columnBatches(examples, options)) {
    const tree = { inputs, targets };
    found.push(Object.fromEntries(
      await Promise.all(
        entries(tree).map(async ([path, leaf]) =>
          [path, [leaf.dtype, await leaf.array()]] as const
        ),
      ),
    ));
    disposeTree(tree);
  }
  return found;
}

const first = async (column: Column): Promise<unknown> =>
  (await read(withTargets(column), { batchSize: 3 }))[0]!.inputs;

Deno.test("bytes are divided by 255, whole numbers stay as they are, floats as it is said", async () => {
  const bytes = Uint8Array.of(0, 255, 51);
  assertEquals(await first({ values: bytes, shape: [1] }), [
    "float32",
    [[0], [1], [Math.fround(0.2)]],
  ]);
  assertEquals(await first({ values: bytes, shape: [], normalize: "none" }), ["int32", [
    0,
    255,
    51,
  ]]);
  assertEquals(
    await first({ values: bytes, shape: [1], normalize: { mean: [0.5], std: [0.5] } }),
    ["float32", [[-1], [1], [Math.fround(-0.6)]]],
  );
  assertEquals(await first({ values: Int32Array.of(-5, 0, 70000), shape: [] }), [
    "int32",
    [-5, 0, 70000],
  ]);
  assertEquals(await first({ values: Uint16Array.of(1, 2, 3), shape: [1] }), ["int32", [[1], [2], [
    3,
  ]]]);
  const floats = Float32Array.of(1, 2, 3, 4, 5, 6);
  assertEquals(await first({ values: floats, shape: [2], normalize: "none" }), [
    "float32",
    [[1, 2], [3, 4], [5, 6]],
  ]);
  const normalize = { mean: [1, 2], std: [2, 4] };
  assertEquals(await first({ values: floats, shape: [2], normalize }), [
    "float32",
    [[0, 0], [1, 0.5], [2, 1]],
  ]);
});

Deno.test("classes become one-hot rows, of a picture a row for each pixel", async () => {
  const values = Uint8Array.of(0, 2, 1);
  assertEquals(await first({ values, shape: [], classes: 3 }), [
    "float32",
    [[1, 0, 0], [0, 0, 1], [0, 1, 0]],
  ]);
  assertEquals(await first({ values: Int32Array.of(0, 1, 1, 0, 0, 0), shape: [2], classes: 2 }), [
    "float32",
    [[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[1, 0], [1, 0]]],
  ]);
});

Deno.test("columns of a record stay together when they are shuffled, skipped and read", async () => {
  const values = Int32Array.of(0, 1, 2, 3, 4);
  const examples: ArrayExamples = {
    name: "five",
    inputs: {
      left: { values, shape: [] },
      right: {
        values: (indices) => Promise.resolve(Int32Array.from(indices, (i) => 100 + i)),
        shape: [1],
      },
    },
    targets: { values, shape: [] },
  };
  assertEquals(countExamples(examples), 5);
  const all = await read(examples, { batchSize: 2, key: key(3) });
  assertEquals(all.length, 3);
  const order = all.flatMap(({ targets }) => (targets as [string, number[]])[1]);
  assertEquals(order.toSorted(), [0, 1, 2, 3, 4]);
  assertEquals(
    all.flatMap((batch) => (batch["inputs/right"] as [string, number[][]])[1]),
    order.map((i) => [100 + i]),
  );
  assertEquals(all.flatMap((batch) => (batch["inputs/left"] as [string, number[]])[1]), order);
  assertEquals(await read(examples, { batchSize: 2, key: key(3), skip: 1 }), all.slice(1));
  assertEquals(
    await read(examples, { batchSize: 2, key: key(3), dropRemainder: true }),
    all.slice(0, 2),
  );
});

Deno.test("numbers that would become others in silence are refused", async () => {
  const floats = new Float32Array(3);
  const moments = { mean: [0], std: [0] };
  const cases: readonly (readonly [unknown, ErrorConstructor, string])[] = [
    [{ values: floats, shape: [1] }, TypeError, "must be said how it is normalized"],
    [{ values: floats, shape: [1], normalize: "unit" }, TypeError, "must be a Uint8Array"],
    [{ values: new Int32Array(3), shape: [], normalize: "unit" }, TypeError, "got Int32Array"],
    [{ values: new Uint8Array(3), shape: [] }, TypeError, "of single bytes"],
    [{ values: new Uint8Array(3), shape: [1], normalize: moments }, RangeError, "std [0]"],
    [
      { values: Uint8Array.of(0, 1, 1), shape: [1] },
      TypeError,
      "all 0 or 1 normalize must be given",
    ],
    [tf.zeros([3, 1]), TypeError, "got a tensor at inputs"],
    [{ values: new Float64Array(3), shape: [1], normalize: "none" }, TypeError, "got Float64Array"],
    [{ values: [1, 2, 3], shape: [1] }, TypeError, "got Array"],
    [{ values: new Uint8Array(3), shape: [0.5] }, TypeError, "[0.5]"],
    [{ values: new Uint8Array(3), shape: 1 }, TypeError, "[1]"],
    [{ values: new Uint8Array(4), shape: [1] }, TypeError, "of 4 examples, got 3 numbers"],
    [{ values: new Uint8Array(3), shape: [2] }, TypeError, "an example of shape [2]"],
    [{ values: Uint8Array.of(0, 1, 2), shape: [], classes: 2 }, RangeError, "got 2 at index 2"],
    [{ values: floats.fill(0.5), shape: [], classes: 2 }, RangeError, "got 0.5 at index 0"],
    [{ values: floats, shape: [], classes: 2, normalize: "none" }, TypeError, "not normalized"],
    [null, TypeError, "got null at inputs"],
    [{ left: 5 }, TypeError, "got 5 at inputs/left"],
    [{}, TypeError, "there must be inputs and targets"],
  ];
  for (const [column, kind, message] of cases) {
    assertThrows(
      () => columnBatches(withTargets(column as Column), { batchSize: 1 }),
      kind,
      message,
    );
  }
  const reads = (values: Float32Array | Uint8Array): Column => ({
    values: () => Promise.resolve(values),
    shape: [1],
  });
  const all = (column: Column): Promise<unknown> => read(withTargets(column), { batchSize: 3 });
  await assertRejects(() => all(reads(floats)), TypeError, "must be said how it is normalized");
  await assertRejects(() => all(reads(new Uint8Array(2))), TypeError, "must have 3 values, got 2");
  const bad = { values: () => Promise.resolve(Uint8Array.of(0, 1, 9)), shape: [], classes: 2 };
  await assertRejects(() => all(bad), RangeError, "got 9 at index 2");
});

Deno.test("labeled images of floats are refused", () => {
  const examples = {
    name: "floats",
    images: Float32Array.of(0.5),
    labels: Uint8Array.of(0),
    imageShape: [1, 1, 1],
    classNames: ["one"],
  } as unknown as Examples;
  assertThrows(() => batches(examples, { batchSize: 1 }), TypeError, "got Float32Array");
});
