// Recorded training is the same training: the same numbers at each step.
import { assertEquals } from "@std/assert";
import {
  adam,
  batchNorm,
  chapterMnist,
  conv,
  dense,
  evaluate,
  type Examples,
  fit,
  flatten,
  globalMeanPool,
  key,
  type Layer,
  leaves,
  lenet5,
  type Optimizer,
  predict,
  relu,
  residual,
  sequential,
  sgd,
  start,
  tf,
} from "../../mod.ts";
import { uniformArray } from "../../lib/tensor/mod.ts";
import { gpuTest } from "../device/adapter.ts";
import { toyExamples } from "./toy.ts";

/** Noise under labels. */
function noise(count: number, side: number): Examples {
  return {
    name: "noise",
    images: Uint8Array.from(uniformArray(key(count), count * side * side, 0, 256)),
    labels: Uint8Array.from({ length: count }, (_, i) => (i * 7) % 10),
    imageShape: [side, side, 1],
    classNames: Array.from({ length: 10 }, (_, i) => `${i}`),
  };
}

function residualNet(): Layer {
  const block = sequential({
    conv: conv({ features: 4, size: 3, padding: "same", bias: false }),
    norm: batchNorm(),
    relu: relu(),
  });
  return sequential({
    stem: conv({ features: 4, size: 3, padding: "same" }),
    block1: residual(block),
    block2: residual(block),
    pool: globalMeanPool(),
    flatten: flatten(),
    logits: dense({ features: 3 }),
  }) as Layer;
}

/** What a run of three steps, the last of a smaller batch, and its validation say. */
async function run(
  model: Layer,
  examples: Examples,
  optimizer: Optimizer,
  jit: boolean | "check",
): Promise<unknown> {
  const steps: number[][] = [];
  const batchSize = Math.ceil(examples.labels.length / 2.5);
  const options = { batchSize, optimizer, key: key(4), validation: examples, epochs: 2, jit };
  for await (
    const epoch of fit(model, examples, {
      ...options,
      onStep: ({ loss, accuracy }) => steps.push([loss, accuracy]),
    })
  ) {
    if (epoch.epoch < 2) continue;
    const { network, valLoss, valAccuracy } = epoch;
    const params = await Promise.all(leaves(network.params).map((leaf) => leaf.data()));
    const measured = await evaluate(network, examples, { batchSize, jit: jit !== false });
    const x = tf.ones([2, ...examples.imageShape]);
    const answer = await predict(network, x, { jit: jit !== false }).data();
    tf.dispose([network.params, network.state, network.optimizer].flatMap(leaves));
    assertEquals(steps.length, 6);
    return { steps, params, valLoss, valAccuracy, measured, answer };
  }
  throw new Error("the run ended before its second epoch");
}

const CASES: Readonly<Record<string, [Layer, Examples, Optimizer]>> = {
  "LeNet-5 with momentum": [lenet5() as Layer, noise(10, 28), sgd({ momentum: 0.9 })],
  "LeNet-5 with Adam": [lenet5() as Layer, noise(10, 28), adam()],
  "the chapter's network, with dropped units": [chapterMnist() as Layer, noise(5, 28), sgd()],
  "batch normalization and residual blocks": [
    residualNet(),
    toyExamples(15),
    sgd({ momentum: 0.5 }),
  ],
};

for (const [name, [model, examples, optimizer]] of Object.entries(CASES)) {
  gpuTest(`recorded training is the same to the bit: ${name}`, async () => {
    await start();
    const eager = await run(model, examples, optimizer, false);
    assertEquals(await run(model, examples, optimizer, "check"), eager);
  });
}
