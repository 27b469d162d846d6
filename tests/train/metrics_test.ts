// Metrics: counts, ties, and what is refused.
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { confusionMatrix, correctCount, topClasses } from "../../lib/train/report/mod.ts";
import { evaluate, flatten, init, key, layers, sequential, type Tensor2D, tf } from "../../mod.ts";
import { onCpu, onEachBackend } from "../backends.ts";

onEachBackend("correctCount counts the rows whose highest score is at the label", async () => {
  const logits = tf.tensor2d([[0.1, 0.7, 0.2], [5, -1, 4], [-3, -2, -1], [0, 1, 0]]);
  const labels = tf.oneHot(tf.tensor1d([1, 2, 2, 0], "int32"), 3) as Tensor2D;
  const count = correctCount(logits, labels);
  assertEquals([count.shape, await count.array()], [[], 2]);
});

onEachBackend("correctCount counts a single row and more rows than a workgroup has", async () => {
  assertEquals(await correctCount(tf.tensor2d([[1, 2]]), tf.tensor2d([[0, 1]])).array(), 1);
  const classes = Array.from({ length: 1001 }, (_, i) => i % 10);
  const labels = tf.oneHot(tf.tensor1d(classes, "int32"), 10) as Tensor2D;
  const guesses = classes.map((label, i) => i % 7 === 0 ? (label + 1) % 10 : label);
  const logits = tf.oneHot(tf.tensor1d(guesses, "int32"), 10) as Tensor2D;
  assertEquals(await correctCount(logits, labels).array(), 1001 - 143);
});

onEachBackend("of equal scores the first class counts, as in topClasses", async () => {
  const logits = tf.tensor2d([[3, 3, 1], [3, 3, 1]]);
  const labels = tf.tensor2d([[1, 0, 0], [0, 1, 0]]);
  assertEquals(await correctCount(logits, labels).array(), 1);
  assertEquals(topClasses([3, 3, 1], 3).map(({ index }) => index), [0, 1, 2]);
});

onCpu("evaluate refuses scores that are no numbers, whatever the loss makes of them", async () => {
  const model = sequential({ flat: flatten(), root: layers.activation(tf.sqrt, "root") });
  const examples = {
    name: "two",
    inputs: { values: Float32Array.of(1, 4, -1, 1), shape: [2], normalize: "none" },
    targets: { values: Uint8Array.of(0, 0), shape: [], classes: 2 },
  } as const;
  const options = { loss: () => tf.scalar(1), classify: true, batchSize: 1 };
  await assertRejects(
    () => evaluate(init(model, key(0), [2]), examples, options),
    RangeError,
    "a model's scores must be numbers below Infinity, got NaN of example 1",
  );
});

onCpu("correctCount leaves only its count behind", () => {
  const [logits, labels] = [tf.tensor2d([[1, 2]]), tf.tensor2d([[0, 1]])];
  const before = tf.memory().numTensors;
  correctCount(logits, labels).dispose();
  assertEquals(tf.memory().numTensors, before);
});

onCpu("correctCount refuses scores and labels of different shapes", () => {
  const logits = tf.zeros<tf.Rank.R2>([4, 3]);
  const cases = [[1, 3], [4, 2], [3, 4], [4]];
  for (const shape of cases) {
    assertThrows(
      () => correctCount(logits, tf.zeros<tf.Rank>(shape) as Tensor2D),
      TypeError,
      `must both be [N, classes], got [4,3] and [${shape}]`,
    );
  }
  const vector = tf.zeros([3]) as unknown as Tensor2D;
  assertThrows(() => correctCount(vector, vector), TypeError, "[3] and [3]");
});

Deno.test("topClasses returns classes and scores, the highest first", () => {
  const scores = Float32Array.of(0.5, -1, 2, 0.25);
  assertEquals(topClasses(scores, 2), [{ index: 2, score: 2 }, { index: 0, score: 0.5 }]);
  assertEquals(topClasses(scores, 9).map(({ index }) => index), [2, 0, 3, 1]);
  assertEquals(topClasses([], 3), []);
  assertEquals([...scores], [0.5, -1, 2, 0.25]);
});

Deno.test("topClasses puts scores that are not numbers last", () => {
  assertEquals(topClasses([NaN, 1, NaN, 3, 2], 5).map(({ index }) => index), [3, 4, 1, 0, 2]);
  assertEquals(topClasses([-Infinity, NaN, Infinity], 3).map(({ index }) => index), [2, 0, 1]);
});

Deno.test("topClasses refuses counts below 1", () => {
  for (const count of [0, -1, 1.5, NaN, Infinity]) {
    assertThrows(() => topClasses([1, 2], count), RangeError, `got ${count}`);
  }
});

Deno.test("the confusion matrix has actual classes in rows, predicted ones in columns", () => {
  const { counts } = confusionMatrix([0, 0, 1, 2, 2, 2], [0, 1, 1, 0, 2, 0], 4);
  assertEquals(counts, [[1, 1, 0, 0], [0, 1, 0, 0], [2, 0, 1, 0], [0, 0, 0, 0]]);
  assertEquals(confusionMatrix([], [], 2).counts, [[0, 0], [0, 0]]);
});

Deno.test("the confusion matrix takes typed arrays", () => {
  const { counts } = confusionMatrix(Uint8Array.of(1, 0), Int32Array.of(1, 1), 2);
  assertEquals(counts, [[0, 1], [0, 1]]);
});

Deno.test("the confusion matrix refuses classes out of range, and one prediction too few", () => {
  for (const wrong of [2, -1, 0.5, NaN]) {
    const said = `classes must be whole numbers from 0 to 1, got`;
    assertThrows(
      () => confusionMatrix([wrong], [0], 2),
      RangeError,
      `${said} ${wrong} predicted as 0`,
    );
    assertThrows(
      () => confusionMatrix([0], [wrong], 2),
      RangeError,
      `${said} 0 predicted as ${wrong}`,
    );
  }
  assertThrows(() => confusionMatrix([0, 1], [0], 2), TypeError, "1 predictions of 2 examples");
});

Deno.test("the confusion matrix refuses a number of classes that is none", () => {
  for (const classes of [0, -1, 1.5, NaN, Infinity]) {
    assertThrows(() => confusionMatrix([], [], classes), RangeError, `got ${classes}`);
  }
});
