// A single score is no class's: whatever takes scores refuses it, in one way.
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { channel, classLogit, saliency } from "../../lib/explain/mod.ts";
import { correctCount } from "../../lib/train/report/mod.ts";
import { fgsm } from "../../lib/generate/mod.ts";
import {
  classify,
  dense,
  evaluate,
  fit,
  flatten,
  init,
  key,
  losses,
  meanSquaredError,
  predict,
  sequential,
  softmax,
  softmaxCrossEntropy,
  tf,
  weightedCrossEntropy,
} from "../../mod.ts";
import { onCpu, onEachBackend } from "../backends.ts";

const shape = [1, 2, 1] as const;
const network = () =>
  init(sequential({ flatten: flatten(), logits: dense({ features: 1 }) }), key(0), shape);
const examples = {
  name: "pairs",
  images: new Uint8Array([0, 255, 255, 0]),
  labels: new Uint8Array([0, 0]),
  imageShape: shape,
  classNames: ["only"],
} as const;
const RULE = "a score for each of at least two classes, [N, classes], got";
const WAY_OUT = "Of a yes or no make two classes";

onEachBackend(
  "losses, metrics, predictions and classifications refuse a single score",
  async () => {
    const one = tf.tensor2d([[1], [2]]);
    for (const run of [softmaxCrossEntropy, correctCount] as const) {
      const error = assertThrows(() => run(one, one), TypeError, RULE);
      assertEquals(error.message.includes(WAY_OUT), true);
    }
    const x = tf.ones([1, ...shape]);
    assertThrows(() => predict(network(), x), TypeError, RULE);
    assertThrows(() => predict(network(), x, { jit: false }), TypeError, RULE);
    await assertRejects(() => classify(network(), tf.ones([...shape])), TypeError, RULE);
    for (const loss of [softmaxCrossEntropy, meanSquaredError]) {
      await assertRejects(() => evaluate(network(), examples, { loss }), TypeError, RULE);
      await assertRejects(
        async () => {
          for await (const _ of fit(network().model, examples, { loss }));
        },
        TypeError,
        RULE,
      );
    }
  },
);

onCpu(
  "explanations and attacks refuse the class of a single score, and take its channel",
  async () => {
    const x = tf.ones([1, ...shape]);
    assertThrows(() => classLogit(0).check(network().model, shape), TypeError, RULE);
    await assertRejects(() => saliency(network(), x, 0), TypeError, RULE);
    await assertRejects(() => fgsm(network(), x, [0], { epsilon: 0.1 }), TypeError, RULE);
    const { scores } = await saliency(network(), x, channel("logits", 0));
    assertEquals(scores.length, 1);
  },
);

onCpu("a softmax over one number, and the weight of one class, are refused", () => {
  assertThrows(() => softmax().declare([1]), RangeError, "of a single one it is always 1");
  assertThrows(() => softmax().apply({}, {}, tf.ones([3, 1]), {}), RangeError, "always 1");
  assertThrows(() => weightedCrossEntropy([2]), RangeError, "each of at least two");
});

onCpu("a single score against two classes is told what to do", () => {
  const [outputs, targets] = [tf.zeros([4, 1]), tf.zeros([4, 2])];
  assertThrows(
    () => losses.binaryCrossEntropy()(outputs, targets),
    TypeError,
    "got [4,1] and [4,2]. Of a yes or no either output two classes, or give targets 0 and 1",
  );
});
