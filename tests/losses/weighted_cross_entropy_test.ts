// Classes that count differently: PyTorch's numbers, the slope, and what cannot be a weight.
import { assertEquals, assertThrows } from "@std/assert";
import { type Tensor, tf, valueAndGrad, weightedCrossEntropy } from "../../mod.ts";
import { onCpu, onEachBackend } from "../backends.ts";
import { assertClose } from "../closeness.ts";
import { assertGradients } from "../finite_differences.ts";
import golden from "../golden/class_weights.json" with { type: "json" };

onEachBackend("the weighted cross-entropy and its gradient equal PyTorch's", async () => {
  const loss = weightedCrossEntropy(golden.weights);
  const targets = tf.oneHot(tf.tensor1d(golden.labels, "int32"), 5);
  const { value, grads } = valueAndGrad((tree: { logits: Tensor }) => [
    loss(tree.logits, targets),
    {},
  ])({ logits: tf.tensor2d(golden.logits) });
  assertEquals(value.shape, []);
  await assertClose(value, [golden.loss], "loss");
  await assertClose(grads.logits, golden.gradient.flat(), "gradient");
});

onEachBackend("its slope is that of its value, by logits, for soft targets too", async () => {
  const loss = weightedCrossEntropy([0.5, 2, 1]);
  const targets = tf.tensor2d([[0.2, 0.5, 0.3], [0, 1, 0]]);
  await assertGradients(({ logits }) => loss(logits, targets), {
    logits: tf.tensor2d([[0.3, -1.2, 0.8], [2.1, 0.4, -0.6]]),
  });
});

onCpu("weights and shapes that cannot be are refused", () => {
  for (const weights of [[], [1, 0], [1, -1], [1, NaN], [Infinity]]) {
    assertThrows(() => weightedCrossEntropy(weights), RangeError, `got [${weights}]`);
  }
  const loss = weightedCrossEntropy([1, 2]);
  const [two, three] = [tf.ones([1, 2]), tf.ones([1, 3])];
  assertThrows(() => loss(three, three), TypeError, "[1,3] and [1,3]");
  assertThrows(() => loss(two, tf.ones([2, 2])), TypeError, "[1,2] and [2,2]");
});
