// Gradients of every layer against finite differences, on each backend.
import { assert, assertEquals } from "@std/assert";
import {
  batchNorm,
  type Context,
  conv,
  dense,
  dropout,
  flatten,
  globalMeanPool,
  init,
  key,
  type Layer,
  leakyRelu,
  maxPool,
  meanPool,
  normPool,
  padTo,
  parallel,
  relu,
  residual,
  sequential,
  type Shape,
  sigmoid,
  sizeOf,
  softmax,
  tanh,
  type Tensor,
  tf,
  type Tree,
} from "../../mod.ts";
import { permutation } from "../../lib/tensor/mod.ts";
import { onCpu, onEachBackend } from "../backends.ts";
import { numbersOf } from "../closeness.ts";
import { assertGradients, type DifferenceOptions } from "../finite_differences.ts";

/** Numbers `gap` from one another and half that from zero: no step of 0.01 crosses a kink. */
function spaced(shape: Shape, gap = 0.03): Tensor {
  const middle = Math.floor(sizeOf(shape) / 2) - 0.5;
  const order = permutation(key(21), sizeOf(shape));
  const values = Float32Array.from(order, (i) => (i - middle) * gap);
  return tf.tensor(values, [...shape]);
}

/** Asserts the gradients of a layer by its input and by its parameters. */
async function assertLayer<P extends Tree, S extends Tree>(
  layer: Layer<P, S>,
  batch: number,
  shape: Shape,
  context: Context = {},
  { gap, ...options }: DifferenceOptions & { readonly gap?: number } = {},
): Promise<void> {
  const { params, state } = init(layer, key(20), shape);
  const own = Object.entries(params as Tree & object).filter(([, leaf]) =>
    leaf instanceof tf.Tensor
  );
  await assertGradients(
    ({ x, ...rest }) =>
      layer.apply({ ...params as object, ...rest } as unknown as P, state, x!, context)[0],
    { ...Object.fromEntries(own), x: spaced([batch, ...shape], gap) },
    options,
  );
}

/** Convolutions are linear in each argument, so that only rounding is left: the step may be large. */
const LINEAR: DifferenceOptions = { step: 0.5, tolerance: 2e-5 };

onEachBackend("conv with dilation 2, stride 2, groups 2 and padding, odd sizes", async () => {
  const layer = conv({ features: 2, size: 3, stride: 2, padding: 2, dilation: 2, groups: 2 });
  await assertLayer(layer, 1, [5, 3, 2], {}, LINEAR);
});

onEachBackend("conv with an oblong window that leaves a rest", async () => {
  const layer = conv({ features: 2, size: [2, 3], stride: [3, 2], padding: "same", bias: false });
  await assertLayer(layer, 1, [5, 4, 1], {}, LINEAR);
});

onEachBackend("dense", async () => {
  await assertLayer(dense({ features: 3 }), 2, [5], {}, LINEAR);
});

const POOLS = { size: 3, stride: 2, padding: 1 } as const;

onEachBackend("maxPool", async () => {
  await assertLayer(maxPool(POOLS), 1, [5, 5, 1]);
  await assertLayer(maxPool({ size: [3, 2], stride: [2, 3], padding: "same" }), 1, [3, 5, 1]);
});

onEachBackend("meanPool", async () => {
  await assertLayer(meanPool(POOLS), 1, [5, 5, 1], {}, LINEAR);
  const same = meanPool({ size: [3, 2], stride: [2, 3], padding: "same" });
  await assertLayer(same, 1, [3, 5, 1], {}, LINEAR);
});

onEachBackend("normPool of either norm", async () => {
  await assertLayer(normPool({ ...POOLS, norm: 1 }), 1, [5, 5, 1]);
  await assertLayer(normPool({ ...POOLS, norm: 2 }), 1, [5, 5, 1]);
});

onEachBackend("globalMeanPool, flatten and padTo", async () => {
  const layer = sequential({ pad: padTo(6, 5), flatten: flatten() });
  await assertLayer(globalMeanPool(), 2, [3, 2, 2], {}, LINEAR);
  await assertLayer(layer, 2, [3, 4, 1], {}, LINEAR);
});

onEachBackend("activations", async () => {
  for (const layer of [relu(), leakyRelu(0.1), tanh(), sigmoid(), softmax()]) {
    await assertLayer(layer, 2, [7]);
  }
});

onEachBackend("batchNorm in training, through the batch's own statistics", async () => {
  // Far apart, as the slope's own curvature goes with (step / deviation)².
  await assertLayer(batchNorm(), 2, [3, 1, 2], { training: true }, { gap: 0.3 });
  await assertLayer(batchNorm(), 5, [3], { training: true }, { gap: 0.3 });
});

onEachBackend("batchNorm in inference", async () => {
  await assertLayer(batchNorm(), 3, [4], {}, LINEAR);
});

onEachBackend("dropout with a fixed key", async () => {
  await assertLayer(dropout(0.4), 1, [31], { training: true, key: key(8) }, LINEAR);
});

onEachBackend("blocks: residual and parallel, with statistics inside", async () => {
  const block = residual(
    sequential({
      conv: conv({ features: 4, size: 3, padding: "same" }),
      norm: batchNorm(),
      act: tanh(),
    }),
    parallel({
      one: conv({ features: 3, size: 1 }),
      pool: meanPool({ size: 3, stride: 1, padding: 1 }),
    }),
  );
  const { params, state } = init(block, key(22), [3, 3, 1]);
  await assertGradients(
    ({ x, kernel, scale, one }) => {
      const body = {
        ...params.body,
        conv: { ...params.body.conv, kernel: kernel as tf.Tensor4D },
        norm: { ...params.body.norm, scale: scale! },
      };
      const shortcut = {
        ...params.shortcut,
        one: { ...params.shortcut.one, kernel: one as tf.Tensor4D },
      };
      return block.apply({ body, shortcut }, state, x!, { training: true })[0];
    },
    {
      x: spaced([2, 3, 3, 1]),
      kernel: params.body.conv.kernel,
      scale: params.body.norm.scale,
      one: params.shortcut.one.kernel,
    } as { readonly [name: string]: Tensor },
  );
});

onEachBackend("where a window has several largest, the gradient goes to one of them", async () => {
  const pool = maxPool({ size: 2 });
  const x = tf.zeros([1, 4, 4, 1]);
  const dx = tf.grad((input: Tensor) => tf.sum(pool.apply({}, {}, input, {})[0]))(x);
  const values = Array.from(await numbersOf(dx));
  assertEquals(values.reduce((total, value) => total + value, 0), 4);
  assert(values.every((value) => value === 0 || value === 1));
});

onEachBackend("norms of windows of zeros have slope zero, not NaN", async () => {
  for (const norm of [1, 2] as const) {
    const pool = normPool({ norm });
    const dx = tf.grad((input: Tensor) => tf.sum(pool.apply({}, {}, input, {})[0]))(
      tf.zeros([1, 4, 4, 1]),
    );
    assert(Array.from(await numbersOf(dx)).every((value) => value === 0));
  }
});

onCpu("the sum of three branches is differentiated by each", async () => {
  const layer = parallel({ a: tanh(), b: relu(), c: sequential({}) }, "sum");
  await assertGradients(
    ({ x }) => layer.apply({ a: {}, b: {}, c: {} }, { a: {}, b: {}, c: {} }, x, {})[0],
    { x: spaced([1, 9]) },
  );
});
