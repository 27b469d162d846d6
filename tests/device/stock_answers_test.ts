// What tfjs's own WebGPU backend and gradients answer wrong or refuse, and are mended here.
import { assert, assertEquals, assertThrows } from "@std/assert";
import { key, start, tf, valueAndGrad } from "../../mod.ts";
import { normalArray } from "../../lib/tensor/mod.ts";
import { onCpu, onEachBackend } from "../backends.ts";
import { assertClose } from "../closeness.ts";
import { gpuTest } from "./adapter.ts";
import { assertGradients } from "../finite_differences.ts";

const random = (seed: number, shape: number[]): tf.Tensor =>
  tf.tensor(normalArray(key(seed), tf.util.sizeFromShape(shape)), shape);

/** What a line of numbers accumulates to. */
function accumulated(
  line: readonly number[],
  isSum: boolean,
  exclusive: boolean,
  reverse: boolean,
): number[] {
  let total = isSum ? 0 : 1;
  const answer = (reverse ? line.toReversed() : line).map((x) => {
    const before = total;
    total = isSum ? total + x : total * x;
    return exclusive ? before : total;
  });
  return reverse ? answer.reverse() : answer;
}

onEachBackend("cumsum and cumprod go over axes of any lengths, one after another", async () => {
  for (const length of [1, 2, 7, 16, 33, 100]) {
    for (
      const [exclusive, reverse] of [[false, false], [false, true], [true, false], [true, true]]
    ) {
      for (const isSum of [true, false]) {
        const rows = [0, 1, 2].map((row) => [...normalArray(key(row), length)]);
        const run = isSum ? tf.cumsum : tf.cumprod;
        const wanted = rows.map((row) => accumulated(row, isSum, exclusive!, reverse!));
        const what = `${isSum ? "cumsum" : "cumprod"} ${length} ${exclusive} ${reverse}`;
        const across = run(tf.tensor2d(rows), 1, exclusive, reverse);
        await assertClose(across, wanted.flat(), what, 1e-5);
        const down = run(tf.transpose(tf.tensor2d(rows)), 0, exclusive, reverse);
        await assertClose(tf.transpose(down), wanted.flat(), `${what} down`, 1e-5);
      }
    }
  }
});

onEachBackend("cumsum has its gradient along any axis", async () => {
  for (const [exclusive, reverse] of [[false, false], [true, true]]) {
    for (const axis of [0, 1, 2]) {
      const f = ({ x }: { x: tf.Tensor }): tf.Tensor => tf.cumsum(x, axis, exclusive, reverse);
      await assertGradients(f, { x: random(2, [2, 3, 4]) });
    }
  }
});

onEachBackend("pad works at ranks 1 to 6", async () => {
  const shape = [2, 3, 1, 4, 2, 3];
  const paddings: [number, number][] = [[1, 0], [0, 2], [1, 1], [0, 0], [2, 1], [0, 1]];
  for (let rank = 1; rank <= 6; rank++) {
    const sizes = shape.slice(0, rank);
    const pads = paddings.slice(0, rank);
    const values = normalArray(key(rank), tf.util.sizeFromShape(sizes));
    const y = tf.pad(tf.tensor(values, sizes), pads, 7);
    const outer = sizes.map((size, axis) => pads[axis]![0] + size + pads[axis]![1]);
    assertEquals(y.shape, outer);
    const wanted = Array.from({ length: tf.util.sizeFromShape(outer) }, (_, flat) => {
      const place = tf.util.indexToLoc(flat, rank, tf.util.computeStrides(outer).concat(1));
      const inner = place.map((at, axis) => at - pads[axis]![0]);
      if (inner.some((at, axis) => at < 0 || at >= sizes[axis]!)) return 7;
      return values[inner.reduce((sum, at, axis) => sum * sizes[axis]! + at, 0)]!;
    });
    await assertClose(y, wanted, `rank ${rank}`);
  }
});

onEachBackend("bincount counts tensors of rank 2 and vectors alike", async () => {
  const numbers = [1, 1, 2, 0, 3, 1, 7, 2, 1, 0, 1, 2];
  for (const shape of [[12], [3, 4], [4, 3]] as const) {
    const x = tf.tensor(numbers, shape as [number], "int32") as tf.Tensor1D;
    assertEquals(await tf.bincount(x, tf.tensor1d([]), 4).array(), [2, 5, 3, 1], `${shape}`);
    const weights = tf.tensor(numbers.map((_, i) => i / 2), shape as [number]) as tf.Tensor1D;
    assertEquals(await tf.bincount(x, weights, 4).array(), [6, 12, 10, 2], `${shape}`);
    if (shape.length === 1) continue;
    const counts: tf.Tensor = tf.denseBincount(x, tf.tensor1d([]), 4);
    const rows = await counts.array() as number[][];
    const columns = shape[1];
    rows.forEach((row, i) => {
      const own = numbers.slice(i * columns, (i + 1) * columns);
      assertEquals(row, [0, 1, 2, 3].map((bin) => own.filter((one) => one === bin).length));
    });
  }
});

onEachBackend("argMax and argMin of a vector are scalars", async () => {
  for (const length of [1, 5, 31, 32, 100, 1000]) {
    const values = normalArray(key(length), length);
    const x = tf.tensor1d(values);
    const [most, least] = [tf.argMax(x), tf.argMin(x)];
    assertEquals([most.shape, least.shape], [[], []]);
    assertEquals(await most.array(), values.indexOf(Math.max(...values)));
    assertEquals(await least.array(), values.indexOf(Math.min(...values)));
    const column = tf.argMax(tf.reshape(x, [length, 1]), 0);
    assertEquals([...await column.data()], [...await most.data()]);
  }
});

gpuTest("of equal numbers argMax and argMin take the first, as on the CPU", async () => {
  for (const length of [7, 31, 32, 33, 300, 1032, 5000]) {
    const values = Array.from({ length: 3 * length }, (_, i) => (i * i * 7 + i) % 5 - 2);
    for (const dtype of ["float32", "int32"] as const) {
      for (const [find, most] of [[tf.argMax, Math.max], [tf.argMin, Math.min]] as const) {
        await start();
        const found = await find(tf.tensor2d(values, [3, length], dtype), 1).data();
        const expected = [0, 1, 2].map((row) => {
          const own = values.slice(row * length, (row + 1) * length);
          return own.indexOf(most(...own));
        });
        assertEquals([...found], expected, `${find.name} ${length} ${dtype}`);
      }
    }
  }
});

/** Operations on pictures `[3, 4, 4, 2]` that tfjs's WebGPU programs have wrong. */
const PICTURES: Readonly<Record<string, (x: tf.Tensor4D) => tf.Tensor>> = {
  "boxes of the last image": (x) =>
    tf.image.cropAndResize(x, [[0, 0, 1, 1]], [2], [4, 3], "bilinear"),
  "boxes of no image": (x) =>
    tf.image.cropAndResize(x, [[0, 0, 1, 1], [0, 0, 1, 0.5]], [7, 1], [4, 3], "nearest"),
  "a quarter turn": (x) => tf.image.rotateWithOffset(x, Math.PI / 2, 0, 0.5),
  "pixels half a step away": (x) =>
    tf.image.transform(x, [[1, 0.5, 0.5, 0.5, 1, 0, 0, 0]], "nearest", "constant", 9, [7, 6]),
};

onEachBackend("every image of a batch is transformed, by a rule of its own or by one", async () => {
  const x = tf.reshape(tf.range(0, 18), [2, 3, 3, 1]) as tf.Tensor4D;
  const left = [1, 0, 1, 0, 1, 0, 0, 0];
  const up = [1, 0, 0, 0, 1, 1, 0, 0];
  const moved = (rules: number[][]): Promise<ArrayLike<number>> =>
    tf.image.transform(x, rules, "nearest", "constant", -1).data();
  const toLeft = [1, 2, -1, 4, 5, -1, 7, 8, -1];
  assertEquals([...Array.from(await moved([left]))], [
    ...toLeft,
    ...toLeft.map((value) => value < 0 ? -1 : value + 9),
  ]);
  assertEquals([...Array.from(await moved([left, up]))], [
    ...toLeft,
    ...[12, 13, 14, 15, 16, 17, -1, -1, -1],
  ]);
});

gpuTest("pictures are cropped, turned and transformed as on the CPU", async () => {
  for (const [name, f] of Object.entries(PICTURES)) {
    await start({ backend: "cpu" });
    const expected = await f(random(8, [3, 4, 4, 2]) as tf.Tensor4D).data();
    await start();
    // What was in the memory before must not show.
    tf.dispose(tf.add(tf.ones(f(random(8, [3, 4, 4, 2]) as tf.Tensor4D).shape), 6));
    await assertClose(f(random(8, [3, 4, 4, 2]) as tf.Tensor4D), expected, name);
  }
});

onEachBackend(
  "prod keeps the dimensions it is told to, of small tensors and of large",
  async () => {
    for (const rows of [3, 700]) {
      const x = tf.tensor2d(normalArray(key(rows), rows * 4, 1), [rows, 4]);
      for (const axis of [0, 1]) {
        const kept = tf.prod(x, axis, true);
        assertEquals(kept.shape, axis === 0 ? [1, 4] : [rows, 1]);
        await assertClose(kept, await tf.prod(x, axis).data(), `prod along ${axis}`);
      }
      assertEquals(tf.prod(x, undefined, true).shape, [1, 1]);
    }
  },
);

onEachBackend("expm1 and log1p hold their digits near zero", async () => {
  const x = [-50, -1, -0.4, -1e-3, -1e-7, 0, 1e-10, 3e-5, 0.01, 0.3, 0.49, 0.51, 1, 20, 80];
  // Far more than tfjs computes on the host instead.
  const many = Array.from({ length: 200 }, () => x).flat();
  const values = tf.tensor1d(many);
  const answers = {
    expm1: await tf.expm1(values).data(),
    log1p: await tf.log1p(tf.relu(values)).data(),
  };
  x.forEach((each, i) => {
    const [value, positive] = [Math.fround(each), Math.max(0, Math.fround(each))];
    assertRelative(answers.expm1[i]!, Math.expm1(value), value, `expm1(${each})`);
    assertRelative(answers.log1p[i]!, Math.log1p(positive), 0, `log1p(${positive})`);
  });
  const odd = tf.tensor1d(
    Array.from({ length: 1200 }, (_, i) => [NaN, Infinity, -Infinity][i % 3]!),
  );
  assertEquals([...await tf.expm1(odd).data()].slice(0, 3), [NaN, Infinity, -1]);
  const beyond = tf.tensor1d(Array.from({ length: 1200 }, (_, i) => [NaN, Infinity, -1][i % 3]!));
  assertEquals([...await tf.log1p(beyond).data()].slice(0, 3), [NaN, Infinity, -Infinity]);
});

/** WGSL's exponential is exact to 3 + 2 |x| units in the last place. */
function assertRelative(actual: number, expected: number, x: number, what: string): void {
  const tolerance = (4 + 2 * Math.abs(x)) * 2 ** -23;
  assert(
    actual === expected || Math.abs(actual - expected) <= tolerance * Math.abs(expected),
    `${what} is ${actual}, not ${expected}`,
  );
}

onEachBackend(
  "maximum, minimum and squaredDifference have gradients where they broadcast",
  async () => {
    for (const f of [tf.maximum, tf.minimum, tf.squaredDifference]) {
      for (
        const [a, b] of [[[3, 4], [4]], [[3, 1], [1, 4]], [[2, 3], []], [[4], [2, 1, 4]], [[5], [
          5,
        ]]]
      ) {
        const tree = { a: random(3, a!), b: random(4, b!) };
        await assertGradients(({ a, b }) => f(a, b), tree);
      }
    }
  },
);

onEachBackend(
  "a product that broadcasts its batch has gradients in all four transpositions",
  async (backend) => {
    const BATCHES: [number[], number[]][] = [
      [[2], [1]],
      [[1], [3]],
      [[2], []],
      [[], [2]],
      [[2, 2], [2]],
      [[2], [2]],
    ];
    // tfjs's CPU backend takes the wrong matrices where both are repeated.
    if (backend === "webgpu") BATCHES.push([[2, 1], [1, 3]]);
    for (const [one, other] of BATCHES) {
      for (
        const [ta, tb] of [[false, false], [false, true], [true, false], [true, true]] as const
      ) {
        const tree = {
          a: random(1, [...one, ...(ta ? [4, 3] : [3, 4])]),
          b: random(2, [...other, ...(tb ? [2, 4] : [4, 2])]),
        };
        await assertGradients(({ a, b }) => tf.matMul(a, b, ta, tb), tree);
      }
    }
  },
);

onEachBackend("what is chosen by a comparison has a gradient", async () => {
  const x = random(5, [3, 4]);
  const squared = ({ x }: { x: tf.Tensor }): tf.Tensor =>
    tf.where(tf.greater(x, 0), tf.square(x), tf.mul(x, 3));
  await assertGradients(squared, { x }, { step: 1e-3, tolerance: 1e-2 });
  const between = ({ x }: { x: tf.Tensor }): tf.Tensor =>
    tf.where(
      tf.logicalAnd(tf.lessEqual(x, 0.5), tf.logicalNot(tf.less(x, -0.5))),
      tf.exp(x),
      tf.logicalOr(tf.equal(x, 2), tf.notEqual(x, 3)).toFloat(),
    );
  await assertGradients(between, { x }, { step: 1e-3, tolerance: 1e-2 });
});

onEachBackend("a slope that is not finite does not leak past what was chosen", async () => {
  const f = (tree: { x: tf.Tensor }): [tf.Scalar, Record<never, never>] => [
    tf.sum(tf.mul(tf.where(tf.greater(tree.x, 0), tree.x, tf.zerosLike(tree.x)), [1, Infinity])),
    {},
  ];
  const { grads } = valueAndGrad(f)({ x: tf.tensor1d([1, -1]) });
  assertEquals([...await grads.x.data()], [1, 0]);
});

onEachBackend("padding in pixels is of both axes, in windows that are not square too", async () => {
  const x = random(9, [1, 10, 6, 2]) as tf.Tensor4D;
  const kernel = random(10, [3, 2, 2, 2]) as tf.Tensor4D;
  type Pad = number | [[number, number], [number, number], [number, number], [number, number]];
  const functions: Record<
    string,
    (x: tf.Tensor4D, pad: Pad, stride: [number, number]) => tf.Tensor
  > = {
    convolution: (x, pad, stride) => tf.conv2d(x, kernel, stride, pad),
    depthwise: (x, pad, stride) => tf.depthwiseConv2d(x, kernel, stride, pad),
    fused: (x, pad, strides) =>
      tf.fused.conv2d({ x, filter: kernel, strides, pad, activation: "relu" }),
    maximum: (x, pad, stride) => tf.maxPool(x, [3, 2], stride, pad),
    "maximum, rounded up": (x, pad, stride) => tf.maxPool(x, [3, 2], stride, pad, "ceil"),
    mean: (x, pad, stride) => tf.avgPool(x, [3, 2], stride, pad),
  };
  for (const [name, f] of Object.entries(functions)) {
    for (const stride of [[1, 1], [1, 2], [2, 1]] as [number, number][]) {
      const explicit: Pad = [[0, 0], [1, 1], [1, 1], [0, 0]];
      const [y, expected] = [f(x, 1, stride), f(x, explicit, stride)];
      assertEquals(
        y.shape.slice(1, 3),
        [stride[0] === 1 ? 10 : 5, stride[1] === 1 ? 7 : 4].map((n, i) =>
          name.endsWith("up") && i === 0 && stride[0] === 2 ? n + 1 : n
        ),
        name,
      );
      await assertClose(y, expected, name);
      const slopes = (pad: Pad): tf.Tensor =>
        tf.grad((x) => tf.sum(f(x as tf.Tensor4D, pad, stride)))(x);
      await assertClose(slopes(1), slopes(explicit), `${name}, gradient`);
      // Each window has a largest number, whose slope is one.
      if (!name.startsWith("max")) continue;
      await assertClose(tf.sum(slopes(1)), [y.size], `${name}, slopes`);
    }
  }
});

/** Functions of images `[2, 5, 4, 3]` whose gradients tfjs has wrong. */
const MISTAKEN: Record<string, (x: tf.Tensor4D) => tf.Tensor> = {
  "mean pooling, same": (x) => tf.avgPool(x, [2, 3], [1, 2], "same"),
  "mean pooling, padding on each side": (x) =>
    tf.avgPool(x, 3, 2, [[0, 0], [1, 0], [0, 1], [0, 0]]),
  "mean pooling of single pixels": (x) => tf.avgPool(x, 1, 1, "same"),
  "mean pooling, rounded up": (x) => tf.avgPool(x, 3, 2, 1, "ceil"),
  "mean pooling of volumes": (x) =>
    tf.avgPool3d(tf.reshape(x, [1, 2, 5, 4, 3]) as tf.Tensor5D, [2, 3, 2], [1, 2, 3], "same"),
  "mirrored padding": (x) => tf.mirrorPad(x, [[0, 0], [4, 1], [0, 2], [1, 0]], "reflect"),
  "mirrored padding with the edges": (x) =>
    tf.mirrorPad(x, [[2, 1], [0, 3], [4, 0], [0, 0]], "symmetric"),
  "whole quotients": (x) => tf.mul(x, tf.floorDiv(tf.mul(x, 3), tf.add(tf.square(x), 1))),
  "whole numbers": (x) => tf.mul(x, tf.cast(tf.cast(tf.mul(x, 2), "int32"), "float32")),
  "truth values": (x) => tf.mul(x, tf.cast(tf.cast(x, "bool"), "float32")),
  "cross-entropy by labels": (x) => {
    const [labels, logits] = tf.unstack(tf.reshape(x, [2, 10, 6]));
    const weights = tf.range(0, 10);
    return tf.losses.softmaxCrossEntropy(labels!, logits!, weights, 0.1);
  },
};

for (const method of ["resizeBilinear", "resizeNearestNeighbor"] as const) {
  for (const size of [[9, 3], [3, 7], [1, 1]] as const) {
    for (const [corners, halves] of [[false, false], [true, false], [false, true]]) {
      MISTAKEN[`${method} to ${size}, ${corners} ${halves}`] = (x) =>
        tf.image[method](x, [...size], corners, halves);
    }
  }
}

/** Images between whole eighths, so that no step is near a kink. */
const eighths = (): tf.Tensor4D =>
  tf.tidy(() => {
    const coarse = tf.div(tf.round(tf.mul(random(6, [2, 5, 4, 3]), 8)), 8);
    return tf.add(coarse, 0.03) as tf.Tensor4D;
  });

/** The gradient of Σ f(x) cos i. */
function slopesOf(f: (x: tf.Tensor4D) => tf.Tensor): Promise<ArrayLike<number>> {
  const weighed = (x: tf.Tensor): tf.Tensor => {
    const y = f(x as tf.Tensor4D);
    return tf.sum(tf.mul(tf.reshape(y, [-1]), tf.cos(tf.range(0, y.size))));
  };
  return tf.grad(weighed)(eighths()).data();
}

onCpu("gradients that tfjs has wrong are those of the functions", async () => {
  for (const [name, f] of Object.entries(MISTAKEN)) {
    await assertGradients(({ x }) => f(x), { x: eighths() }).catch((error) => {
      throw new Error(`${name}: ${error.message}`);
    });
  }
});

gpuTest("gradients that tfjs has wrong are on a GPU those of the CPU", async () => {
  for (const [name, f] of Object.entries(MISTAKEN)) {
    await start({ backend: "cpu" });
    const expected = await slopesOf(f);
    await start();
    await assertClose(tf.tensor(await slopesOf(f)), expected, name, 1e-5);
  }
});

onEachBackend("steps of whole numbers have the slope zero, of whole numbers too", async () => {
  const [a, b] = [tf.tensor1d([7, -5], "int32"), tf.tensor1d([2, 3], "int32")];
  const slopes = tf.grads((a, b) => tf.sum(tf.div(a, b)))([a, b]);
  for (const slope of slopes) {
    assertEquals(slope.dtype, "float32");
    assertEquals([...await slope.data()], [0, 0]);
  }
});

onEachBackend("equal largest and smallest numbers share the slope", async () => {
  const x = tf.tensor2d([[1, 3, 3], [0, 0, 0]]);
  for (const [f, sign] of [[tf.max, 1], [tf.min, -1]] as const) {
    const slopes = (axis?: number, keep = false): Promise<number[]> =>
      tf.grad((x) => tf.sum(tf.mul(f(x, axis, keep), 6)))(tf.mul(x, sign)).data()
        .then((values) => [...values]);
    assertEquals(await slopes(1), [0, 3, 3, 2, 2, 2]);
    assertEquals(await slopes(-1, true), [0, 3, 3, 2, 2, 2]);
    assertEquals(await slopes(0), [6, 6, 6, 0, 0, 0]);
    assertEquals(await slopes(), [0, 3, 3, 0, 0, 0]);
  }
});

onEachBackend("gradients of gradients go through saved outputs", async () => {
  const functions = {
    exp: tf.exp,
    sigmoid: tf.sigmoid,
    tanh: tf.tanh,
    sqrt: (x: tf.Tensor) => tf.sqrt(tf.add(tf.square(x), 1)),
    pow: (x: tf.Tensor) => tf.pow(tf.add(tf.square(x), 1), x),
    softmax: (x: tf.Tensor) => tf.softmax(x),
    logSoftmax: (x: tf.Tensor) => tf.logSoftmax(x),
    max: (x: tf.Tensor) => tf.max(x, 1),
  };
  const x = random(7, [1, 4]);
  for (const [name, f] of Object.entries(functions)) {
    const slope = ({ x }: { x: tf.Tensor }): tf.Tensor =>
      tf.grad((x) => tf.sum(tf.square(f(tf.mul(x, 0.7)))))(x);
    await assertGradients(slope, { x }, { tolerance: 3e-3 }).catch((error) => {
      throw new Error(`${name}: ${error.message}`);
    });
  }
});

gpuTest("operations without a gradient are refused, not taken for constant", async () => {
  await start();
  const image = random(1, [1, 4, 4, 1]);
  const cases: Record<string, (x: tf.Tensor) => tf.Tensor> = {
    Einsum: (x) => tf.einsum("nhwc->nhw", x),
    TopK: (x) => tf.topk(tf.reshape(x, [4, 4]), 2).values,
    StridedSlice: (x) => tf.stridedSlice(x, [0, 0, 0, 0], [1, 4, 4, 1], [1, 2, 2, 1]),
    CropAndResize: (x) =>
      tf.image.cropAndResize(
        x as tf.Tensor4D,
        tf.tensor2d([[0, 0, 1, 1]]),
        tf.tensor1d([0], "int32"),
        [
          2,
          2,
        ],
      ),
  };
  for (const [name, f] of Object.entries(cases)) {
    assertThrows(
      () => valueAndGrad((t: { x: tf.Tensor }) => [tf.sum(f(t.x)) as tf.Scalar, {}])({ x: image }),
      Error,
      name,
      name,
    );
  }
});
