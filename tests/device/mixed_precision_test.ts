// What is held as float16 in recorded functions is float32's numbers, rounded; what does not fit is told.
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { GuardedBackend } from "../../lib/device/backend.ts";
import { convolve, dropUnits } from "../../lib/tensor/mod.ts";
import { meanWindows, sumWindows } from "../../lib/tensor/window_sums.ts";
import { maxWindows } from "../../lib/tensor/max_windows.ts";
import { normalizeBatch } from "../../lib/tensor/batch_norm.ts";
import { normalizeResponses } from "../../lib/tensor/local_response_norm.ts";
import { standardize } from "../../lib/tensor/standardize.ts";
import { keep, narrow, overflow } from "../../lib/tensor/mixed_precision.ts";
import { jit, key, layers, type Scalar, start, type Tensor, tf, valueAndGrad } from "../../mod.ts";
import { forward, product } from "../../tasks/selftest/reference.ts";
import { numbersOf } from "../closeness.ts";
import { float16Test } from "./float16.ts";
import { onEachForm } from "./forms.ts";

/** Random numbers that float16 holds as they are. */
function random(seed: number, shape: number[]): Tensor {
  const values = Float32Array.from(
    { length: tf.util.sizeFromShape(shape) },
    (_, i) => Math.f16round(Math.sin(seed * 12.9898 + i * 78.233) * 2),
  );
  return tf.tensor(values, shape);
}

type Answer = { readonly y: number[]; readonly overflows: boolean; readonly plan: string };

/** A function's answer where arguments and answer are held as float16, and whether anything was too large. */
async function inFloat16(
  f: (...x: Tensor[]) => Tensor,
  ...x: Tensor[]
): Promise<Answer> {
  const one = tf.scalar(1);
  const recorded = jit((given: Tensor[], one: Tensor) => {
    overflow();
    const copies = narrow(Object.fromEntries(given.map((each, i) => [`x${i}`, each])));
    // The answer is read, so that it is no result itself, which would be float32.
    const y = tf.mul(f(...given.map((_, i) => copies[`x${i}`]!)), one);
    return { y, flag: overflow() };
  });
  const { y, flag } = recorded(x as never, one);
  const answer = {
    y: await numbersOf(y),
    overflows: (await flag.data())[0] !== 0,
    plan: recorded.plan(),
  };
  recorded.dispose();
  return { ...answer, y: Array.from(answer.y) };
}

/** Asserts that numbers are others rounded to float16; where float32 sums differ in their order, the next ones. */
function assertRounded(actual: readonly number[], wanted: ArrayLike<number>, what: string): void {
  assertEquals(actual.length, wanted.length, what);
  const largest = Math.max(...Array.from(wanted, Math.abs));
  actual.forEach((value, i) => {
    assertEquals(Math.f16round(value), value, `${what}: element ${i} is held as float16`);
    const difference = Math.abs(value - wanted[i]!);
    // Half a unit in the last place, and float32's own error before it.
    const most = Math.abs(wanted[i]!) * 2 ** -11 + largest * 1e-6 + 2 ** -25;
    assert(difference <= most, `${what}: element ${i} is ${value}, not ${wanted[i]}`);
  });
}

const windows = { size: [2, 3], stride: [2, 2], padding: "same" } as const;
const RESPONSES = { before: 2, after: 2, share: 0.1, beta: 0.75, k: 2 } as const;
const IMAGES = [2, 7, 6, 8];

/** Functions of images and filters whose answer is held as float16. */
const FUNCTIONS: Readonly<Record<string, readonly [f: (...x: Tensor[]) => Tensor, ...number[][]]>> =
  {
    "relu": [(x) => tf.relu(x), IMAGES],
    "relu of odd sizes": [(x) => tf.relu(x), [3, 5]],
    "sigmoid": [(x) => tf.sigmoid(x), IMAGES],
    "tanh": [(x) => tf.tanh(x), [3, 7]],
    "leaky relu": [(x) => tf.leakyRelu(x, 0.2), IMAGES],
    "sum of two": [(x, y) => tf.add(x!, y!), IMAGES, IMAGES],
    "difference": [(x, y) => tf.sub(x!, y!), [5, 3], [5, 3]],
    "product of elements": [(x, y) => tf.mul(x!, y!), IMAGES, IMAGES],
    "sum with a row": [(x, y) => tf.add(x!, y!), [2, 3, 5, 8], [1, 8]],
    "product with a column": [(x, y) => tf.mul(x!, y!), [6, 5], [6, 1]],
    "product with gates": [(x, y) => tf.mul(x!, y!), [2, 3, 5, 8], [2, 1, 1, 8]],
    "slice": [(x) => tf.slice(x!, [0, 1, 2, 3], [2, 5, 4, 3]), IMAGES],
    "slice by fours": [(x) => tf.slice(x!, [1, 0, 0, 4], [1, 7, 6, 4]), IMAGES],
    "padding": [(x) => tf.pad(x!, [[0, 0], [1, 2], [0, 1], [3, 2]]), IMAGES],
    "padding by fours": [(x) => tf.pad(x!, [[0, 0], [1, 2], [0, 1], [4, 4]]), IMAGES],
    "transposition": [(x) => tf.transpose(x!, [0, 3, 1, 2]), IMAGES],
    "transposition of outer axes": [(x) => tf.transpose(x!, [1, 0, 2, 3]), IMAGES],
    "concatenation": [(x, y) => tf.concat([x!, y!], 3), IMAGES, [2, 7, 6, 3]],
    "concatenation by fours": [(x, y) => tf.concat([x!, y!, x!], 3), IMAGES, [2, 7, 6, 4]],
    "parts of a split": [(x) => tf.add(...tf.split(x!, 2, 3) as [Tensor, Tensor]), IMAGES],
    "hard swish": [(x) => layers.hardSwish().apply({}, {}, x!, {})[0], IMAGES],
    "gelu": [(x) => layers.gelu().apply({}, {}, x!, {})[0], [3, 5]],
    "layer norm": [(x) => standardize(x!, [1, 1, 84, 8], 1e-5), IMAGES],
    "group norm": [(x) => standardize(x!, [2, 42, 2, 4], 1e-5), IMAGES],
    "instance norm": [(x) => standardize(x!, [2, 42, 8, 1], 1e-5), IMAGES],
    "local response norm": [(x) => normalizeResponses(x!, RESPONSES), IMAGES],
    "means of windows": [(x) => meanWindows(x as tf.Tensor4D, windows), IMAGES],
    "sums of windows": [(x) => sumWindows(x as tf.Tensor4D, windows), [2, 7, 6, 3]],
    "max pooling": [(x) => maxWindows(x as tf.Tensor4D, windows), IMAGES],
    "max pooling of odd sizes": [(x) => maxWindows(x as tf.Tensor4D, windows), [2, 7, 6, 3]],
    "dropout": [(x) => dropUnits(x!, 0.5, key(3)), IMAGES],
    "batch norm": [(x) => {
      const features = x!.shape.at(-1)!;
      const [zero, one] = [tf.zeros([features]), tf.ones([features])];
      return normalizeBatch(x!, { scale: one, shift: zero }, { mean: zero, variance: one }, {
        epsilon: 1e-3,
        momentum: 0.1,
      })[0];
    }, IMAGES],
    "depthwise convolution": [
      (x, w) =>
        convolve(x as tf.Tensor4D, w as tf.Tensor4D, {
          stride: [1, 2],
          padding: 1,
          dilation: [1, 1],
          groups: 8,
        }),
      IMAGES,
      [3, 3, 1, 8],
    ],
  };

float16Test("functions of what is held as float16 are those of float32, rounded once", async () => {
  await onEachForm(async (form) => {
    for (const [name, [f, ...shapes]] of Object.entries(FUNCTIONS)) {
      const x = shapes.map((shape, i) => random(i + 1, shape));
      const wanted = await numbersOf(tf.tidy(() => f(...x)));
      const { y, overflows, plan } = await inFloat16(f, ...x);
      assertRounded(y, wanted, `${form}, ${name}`);
      assertEquals(overflows, false, `${form}, ${name}`);
      // Read as float16 by the last product.
      assertStringIncludes(
        plan.split("\n").findLast((line) => line.includes("run     Multiply"))!,
        "float16",
      );
    }
  });
});

float16Test(
  "convolutions and products sum in float32: a plain reference's numbers, rounded once",
  async () => {
    await onEachForm(async (form) => {
      for (const [channels, features] of [[3, 5], [4, 8]] as const) {
        const c = {
          batch: 2,
          input: [9, 7, channels],
          filter: [3, 2],
          features,
          stride: [2, 1],
          dilation: [1, 1],
          before: [1, 1],
          output: [5, 8],
        } as const;
        const x = random(1, [2, ...c.input]);
        const filter = random(2, [3, 2, channels, features]);
        const { y } = await inFloat16(
          (x, w) =>
            convolve(x as tf.Tensor4D, w as tf.Tensor4D, {
              stride: [2, 1],
              padding: 1,
              dilation: [1, 1],
              groups: 1,
            }),
          x,
          filter,
        );
        const [numbers, weights] = await Promise.all([x.data(), filter.data()]);
        assertRounded(
          y,
          forward(c, numbers as Float32Array, weights as Float32Array),
          `${form}, convolution of ${channels} to ${features}`,
        );
      }
      // 3000 terms: a sum in float16 would be off by far more.
      for (const [rows, depth, columns] of [[5, 3000, 3], [65, 32, 72]] as const) {
        const [a, b] = [random(3, [rows, depth]), random(4, [depth, columns])];
        const { y } = await inFloat16((a, b) => tf.matMul(a!, b!), a, b);
        const [left, right] = await Promise.all([a.data(), b.data()]);
        const wanted = product(
          (m, k) => left[m * depth + k]!,
          (k, n) => right[k * columns + n]!,
          [rows, depth, columns],
        );
        assertRounded(y, wanted, `${form}, product of ${[rows, depth, columns]}`);
      }
    });
  },
);

/** Σ of what a small network with each kind of layer answers, weighted, and its parameters. */
function network(params: Readonly<Record<string, Tensor>>, x: Tensor, weights: Tensor): Scalar {
  const convolved = convolve(
    x as tf.Tensor4D,
    params.kernel as tf.Tensor4D,
    { stride: [1, 1], padding: 1, dilation: [1, 1], groups: 1 },
    params.bias as tf.Tensor1D,
  );
  const [zero, one] = [tf.zeros([4]), tf.ones([4])];
  const affine = { scale: params.scale!, shift: params.shift! };
  const [normal] = normalizeBatch(convolved, affine, { mean: zero, variance: one }, {
    epsilon: 1e-3,
    momentum: 0.1,
  });
  const pooled = maxWindows(tf.tanh(normal) as tf.Tensor4D, {
    size: [2, 2],
    stride: [2, 2],
    padding: "valid",
  });
  const flat = tf.reshape(pooled, [x.shape[0]!, -1]) as tf.Tensor2D;
  const scores = tf.matMul(flat, params.dense as tf.Tensor2D);
  return tf.sum(tf.mul(scores, weights)) as Scalar;
}

float16Test(
  "gradients through what is held as float16 are near differences of float32",
  async () => {
    await onEachForm(async (form) => {
      const x = random(1, [3, 6, 6, 3]);
      const weights = random(2, [3, 5]);
      const params = {
        kernel: random(3, [3, 3, 3, 4]),
        bias: random(4, [4]),
        scale: random(5, [4]),
        shift: random(6, [4]),
        dense: random(7, [36, 5]),
      };
      const recorded = jit((params: Record<string, Tensor>, x: Tensor, weights: Tensor) => {
        overflow();
        const { grads } = valueAndGrad((p: Record<string, Tensor>) => [network(p, x, weights), {}])(
          narrow(params),
        );
        return { grads, flag: overflow() };
      });
      const { grads, flag } = recorded(params, x, weights);
      assertEquals((await flag.data())[0], 0);
      const h = 2 ** -7;
      for (const [name, leaf] of Object.entries(params)) {
        const slopes = await numbersOf(grads[name]!);
        const values = await numbersOf(leaf);
        // The normalization leaves a bias before it no slope, but for rounding.
        const largest = name === "bias" ? 1 : Math.max(...Array.from(slopes, Math.abs));
        // One in seven elements: each takes two passes.
        for (let i = 0; i < values.length; i += 7) {
          const at = async (step: number): Promise<number> => {
            const moved = Float32Array.from(values);
            moved[i]! += step;
            const y = tf.tidy(() =>
              network({ ...params, [name]: tf.tensor(moved, leaf.shape) }, x, weights)
            );
            return (await y.data())[0]!;
          };
          const slope = (await at(h) - await at(-h)) / (2 * h);
          const difference = Math.abs(slope - slopes[i]!);
          assert(difference < 0.01 * largest, `${form}, ${name} ${i}: ${slopes[i]}, not ${slope}`);
        }
      }
      recorded.dispose();
    });
  },
);

float16Test(
  "what does not fit into float16 is told, in vectors and alone; the largest number fits",
  async () => {
    const cases = [[65504, false], [65519, false], [65520, true], [-7e4, true], [
      1e38,
      true,
    ]] as const;
    for (const size of [8, 3]) {
      for (const [value, expected] of [...cases, [Infinity, true], [NaN, true]] as const) {
        const numbers = new Float32Array(size).fill(1);
        numbers[size - 1] = value;
        const { y, overflows } = await inFloat16((x) => x, tf.tensor(numbers, [1, size]));
        assertEquals(overflows, expected, `${value} of ${size}`);
        if (!expected) assertEquals(y.at(-1), 65504);
      }
    }
  },
);

float16Test(
  "within a step, intermediate numbers take half the bytes; what is read or kept does not",
  () => {
    const shape = [16, 16, 16, 8];
    const bytes = (mixed: boolean): number[] => {
      const f = jit((x: Tensor, w: Tensor) => {
        if (mixed) overflow();
        let y = x;
        const filter = mixed ? narrow({ w }).w : w;
        const options = { stride: [1, 1], padding: 1, dilation: [1, 1], groups: 1 } as const;
        for (let i = 0; i < 3; i++) {
          y = tf.relu(convolve(y as tf.Tensor4D, filter as tf.Tensor4D, options));
        }
        return { kept: y, sum: tf.sum(y) };
      });
      f(random(1, shape), random(2, [3, 3, 8, 8]));
      const plan = f.plan();
      f.dispose();
      return [...plan.matchAll(/run {5}Conv2D\+Relu .*?→ (\[[\d,]*\]( float16)?)/g)].map((match) =>
        match[2] ? 2 : 4
      );
    };
    assertEquals(bytes(false), [4, 4, 4]);
    assertEquals(bytes(true), [2, 2, 4]);
  },
);

float16Test("an operation of tfjs's own reads float32", async () => {
  const { y, plan } = await inFloat16((x) => tf.reverse(tf.relu(x!), 1), random(1, [3, 8]));
  assertEquals(y, Array.from(await numbersOf(tf.reverse(tf.relu(random(1, [3, 8])), 1))));
  assertEquals(/Relu .*→ \[3,8\] float16/.test(plan), false);
});

float16Test("after an overflow what was to change is as before", async () => {
  const step = jit((before: { a: Tensor; b: Tensor }, large: Tensor) => {
    overflow();
    const y = tf.mul(tf.relu(narrow({ large }).large), 2);
    const after = { a: tf.add(before.a, tf.sum(y)), b: tf.mul(before.b, 3) };
    return keep(before, after);
  }, { donate: [0] });
  const before = { a: tf.tensor1d([1, 2, 3]), b: tf.ones([2, 4]) };
  const same = step(before, tf.tensor2d([[70000, 1]]));
  assertEquals(await Promise.all([same.a.array(), same.b.data()]), [
    [1, 2, 3],
    new Float32Array(8).fill(1),
  ]);
  const next = step(same, tf.tensor2d([[1, 1]]));
  assertEquals(await Promise.all([next.a.array(), next.b.data()]), [
    [5, 6, 7],
    new Float32Array(8).fill(3),
  ]);
  step.dispose();
});

float16Test("without a recording, or without shader-f16, nothing is held as float16", async () => {
  await start();
  assertThrows(() => overflow(), Error, "Cannot hold tensors as float16: they must be recorded");
  const backend = tf.backend() as unknown;
  assert(backend instanceof GuardedBackend);
  await assertRejects(
    () => Promise.resolve().then(() => backend.holdHalves({} as tf.TensorInfo)),
    Error,
    "they must be recorded",
  );
});
