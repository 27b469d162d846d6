// Operations without a device, and on disposed tensors, are refused in the toolkit's own words.
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DeviceError, start, stop, type Tensor, tf } from "../../mod.ts";
import { onEachBackend } from "../backends.ts";
import { gpuTest } from "./adapter.ts";

/** Runs a script that has started nothing; returns what it prints. */
async function run(script: string): Promise<string> {
  const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
    args: [
      "eval",
      "--no-check",
      `import * as nc from "${import.meta.resolve("../../mod.ts")}"; ${script}`,
    ],
    stderr: "piped",
  }).output();
  const [out, error] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assertEquals([success, success ? "" : error], [true, ""]);
  return out!;
}

const SAY = (code: string): string =>
  `try { ${code}; console.log("computed"); } catch (error) { console.log(error.kind, error.message); }`;

Deno.test("before start() operations say what to call, and start() works afterwards", async () => {
  const codes = [
    "nc.tf.tensor1d([1])",
    "nc.tf.add(1, 2)",
    "nc.init(nc.dense({ features: 2 }), nc.key(0), [3])",
    "nc.jit((x) => nc.tf.neg(x))(1)",
  ];
  const out = await run(
    `${codes.map(SAY).join("\n")}
    await nc.start({ backend: "cpu" });
    console.log(await nc.tf.add(1, 2).array());`,
  );
  const lines = out.trim().split("\n");
  assertEquals(lines.length, codes.length + 1);
  for (const line of lines.slice(0, -1)) {
    assertEquals(
      line,
      "missing Cannot compute: a device must be started, got none. Call await start() before tensors are made; after stop(), call it again",
    );
  }
  assertEquals(lines.at(-1), "3");
});

Deno.test("start() on the CPU waits for an initialization of tfjs's that is under way", async () => {
  const out = await run(
    `nc.tf.ready().catch(() => {});
    await nc.start({ backend: "cpu" });
    console.log(nc.tf.getBackend(), await nc.tf.add(1, 2).array());`,
  );
  assertEquals(out.trim(), "cpu 3");
});

gpuTest("after stop() operations say so, and tensors of the old device are gone", async () => {
  await start();
  const x = tf.add(tf.ones([3]), tf.sum(tf.zeros([2000])));
  stop();
  assertThrows(() => tf.add(1, 2), DeviceError, "after stop(), call it again");
  assertThrows(() => tf.add(x, 1), DeviceError, "after stop(), call it again");
  await assertRejects(() => x.data(), DeviceError, "tensors of the old one are gone");
  await start();
  assertThrows(() => tf.add(x, 1), DeviceError, "tensors of the old one are gone");
  assertEquals(await tf.add(1, 2).array(), 3);
});

onEachBackend("gradients of tfjs's that use a disposed view of a live tensor work", async () => {
  const slope = tf.grad((x: Tensor) => tf.clone(tf.logSigmoid(tf.clone(x))))(tf.tensor1d([0, 0]));
  assertEquals([...await slope.data()], [0.5, 0.5]);
});

onEachBackend("disposed tensors are refused by operations, methods and reads", async () => {
  const disposed = (): Tensor => {
    const x = tf.add(tf.ones([2, 3]), tf.sum(tf.zeros([2000])));
    x.dispose();
    return x;
  };
  const uses: ((x: Tensor) => unknown)[] = [
    (x) => tf.add(x, 1),
    (x) => tf.concat([tf.ones([2, 3]), x]),
    (x) => tf.stack([x, x]),
    (x) => tf.addN([x, x]),
    (x) => x.square(),
    (x) => x.reshape([3, 2]),
    (x) => x.clone(),
    (x) => x.dataSync(),
    (x) => x.print(),
    (x) => tf.grad((y: Tensor) => y.square())(x),
    (x) => tf.grad((y: Tensor) => tf.mul(y, x))(tf.ones([2, 3])),
    (x) => tf.variable(x),
    (x) => tf.variable(tf.ones([2, 3])).assign(x),
  ];
  for (const use of uses) {
    assertThrows(() => use(disposed()), TypeError, "got a disposed float32 tensor [2,3]");
  }
  await assertRejects(
    async () => await disposed().data(),
    TypeError,
    "a disposed float32 tensor [2,3]",
  );
  await assertRejects(async () => await disposed().array(), TypeError, "a disposed float32 tensor");
  const initial = tf.ones([4]);
  const variable = tf.variable(initial);
  tf.dispose([initial, variable]);
  assertThrows(() => tf.neg(variable), TypeError, "a disposed float32 tensor [4]");
});
