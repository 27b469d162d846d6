// Layers that are computed again in the backward pass: the same numbers, with less memory.
import { assert, assertEquals, assertLess } from "@std/assert";
import {
  type AnyLayer,
  batchNorm,
  conv,
  dense,
  disposeTraining,
  dropout,
  type Examples,
  fit,
  flatten,
  init,
  jit,
  type Key,
  key,
  type Layer,
  layers,
  layersOf,
  leaves,
  relu,
  residual,
  sequential,
  sizing,
  softmaxCrossEntropy,
  type Tensor,
  type Tensor2D,
  tf,
  type Tree,
  valueAndGrad,
} from "../../mod.ts";
import { assertClose } from "../closeness.ts";
import { onCpu, onEachBackend } from "../backends.ts";
import { toyExamples } from "../train/toy.ts";

const block = (): AnyLayer =>
  sequential({
    conv: conv({ features: 4, size: 3, padding: "same" }),
    norm: batchNorm(),
    relu: relu(),
    drop: dropout(0.3),
  }) as AnyLayer;

/** A network whose blocks are wrapped by a function. */
function network(wrap: (layer: AnyLayer) => AnyLayer): Layer {
  return sequential({
    stem: conv({ features: 4, size: 3 }),
    one: wrap(block()),
    two: wrap(residual(wrap(block()))),
    flatten: flatten(),
    logits: dense({ features: 3 }),
  }) as Layer;
}

const plain = network((layer) => layer);
const lean = network(layers.checkpoint);
const shape = [8, 8, 1];

/** The loss, its gradients and the next state, in training. */
function gradients(model: Layer, params: Tree, state: Tree, x: Tensor, key: Key) {
  const labels = tf.oneHot(tf.tensor1d([0, 1, 2, 0], "int32"), 3) as Tensor2D;
  return valueAndGrad((p: Tree) => {
    const [y, next] = model.apply(p, state, x, { training: true, key });
    return [softmaxCrossEntropy(y, labels), next];
  })(params);
}

onEachBackend(
  "a checkpointed network has the values, gradients and states of the plain one",
  async () => {
    const { params, state } = init(plain, key(0), shape);
    const x = tf.randomNormal([4, ...shape], 0, 1, "float32", 1);
    const before = tf.memory().numTensors;
    const [own, expected] = tf.tidy(() =>
      [lean, plain].map((model) => {
        const { value, grads, aux } = gradients(model, params, state, x, key(1));
        return { value, grads: leaves(grads), aux: leaves(aux) };
        // deno-lint-ignore no-explicit-any -- tidy's types
      }) as any
    ) as { value: Tensor; grads: Tensor[]; aux: Tensor[] }[];
    await assertClose(own!.value, await expected!.value.data());
    assertEquals(own!.grads.length, expected!.grads.length);
    for (const part of ["grads", "aux"] as const) {
      for (const [i, leaf] of expected![part].entries()) {
        await assertClose(own![part][i]!, await leaf.data());
      }
    }
    [own, expected].forEach((one) => tf.dispose([one!.value, ...one!.grads, ...one!.aux]));
    assertEquals(tf.memory().numTensors, before);
  },
);

onEachBackend("under jit and in fit it trains to the same numbers", async () => {
  const { params, state } = init(plain, key(0), shape);
  const x = tf.randomNormal([4, ...shape], 0, 1, "float32", 2);
  const recorded = jit((p: Tree, x: Tensor, key: Key) => {
    const { value, grads } = gradients(lean, p, state, x, key);
    return { value, grads };
  });
  const expected = gradients(plain, params, state, x, key(5));
  for (let i = 0; i < 2; i++) {
    const { value, grads } = recorded(params, x, key(5));
    await assertClose(value, await expected.value.data());
    for (const [j, leaf] of leaves(expected.grads).entries()) {
      await assertClose(leaves(grads)[j]!, await leaf.data());
    }
  }
  recorded.dispose();
  const examples: Examples = toyExamples(24);
  const losses = async (model: Layer): Promise<number[]> => {
    const before = tf.memory().numTensors;
    const found: number[] = [];
    for await (
      const { loss, network, epoch } of fit(model, examples, { epochs: 2, batchSize: 8 })
    ) {
      found.push(loss);
      if (epoch === 2) disposeTraining(network);
    }
    assertEquals(tf.memory().numTensors, before);
    return found;
  };
  const [own, wanted] = [await losses(lean), await losses(plain)];
  own.forEach((loss, i) => assert(Math.abs(loss - wanted[i]!) < 1e-5, `${own} and ${wanted}`));
});

onCpu("the forward pass of a checkpointed network keeps less for the way back", () => {
  const { params, state } = init(plain, key(0), shape);
  const x = tf.zeros([4, ...shape]);
  const kept = (model: Layer): number => {
    let bytes = 0;
    tf.tidy(() =>
      valueAndGrad((p: Tree) => {
        const before = tf.memory().numBytes;
        const y = tf.tidy(() => model.apply(p, state, x, { training: true, key: key(1) })[0]);
        bytes = tf.memory().numBytes - before;
        return [tf.sum(y).asScalar(), {}];
      })(params).value
    );
    return bytes;
  };
  assertLess(kept(lean), kept(plain) / 2);
});

onCpu("paths, sizes and the summary are those of the layer, with what is computed again", () => {
  assertEquals([...layersOf(lean, shape)], [...layersOf(plain, shape)]);
  const [own, wanted] = [lean, plain].map((model) => sizing.sizeOfModel(model, shape));
  assertEquals(own!.activations, wanted!.activations);
  assertEquals([wanted!.kept, wanted!.recomputedFlops], [wanted!.activations, 0]);
  const inside = (path: string): number =>
    own!.layers.filter((layer) => layer.path.startsWith(`${path}/`))
      .reduce((sum, { flops }) => sum + flops!, 0);
  const sum = own!.layers.find(({ path }) => path === "two")!.flops!;
  assertEquals(own!.recomputedFlops, inside("one") + inside("two") + sum);
  // Of block one (three of its four outputs) and two (all four of its block), the larger is held.
  assertEquals(own!.activations - own!.kept, 3 * 6 * 6 * 4);
  const text = sizing.summary(lean, shape);
  assert(/recomputed .* FLOPs again in the backward pass/.test(text), text);
  assert(!sizing.summary(plain, shape).includes("recomputed"));
});
