// Losses against PyTorch's values and gradients, and against what cannot be their input.
import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  type Loss,
  meanSquaredError,
  softmaxCrossEntropy,
  type Tensor,
  tf,
  valueAndGrad,
} from "../../mod.ts";
import { onCpu, onEachBackend } from "../backends.ts";
import { assertClose } from "../closeness.ts";
import { assertGradients } from "../finite_differences.ts";
import { golden, tensorOf, valuesOf } from "../golden/golden.ts";

const LOSSES: Readonly<Record<string, Loss>> = { softmaxCrossEntropy, meanSquaredError };

function withGrads(loss: Loss, outputs: Tensor, targets: Tensor) {
  return valueAndGrad((tree: { outputs: Tensor; targets: Tensor }) => [
    loss(tree.outputs, tree.targets),
    {},
  ])({ outputs, targets });
}

for (const known of golden.losses) {
  onEachBackend(`${known.loss}, ${known.name}, equals PyTorch's`, async () => {
    const { value, grads } = withGrads(
      LOSSES[known.loss]!,
      tensorOf(known.outputs),
      tensorOf(known.targets),
    );
    assertEquals(value.shape, []);
    await assertClose(value, [known.value], "loss");
    await assertClose(grads.outputs, valuesOf(known.outputGradient), "gradient by the outputs");
    await assertClose(grads.targets, valuesOf(known.targetGradient), "gradient by the targets");
  });
}

onEachBackend(
  "the slope of softmax cross-entropy is that of its value, by logits and targets",
  async () => {
    await assertGradients(
      ({ logits, targets }) => softmaxCrossEntropy(logits, targets),
      {
        logits: tf.tensor2d([[0.3, -1.2, 0.8], [2.1, 0.4, -0.6]]),
        targets: tf.tensor2d([[0.2, 0.5, 0.3], [0, 1, 0]]),
      },
    );
  },
);

onEachBackend("the slope of the mean squared error is that of its value", async () => {
  await assertGradients(({ y, t }) => meanSquaredError(y, t), {
    y: tf.tensor2d([[0.3, -1.2, 0.8], [2.1, 0.4, -0.6]]),
    t: tf.tensor2d([[0.1, 0.5, 0.3], [0, -1, 0.2]]),
  });
});

onEachBackend("logits of any size neither overflow nor lose their difference", async () => {
  const targets = tf.tensor2d([[0, 1]]);
  const at = async (...logits: number[]): Promise<number> =>
    await softmaxCrossEntropy(tf.tensor2d([logits]), targets).array();
  assertEquals(await at(1e30, 1e30), Math.fround(Math.LN2));
  assertEquals(await at(-1e30, -1e30), Math.fround(Math.LN2));
  assertEquals(await at(1e30, 0), Math.fround(1e30));
  assertEquals(await at(0, 1e30), 0);
});

onEachBackend("NaN among the logits makes the loss NaN", async () => {
  const logits = tf.tensor2d([[1, NaN], [1, 2]]);
  assertEquals(await softmaxCrossEntropy(logits, tf.tensor2d([[1, 0], [1, 0]])).array(), NaN);
  assertEquals(await meanSquaredError(logits, tf.zeros([2, 2])).array(), NaN);
});

onCpu("the loss is the mean over the batch", async () => {
  const logits = tf.tensor2d([[1, 2, 3]]);
  const targets = tf.tensor2d([[0, 0, 1]]);
  const one = await softmaxCrossEntropy(logits, targets).array();
  const four = await softmaxCrossEntropy(tf.tile(logits, [4, 1]), tf.tile(targets, [4, 1])).array();
  assertAlmostEquals(four, one, 1e-7);
  assertAlmostEquals(one, Math.log(Math.exp(-2) + Math.exp(-1) + 1), 1e-7);
});

onCpu("whole-number targets are taken as they are", async () => {
  const logits = tf.tensor2d([[1, 2], [3, 1]]);
  const whole = softmaxCrossEntropy(logits, tf.tensor2d([[0, 1], [1, 0]], [2, 2], "int32"));
  const real = softmaxCrossEntropy(logits, tf.tensor2d([[0, 1], [1, 0]]));
  assertEquals(await whole.array(), await real.array());
});

onCpu("losses refuse outputs and targets of different shapes", () => {
  const outputs = tf.zeros([2, 3]);
  for (const targets of [tf.zeros([3, 2]), tf.zeros([2]), tf.zeros([1, 3]), tf.zeros([2, 3, 1])]) {
    const shapes = `got [2,3] and [${targets.shape}]`;
    assertThrows(() => softmaxCrossEntropy(outputs, targets), TypeError, shapes);
    assertThrows(() => meanSquaredError(outputs, targets), TypeError, shapes);
  }
});

onCpu("softmax cross-entropy refuses what is not a batch of scores", () => {
  for (const shape of [[], [3], [2, 3, 4]]) {
    assertThrows(
      () => softmaxCrossEntropy(tf.zeros(shape), tf.zeros(shape)),
      TypeError,
      `[N, classes], got [${shape}]`,
    );
  }
});
