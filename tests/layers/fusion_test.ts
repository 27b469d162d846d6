// Activations in the pass of the layer before them: the same numbers, states and gradients.
import { assertEquals } from "@std/assert";
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
