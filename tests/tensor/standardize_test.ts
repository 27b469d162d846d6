// Numbers of mean 0 and variance 1: values, both derivatives, and what the last axis costs.
import { assertEquals } from "@std/assert";
import { tf } from "../../mod.ts";
import { counters } from "../../lib/device/mod.ts";
import { normalArray } from "../../lib/tensor/mod.ts";
import { standardize } from "../../lib/tensor/standardize.ts";
import { key } from "../../mod.ts";
import { onEachBackend } from "../backends.ts";
import { assertClose } from "../closeness.ts";
import { gpuTest } from "../device/adapter.ts";
import { onEachForm } from "../device/forms.ts";
import { assertGradients } from "../finite_differences.ts";
import { randomTensor } from "../random_tensor.ts";

function reference(values: Float32Array, length: number, epsilon: number): number[] {
  return Array.from(values, (value, i) => {
    const row = values.subarray(i - i % length, i - i % length + length);
    const mean = row.reduce((sum, x) => sum + x, 0) / length;
    const variance = row.reduce((sum, x) => sum + (x - mean) ** 2, 0) / length;
    return (value - mean) / Math.sqrt(variance + epsilon);
  });
}

onEachBackend("rows of any length, few or far from zero, have mean 0 and variance 1", async () => {
  for (const shape of [[7, 3], [2, 3, 4], [5, 1], [3, 1001], [2, 2, 2, 20], [1, 5000]]) {
    const values = normalArray(key(4), tf.util.sizeFromShape(shape)).map((x) => 30 + x);
    const y = standardize(tf.tensor(values, shape), [shape.length - 1], 1e-5);
    assertEquals(y.shape, shape);
    // The mean of 30 is taken off numbers near 1: five digits are left of seven.
    await assertClose(y, reference(values, shape.at(-1)!, 1e-5), `[${shape}]`, 2e-5);
  }
});

onEachBackend("its first and second derivative are those of differences", async () => {
  for (const shape of [[3, 4], [2, 5]]) {
    const [x, dy] = [randomTensor(1, shape), randomTensor(2, shape)];
    const slope = (x: tf.Tensor, dy: tf.Tensor): tf.Tensor =>
      tf.grad((x) => standardize(x, [1], 0.1))(x, dy);
    await assertGradients(({ x }) => standardize(x, [1], 0.1), { x });
    await assertGradients(({ x, dy }) => slope(x, dy), { x, dy }, { tolerance: 3e-3 });
  }
});

gpuTest("along the last axis it is one dispatch, and one back", async () => {
  await onEachForm(() => {
    const x = randomTensor(3, [6, 8]);
    const before = counters().dispatches;
    standardize(x, [1], 1e-5);
    assertEquals(counters().dispatches - before, 1);
    tf.grad((x) => standardize(x, [1], 1e-5))(x, x);
    assertEquals(counters().dispatches - before, 3);
    return Promise.resolve();
  });
});
