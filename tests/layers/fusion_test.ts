// Activations in the pass of the layer before them: the same numbers, states and gradients.
import { assert, assertEquals } from "@std/assert";
import {
  type AnyLayer,
  conv,
  dense,
  flatten,
  init,
  key,
  maxPool,
  relu,
  sequential,
  start,
  tanh,
  tf,
  valueAndGrad,
} from "../../mod.ts";
import { counters } from "../../lib/device/mod.ts";
import { assertClose } from "../closeness.ts";
import { onEachBackend } from "../backends.ts";
import { gpuTest } from "../device/adapter.ts";

const model = sequential({
  conv1: conv({ features: 8, size: 3 }),
  relu1: relu(),
  conv2: conv({ features: 5, size: 3, bias: false }),
  tanh2: tanh(),
  relu2: relu(),
  pool2: maxPool({ size: 3, stride: 2 }),
  conv3: conv({ features: 6, size: 3, groups: 1, padding: "same" }),
  relu3: relu(),
  pool3: maxPool({ size: 2, stride: 1, padding: "same" }),
  tanh3: tanh(),
  flatten: flatten(),
  dense1: dense({ features: 7 }),
  relu4: relu(),
  logits: dense({ features: 3 }),
});

/** The same numbers one layer after another: whoever intercepts sees each. */
const apart = {
  intercept: (_: unknown, x: tf.Tensor, next: (x: tf.Tensor) => tf.Tensor) => next(x),
};

onEachBackend("a fused model has the values and gradients of its layers one by one", async () => {
  const { params, state } = init(model, key(0), [9, 8, 3]);
  const x = tf.randomNormal([2, 9, 8, 3], 0, 1, "float32", 1);
  const objective = (context: object) =>
    valueAndGrad((p: typeof params) => {
      const [y, next] = model.apply(p, state, x, context);
      assertEquals(Object.keys(next), Object.keys(state));
      return [tf.sum(tf.square(y)).asScalar(), {}];
    });
  const [one, other] = [objective({})(params), objective(apart)(params)];
  await assertClose(one.value, await other.value.data());
  for (const name of ["conv1", "conv2", "conv3", "dense1", "logits"] as const) {
    await assertClose(one.grads[name].kernel, await other.grads[name].kernel.data());
  }
  await assertClose(one.grads.dense1.bias, await other.grads.dense1.bias.data());
});

gpuTest(
  "an activation beside a convolution, a dense layer or max pooling costs no dispatch",
  async () => {
    await start();
    const dispatches = (layer: AnyLayer, shape: number[]): number => {
      const { params, state } = init(layer, key(0), shape);
      const x = tf.randomNormal([2, ...shape]);
      const before = counters().dispatches;
      layer.apply(params, state, x, {});
      return counters().dispatches - before;
    };
    assertEquals(
      dispatches(sequential({ c: conv({ features: 4, size: 3 }), r: relu() }), [6, 6, 3]),
      1,
    );
    const pooled = sequential({ c: conv({ features: 4, size: 3 }), r: relu(), p: maxPool() });
    assertEquals(dispatches(pooled, [6, 6, 3]), 2);
    assertEquals(dispatches(sequential({ r: relu(), p: maxPool() }), [6, 6, 3]), 1);
    assertEquals(dispatches(sequential({ d: dense({ features: 4 }), t: tanh() }), [12]), 1);
  },
);

gpuTest("a layer made of another with an apply of its own is left alone", async () => {
  await start();
  const negated: AnyLayer = { ...relu(), apply: (_p, s, x) => [tf.neg(x), s] };
  const layer = sequential({ d: dense({ features: 2 }), n: negated });
  const { params, state } = init(layer, key(0), [2]);
  const x = tf.tensor2d([[1, 2]]);
  const [y] = layer.apply(params, state, x, {});
  const [plain] = dense({ features: 2 }).apply(params.d, {}, x, {});
  await assertClose(y, await tf.neg(plain).data());
});

onEachBackend(
  "nothing is fused into a layer that is made of another with its own apply",
  async () => {
    const pool = maxPool({ size: 1 });
    const negate = (x: tf.Tensor): tf.Tensor => tf.neg(x);
    const plain = dense({ features: 2 });
    const own: AnyLayer = {
      ...plain,
      apply: (p, s, x, context) => [negate(plain.apply(p, s, x, context)[0]), s],
    };
    const ownPool: AnyLayer = { ...pool, apply: (_p, s, x) => [negate(x), s] };
    const { params } = init(plain, key(0), [2]);
    const x = tf.tensor2d([[1, 2], [-3, 1]]);
    const wanted = await tf.relu(negate(tf.add(tf.matMul(x, params.kernel), params.bias))).data();
    const model = sequential({ d: own, r: relu() });
    const [y] = model.apply({ d: params, r: {} }, { d: {}, r: {} }, x, {});
    await assertClose(y, wanted);
    assert(wanted.some((value) => value > 0) && wanted.some((value) => value === 0));
    const image = tf.tensor4d([1, -2, 3, -4], [1, 2, 2, 1]);
    const none = { r: {}, p: {} };
    const [pooled] = sequential({ r: relu(), p: ownPool }).apply(none, none, image, {});
    assertEquals([...await pooled.data()].map((value) => value + 0), [-1, 0, -3, 0]);
    // With another name or declaration, but the same apply, it is still fused, and the same numbers.
    const renamed: AnyLayer = { ...plain, op: "renamed" };
    const [fused] = sequential({ d: renamed, r: relu() }).apply(
      { d: params, r: {} },
      { d: {}, r: {} },
      x,
      {},
    );
    await assertClose(
      fused,
      await tf.relu(tf.add(tf.matMul(x, params.kernel), params.bias)).data(),
    );
  },
);

gpuTest("your own layers say how they are fused, as the built-in ones do", async () => {
  await start();
  const applyWith = (activation?: "relu" | "tanh"): AnyLayer["apply"] => (_p, s, x) => [
    activation ? tf[activation](x) : tf.add(x, 0),
    s,
  ];
  const apply = applyWith();
  const own: AnyLayer = {
    op: "own",
    declare: (shape) => ({ shape, params: {}, state: {} }),
    apply,
    fusion: { of: apply, withActivation: applyWith },
  };
  const x = tf.tensor2d([[1, -2]]);
  const none = { o: {}, r: {} };
  const before = counters().dispatches;
  const [y] = sequential({ o: own, r: relu() }).apply(none, none, x, {});
  assertEquals(counters().dispatches - before, 1);
  assertEquals([...await y.data()], [1, 0]);
});
