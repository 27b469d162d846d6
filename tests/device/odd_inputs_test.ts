// NaN and infinities pass through every kernel and its gradient as they do through tfjs's plain loops on the CPU;
// tensors without numbers have answers too, and those no device can hold are refused.
import { assertEquals, assertThrows } from "@std/assert";
import {
  adam,
  type AnyLayer,
  applyUpdates,
  batchNorm,
  globalMeanPool,
  init,
  key,
  layers,
  localResponseNorm,
  maxPool,
  meanPool,
  meanSquaredError,
  normPool,
  relu,
  sequential,
  sgd,
  softmaxCrossEntropy,
  start,
  type Tensor,
  tf,
} from "../../mod.ts";
import { convolve, dropUnits, normalArray } from "../../lib/tensor/mod.ts";
import { randomTensor } from "../random_tensor.ts";
import { gpuTest } from "./adapter.ts";
import { onEachForm } from "./forms.ts";

/** Random numbers with `odd` in their middle. */
function spiked(shape: number[], odd: number): Tensor {
  const values = normalArray(key(9), tf.util.sizeFromShape(shape));
  values[values.length >> 1] = odd;
  return tf.tensor(values, shape);
}

/** The outputs of `f` and the gradients of their sum. */
function withGradients(f: (...inputs: Tensor[]) => Tensor, ...inputs: Tensor[]): Tensor[] {
  let y: Tensor | undefined;
  const { grads } = tf.valueAndGrads((...all) => (y = tf.keep(f(...all))).sum() as tf.Scalar)(
    inputs,
  );
  return [y!, ...grads];
}

/** Zeros around an image meet the filter's numbers too, so that only those inside are spiked. */
function convolved(x: Tensor, kernel: Tensor, bias: Tensor): Tensor {
  const options = { stride: [1, 1], padding: "same", dilation: [1, 1], groups: 1 } as const;
  return convolve(x as tf.Tensor4D, kernel as tf.Tensor4D, options, bias as tf.Tensor1D, "relu");
}

function applied(layer: AnyLayer, x: Tensor, training = false): Tensor[] {
  const { params, state } = init(layer, key(0), x.shape.slice(1));
  return withGradients((x) => layer.apply(params, state, x, { training })[0], x);
}

function updated(rule: ReturnType<typeof adam | typeof sgd>, gradient: Tensor): Tensor[] {
  const params = { w: randomTensor(1, gradient.shape) };
  const [updates] = rule.update({ w: gradient }, rule.init(params) as never, params);
  return [applyUpdates(params, updates).w];
}

const IMAGES = [2, 8, 8, 4];
const ROWS = [5, 7];
const targets = (): tf.Tensor2D =>
  tf.oneHot(tf.tensor1d([1, 2, 3, 4, 5], "int32"), 7) as tf.Tensor2D;

const CALLS: { readonly [name: string]: (odd: number) => Tensor[] } = {
  "convolution, images": (odd) =>
    withGradients(
      convolved,
      spiked([17, 9, 9, 4], odd),
      randomTensor(2, [3, 3, 4, 8]),
      randomTensor(3, [8]),
    ),
  "convolution, few channels": (odd) =>
    withGradients(
      convolved,
      spiked([2, 9, 9, 3], odd),
      randomTensor(2, [3, 3, 3, 5]),
      randomTensor(3, [5]),
    ),
  "convolution, filters": (odd) =>
    withGradients(
      convolved,
      randomTensor(1, [2, 9, 9, 3]),
      spiked([3, 3, 3, 5], odd),
      randomTensor(3, [5]),
    ),
  "convolution, bias": (odd) =>
    withGradients(
      convolved,
      randomTensor(1, [2, 9, 9, 3]),
      randomTensor(2, [3, 3, 3, 5]),
      spiked([5], odd),
    ),
  "product, vectors": (odd) =>
    withGradients((a, b) => tf.matMul(a, b), spiked([33, 20], odd), randomTensor(2, [20, 12])),
  "product, odd sizes": (odd) =>
    withGradients((a, b) => tf.matMul(a, b), spiked([3, 7], odd), randomTensor(2, [7, 5])),
  sum: (odd) => withGradients((x) => tf.sum(x, [0, 1, 2]), spiked(IMAGES, odd)),
  mean: (odd) => withGradients((x) => tf.mean(x), spiked(IMAGES, odd)),
  max: (odd) => [tf.max(spiked(ROWS, odd), 1), tf.min(spiked(ROWS, odd), 1)],
  relu: (odd) => withGradients((x) => tf.relu(x), spiked(ROWS, odd)),
  leakyRelu: (odd) => withGradients((x) => tf.leakyRelu(x), spiked(ROWS, odd)),
  tanh: (odd) => withGradients((x) => tf.tanh(x), spiked(ROWS, odd)),
  sigmoid: (odd) => withGradients((x) => tf.sigmoid(x), spiked(ROWS, odd)),
  softmax: (odd) => [tf.softmax(spiked(ROWS, odd)), tf.logSoftmax(spiked(ROWS, odd))],
  softmaxCrossEntropy: (odd) =>
    withGradients((x) => softmaxCrossEntropy(x as tf.Tensor2D, targets()), spiked(ROWS, odd)),
  meanSquaredError: (odd) =>
    withGradients((x) => meanSquaredError(x as tf.Tensor2D, targets()), spiked(ROWS, odd)),
  dropUnits: (odd) => withGradients((x) => dropUnits(x, 0.5, key(1)), spiked(ROWS, odd)),
  maxPool: (odd) => applied(maxPool(), spiked(IMAGES, odd)),
  "maxPool, overlapping": (odd) => applied(maxPool({ size: 3, stride: 2 }), spiked(IMAGES, odd)),
  "maxPool of relu": (odd) => applied(sequential({ a: relu(), b: maxPool() }), spiked(IMAGES, odd)),
  meanPool: (odd) => applied(meanPool(), spiked(IMAGES, odd)),
  normPool: (odd) => applied(normPool(), spiked(IMAGES, odd)),
  globalMeanPool: (odd) => applied(globalMeanPool(), spiked(IMAGES, odd)),
  "batchNorm in training": (odd) => applied(batchNorm(), spiked(IMAGES, odd), true),
  "batchNorm in use": (odd) => applied(batchNorm(), spiked(IMAGES, odd)),
  localResponseNorm: (odd) => applied(localResponseNorm(), spiked(IMAGES, odd)),
  sgd: (odd) => updated(sgd({ momentum: 0.9 }), spiked([3, 5], odd)),
  adam: (odd) => updated(adam(), spiked([3, 5], odd)),
};

/** Which numbers of the results are NaN or infinite, by place. */
async function oddPlaces(call: () => Tensor[]): Promise<string[][]> {
  const results = call();
  const read = await Promise.all(results.map((tensor) => tensor.data()));
  tf.dispose(results);
  return read.map((values) =>
    [...values].flatMap((value, place) => Number.isFinite(value) ? [] : `${place}: ${value}`)
  );
}

gpuTest("NaN and infinities reach what they reach on the CPU, and nothing masks them", async () => {
  for (const [name, call] of Object.entries(CALLS)) {
    for (const odd of [NaN, Infinity, -Infinity]) {
      await start({ backend: "cpu" });
      const expected = await oddPlaces(() => call(odd));
      await start({ backend: "webgpu" });
      await onEachForm(async (form) => {
        assertEquals(await oddPlaces(() => call(odd)), expected, `${name} of ${odd}, ${form}`);
      });
    }
  }
});

gpuTest("tensors without numbers pass through kernels and gradients", async () => {
  await start();
  const numbers = async (call: () => Tensor[]): Promise<[number[], number[]][]> => {
    const results = call();
    const read = await Promise.all(results.map((tensor) => tensor.data()));
    return results.map(({ shape }, i) => [shape, [...new Set(read[i]!)]]);
  };
  await onEachForm(async () => {
    for (
      const [channels, features] of [[4, 8], [1, 6], [3, 3], [8, 1], [3, 64], [64, 3]] as const
    ) {
      const kernel = tf.ones([3, 3, channels, features]);
      const x = tf.zeros([0, 9, 9, channels]);
      assertEquals(await numbers(() => withGradients(convolved, x, kernel, tf.ones([features]))), [
        [[0, 9, 9, features], []],
        [[0, 9, 9, channels], []],
        [[3, 3, channels, features], [0]],
        [[features], [0]],
      ]);
    }
    assertEquals(
      await numbers(() =>
        withGradients((a, b) => tf.matMul(a, b), tf.zeros([3, 0]), tf.ones([0, 12]))
      ),
      [[[3, 12], [0]], [[3, 0], []], [[0, 12], []]],
    );
    const norms = [batchNorm(), layers.groupNorm({ groups: 2 }), layers.instanceNorm()];
    for (const layer of [maxPool(), meanPool(), localResponseNorm(), ...norms]) {
      const [y, dx] = await numbers(() => applied(layer, tf.zeros([0, 8, 8, 4])));
      assertEquals([y![1], dx], [[], [[0, 8, 8, 4], []]], layer.op);
    }
  });
  assertThrows(() => applied(batchNorm(), tf.zeros([0, 8, 8, 4]), true), RangeError, "[0,8,8,4]");
});

gpuTest("results of more than 2³¹ numbers are refused before anything is allocated", async () => {
  await start();
  const [column, row] = [tf.zeros([65536, 1]), tf.zeros([1, 65536])];
  const { numBytes } = tf.memory();
  const pixel = { stride: [1, 1], padding: "valid", dilation: [1, 1], groups: 1 } as const;
  const image = tf.zeros([1, 1024, 1024, 1]) as tf.Tensor4D;
  const filters = tf.zeros([1, 1, 1, 4096]) as tf.Tensor4D;
  for (
    const [call, shape] of [
      [() => tf.add(column, row), "[65536,65536]"],
      [() => tf.matMul(column, row), "[65536,65536]"],
      [() => tf.fill([2 ** 20, 2 ** 12], 1), "[1048576,4096]"],
      [() => convolve(image, filters, pixel), "[1,1024,1024,4096]"],
    ] as const
  ) assertThrows(call, RangeError, shape);
  tf.dispose([image, filters]);
  assertEquals(tf.memory().numBytes, numBytes);
});

gpuTest("a tensor with fewer numbers than its shape has is refused", async () => {
  await start();
  // tfjs makes one of a canvas that it does not know; Deno would end at such an upload.
  const canvas = { width: 2, height: 3, getContext: () => null } as unknown as HTMLCanvasElement;
  assertThrows(
    () => tf.browser.fromPixels(canvas, 4),
    TypeError,
    "Cannot put a int32 tensor [3,2,4] on the GPU: it must have 24 numbers, got 0",
  );
});

gpuTest(
  "tensors on the GPU that do not fit each other, or slices beyond them, are refused",
  async () => {
    await onEachForm(() => {
      const made = (...shape: number[]): Tensor => tf.add(tf.ones(shape), tf.ones(shape));
      for (const [one, other, axis] of [[[200, 21], [100, 21], 1], [[90, 7, 9], [90, 8, 9], 0]]) {
        const parts = [made(...one as number[]), made(...other as number[])];
        assertThrows(() => tf.concat(parts, axis as number), Error, "does not match the shape");
      }
      assertThrows(() => tf.slice(made(70, 70), [0, 1], [1, 70]), Error, "would overflow");
      assertThrows(() => tf.slice(made(70, 70), [69, 0], [2, 70]), Error, "would overflow");
      assertThrows(() => tf.split(made(70, 70), [30, 41], 1), Error);
      return Promise.resolve();
    });
  },
);
