// Local response normalization against PyTorch's formula, in plain TypeScript.
import { assertEquals, assertLess, assertThrows } from "@std/assert";
import { counters } from "../../lib/device/mod.ts";
import {
  init,
  key,
  localResponseNorm,
  type LocalResponseNormOptions,
  type Tensor,
  tf,
} from "../../mod.ts";
import { normalArray } from "../../lib/tensor/mod.ts";
import { onCpu, onEachBackend } from "../backends.ts";
import { gpuTest } from "../device/adapter.ts";
import { onCpuAndEachForm, onEachForm } from "../device/forms.ts";
import { relativeError } from "../device/reference.ts";
import { assertGradients } from "../finite_differences.ts";

const apply = (x: Tensor, options?: LocalResponseNormOptions): Tensor =>
  localResponseNorm(options).apply({}, {}, x, {})[0];

/** torch.nn.functional.local_response_norm: squares padded with zeros, averaged, scaled. */
function pytorchs(x: ArrayLike<number>, channels: number, options: LocalResponseNormOptions) {
  const { size = 5, alpha = 1e-4, beta = 0.75, k = 1 } = options;
  return Array.from(x, (value, i) => {
    const begin = i - i % channels;
    const squares = Array.from({ length: channels }, (_, c) => x[begin + c]! ** 2);
    const zeros = (count: number): number[] => new Array<number>(count).fill(0);
    const padded = [
      ...zeros(Math.floor(size / 2)),
      ...squares,
      ...zeros(Math.floor((size - 1) / 2)),
    ];
    const channel = i % channels;
    const mean = padded.slice(channel, channel + size).reduce((sum, s) => sum + s, 0) / size;
    return value / (k + alpha * mean) ** beta;
  });
}

const OPTIONS: readonly LocalResponseNormOptions[] = [
  {},
  { size: 5, alpha: 5e-4, beta: 0.75, k: 2 },
  ...[1, 2, 3, 4, 5, 6, 9, 16, 17, 40].map((size) => ({ size, alpha: 0.9, beta: 0.6, k: 0.5 })),
];

async function check(form: string): Promise<void> {
  for (const options of OPTIONS) {
    for (const shape of [[2, 3, 3, 12], [4, 96], [3, 5, 7], [1, 2, 2, 1], [1, 16], [2, 4]]) {
      const size = tf.util.sizeFromShape(shape);
      const values = normalArray(key(size), size, 3);
      const expected = pytorchs(values, shape.at(-1)!, options);
      const y = apply(tf.tensor(values, shape), options);
      const what = `${form} ${JSON.stringify(options)} [${shape}]`;
      assertEquals(y.shape, shape);
      assertLess(relativeError(await y.data(), expected), 1e-6, what);
    }
  }
}

onCpuAndEachForm("localResponseNorm is PyTorch's at odd and even sizes", check);

onEachBackend("the slopes of localResponseNorm are those of its values", async () => {
  for (const size of [1, 2, 3, 4, 5, 8, 20]) {
    for (const shape of [[2, 2, 1, 8], [2, 7]]) {
      const count = tf.util.sizeFromShape(shape);
      const x = tf.tensor(normalArray(key(size), count), shape);
      await assertGradients(
        ({ x }) => apply(x, { size, alpha: 2, beta: 0.75, k: 1.5 }),
        { x },
      );
    }
  }
});

onEachBackend("NaN reaches the channels around it, and infinity sets those to zero", async () => {
  for (const behind of [[1, 1], [1, 1, 1, 1, 1]]) { // 5 and 8 channels: one by one, four at once
    const around = async (value: number): Promise<number[]> => {
      const x = tf.tensor2d([[1, value, 1, ...behind]]);
      return [...await apply(x, { size: 3, alpha: 3, beta: 1, k: 1 }).data()].slice(0, 4);
    };
    const untouched = 0.25;
    assertEquals(await around(NaN), [NaN, NaN, NaN, untouched]);
    assertEquals(await around(Infinity), [0, NaN, 0, untouched]);
    assertEquals(await around(-Infinity), [0, NaN, 0, untouched]);
    assertEquals(await around(1e30), [0, 0, 0, untouched], "a square over the largest number");
    const slopes = tf.grad((x: Tensor) => apply(x, { size: 3 }))(
      tf.tensor2d([[1, NaN, 1, 1, 1, ...behind]]),
    );
    const numbers = [...await slopes.data()].slice(0, 5);
    assertEquals(numbers.map(Number.isNaN), [true, true, true, true, false]);
  }
});

onEachBackend("localResponseNorm of nothing is nothing", async () => {
  for (const shape of [[0, 4], [0, 3], [2, 0]]) {
    const nothing = tf.zeros(shape);
    assertEquals(apply(nothing).shape, shape);
    assertEquals((await tf.grad((x: Tensor) => apply(x))(nothing).data()).length, 0);
  }
});

gpuTest("localResponseNorm is one dispatch, and its gradient two", async () => {
  await onEachForm(async () => {
    const x = tf.ones([2, 4, 4, 8]);
    const dy = tf.ones([2, 4, 4, 8]);
    await Promise.all([x.data(), dy.data()]);
    const before = counters().dispatches;
    await apply(x).data();
    assertEquals(counters().dispatches - before, 1);
    await tf.grad((x: Tensor) => apply(x))(x, dy).data();
    assertEquals(counters().dispatches - before, 4);
  });
});

onCpu("localResponseNorm keeps the shape and learns nothing", () => {
  const { params, state } = init(localResponseNorm(), key(0), [5, 5, 3]);
  assertEquals([params, state], [{}, {}]);
  assertEquals(localResponseNorm().declare([5, 5, 3]).shape, [5, 5, 3]);
});

onCpu("localResponseNorm refuses options out of range, and what has no channels", () => {
  const cases: [keyof LocalResponseNormOptions, number[], string][] = [
    ["size", [0, 1.5, -1, NaN, Infinity], "a whole number of at least 1"],
    ["alpha", [-1, NaN, Infinity], "finite and at least 0"],
    ["beta", [0, -1, NaN, Infinity], "a finite number above 0"],
    ["k", [0, -1, NaN, Infinity], "a finite number above 0"],
  ];
  for (const [name, values, range] of cases) {
    for (const value of values) {
      const said =
        `Cannot make a localResponseNorm layer: its ${name} must be ${range}, got ${value}`;
      assertThrows(() => localResponseNorm({ [name]: value }), RangeError, said);
    }
  }
  const rule = "must have features along its last axis, got []";
  assertThrows(() => apply(tf.scalar(1)), TypeError, rule);
  assertThrows(() => apply(tf.ones([2])), TypeError, "must be a batch, [N, 2], got [2]");
  assertThrows(() => apply(tf.zeros([1, 2], "int32")), TypeError, "must be float32, got int32");
});
