// Batch normalization's kernels: statistics that hold far from zero, slopes, IEEE's numbers.
import { assertEquals, assertLess, assertThrows } from "@std/assert";
import { batchNorm, init, key, start, tf, valueAndGrad } from "../../mod.ts";
import { normalArray } from "../../lib/tensor/mod.ts";
import { counters } from "../../lib/device/mod.ts";
import { onEachForm } from "../device/forms.ts";
import { gpuTest } from "../device/adapter.ts";
import { onEachBackend } from "../backends.ts";
import { assertClose } from "../closeness.ts";

const layer = batchNorm();

/** Mean and variance of each feature in double precision. */
function moments(values: ArrayLike<number>, features: number): [number[], number[]] {
  const rows = values.length / features;
  const mean = new Array<number>(features).fill(0);
  const variance = new Array<number>(features).fill(0);
  for (let i = 0; i < values.length; i++) mean[i % features]! += values[i]! / rows;
  for (let i = 0; i < values.length; i++) {
    variance[i % features]! += (values[i]! - mean[i % features]!) ** 2 / rows;
  }
  return [mean, variance];
}

gpuTest("numbers about 1e4 with deviation 1 are normalized by their deviation", async () => {
  await onEachForm(async (form) => {
    for (const [rows, features] of [[4097, 3], [2053, 8], [70_000, 1], [5, 4]] as const) {
      const values = normalArray(key(rows), rows * features, 1e4, 1);
      const x = tf.tensor2d(values, [rows, features]);
      const { params, state } = init(layer, key(0), [features]);
      const [y, next] = layer.apply(params, state, x, { training: true });
      const [mean, variance] = moments(values, features);
      // float32's numbers at 1e4 are 2⁻¹⁰ apart: the mean is one of them.
      const step = 2 ** -10;
      (await y.data()).forEach((value, i) => {
        const deviation = Math.sqrt(variance[i % features]! + 1e-5);
        const expected = (values[i]! - mean[i % features]!) / deviation;
        const what = `${form} [${rows}, ${features}] ${i}`;
        assertLess(Math.abs(value - expected), 0.51 * step / deviation + 1e-5, what);
      });
      const unbiased = variance.map((value) => 0.9 + 0.1 * value * rows / (rows - 1));
      await assertClose(next.variance, unbiased, `${form} variance`, 1e-5);
    }
  });
});

onEachBackend("slopes equal those of the same formula in tfjs's operations", async () => {
  for (const shape of [[3, 5, 7, 6], [9, 4], [2, 1, 1, 8], [33, 3]]) {
    const features = shape.at(-1)!;
    const tensor = (seed: number, size: readonly number[], mean = 0): tf.Tensor =>
      tf.tensor(normalArray(key(seed), tf.util.sizeFromShape([...size]), mean, 1), [...size]);
    const x = tensor(1, shape, 0.5);
    const weight = tensor(2, shape);
    const params = { scale: tensor(3, [features], 1), shift: tensor(4, [features]) };
    const state = { mean: tf.zeros([features]), variance: tf.ones([features]) };
    const plain = (p: typeof params, input: tf.Tensor): tf.Tensor => {
      const axes = shape.slice(0, -1).map((_, axis) => axis);
      const mean = tf.mean(input, axes, true);
      const variance = tf.mean(tf.square(tf.sub(input, mean)), axes, true);
      const unit = tf.div(tf.sub(input, mean), tf.sqrt(tf.add(variance, 1e-5)));
      return tf.add(tf.mul(unit, p.scale), p.shift);
    };
    type Leaves = { p: typeof params; x: tf.Tensor };
    const slopes = (f: (leaves: Leaves) => tf.Tensor) =>
      valueAndGrad((leaves: Leaves) => [tf.sum(tf.mul(f(leaves), weight)).asScalar(), {}])({
        p: params,
        x,
      }).grads;
    const own = slopes((l) => layer.apply(l.p, state, l.x, { training: true })[0]);
    const expected = slopes((l) => plain(l.p, l.x));
    // Two rows leave little of a slope by x: it is compared with what it is a difference of.
    const scale = Math.max(...(await tf.abs(params.scale).data()));
    assertEquals(own.x.shape, shape);
    await assertClose(own.p.shift, await expected.p.shift.data(), `shift ${shape}`, 1e-5);
    await assertClose(own.p.scale, await expected.p.scale.data(), `scale ${shape}`, 1e-5);
    const difference = await tf.max(tf.abs(tf.sub(own.x, expected.x))).array() as number;
    assertEquals(difference < 2e-5 * scale, true, `x ${shape}: ${difference}`);
  }
});

onEachBackend("NaN and infinity stay in their feature and are not masked", async () => {
  const x = tf.tensor2d([[NaN, Infinity, 1], [1, 1, 2], [2, 2, 3]]);
  const { params, state } = init(layer, key(0), [3]);
  const [y] = layer.apply(params, state, x, { training: true });
  const values = await y.data();
  for (let row = 0; row < 3; row++) {
    assertEquals(Number.isNaN(values[3 * row]), true);
    assertEquals(Number.isNaN(values[3 * row + 1]), true);
    assertEquals(Number.isFinite(values[3 * row + 2]), true);
  }
});

onEachBackend("an empty batch and a single value have no variance", async () => {
  const { params, state } = init(layer, key(0), [3]);
  for (const [shape, count] of [[[0, 3], 0], [[1, 3], 1], [[1, 1, 1, 3], 1]] as const) {
    assertThrows(
      () => layer.apply(params, state, tf.zeros([...shape]), { training: true }),
      RangeError,
      `at least 2 values to have a variance, got ${count}`,
    );
  }
  // Outside of training, and of a frozen layer, one value is enough.
  for (const context of [{}, { training: true, frozen: () => true }]) {
    const [y] = layer.apply(params, state, tf.ones([1, 3]), context);
    assertEquals((await y.data()).every((value) => Math.abs(value - 1) < 1e-4), true);
  }
});

gpuTest("training forward is three dispatches, inference one", async () => {
  await start();
  const x = tf.tensor4d(normalArray(key(1), 8 * 9 * 9 * 8), [8, 9, 9, 8]);
  const { params, state } = init(layer, key(0), [9, 9, 8]);
  const count = (training: boolean): number => {
    const before = counters().dispatches;
    layer.apply(params, state, x, { training });
    return counters().dispatches - before;
  };
  count(true);
  assertEquals([count(true), count(false)], [3, 1]);
});
