// Augmentation within fit: what a step sees is what its key draws, and nothing is left behind.
import { assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { type Augmentation, compose, randomCrop, randomFlip } from "../../lib/augment/mod.ts";
import {
  batches,
  beginTraining,
  fit,
  type FitOptions,
  fold,
  key,
  leaves,
  sgd,
  softmaxCrossEntropy,
  type Tensor1D,
  type Tensor4D,
  tf,
  type Training,
  trainStep,
} from "../../mod.ts";
import { uniformArray } from "../../lib/tensor/mod.ts";
import { onCpu, onEachBackend } from "../backends.ts";
import { toyExamples, toyModel } from "./toy.ts";

const examples = toyExamples(40);
const normalize = { mean: [0.25], std: [0.5] };

/** Every image a little brighter, by its own draw, and labels a little smoother. */
const brighter: Augmentation = {
  name: "brighter",
  draw: (key, [n]) => ({ light: tf.tensor1d(uniformArray(key, n, 0, 0.2)) }),
  apply: ({ images, labels }, drawn) => {
    const { light } = drawn as { light: Tensor1D };
    return {
      images: tf.add(images, tf.reshape(light, [light.shape[0], 1, 1, 1])) as Tensor4D,
      labels: tf.add(tf.mul(labels, 0.7), 0.1),
    };
  },
};

const optimizer = (): ReturnType<typeof sgd> => sgd({ learningRate: 0.1, momentum: 0.9 });

async function run(more: FitOptions): Promise<{ losses: number[]; last: Training }> {
  const losses: number[] = [];
  let last: Training | undefined;
  const options: FitOptions = {
    optimizer: optimizer(),
    batchSize: 16,
    epochs: 2,
    key: key(5),
    normalize,
    onStep: ({ loss }) => losses.push(loss),
  };
  for await (const { network } of fit(toyModel(), examples, { ...options, ...more })) {
    last = network;
  }
  return { losses, last: last! };
}

function free({ params, state, optimizer }: Training): void {
  tf.dispose([params, state, optimizer].flatMap(leaves));
}

onCpu(
  "a step sees unit pixels, augmented by a key of the run and the step, then normalized",
  async () => {
    const { losses } = await run({ augment: brighter });
    const step = trainStep(toyModel(), softmaxCrossEntropy, optimizer());
    const expected: number[] = [];
    let { params, state, optimizer: own } = beginTraining(toyModel(), optimizer(), key(5), [
      8,
      8,
      1,
    ]);
    for (const epoch of [0, 1]) {
      const order = fold(fold(key(5), "order"), epoch);
      for await (const batch of batches(examples, { batchSize: 16, key: order })) {
        const at = expected.length;
        const light = uniformArray(fold(fold(key(5), "augment"), at), batch.size, 0, 0.2);
        const pixels = await batch.images.data();
        const images = tf.tensor4d(
          pixels.map((pixel, i) => (pixel + light[Math.floor(i / 64)]! - 0.25) / 0.5),
          batch.images.shape,
        );
        const labels = tf.add(tf.mul(batch.labels, 0.7), 0.1) as typeof batch.labels;
        const next = step(
          { params, state, optimizer: own },
          { images, labels },
          fold(fold(key(5), "step"), at),
        );
        ({ params, state, optimizer: own } = next);
        expected.push((await next.loss.data())[0]!);
      }
    }
    assertEquals(losses.length, expected.length);
    losses.forEach((loss, i) => assertEquals(loss.toFixed(4), expected[i]!.toFixed(4)));
  },
);

onEachBackend(
  "augmented steps are recorded to the same numbers, and leave no tensors",
  async () => {
    const augment = compose(randomCrop(2), randomFlip(), brighter);
    const before = tf.memory().numTensors;
    const counts: number[] = [];
    const recorded = await run({
      augment,
      onStep: () => counts.push(tf.memory().numTensors),
    });
    assertEquals(Math.max(...counts) - Math.min(...counts) <= 1, true, `${counts}`);
    free(recorded.last);
    assertEquals(tf.memory().numTensors, before);
    const jitted = await run({ augment, jit: "check" });
    const eager = await run({ augment, jit: false });
    assertEquals(jitted.losses, eager.losses);
    const plain = await run({});
    assertNotEquals(jitted.losses, plain.losses);
    [jitted, eager, plain].forEach(({ last }) => free(last));
  },
);

onCpu("the accuracy of mixed labels counts the class with the greatest share", async () => {
  const half: Augmentation = {
    name: "half",
    draw: () => ({}),
    apply: ({ images, labels }) => ({ images, labels: tf.mul(labels, 0.6) }),
  };
  const accuracies: number[] = [];
  const optimizer = sgd({ learningRate: 1e-9 });
  for (const augment of [undefined, half]) {
    const options = { optimizer, key: key(1), ...(augment ? { augment } : {}) };
    for await (const { accuracy } of fit(toyModel(), examples, options)) accuracies.push(accuracy);
  }
  assertEquals(accuracies[0], accuracies[1]);
});

onCpu(
  "moments that are not one a channel are refused, and a draw that fails leaves no batch",
  async () => {
    const wrong = { mean: [0.1, 0.2, 0.3], std: [1, 1, 1] };
    await assertRejects(
      () => run({ augment: brighter, normalize: wrong }),
      RangeError,
      "1 channels",
    );
    const failing: Augmentation = {
      ...brighter,
      draw: () => {
        throw new Error("no more randomness");
      },
    };
    const from = beginTraining(toyModel(), optimizer(), key(0), [8, 8, 1]);
    const before = tf.memory().numTensors;
    await assertRejects(() => run({ from, augment: failing }), Error, "no more randomness");
    assertEquals(tf.memory().numTensors, before);
  },
);
