// Tensors over the largest storage binding: bound in ranges, as nobody is to notice.
import { assertEquals, assertLess, assertThrows } from "@std/assert";
import {
  adam,
  type AnyLayer,
  applyUpdates,
  batchNorm,
  globalMeanPool,
  init,
  key,
  localResponseNorm,
  maxPool,
  meanPool,
  sgd,
  start,
  tf,
  type Tree,
} from "../../mod.ts";
import { convolve, dropUnits } from "../../lib/tensor/mod.ts";
import type { GuardedBackend } from "../../lib/device/backend.ts";
import { randomTensor } from "../random_tensor.ts";
import { gpuTest } from "./adapter.ts";
import { onEachForm } from "./forms.ts";

/** Runs `f` where no binding may be larger than some bytes. */
async function withBindingsOf<T>(bytes: number, f: () => Promise<T>): Promise<T> {
  const backend = tf.backend() as GuardedBackend;
  const limit = backend.bindingLimit;
  backend.bindingLimit = bytes;
  try {
    return await f();
  } finally {
    backend.bindingLimit = limit;
  }
}

/** Numbers of tensors, which are freed. */
async function numbersOf(tensors: readonly tf.Tensor[]): Promise<number[][]> {
  const values = await Promise.all(tensors.map((tensor) => tensor.data()));
  tf.dispose([...tensors]);
  return values.map((each) => [...each]);
}

/** A check that bindings of 4 KiB give the very numbers that whole ones do. */
async function assertSame(compute: () => tf.Tensor[], what = ""): Promise<void> {
  await onEachForm(async () => {
    const whole = await numbersOf(tf.tidy(compute));
    const ranged = await withBindingsOf(4096, () => numbersOf(tf.tidy(compute)));
    assertEquals(ranged, whole, what);
  });
}

gpuTest("matrix products read and write factors and results in ranges", async () => {
  await start();
  for (const [rows, depth, columns] of [[36, 52, 44], [35, 51, 43]] as const) {
    await assertSame(() => [
      tf.matMul(randomTensor(1, [rows, depth]), randomTensor(2, [depth, columns])),
      tf.matMul(randomTensor(1, [rows, depth]), randomTensor(2, [columns, depth]), false, true),
      tf.matMul(randomTensor(1, [depth, rows]), randomTensor(2, [depth, columns]), true, false),
    ]);
  }
});

gpuTest("convolutions and their gradients read and write in ranges", async () => {
  await start();
  for (const [channels, groups] of [[4, 1], [3, 1], [4, 2], [8, 8]] as const) {
    const options = { stride: [1, 1], padding: "same", dilation: [1, 1], groups } as const;
    await assertSame(() => {
      const x = randomTensor(1, [2, 13, 14, channels]) as tf.Tensor4D;
      const kernel = randomTensor(2, [3, 3, channels / groups, 8]) as tf.Tensor4D;
      const f = (one: tf.Tensor, other: tf.Tensor): tf.Tensor =>
        convolve(one as tf.Tensor4D, other as tf.Tensor4D, options);
      const [dx, dw] = tf.grads(f)([x, kernel], randomTensor(3, [2, 13, 14, 8]));
      return [f(x, kernel), dx!, dw!];
    });
  }
});

gpuTest("element by element: activations, dropout", async () => {
  await start();
  for (const size of [3000, 3001]) {
    await assertSame(() => {
      const x = randomTensor(1, [size]);
      return [tf.relu(x), tf.tanh(x), dropUnits(x, 0.5, key(3))];
    });
  }
});

gpuTest("element by element: arithmetic with another tensor and with a number", async () => {
  await start();
  for (const size of [3000, 3001]) {
    await assertSame(() => {
      const [a, b] = [randomTensor(1, [size]), randomTensor(2, [1, size])];
      const f = (a: tf.Tensor, b: tf.Tensor): tf.Tensor =>
        tf.add(tf.mul(a, tf.sub(b, 0.5)), tf.div(3, tf.square(a)));
      return [f(a, b), ...tf.grads(f)([a, b], randomTensor(3, [1, size]))];
    });
  }
});

gpuTest("layers on activations read and write in ranges, forward and backward", async () => {
  await start();
  const layers = {
    overlapping: maxPool({ size: 3, stride: 2 }),
    apart: maxPool(),
    mean: meanPool({ size: 3, stride: 2, padding: 1 }),
    whole: globalMeanPool(),
    norm: batchNorm(),
    response: localResponseNorm(),
  };
  for (const [name, layer] of Object.entries<AnyLayer>(layers)) {
    for (const channels of [4, 3]) {
      const shape = [3, 21, 19, channels];
      const { params, state } = init(layer, key(1), shape.slice(1));
      await assertSame(() => {
        const x = randomTensor(1, shape);
        const f = (x: tf.Tensor): tf.Tensor => layer.apply(params, state, x, { training: true })[0];
        const y = f(x);
        return [y, tf.grad(f)(x, randomTensor(3, y.shape))];
      }, name);
    }
  }
});

gpuTest("sums and means along any axes read and write in ranges", async () => {
  await start();
  for (const axes of [[0], [1], [2], [0, 1], [1, 2], [0, 1, 2]]) {
    await assertSame(() => {
      const x = randomTensor(1, [13, 17, 24]);
      const f = (x: tf.Tensor): tf.Tensor => tf.mean(x, axes);
      return [tf.sum(x, axes), tf.grad(f)(x, f(x))];
    });
  }
});

gpuTest("optimizers step a parameter that is bound in ranges beside others", async () => {
  await start();
  const shapes = { a: [7], b: [40, 77], c: [61, 51], d: [] };
  const tree = (seed: number): Tree =>
    Object.fromEntries(
      Object.entries(shapes).map(([name, shape]) => [name, randomTensor(seed, shape)]),
    );
  for (const optimizer of [adam(), sgd({ learningRate: 0.1, momentum: 0.9 }), sgd()]) {
    await assertSame(() => {
      const [params, grads] = [tree(1), tree(2)];
      const state = optimizer.init(params);
      const [next] = optimizer.step
        ? optimizer.step(grads, state, params)
        : [applyUpdates(params, optimizer.update(grads, state, params)[0])];
      return Object.values(next as Record<string, tf.Tensor>);
    });
  }
});

gpuTest("an operation of tfjs's own refuses what its bindings can not hold", async () => {
  await start();
  await withBindingsOf(4096, () => {
    const x = randomTensor(1, [64, 40]);
    assertThrows(() => tf.reverse(x, 0), RangeError, "largest storage binding is 4096 bytes");
    x.dispose();
    return Promise.resolve();
  });
});

gpuTest("AlexNet's first dense layer, 144 MiB, goes forward, backward and a step", async () => {
  await start();
  const [inputs, features] = [9216, 4096];
  const before = tf.memory().numTensors;
  const kernel = tf.tensor2d(new Float32Array(inputs * features).fill(1 / 1024), [
    inputs,
    features,
  ]);
  const x = tf.tensor2d(Float32Array.from({ length: inputs }, (_, i) => i % 5), [1, inputs]);
  const y = tf.matMul(x, kernel);
  const sum = Array.from({ length: inputs }, (_, i) => i % 5).reduce((a, b) => a + b, 0) / 1024;
  const values = await y.data();
  assertLess(Math.abs(values[0]! - sum), 1e-4 * sum);
  assertLess(Math.abs(values.at(-1)! - sum), 1e-4 * sum);
  const dy = tf.tensor2d(Float32Array.from({ length: features }, (_, i) => i % 3), [1, features]);
  const dx = tf.matMul(dy, kernel, false, true);
  const slope = Array.from({ length: features }, (_, i) => i % 3).reduce((a, b) => a + b, 0) / 1024;
  assertLess(Math.abs((await dx.data()).at(-1)! - slope), 1e-4 * slope);
  const dw = tf.matMul(x, dy, true, false);
  const optimizer = sgd({ learningRate: 0.5, momentum: 0.9 });
  const params = { kernel };
  const state = optimizer.init(params);
  const [next, nextState] = optimizer.step!({ kernel: dw }, state, params);
  const stepped = await next.kernel.data();
  // The last element: x is 9215 % 5 = 0, the one before the last row is 4.
  assertEquals(stepped.at(-1), 1 / 1024);
  const at = (inputs - 2) * features + features - 2;
  assertLess(Math.abs(stepped[at]! - (1 / 1024 - 0.5 * 4 * ((features - 2) % 3))), 1e-6);
  tf.dispose([kernel, x, y, dy, dx, dw, next, state, nextState].map((each) => each as tf.Tensor));
  assertEquals(tf.memory().numTensors, before);
});

gpuTest("large uploads come before what is computed next, and after what was before", async () => {
  await start();
  const size = 300_000; // More than the queue writes by itself.
  const values = (n: number): Float32Array => new Float32Array(size).fill(n);
  const read: Promise<number[]>[] = [];
  for (let n = 0; n < 6; n++) {
    const x = tf.tensor1d(values(n));
    const y = tf.add(x, 1);
    x.dispose();
    const z = tf.mul(tf.tensor1d(values(2 * n)), y);
    read.push(z.data().then((data) => [data[0]!, data[size - 1]!]));
    tf.dispose([y, z]);
  }
  const right = [0, 1, 2, 3, 4, 5].map((n) => 2 * n * (n + 1));
  assertEquals(await Promise.all(read), right.map((value) => [value, value]));
});
