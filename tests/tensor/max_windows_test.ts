// Max pooling and its gradient by switches, against plain TypeScript.
import { assertEquals, assertLess } from "@std/assert";
import { key, maxPool, type Tensor, type Tensor4D, tf } from "../../mod.ts";
import { normalArray } from "../../lib/tensor/mod.ts";
import { maxWindows } from "../../lib/tensor/max_windows.ts";
import type { Windows } from "../../lib/tensor/windows.ts";
import { onEachBackend } from "../backends.ts";
import { gpuTest } from "../device/adapter.ts";
import { onCpuAndEachForm, onEachForm } from "../device/forms.ts";
import { relativeError } from "../device/reference.ts";
import { type Case, CASES, windowsOf } from "./window_cases.ts";

/** Maxima, and the place of each: the first of equals, NaN before any number. */
function maximaOf(each: Case, x: Float32Array) {
  const { shape, covered } = windowsOf(each);
  const winners = covered.map((places) => {
    const nan = places.find((at) => Number.isNaN(x[at]));
    return nan ?? places.reduce((best, at) => x[at]! > x[best]! ? at : best);
  });
  return { shape, winners, y: winners.map((at) => x[at]!) };
}

async function check(what: string): Promise<void> {
  for (const [seed, each] of CASES.entries()) {
    // Few values, so that windows have equals; and now and then NaN and infinities.
    const x = normalArray(key(seed + 100), tf.util.sizeFromShape([...each.shape]))
      .map((value, i) => i % 41 === 7 ? NaN : i % 37 === 5 ? -Infinity : Math.round(value));
    const { y, winners, shape } = maximaOf(each, x);
    const slopes = normalArray(key(seed + 200), y.length);
    const image = tf.tensor4d(x, [...each.shape]);
    const actual = maxWindows(image, each);
    const { value, grad } = tf.valueAndGrad((input: Tensor): Tensor =>
      maxWindows(input as Tensor4D, each)
    )(
      image,
      tf.tensor<tf.Rank>(slopes, shape),
    );
    const message = `${what} ${JSON.stringify(each)}`;
    assertEquals(actual.shape, shape, message);
    assertEquals([...await actual.data()], y, message);
    assertEquals([...await value.data()], y, message);
    const expected = new Float64Array(x.length);
    winners.forEach((winner, i) => expected[winner]! += slopes[i]!);
    assertLess(relativeError(await grad.data(), expected), 1e-6, message);
    tf.dispose([image, actual, value, grad]);
    await checkRectified(each, x, slopes, message);
  }
}

/** With a ReLU before it: no window whose largest is not positive has a winner. */
async function checkRectified(
  each: Case,
  x: Float32Array,
  slopes: Float32Array,
  message: string,
): Promise<void> {
  const { y, winners, shape } = maximaOf(each, x);
  const expected = new Float64Array(x.length);
  winners.forEach((winner, i) => expected[winner]! += y[i]! <= 0 ? 0 : slopes[i]!);
  const { value, grad } = tf.valueAndGrad((input: Tensor): Tensor =>
    maxWindows(input as Tensor4D, each, true)
  )(tf.tensor4d(x, [...each.shape]), tf.tensor<tf.Rank>(slopes, shape));
  assertEquals([...await value.data()], y.map((largest) => largest <= 0 ? 0 : largest), message);
  assertLess(relativeError(await grad.data(), expected), 1e-6, message);
  tf.dispose([value, grad]);
}

onCpuAndEachForm("max pooling and its gradient equal the reference on random windows", check);

gpuTest("tf.maxPool answers what the layer answers, also with sizes rounded up", async () => {
  await onEachForm(async () => {
    const x = tf.tensor4d(normalArray(key(3), 9 * 9 * 4), [1, 9, 9, 4]);
    const same = tf.maxPool(x, [3, 2], [2, 1], "same");
    const ours = maxPool({ size: [3, 2], stride: [2, 1], padding: "same" }).apply({}, {}, x, {})[0];
    assertEquals(await same.data(), await ours.data());
    const up = tf.maxPool(x, 2, 2, 0, "ceil");
    const padded = tf.pad(x, [[0, 0], [0, 1], [0, 1], [0, 0]], -Infinity);
    assertEquals(await up.data(), await maxWindows(padded, PLAIN).data());
    const whole = tf.maxPool(tf.tensor4d([1, 2, 3, 4], [1, 2, 2, 1], "int32"), 2, 2, "valid");
    assertEquals([...await whole.data()], [4]);
  });
});

const PLAIN: Windows = { size: [2, 2], stride: [2, 2], padding: "valid" };

onEachBackend("a training step keeps no more than switches of what is pooled", () => {
  const x = tf.ones([1, 4, 4, 1]) as Tensor4D;
  const before = tf.memory().numTensors;
  tf.dispose(tf.grad((input: Tensor) => maxWindows(input as Tensor4D, PLAIN))(x));
  maxWindows(x, PLAIN).dispose();
  assertEquals(tf.memory().numTensors, before);
});
