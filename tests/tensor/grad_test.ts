// Gradients over trees: their values, what else is answered, and who owns the tensors.
import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import {
  batchNorm,
  conv,
  dense,
  disposeTree,
  flatten,
  init,
  key,
  leaves,
  maxPool,
  relu,
  type Scalar,
  sequential,
  softmaxCrossEntropy,
  type Tensor,
  tf,
  valueAndGrad,
} from "../../mod.ts";
import { normalArray } from "../../lib/tensor/mod.ts";
import { onCpu, onEachBackend } from "../backends.ts";

/** p.x² · p.y + Σ data, with its parts as auxiliary results. */
function polynomial(p: { x: Tensor; y: Tensor; unused: Tensor }, data: Tensor) {
  const square = tf.square(p.x);
  const product = tf.mul(square, p.y);
  const value = tf.add(product, tf.sum(data)).asScalar();
  return [value, { square, inner: { product }, given: data }] as [
    Scalar,
    { square: Tensor; inner: { product: Tensor }; given: Tensor },
  ];
}

function point() {
  return { x: tf.scalar(3), y: tf.scalar(5), unused: tf.tensor1d([1, 2]) };
}

onEachBackend(
  "value, gradients and auxiliary results are right, inside and outside tidy",
  async () => {
    const data = tf.tensor1d([1, 2]);
    const f = valueAndGrad(polynomial);
    const parameters = point();
    const ways = [
      f,
      (p: typeof parameters, d: Tensor) =>
        tf.tidy(() => f(p, d) as unknown as tf.TensorContainer) as unknown as ReturnType<typeof f>,
    ];
    for (const way of ways) {
      const { value, grads, aux } = way(parameters, data);
      assertEquals(await value.array(), 48);
      assertEquals(await grads.x.array(), 30);
      assertEquals(await grads.y.array(), 9);
      assertEquals(Array.from(await grads.unused.data()), [0, 0]);
      assertEquals(await aux.square.array(), 9);
      assertEquals(await aux.inner.product.array(), 45);
      assertStrictEquals(aux.given, data);
    }
  },
);

onEachBackend("outside tidy, only what is answered is left, and the caller can free it", () => {
  const [parameters, data] = [point(), tf.tensor1d([1, 2])];
  const f = valueAndGrad(polynomial);
  const before = tf.memory().numTensors;
  for (let i = 0; i < 3; i++) {
    const { value, grads, aux } = f(parameters, data);
    assertEquals(tf.memory().numTensors, before + 6);
    disposeTree({ value, grads, aux }, { data });
    assertEquals(tf.memory().numTensors, before);
  }
});

onEachBackend("inside tidy, everything is freed but what leaves it", async () => {
  const [parameters, data] = [point(), tf.tensor1d([1, 2])];
  const f = valueAndGrad(polynomial);
  const before = tf.memory().numTensors;
  const kept = tf.tidy(() => f(parameters, data).aux.inner.product);
  assertEquals(tf.memory().numTensors, before + 1);
  assertEquals(await kept.array(), 45);
  kept.dispose();
  tf.tidy(() => void f(parameters, data));
  assertEquals(tf.memory().numTensors, before);
  assert(!data.isDisposed && leaves(parameters).every((leaf) => !leaf.isDisposed));
});

onCpu("one tensor may be value and auxiliary result, and stand at two places of it", async () => {
  const f = valueAndGrad((p: { x: Tensor }) => {
    const value = tf.sum(p.x).asScalar();
    return [value, { value, again: value }];
  });
  const x = tf.tensor1d([1, 2]);
  const before = tf.memory().numTensors;
  const kept = tf.tidy(() => f({ x }).aux.again);
  assertEquals(await kept.array(), 3);
  kept.dispose();
  disposeTree(f({ x }) as never);
  assertEquals(tf.memory().numTensors, before);
});

onEachBackend("a whole model is differentiated, and its next state comes out", async () => {
  const model = sequential({
    conv: conv({ features: 3, size: 3, stride: 2, padding: 1 }),
    norm: batchNorm(),
    relu: relu(),
    pool: maxPool(),
    flatten: flatten(),
    logits: dense({ features: 2 }),
  });
  const { params, state } = init(model, key(0), [7, 6, 2]);
  const x = tf.tensor4d(normalArray(key(1), 3 * 7 * 6 * 2), [3, 7, 6, 2]);
  const targets = tf.tensor2d([[1, 0], [0, 1], [1, 0]]);
  const objective = valueAndGrad((p: typeof params, s: typeof state) => {
    const [logits, next] = model.apply(p, s, x, { training: true });
    return [softmaxCrossEntropy(logits, targets), { logits, next }];
  });
  const before = tf.memory().numTensors;
  const answer = objective(params, state);
  // Value, 6 gradients, logits, 2 statistics.
  assertEquals(tf.memory().numTensors, before + 10);
  const { value, grads, aux } = answer;
  assertEquals(leaves(grads).map((leaf) => leaf.shape), leaves(params).map((leaf) => leaf.shape));
  assertEquals(await softmaxCrossEntropy(aux.logits, targets).array(), await value.array());
  const [old, next] = [state.norm.mean, aux.next.norm.mean];
  assert(!old.isDisposed && !next.isDisposed);
  assert((await next.data()).some((x) => x !== 0));
  // Down the gradient, the loss falls by the gradient's square, to first order.
  const squares = leaves(grads).map((grad) => tf.sum(tf.square(grad)).asScalar());
  const slope = (await Promise.all(squares.map((square) => square.array()))).reduce((a, b) =>
    a + b
  );
  const down = (leaf: Tensor, grad: Tensor): Tensor => tf.sub(leaf, tf.mul(grad, 1e-3 / slope));
  const moved = {
    ...params,
    conv: {
      kernel: down(params.conv.kernel, grads.conv.kernel) as typeof params.conv.kernel,
      bias: down(params.conv.bias, grads.conv.bias),
    },
    norm: {
      scale: down(params.norm.scale, grads.norm.scale),
      shift: down(params.norm.shift, grads.norm.shift),
    },
    logits: {
      kernel: down(params.logits.kernel, grads.logits.kernel) as typeof params.logits.kernel,
      bias: down(params.logits.bias, grads.logits.bias),
    },
  };
  const fall = await value.array() - await objective(moved, state).value.array();
  assert(Math.abs(fall / 1e-3 - 1) < 0.02, `fell by ${fall}, not by 0.001`);
});

onCpu("further arguments are not differentiated, absent leaves stay absent", async () => {
  const f = valueAndGrad((p: { a: Tensor; b: null }, factor: Tensor) => [
    tf.mul(p.a, factor).asScalar(),
    {},
  ]);
  const { grads } = f({ a: tf.scalar(2), b: null }, tf.scalar(7));
  assertEquals(Object.keys(grads), ["a", "b"]);
  assertEquals(await grads.a.array(), 7);
  assertEquals(grads.b, null);
});

onCpu("the gradient of a leaf itself is 1, and of a constant 0", async () => {
  const itself = valueAndGrad((p: { x: Tensor }) => [p.x as Scalar, {}]);
  assertEquals(await itself({ x: tf.scalar(4) }).grads.x.array(), 1);
  const constant = valueAndGrad((_: { x: Tensor }) => [tf.scalar(4), {}]);
  const { value, grads } = constant({ x: tf.tensor1d([1, 2]) });
  assertEquals(await value.array(), 4);
  assertEquals(Array.from(await grads.x.data()), [0, 0]);
});

onCpu("a model without parameters has a value and no gradients", async () => {
  const x = tf.tensor1d([-1, 2]);
  const f = valueAndGrad((_: Record<string, never>) => [tf.sum(tf.relu(x)).asScalar(), { x }]);
  const before = tf.memory().numTensors;
  const { value, grads, aux } = f({});
  assertEquals([await value.array(), grads], [2, {}]);
  assertStrictEquals(aux.x, x);
  value.dispose();
  assertEquals(tf.memory().numTensors, before);
});

onCpu("a value that is not a scalar is refused, and nothing is left over", () => {
  const x = tf.tensor1d([1, 2, 3]);
  const f = valueAndGrad((p: { x: Tensor }) => {
    const y = tf.square(p.x);
    return [y as unknown as Scalar, { y }];
  });
  const before = tf.memory().numTensors;
  assertThrows(() => f({ x }), TypeError, "must be a scalar: it has shape [3]");
  assertEquals(tf.memory().numTensors, before);
});

onCpu("an error on the way back goes through, and nothing is left over", () => {
  const stuck = tf.customGrad((x) => ({
    value: tf.square(x as Tensor),
    gradFunc: (): Tensor => {
      throw new RangeError("no way back");
    },
  }));
  const f = valueAndGrad((p: { x: Tensor }) => {
    const y = tf.mul(stuck(p.x), p.x);
    return [tf.sum(y).asScalar(), { y }];
  });
  const x = tf.tensor1d([1, 2, 3]);
  const before = tf.memory().numTensors;
  assertThrows(() => f({ x }), RangeError, "no way back");
  assertEquals(tf.memory().numTensors, before);
});

onCpu("an error in the function goes through, and gradients still work afterwards", async () => {
  const bad = valueAndGrad((_: { x: Tensor }): [Scalar, Record<string, never>] => {
    throw new RangeError("mine");
  });
  assertThrows(() => bad({ x: tf.scalar(1) }), RangeError, "mine");
  const good = valueAndGrad((p: { x: Tensor }) => [tf.square(p.x).asScalar(), {}]);
  assertEquals(await good({ x: tf.scalar(3) }).grads.x.array(), 6);
});

onEachBackend("where a slope jumps or a formula has none, it is PyTorch's", async () => {
  const slopes = async (f: (x: Tensor) => Tensor, at: number[]): Promise<number[]> =>
    Array.from(await tf.grad(f)(tf.tensor1d(at)).data());
  assertEquals(await slopes(tf.abs, [-2, 0, 2]), [-1, 0, 1]);
  assertEquals(await slopes(tf.relu6, [-1, 0, 3, 6, 7]), [0, 0, 1, 0, 0]);
  assertEquals(await slopes((x) => tf.clipByValue(x, 0, 1), [-1, 0, 1, 2]), [0, 1, 1, 0]);
  assertEquals(await slopes((x) => tf.pow(x, 0), [0, 2]), [0, 0]);
  assertEquals(await slopes((x) => tf.pow(x, 2), [0]), [0]);
  assertEquals(await slopes((x) => tf.pow(0, x), [2, 3]), [0, 0]);
  assertEquals(await slopes((x) => tf.prod(x), [0, 3, 5]), [15, 0, 0]);
  assertEquals(await slopes((x) => tf.prod(x), [0, 3, 0]), [0, 0, 0]);
  assertEquals(await slopes((x) => tf.gather(x, tf.tensor1d([1, 1], "int32")), [7, 8, 9]), [
    0,
    2,
    0,
  ]);
});
