// Kernels that replace tfjs's do all that tfjs's do: other formats, odd sizes, bad indices.
import { assert, assertEquals, assertThrows } from "@std/assert";
import { start, tf } from "../../mod.ts";
import { onEachBackend } from "../backends.ts";
import { assertClose } from "../closeness.ts";
import { randomTensor } from "../random_tensor.ts";
import { gpuTest } from "./adapter.ts";
import { onEachForm } from "./forms.ts";

/** A tensor whose numbers the GPU alone knows. */
function onGpu<T extends tf.Tensor>(x: T): T {
  return tf.tidy(() => tf.mul(x, tf.ones([2000]).toInt().max())) as T;
}

const toFirst = (x: tf.Tensor): tf.Tensor4D => tf.transpose(x, [0, 3, 1, 2]) as tf.Tensor4D;

gpuTest("convolutions of data with channels first equal those with channels last", async () => {
  await onEachForm(async (form) => {
    for (
      const [pad, strides, dilations] of [
        ["same", 1, 1],
        ["valid", 2, 1],
        ["same", 1, 2],
        [1, 1, 1],
        [[[0, 0], [2, 0], [1, 1], [0, 0]], 1, 1],
      ] as const
    ) {
      const x = randomTensor(1, [2, 7, 6, 4]) as tf.Tensor4D;
      const w = randomTensor(2, [3, 2, 4, 8]) as tf.Tensor4D;
      const padFirst = Array.isArray(pad) ? [pad[0], pad[3], pad[1], pad[2]] : pad;
      const rounding = pad === 1 ? "floor" : undefined;
      const run = (x: tf.Tensor, w: tf.Tensor, format: "NHWC" | "NCHW", pad: unknown): tf.Tensor =>
        tf.conv2d(
          x as tf.Tensor4D,
          w as tf.Tensor4D,
          strides,
          pad as "same",
          format,
          dilations,
          rounding,
        );
      const last = tf.grads((x, w) => tf.square(run(x!, w!, "NHWC", pad)))([x, w]);
      const first = tf.grads((x, w) => tf.square(run(x!, w!, "NCHW", padFirst)))([toFirst(x), w]);
      const what = `${form} ${JSON.stringify([pad, strides, dilations])}`;
      await assertClose(first[0]!, await toFirst(last[0]!).data(), `${what}, by x`);
      await assertClose(first[1]!, await last[1]!.data(), `${what}, by the filter`);
      const y = run(x, w, "NHWC", pad);
      await assertClose(run(toFirst(x), w, "NCHW", padFirst), await toFirst(y).data(), what);
    }
  });
});

gpuTest(
  "fused convolutions of data with channels first equal those with channels last",
  async () => {
    await onEachForm(async (form) => {
      for (const activation of ["linear", "relu", "sigmoid", "elu"] as const) {
        const common = {
          filter: randomTensor(2, [3, 3, 3, 5]) as tf.Tensor4D,
          strides: 1,
          pad: "same",
          bias: randomTensor(3, [5]),
          activation,
        } as const;
        const x = randomTensor(1, [2, 5, 6, 3]) as tf.Tensor4D;
        const last = tf.fused.conv2d({ ...common, x, dataFormat: "NHWC" });
        const first = tf.fused.conv2d({ ...common, x: toFirst(x), dataFormat: "NCHW" });
        await assertClose(first, await toFirst(last).data(), `${form} ${activation}`);
      }
    });
  },
);

onEachBackend(
  "a transposed convolution to a smaller size than its own cuts the rest off",
  async () => {
    const dy = tf.tensor4d([1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 3, 3, 1]);
    const y = tf.conv2dTranspose(dy, tf.ones([1, 1, 1, 1]), [1, 2, 2, 1], 1, "valid");
    assertEquals([...await y.data()], [1, 2, 4, 5]);
  },
);

gpuTest("slopes of another batch, or too few, are refused", async () => {
  await start();
  const run = (shape: number[]): tf.Tensor =>
    tf.engine().runKernel("Conv2DBackpropInput", {
      dy: tf.ones(shape),
      filter: tf.ones([2, 2, 1, 3]),
    }, { inputShape: [2, 4, 4, 1], strides: 1, pad: "valid", dataFormat: "NHWC" });
  for (const shape of [[1, 3, 3, 3], [2, 3, 3, 1], [2, 2, 3, 3]]) {
    assertThrows(() => run(shape), TypeError, `must be of shape [2,3,3,3], got [${shape}]`);
  }
});

onEachBackend("windows wholly in the padding have no largest number, and no mean", async () => {
  const x = tf.tensor4d([1, 2, 3, 4], [1, 2, 2, 1]);
  const pad: tf.backend_util.ExplicitPadding = [[0, 0], [2, 0], [0, 0], [0, 0]];
  const [most, mean] = [tf.maxPool(x, 2, 1, pad), tf.avgPool(x, 2, 1, pad)];
  assertEquals([...await most.data()], [-Infinity, 2, 4]);
  assertEquals([...await mean.data()], [NaN, 1.5, 2.5]);
});

onEachBackend("windows of one pixel, as many as pixels, change nothing: as in tfjs", async () => {
  const x = randomTensor(1, [2, 2, 2, 3]) as tf.Tensor4D;
  for (const pool of [tf.maxPool, tf.avgPool]) {
    const y = pool(x, 1, 2, 1, "floor");
    assertEquals([...await y.data()], [...await x.data()]);
  }
  if (tf.getBackend() !== "webgpu") return;
  const dx = tf.grad((x) => tf.maxPool(x as tf.Tensor4D, 1, 2, 1, "floor"))(x);
  assertEquals([...await dx.data()], new Array(24).fill(1));
});

gpuTest("max pooling passes NaN on, which tfjs's loses", async () => {
  await start();
  const x = tf.tensor4d([1, NaN, 3, 4], [1, 2, 2, 1]);
  assertEquals([...await tf.maxPool(x, 2, 2, "valid").data()], [NaN]);
});

gpuTest("gather picks numbers of any type along any axis, and in batches", async () => {
  await start();
  const whole = [2 ** 24 + 1, -(2 ** 30) - 1, 7, 2 ** 31 - 1, 0, -(2 ** 31)];
  for (const [values, dtype] of [[whole, "int32"], [[1, 0, 1, 1, 0, 0], "bool"]] as const) {
    const x = tf.tensor2d([...values], [3, 2], dtype);
    const rows = onGpu(tf.tensor1d([2, 0, 0], "int32"));
    const wanted = [2, 0, 0].flatMap((row) => values.slice(2 * row, 2 * row + 2));
    assertEquals([...await tf.gather(x, rows).data()], wanted);
    const columns = [0, 1, 2].flatMap((row) => [values[2 * row + 1], values[2 * row]]);
    const flipped = tf.gather(x, onGpu(tf.tensor1d([1, 0], "int32")), 1);
    assertEquals([...await flipped.data()], columns as number[]);
  }
  const batches = tf.gather(
    tf.tensor3d([1, 2, 3, 4, 5, 6, 7, 8], [2, 2, 2]),
    onGpu(tf.tensor2d([1, 0, 0, 0], [2, 2], "int32")),
    1,
    1,
  );
  assertEquals([...await batches.data()], [3, 4, 1, 2, 5, 6, 5, 6]);
});

gpuTest(
  "indices beyond the axis are refused, or choose NaN if only the GPU knows them",
  async () => {
    await start();
    const x = tf.tensor2d([1, 2, 3, 4], [2, 2]);
    for (const index of [2, -1, 100]) {
      const indices = tf.tensor1d([0, index], "int32");
      assertThrows(() => tf.gather(x, indices), RangeError, `${index} is not in [0, 1]`);
      assertThrows(() => tf.gatherND(x, tf.tensor2d([0, index], [1, 2], "int32")), RangeError);
      assertEquals([...await tf.gather(x, onGpu(indices)).data()], [1, 2, NaN, NaN]);
      const whole = tf.gather(x.toInt(), onGpu(indices));
      assertEquals([...await whole.data()], [1, 2, -(2 ** 31), -(2 ** 31)]);
    }
  },
);

gpuTest("segments that are none are refused", async () => {
  await start();
  const x = tf.tensor2d([1, 2, 3, 4, 5, 6], [3, 2]);
  const ids = (...values: number[]): tf.Tensor1D => tf.tensor1d(values, "int32");
  const { sparseSegmentSum: sum, sparseSegmentMean: mean } = tf.sparse;
  assertEquals([...await sum(x, ids(0, 2), ids(0, 0)).data()], [6, 8]);
  assertEquals([...await mean(x, ids(0, 2, 1), ids(0, 0, 2)).data()], [3, 4, 0, 0, 3, 4]);
  for (const f of [sum, mean]) {
    assertThrows(() => f(x, ids(0, 3), ids(0, 0)), RangeError, "indices[1] == 3 out of range");
    assertThrows(() => f(x, ids(0, -1), ids(0, 0)), RangeError, "indices[1] == -1 out of range");
    assertThrows(() => f(x, ids(0, 1, 2), ids(1, 0, 1)), RangeError, "not increasing");
    assertThrows(() => f(x, ids(0, 1), ids(0, -1)), RangeError, ">= 0");
    assertThrows(() => f(x, onGpu(ids(0, 1)), ids(0, 0)), TypeError, "Await tensor.data()");
  }
  assertEquals([...await tf.unsortedSegmentSum(x, ids(1, -1, 1), 2).data()], [0, 0, 6, 8]);
  assertThrows(() => tf.unsortedSegmentSum(x, ids(0, 2, 1), 2), RangeError, "below 2, got 2");
  const left = tf.unsortedSegmentSum(x, onGpu(ids(1, 2, 3)), 2);
  assertEquals([...await left.data()], [0, 0, 1, 2]);
});

onEachBackend("a function of comparisons alone has no gradient, and says so", () => {
  const flags = tf.tensor1d([true, true], "bool");
  const other = tf.tensor1d([false, true], "bool");
  for (
    const f of [
      (x: tf.Tensor) => tf.logicalAnd(x, other),
      (x: tf.Tensor) => tf.cast(tf.greater(x, 0), "float32"),
      (x: tf.Tensor) => tf.cast(tf.logicalNot(x), "float32"),
    ]
  ) {
    assertThrows(() => tf.grad(f)(flags), Error, "Cannot compute gradient");
  }
  assert(tf.grad((x) => tf.mul(x, tf.cast(tf.greater(x, 0), "float32")))(tf.ones([2])));
});
