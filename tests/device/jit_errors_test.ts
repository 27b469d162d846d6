// What can not be recorded, and what a call is refused, says so with the way out.
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DeviceError, jit, type Key, key, start, type Tensor, tf } from "../../mod.ts";
import { normalArray, permutation, uniformArray } from "../../lib/tensor/mod.ts";
import { word } from "../../lib/tensor/random.ts";
import type { GuardedBackend } from "../../lib/device/backend.ts";
import { runProgram } from "../../lib/device/kernels/program.ts";
import { onEachBackend } from "../backends.ts";
import { gpuTest } from "./adapter.ts";

const x = (): Tensor => tf.ones([3]);

gpuTest("reading a tensor within is refused, also where the exception is swallowed", async () => {
  await start();
  const readers: ((x: Tensor) => unknown)[] = [
    (x) => tf.tensor1d(x.dataSync()),
    (x) => tf.scalar((tf.sum(x).arraySync() as number) + 1),
    (x) => {
      x.data();
      return x;
    },
    async (x) => tf.scalar((await x.data())[0]!),
    (x) => {
      try {
        x.dataSync();
      } catch {
        // The recording fails nevertheless.
      }
      return tf.neg(x);
    },
    (x) => (x as unknown as number) > 0 ? tf.neg(x) : x,
    (x) => tf.mul(x, 2 * (tf.sum(x) as unknown as number)),
  ];
  const before = tf.memory().numTensors;
  for (const reader of readers) {
    const error = assertThrows(() => jit(reader)(x()), TypeError, "Cannot record");
    assert(/outside|tf\.where/.test(error.message), error.message);
  }
  assertEquals(tf.memory().numTensors - before, readers.length);
});

onEachBackend("a function that answers a promise is refused", async () => {
  await start({ backend: tf.getBackend() as "cpu" });
  const f = jit(async (x: Tensor) => await Promise.resolve(tf.neg(x)));
  assertThrows(() => f(x()), TypeError, "a promise");
});

gpuTest("a key that is an argument may not be looked at", async () => {
  await start();
  const users: ((k: Key) => unknown)[] = [
    (k) => tf.tensor1d(uniformArray(k, 3)),
    (k) => tf.tensor1d(normalArray(k, 3)),
    (k) => tf.tensor1d([...permutation(k, 3)]),
    (k) => tf.scalar(word(k, 0)),
    (k) => tf.scalar(k[0]),
    ([high]) => tf.scalar(high),
    (k) => tf.tensor1d([...k]),
  ];
  for (const user of users) {
    assertThrows(
      () => jit(user)(key(1)),
      TypeError,
      "Cannot record a function: it must not look",
    );
  }
});

onEachBackend("disposed tensors and values of unknown kinds are refused", () => {
  const f = jit((x: unknown) => tf.neg(x as Tensor));
  const gone = x();
  gone.dispose();
  assertThrows(() => f(gone), TypeError, "disposed");
  assertThrows(() => f({ deep: [gone] }), TypeError, "disposed");
  for (const wrong of [new Map(), new Date(), Promise.resolve(1), Symbol("s")]) {
    assertThrows(() => f(wrong), TypeError, "must be tensors, numbers");
  }
  for (const index of [-1, 0.5, NaN]) {
    assertThrows(() => jit(x, { donate: [index] }), RangeError, `${index}`);
  }
});

onEachBackend("what was donated can not be used again", async () => {
  const f = jit((x: Tensor) => tf.add(x, 1), { donate: [0] });
  const given = x();
  const next = f(given);
  assertThrows(() => f(given), TypeError, "What is donated is used up");
  assertEquals([...await next.data()], [2, 2, 2]);
});

gpuTest("arrays of the host are handed on, but not looked at", async () => {
  await start();
  const batch = { images: x(), classes: new Uint8Array([1]), size: 1 };
  const sum = jit((batch: { images: Tensor; classes: Uint8Array }) => tf.sum(batch.images));
  assertEquals(await sum(batch).data(), new Float32Array([3]));
  const looks = jit((batch: { classes: Uint8Array }) => tf.tensor1d([...batch.classes]));
  assertThrows(() => looks(batch), TypeError, "Hand in a tensor");
});

gpuTest("a tensor that a function keeps has no numbers, and says so", async () => {
  await start();
  let kept: Tensor | undefined;
  const f = jit((x: Tensor) => {
    kept = tf.keep(tf.square(x));
    return tf.neg(kept);
  });
  assertEquals([...await f(x()).data()], [-1, -1, -1]);
  assertThrows(() => tf.add(kept!, 1), TypeError, "Return it from the function");
  await assertRejects(() => kept!.data(), TypeError, "Return it from the function");
  kept!.dispose();
});

gpuTest("an argument may not be written over unless it is donated", async () => {
  await start();
  const backend = tf.backend() as unknown as GuardedBackend;
  const f = jit((x: Tensor) => {
    runProgram(backend, {
      operation: "Increment",
      variant: "test",
      results: {},
      updated: { x },
      inputs: {},
      uniforms: {},
      code: "fn main(index: u32, local: u32) { if (index < 3u) { x[index] += 1.0; } }",
      invocations: 3,
      workgroup: 64,
    });
    return x;
  });
  assertThrows(() => f(x()), TypeError, "Write over a copy");
});

gpuTest("other types and ranks are other plans, with the numbers they ask for", async () => {
  await start();
  const f = jit((x: Tensor) => tf.add(x, x));
  const answers = [
    f(tf.tensor1d([1, 2])),
    f(tf.tensor1d([1, 2], "int32")),
    f(tf.tensor2d([[1, 2]])),
    f(tf.tensor1d([])),
  ];
  assertEquals(answers.map(({ dtype, shape }) => `${dtype}[${shape}]`), [
    "float32[2]",
    "int32[2]",
    "float32[1,2]",
    "float32[0]",
  ]);
  assertEquals([...await answers[1]!.data()], [2, 4]);
  assertEquals(f.plan().match(/^a function under jit of/gm)?.length, 4);
});

gpuTest(
  "a program that fails in a replay is an exception at the read, and at each replay",
  async () => {
    await start();
    const backend = tf.backend() as unknown as GuardedBackend;
    const f = jit((x: Tensor) => {
      const [info] = runProgram(backend, {
        operation: "Broken",
        variant: "jit",
        results: { y: [3] },
        inputs: { x },
        uniforms: {},
        code: "fn main(index: u32, local: u32) { this is no program }",
        invocations: 3,
        workgroup: 64,
      });
      return tf.engine().makeTensorFromTensorInfo(info!);
    });
    for (let i = 0; i < 3; i++) await assertRejects(() => f(x()).data(), DeviceError, "Broken");
    const healthy = jit((x: Tensor) => tf.add(x, 1));
    assertEquals([...await healthy(x()).data()], [2, 2, 2]);
  },
);
