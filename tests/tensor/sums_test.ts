// Sums and means over any axes, and the way back, against plain TypeScript.
import { assertEquals, assertLess } from "@std/assert";
import { key, type Tensor, tf } from "../../mod.ts";
import { normalArray, uniformArray } from "../../lib/tensor/mod.ts";
import { onEachBackend } from "../backends.ts";
import { gpuTest } from "../device/adapter.ts";
import { onCpuAndEachForm, onEachForm } from "../device/forms.ts";
import { relativeError } from "../device/reference.ts";
import { assertGradients } from "../finite_differences.ts";

type Case = { readonly shape: readonly number[]; readonly axes: readonly number[] };

const CASES: readonly Case[] = [
  { shape: [7], axes: [0] },
  { shape: [1001], axes: [0] },
  { shape: [1, 1], axes: [0] },
  { shape: [2, 3, 5, 4], axes: [1, 2] },
  { shape: [2, 3, 5, 3], axes: [1, 2] },
  { shape: [2, 3, 5, 4], axes: [0, 1, 2, 3] },
  { shape: [2, 3, 5, 7], axes: [0, 2] },
  { shape: [2, 3, 4, 7], axes: [1, 3] },
  { shape: [3, 1, 4, 1, 2], axes: [0, 1, 2] },
  { shape: [3, 1, 4, 1, 2], axes: [0, 3, 4] },
  { shape: [3, 1, 4], axes: [1] },
  { shape: [40, 36], axes: [1] },
  { shape: [41, 37], axes: [-1] },
  { shape: [2, 700, 3], axes: [1] },
  { shape: [2, 5000, 4], axes: [1] },
  { shape: [3, 20011], axes: [1] },
];

/** The sums by hand, by the places that are left, and how many numbers each has. */
function sumsOf({ shape, axes }: Case, x: Float32Array) {
  const rank = shape.length;
  const over = axes.map((axis) => (axis + rank) % rank);
  const left = shape.filter((_, axis) => !over.includes(axis));
  const sums = new Float64Array(left.reduce((product, size) => product * size, 1));
  const places = Array.from(x, (_, i) => {
    let [rest, stride, place] = [i, 1, 0];
    for (let axis = rank - 1; axis >= 0; axis--) {
      const at = rest % shape[axis]!;
      rest = Math.floor(rest / shape[axis]!);
      if (over.includes(axis)) continue;
      place += at * stride;
      stride *= shape[axis]!;
    }
    return place;
  });
  places.forEach((place, i) => sums[place]! += x[i]!);
  return { left, sums, places, count: x.length / sums.length };
}

async function check(what: string): Promise<void> {
  for (const [seed, each] of CASES.entries()) {
    const x = normalArray(key(seed), each.shape.reduce((product, size) => product * size, 1));
    const { left, sums, places, count } = sumsOf(each, x);
    const slopes = normalArray(key(seed + 50), sums.length);
    for (const [reduce, divisor] of [[tf.sum, 1], [tf.mean, count]] as const) {
      const { value, grad } = tf.valueAndGrad((input: Tensor): Tensor =>
        reduce(input, [...each.axes])
      )(tf.tensor(x, [...each.shape]), tf.tensor(slopes, left));
      const message = `${what} ${JSON.stringify(each)} ${divisor}`;
      assertEquals(value.shape, left, message);
      assertLess(
        relativeError(await value.data(), sums.map((sum) => sum / divisor)),
        2e-6,
        message,
      );
      const expected = places.map((place) => slopes[place]! / divisor);
      assertLess(relativeError(await grad.data(), expected), 1e-6, message);
      tf.dispose([value, grad]);
    }
  }
}

onCpuAndEachForm("sums and means and their gradients equal the reference over any axes", check);

gpuTest("sums and means of ten million numbers do not drift", async () => {
  await onEachForm(async (form) => {
    const count = 10_000_000;
    const same = tf.fill([count], 0.1);
    const [mean, sum] = [await tf.mean(same).array(), await tf.sum(same).array()] as number[];
    assertLess(Math.abs(mean! / Math.fround(0.1) - 1), 1e-5, form);
    assertLess(Math.abs(sum! / (Math.fround(0.1) * count) - 1), 1e-5, form);
    same.dispose();
    const values = uniformArray(key(1), count);
    const exact = values.reduce((total, value) => total + value, 0);
    for (const shape of [[count], [count / 4, 4], [5, count / 5]]) {
      const x = tf.tensor(values, shape);
      const y = await tf.sum(x).array() as number;
      assertLess(Math.abs(y / exact - 1), 1e-5, `${form} ${shape}`);
      x.dispose();
    }
    const columns = tf.tensor(values, [count / 10, 10]);
    const sums = await tf.sum(columns, 0).data();
    columns.dispose();
    const expected = new Float64Array(10);
    values.forEach((value, i) => expected[i % 10]! += value);
    assertLess(relativeError(sums, expected), 1e-5, form);
  });
});

onEachBackend("NaN and infinities go through sums and means as IEEE 754 says", async () => {
  for (const rest of [0, 5]) { // by fours, and one by one
    const x = tf.tensor2d([
      [1, NaN, 2, 3, ...Array(rest).fill(0)],
      [1, Infinity, 2, 3, ...Array(rest).fill(0)],
      [-Infinity, Infinity, 2, 3, ...Array(rest).fill(0)],
    ]);
    assertEquals([...await tf.sum(x, 1).data()], [NaN, Infinity, NaN]);
    assertEquals([...await tf.mean(x, 1).data()], [NaN, Infinity, NaN]);
  }
});

onEachBackend("sums keep dimensions when asked to, and sums of nothing are zeros", async () => {
  const x = tf.ones([2, 3, 4]);
  assertEquals(tf.sum(x, [0, 2], true).shape, [1, 3, 1]);
  assertEquals([...await tf.sum(x, [0, 2], true).data()], [8, 8, 8]);
  assertEquals(tf.mean(x, 1, true).shape, [2, 1, 4]);
  assertEquals([...await tf.sum(tf.zeros([0, 3]), 0).data()], [0, 0, 0]);
  assertEquals(tf.sum(tf.zeros([3, 0]), 0).shape, [0]);
  assertEquals(await tf.sum(tf.tensor1d([1, 2, 3], "int32")).array(), 6);
  assertEquals(await tf.mean(tf.tensor1d([1, 2], "int32")).array(), 1.5);
});

onEachBackend("a mean of squares is differentiated twice", async () => {
  await assertGradients(
    ({ x }) => tf.grad((at: Tensor) => tf.mean(tf.mul(tf.square(at), at), [0, 2]))(x),
    { x: tf.tensor3d([0.5, -1, 2, 1, 0.3, -0.4, 1, 2], [2, 2, 2]) },
    { step: 1e-3 },
  );
});
