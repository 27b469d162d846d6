// What a function under jit reads from outside: constants stay, what changes is refused.
import { assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import { uniformTensor } from "../../lib/tensor/mod.ts";
import {
  dense,
  fit,
  flatten,
  fold,
  identity,
  init,
  jit,
  type Key,
  key,
  type Layer,
  leaves,
  predict,
  sequential,
  type Tensor,
  tf,
  valueAndGrad,
} from "../../mod.ts";
import { onEachBackend } from "../backends.ts";

const x = (): Tensor => tf.ones([4]);

onEachBackend("random numbers without a key are refused, by tfjs or not", () => {
  const drawers: ((x: Tensor) => unknown)[] = [
    (x) => tf.dropout(x, 0.5),
    (x) => tf.add(x, tf.randomNormal([4])),
    (x) => tf.add(x, tf.randomUniform([4])),
    (x) => tf.add(x, tf.truncatedNormal([4])),
    (x) => tf.add(x, tf.randomStandardNormal([4])),
    (x) => tf.add(x, tf.randomGamma([4], 1)),
    (x) => tf.add(x, tf.randomUniformInt([4], 0, 9)),
    (x) => tf.multinomial(x as tf.Tensor1D, 3),
    (x) => tf.add(x, tf.rand([4], () => Math.random())),
    (x) => tf.mul(x, Math.random()),
    (x) => tf.mul(x, crypto.getRandomValues(new Uint8Array(1))[0]!),
    (x) => tf.mul(x, crypto.randomUUID().length),
    (x) => tf.gather(x, [...tf.util.createShuffledIndices(4)]),
  ];
  for (const drawer of drawers) {
    const f = jit(drawer);
    for (let call = 0; call < 2; call++) {
      const error = assertThrows(() => f(x()), TypeError, "random numbers from a key");
      for (const way of ["context.key", "dropUnits"]) {
        assertEquals(error.message.includes(way), true);
      }
    }
  }
  // What was replaced is back.
  assertEquals([Math.random(), crypto.randomUUID(), Date.now()].map((value) => typeof value), [
    "number",
    "string",
    "number",
  ]);
});

onEachBackend("the clock is refused, and dates that are given are not", () => {
  const readers: ((x: Tensor) => unknown)[] = [
    (x) => tf.mul(x, Date.now()),
    (x) => tf.mul(x, new Date().getTime()),
    (x) => tf.mul(x, Date().length),
    (x) => tf.mul(x, performance.now()),
  ];
  for (const reader of readers) {
    assertThrows(() => jit(reader)(x()), TypeError, "must not read the clock");
  }
  jit((x: Tensor) => tf.mul(x, new Date(2020, 1).getMonth()))(x());
});

onEachBackend("a refusal that is swallowed is thrown nevertheless", () => {
  const f = jit((x: Tensor) => {
    try {
      return tf.dropout(x, 0.5);
    } catch {
      return x;
    }
  });
  assertThrows(() => f(x()), TypeError, "random numbers from a key");
});

onEachBackend("refusals reach through gradients and functions under jit in others", () => {
  const inner = jit((x: Tensor) => tf.sum(tf.dropout(x, 0.5)).asScalar());
  assertThrows(() => jit((x: Tensor) => inner(x))(x()), TypeError, "from a key");
  assertThrows(
    () => valueAndGrad((p: { x: Tensor }) => [inner(p.x), {}])({ x: x() }),
    TypeError,
    "from a key",
  );
  const gradient = jit(valueAndGrad((p: { x: Tensor }) => [
    tf.sum(tf.dropout(p.x, 0.5)).asScalar(),
    {},
  ]));
  assertThrows(() => gradient({ x: x() }), TypeError, "from a key");
});

onEachBackend(
  "a seed of tfjs's makes the same numbers at each call, with jit and without",
  async () => {
    const f = (x: Tensor): Tensor => tf.dropout(x, 0.5, undefined, 7);
    const fast = jit(f, { check: true });
    for (let i = 0; i < 3; i++) {
      assertEquals(await fast(tf.ones([32])).data(), await f(tf.ones([32])).data());
    }
  },
);

onEachBackend("constants made within stay, also many of them", async () => {
  const table = Float32Array.from({ length: 20_000 }, (_, i) => i);
  const f = jit(
    (x: Tensor) =>
      tf.add(tf.add(tf.mul(x, 2), tf.tensor1d([1, 2, 3, 4])), tf.sum(tf.tensor1d(table))),
    { check: true },
  );
  const sum = table.reduce((a, b) => a + b, 0);
  for (let i = 0; i < 3; i++) {
    const values = [...await f(x()).data()];
    assertEquals(values.map((value) => Math.round((value - sum) / 64)), [0, 0, 0, 0]);
  }
  table[19_999] = 0;
  assertThrows(() => f(x()), TypeError, "other numbers in the constant float32 [20000]");
});

onEachBackend("whole numbers and truth values are cast as they are outside", async () => {
  for (const size of [1, 2, 2000]) {
    const shape = size === 1 ? [] : [size];
    const wholes = tf.tensor(Int32Array.from({ length: size }, (_, i) => i - 3), shape, "int32");
    const cast = (x: Tensor, given: Tensor): Tensor[] => {
      const made = tf.fill(shape, 7, "int32");
      const listed = tf.tensor([...Array(size).keys()], shape, "int32");
      return [wholes, given, made, listed, tf.greater(x, 1)].map((each) =>
        tf.mul(x, tf.cast(each, "float32"))
      );
    };
    const recorded = jit(cast);
    const x = tf.fill(shape, 1.5);
    for (let call = 0; call < 2; call++) {
      const expected = await Promise.all(cast(x, wholes).map((each) => each.data()));
      const found = await Promise.all(recorded(x, wholes).map((each) => each.data()));
      assertEquals(found, expected, `${size}, call ${call}`);
    }
  }
});

onEachBackend("what changes from call to call is seen at the second call", () => {
  let count = 0;
  const outside = [tf.scalar(1), tf.scalar(2)];
  const cases: [(x: Tensor, k: Key) => unknown, string][] = [
    [
      (x) => tf.mul(x, ++count),
      "in the constant float32 [] made within: 2 in the place of 1, by up to 1, on which the result depends",
    ],
    [
      (x) => ({ y: { z: tf.add(x, tf.tensor1d([0, 0, 0, ++count])) } }),
      `on which the result's "y.z" depends`,
    ],
    [(x) => tf.mul(x, outside[count++ % 2]!), "another tensor from outside"],
    [(x) => count++ % 2 ? tf.neg(x) : tf.square(x), "the operation"],
    [(x) => tf.pad(x as tf.Tensor1D, [[count++, 0]]), "with other attributes"],
    [
      (x) => count++ % 2 ? tf.neg(tf.neg(x)) : tf.neg(x),
      "the operation Neg in the place of nothing",
    ],
    [(x, k) => uniformTensor(fold(k, count++), x.shape), "a key derived by other numbers"],
    [(x) => ({ x, count: count++ }), `as the result's "count"`],
    [(x) => count++ % 2 ? { a: x, b: tf.neg(x) } : { b: x, a: tf.neg(x) }, "another tensor as"],
    [(x) => {
      const [a, b] = [tf.neg(x), tf.square(x)];
      return count++ % 2 ? tf.sub(a, b) : tf.sub(b, a);
    }, "the operation Sub of other tensors"],
  ];
  for (const [f, message] of cases) {
    count = 0;
    const fast = jit(f);
    fast(x(), key(1));
    const error = assertThrows(
      () => fast(x(), key(2)),
      TypeError,
      "what was recorded at the first",
    );
    assertEquals([error.message.includes(message), error.message], [true, error.message]);
    assertEquals(error.message.includes("must be an argument"), true);
  }
});

onEachBackend("`check` compares every call, or none", async () => {
  let rate = 1;
  const f = (x: Tensor): Tensor => tf.mul(x, rate);
  const [checked, unchecked] = [jit(f, { check: true }), jit(f, { check: false })];
  for (let i = 0; i < 4; i++) {
    checked(x());
    unchecked(x());
  }
  rate = 3;
  assertThrows(() => checked(x()), TypeError, "3 in the place of 1, by up to 2");
  unchecked(x());
  checked.dispose();
  assertEquals([...await checked(x()).data()], [3, 3, 3, 3]);
});

onEachBackend("what nobody needs may change", () => {
  let count = 0;
  const f = jit((x: Tensor) => {
    tf.mul(x, count++);
    return tf.neg(x);
  }, { check: true });
  for (let i = 0; i < 3; i++) f(x());
});

onEachBackend("tensors from outside must stay alive", async () => {
  const outside = tf.tensor1d([1, 2, 3, 4]);
  const f = jit((x: Tensor) => tf.add(x, outside));
  for (let i = 0; i < 3; i++) assertEquals([...await f(x()).data()], [2, 3, 4, 5]);
  outside.dispose();
  assertThrows(() => f(x()), TypeError, "got a float32 tensor [4], disposed of since. Hand it in");
});

onEachBackend("variables from outside may be read until they are assigned", async () => {
  const weight = tf.variable(tf.scalar(2), true, `weight of ${tf.getBackend()}`);
  const f = jit((x: Tensor) => tf.mul(x, weight));
  for (let i = 0; i < 3; i++) assertEquals([...await f(x()).data()], [2, 2, 2, 2]);
  weight.assign(tf.scalar(5));
  assertThrows(() => f(x()), TypeError, `the variable "weight of ${tf.getBackend()}" [], assigned`);
  f.dispose();
  assertEquals([...await f(x()).data()], [5, 5, 5, 5]);
  weight.dispose();
  assertThrows(() => f(x()), TypeError, "disposed of since");
});

onEachBackend("a variable that is given is read anew, and none may be assigned", async () => {
  const weight = tf.variable(tf.scalar(2));
  const f = jit((x: Tensor, w: Tensor) => tf.mul(x, w));
  for (const value of [2, 5]) {
    weight.assign(tf.scalar(value));
    assertEquals([...await f(x(), weight).data()], [value, value, value, value]);
  }
  const assign = jit((x: Tensor) => {
    weight.assign(tf.sum(x));
    return x;
  });
  assertThrows(() => assign(x()), TypeError, "must not assign variables");
  const optimizer = tf.train.sgd(0.1);
  const minimize = jit((x: Tensor) => {
    optimizer.minimize(() => tf.sum(tf.mul(x, weight)).asScalar());
    return x;
  });
  assertThrows(() => minimize(x()), TypeError, "must not assign variables");
  assertEquals([...await weight.data()], [5]);
});

const examples = {
  name: "pairs",
  images: new Uint8Array([0, 255, 255, 0, 9, 200, 200, 9]),
  labels: new Uint8Array([1, 0, 1, 0]),
  imageShape: [1, 1, 2],
  classNames: ["left", "right"],
} as const;

/** A network whose second layer is given. */
function withLayer(layer: Layer): Layer {
  return sequential({ flatten: flatten(), layer, logits: dense({ features: 2 }) }) as Layer;
}

/** Trains for a few steps; returns all losses and the parameters in the end. */
async function train(model: Layer, jit: boolean | "check" = true): Promise<number[]> {
  const numbers: number[] = [];
  const onStep = ({ loss }: { readonly loss: number }): void => void numbers.push(loss);
  for await (const { network } of fit(model, examples, { batchSize: 2, epochs: 2, jit, onStep })) {
    for (const tensor of leaves(network.params)) numbers.push(...await tensor.data());
  }
  return numbers;
}

const custom = (op: string, change: (x: Tensor, key: Key | undefined) => Tensor): Layer => ({
  op,
  declare: (shape) => ({ shape, params: {}, state: {} }),
  apply: (_params, state, x, { key }) => [change(x, key), state],
});

onEachBackend("a layer with tf.dropout is refused in fit, which names the key to use", async () => {
  const model = withLayer(custom("noise", (x) => tf.dropout(x, 0.5)));
  const error = await assertRejects(() => train(model), TypeError);
  for (const way of ["context.key", "tensor.dropUnits", "tf.dropout"]) {
    assertEquals(error.message.includes(way), true, error.message);
  }
});

onEachBackend("a layer with context.key trains alike with jit, without, and compared", async () => {
  const model = withLayer(
    custom("noise", (x, key) => key ? tf.add(x, uniformTensor(key, x.shape, -0.1, 0.1)) : x),
  );
  const losses = [await train(model), await train(model, false), await train(model, "check")];
  assertEquals(losses[0], losses[1]);
  assertEquals(losses[0], losses[2]);
});

onEachBackend("fit refuses a layer that counts its calls", async () => {
  let calls = 0;
  const model = withLayer(custom("counting", (x) => tf.mul(x, 1 / ++calls)));
  await assertRejects(
    () => train(model),
    TypeError,
    "must be an argument",
  );
});

onEachBackend("predict refuses a layer that draws, and evaluates anew what is given", async () => {
  const network = init(withLayer(custom("noise", (x) => tf.dropout(x, 0.5))), key(0), [1, 1, 2]);
  assertThrows(() => predict(network, tf.ones([1, 1, 1, 2])), TypeError, "from a key");
  const plain = init(identity(), key(0), [2]);
  const [a, b] = [[1, 0], [0, 1]].map((row) => predict(plain, tf.tensor2d([row])));
  assertNotEquals(await a!.array(), await b!.array());
});
