// Layers against PyTorch's outputs and gradients, on each backend.
import { assert, assertEquals } from "@std/assert";
import {
  batchNorm,
  type BatchNormOptions,
  conv,
  type ConvOptions,
  dense,
  type DenseOptions,
  type Layer,
  leakyRelu,
  maxPool,
  meanPool,
  normPool,
  type NormPoolOptions,
  type PoolOptions,
  relu,
  sigmoid,
  softmax,
  tanh,
  type Tensor,
  tf,
  type Tree,
  valueAndGrad,
} from "../../mod.ts";
import { onEachBackend } from "../backends.ts";
import { assertClose } from "../closeness.ts";
import {
  golden,
  type LayerCase,
  shapeOf,
  tensorOf,
  tensorsOf,
  valuesOf,
} from "../golden/golden.ts";

type AnyLayer = Layer<{ readonly [name: string]: Tensor }, Tree>;

const MAKERS: Readonly<Record<string, (options: never) => unknown>> = {
  conv: (options: ConvOptions) => conv(options),
  dense: (options: DenseOptions) => dense(options),
  maxPool: (options: PoolOptions) => maxPool(options),
  meanPool: (options: PoolOptions) => meanPool(options),
  normPool: (options: NormPoolOptions) => normPool(options),
  leakyRelu: ({ slope }: { slope: number }) => leakyRelu(slope),
  relu: () => relu(),
  tanh: () => tanh(),
  sigmoid: () => sigmoid(),
  softmax: () => softmax(),
};

/** Applies a layer and asserts outputs and gradients; returns the next state. */
async function assertLike<S extends Tree>(
  layer: Layer<{ readonly [name: string]: Tensor }, S>,
  state: S,
  known: LayerCase,
  training: boolean,
): Promise<S> {
  const upstream = tensorOf(known.upstream);
  const grad = valueAndGrad((tree: { x: Tensor; params: { readonly [name: string]: Tensor } }) => {
    const [y, next] = layer.apply(tree.params, state, tree.x, { training });
    return [tf.sum(tf.mul(y, upstream)).asScalar(), { y, next }];
  });
  const { grads, aux } = grad({ x: tensorOf(known.x), params: tensorsOf(known.params) });
  assertEquals(aux.y.shape, shapeOf(known.y));
  await assertClose(aux.y, valuesOf(known.y), "output");
  await assertClose(grads.x, valuesOf(known.xGradient), "gradient by the input");
  for (const [name, text] of Object.entries(known.paramGradients)) {
    await assertClose(grads.params[name]!, valuesOf(text), `gradient by ${name}`);
  }
  return aux.next as S;
}

for (const known of golden.layers) {
  onEachBackend(`${known.op}, ${known.name}, equals PyTorch's`, async () => {
    const layer = MAKERS[known.op]!(known.options as never) as AnyLayer;
    const declared = layer.declare(shapeOf(known.x).slice(1));
    assertEquals([...declared.shape], shapeOf(known.y).slice(1));
    const shapes = Object.entries(known.params).map(([name, text]) => [name, shapeOf(text)]);
    const slots = Object.entries(declared.params).map(([name, slot]) => [name, [...slot.shape]]);
    assertEquals(slots, shapes);
    await assertLike(layer, {}, known, false);
  });
}

onEachBackend(
  "batchNorm over three steps of training, then inference, equals PyTorch's",
  async () => {
    const { epsilon, momentum, steps, inference } = golden.batchNorm;
    const options: BatchNormOptions = { epsilon, momentum };
    const layer = batchNorm(options) as unknown as Layer<
      { readonly [name: string]: Tensor },
      { readonly mean: Tensor; readonly variance: Tensor }
    >;
    let state = { mean: tf.zeros([3]), variance: tf.ones([3]) } as {
      readonly mean: Tensor;
      readonly variance: Tensor;
    };
    for (const step of steps) {
      state = await assertLike(layer, state, step, true);
      await assertClose(state.mean, valuesOf(step.mean), `${step.name}: running mean`);
      await assertClose(state.variance, valuesOf(step.variance), `${step.name}: running variance`);
    }
    const after = await assertLike(layer, state, inference, false);
    assert(after === state, "inference must not change the state");
  },
);
