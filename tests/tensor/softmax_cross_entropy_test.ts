// Softmax cross-entropy as one operation against plain TypeScript, on each backend.
import { assertEquals, assertLess } from "@std/assert";
import { counters } from "../../lib/device/mod.ts";
import { key, type Tensor, tf } from "../../mod.ts";
import { normalArray } from "../../lib/tensor/mod.ts";
import { meanSoftmaxCrossEntropy } from "../../lib/tensor/softmax_cross_entropy.ts";
import { onEachBackend } from "../backends.ts";
import { gpuTest } from "../device/adapter.ts";
import { onCpuAndEachForm, onEachForm } from "../device/forms.ts";
import { relativeError } from "../device/reference.ts";
import { assertGradients } from "../finite_differences.ts";

/** The mean loss and its slopes by logits and targets, in float64. */
function reference(z: ArrayLike<number>, t: ArrayLike<number>, rows: number) {
  const classes = z.length / rows;
  let loss = 0;
  const byLogits: number[] = [];
  const byTargets: number[] = [];
  for (let n = 0; n < rows; n++) {
    const row = Array.from({ length: classes }, (_, c) => z[n * classes + c]!);
    const wanted = row.map((_, c) => t[n * classes + c]!);
    const largest = Math.max(...row);
    const total = row.reduce((sum, value) => sum + Math.exp(value - largest), 0);
    const weight = wanted.reduce((sum, value) => sum + value, 0);
    const surprise = row.map((value) => Math.log(total) + largest - value);
    loss += wanted.reduce((sum, value, c) => sum + value * surprise[c]!, 0) / rows;
    byLogits.push(...surprise.map((s, c) => (Math.exp(-s) * weight - wanted[c]!) / rows));
    byTargets.push(...surprise.map((s) => s / rows));
  }
  return { loss, byLogits, byTargets };
}

/** One row, few, more than the workgroup that adds up, and more elements than it computes. */
const SHAPES = [[1, 1], [1, 10], [5, 7], [128, 10], [257, 3], [20, 1000], [700, 30]];

async function check(form: string): Promise<void> {
  for (const [rows, classes] of SHAPES as [number, number][]) {
    const size = rows * classes;
    const z = normalArray(key(size), size, 5);
    const t = normalArray(key(size + 1), size).map((value) => value * value / classes);
    const [logits, targets] = [tf.tensor2d(z, [rows, classes]), tf.tensor2d(t, [rows, classes])];
    const { value, grads } = tf.valueAndGrads(meanSoftmaxCrossEntropy)(
      [logits, targets],
      tf.scalar(3),
    );
    const expected = reference(z, t, rows);
    const what = `${form} [${rows}, ${classes}]`;
    assertLess(relativeError(await value.data(), [expected.loss]), 1e-6, what);
    const slopes = await Promise.all(grads.map((grad) => grad.data()));
    const wanted = [expected.byLogits, expected.byTargets].map((by) => by.map((x) => 3 * x));
    for (const [i, by] of wanted.entries()) assertLess(relativeError(slopes[i]!, by), 2e-6, what);
    tf.dispose([logits, targets, value, grads]);
  }
}

onCpuAndEachForm("softmax cross-entropy and its slopes equal the reference at any sizes", check);

onEachBackend("infinities among logits and targets are not lost", async () => {
  const at = async (logits: number[], targets: number[]): Promise<number[]> => {
    const both = [tf.tensor2d([logits]), tf.tensor2d([targets])] as [Tensor, Tensor];
    const { value, grads } = tf.valueAndGrads(meanSoftmaxCrossEntropy)(both);
    return [...await value.data(), ...await grads[0]!.data()];
  };
  assertEquals(await at([0, -Infinity], [0, 1]), [Infinity, 1, -1]);
  for (const logits of [[1, Infinity], [Infinity, 1], [-Infinity, -Infinity], [NaN, 1], [1, NaN]]) {
    assertEquals(await at(logits, [1, 0]), [NaN, NaN, NaN], `${logits}`);
  }
  assertEquals((await at([1, 2], [NaN, 1]))[0], NaN);
  assertEquals((await at([1, 2], [Infinity, 1]))[0], Infinity);
});

onEachBackend("the loss of no rows is no number, and of no classes 0", async () => {
  for (const [shape, loss] of [[[0, 3], NaN], [[2, 0], 0]] as const) {
    const nothing = tf.zeros([...shape]);
    const { value, grads } = tf.valueAndGrads(meanSoftmaxCrossEntropy)([nothing, nothing.clone()]);
    assertEquals([...await value.data()], [loss]);
    assertEquals(grads.map((grad) => grad.shape), [[...shape], [...shape]]);
    assertEquals((await grads[0]!.data()).length, 0);
  }
});

onEachBackend("softmax cross-entropy has second derivatives", async () => {
  const direction = tf.tensor2d([[0.4, -1, 0.7], [1, 2, -0.5]]);
  await assertGradients(
    ({ logits, targets }) => {
      const [byLogits] = tf.grads(meanSoftmaxCrossEntropy)([logits, targets]);
      return tf.mul(byLogits!, direction);
    },
    {
      logits: tf.tensor2d([[0.3, -1.2, 0.8], [2.1, 0.4, -0.6]]),
      targets: tf.tensor2d([[0.2, 0.5, 0.3], [0, 1, 0.5]]),
    },
  );
});

gpuTest(
  "the loss of a batch and its slope are one dispatch, on GPUs two, scaled slopes another",
  async () => {
    await onEachForm(async (form) => {
      // A workgroup a row, and the sum of what comes of them.
      const own = form === "gpu" ? 2 : 1;
      const [logits, targets] = [tf.ones([128, 10]), tf.ones([128, 10])];
      await Promise.all([logits.data(), targets.data()]);
      const dispatches = (f: () => void): number => {
        const before = counters().dispatches;
        f();
        return counters().dispatches - before;
      };
      const loss = (z: Tensor): Tensor => meanSoftmaxCrossEntropy(z, targets);
      const three = tf.fill([2], 3).max();
      await three.data();
      assertEquals(dispatches(() => tf.valueAndGrad(loss)(logits)), own);
      assertEquals(dispatches(() => tf.valueAndGrad(loss)(logits, three)), own + 1);
    });
  },
);

onEachBackend(
  "the slope lives on when the loss is disposed, and scales with what comes",
  async () => {
    const [logits, targets] = [tf.tensor2d([[0, 0]]), tf.tensor2d([[1, 0]])];
    const loss = (z: Tensor): Tensor => meanSoftmaxCrossEntropy(z, targets);
    const before = tf.memory().numTensors;
    const { value, grad } = tf.valueAndGrad(loss)(logits);
    value.dispose();
    assertEquals([...await grad.data()], [-0.5, 0.5]);
    grad.dispose();
    const one = tf.tensor1d([0.25, 1]).max(); // A 1 that the host does not know.
    const thrice = tf.grad((z: Tensor) => tf.mul(loss(z), 3))(logits);
    assertEquals([...await tf.grad(loss)(logits, one).data()], [-0.5, 0.5]);
    assertEquals([...await thrice.data()], [-1.5, 1.5]);
    assertEquals(tf.memory().numTensors, before + 4, "two of the 1, and two slopes");
  },
);
