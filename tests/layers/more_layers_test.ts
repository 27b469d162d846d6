// Layers of the namespace: what PyTorch's numbers do not show; joins, shapes, randomness.
import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import {
  type AnyLayer,
  conv,
  fold,
  identity,
  init,
  jit,
  key,
  layers,
  layersOf,
  parallel,
  sequential,
  type Tensor,
  tf,
} from "../../mod.ts";
import { receptiveBoxes } from "../../lib/explain/mod.ts";
import { normalArray, normalTensor, resample } from "../../lib/tensor/mod.ts";
import { summary } from "../../lib/sizing/mod.ts";
import { onCpu, onEachBackend } from "../backends.ts";
import { assertClose } from "../closeness.ts";
import { gpuTest } from "../device/adapter.ts";
import { onEachForm } from "../device/forms.ts";
import { assertGradients } from "../finite_differences.ts";
import { randomTensor } from "../random_tensor.ts";

const random = (seed: number, shape: number[]): tf.Tensor4D =>
  randomTensor(seed, shape) as tf.Tensor4D;

/** A layer's outputs, without parameters. */
function through(layer: AnyLayer, x: Tensor, context: object = {}): Tensor {
  const [y] = layer.apply({}, {}, x, context);
  assertEquals(y.shape.slice(1), [...layer.declare(x.shape.slice(1)).shape]);
  return y;
}

/** Bilinear interpolation, pixel by pixel. */
function bilinear(
  x: Float32Array,
  [height, width]: readonly [number, number],
  [tall, wide]: readonly [number, number],
  place: (i: number, length: number, count: number) => number,
): number[] {
  const between = (value: number, most: number): number => Math.min(Math.max(value, 0), most);
  const result: number[] = [];
  for (let i = 0; i < tall; i++) {
    for (let j = 0; j < wide; j++) {
      const [y, x0] = [
        between(place(i, height, tall), height - 1),
        between(place(j, width, wide), width - 1),
      ];
      const [top, left] = [
        Math.min(Math.floor(y), height - 1),
        Math.min(Math.floor(x0), width - 1),
      ];
      const [down, right] = [Math.min(top + 1, height - 1), Math.min(left + 1, width - 1)];
      const [v, u] = [y - top, x0 - left];
      const at = (row: number, column: number): number => x[row * width + column]!;
      result.push(
        (1 - v) * ((1 - u) * at(top, left) + u * at(top, right)) +
          v * ((1 - u) * at(down, left) + u * at(down, right)),
      );
    }
  }
  return result;
}

onEachBackend(
  "bilinear resampling is that of each pixel by itself, in all alignments",
  async () => {
    const places = {
      "half-pixel": (i: number, length: number, count: number) => (i + 0.5) * length / count - 0.5,
      "align-corners": (i: number, length: number, count: number) =>
        count === 1 ? 0 : i * (length - 1) / (count - 1),
      asymmetric: (i: number, length: number, count: number) => i * length / count,
    } as const;
    const x = random(1, [1, 5, 3, 1]);
    const numbers = await x.data() as Float32Array;
    for (const [align, place] of Object.entries(places)) {
      for (const size of [[10, 9], [7, 1], [2, 8], [5, 4]] as const) {
        const y = resample(x, size, { method: "bilinear", align: align as "asymmetric" });
        await assertClose(y, bilinear(numbers, [5, 3], size, place), `${align} to ${size}`);
      }
    }
  },
);

onEachBackend("nearest pixels of aligned corners are the rounded places", async () => {
  const x = tf.tensor4d([0, 1, 2, 3], [1, 1, 4, 1]);
  const y = resample(x, [1, 7], { method: "nearest", align: "align-corners" });
  assertEquals([...await y.data()], [0, 1, 1, 2, 2, 3, 3]);
});

onEachBackend(
  "gradients of resampling, shuffling and padding are those of differences",
  async () => {
    const { upsample, pixelShuffle, pixelUnshuffle, padBy } = layers;
    const cases: [AnyLayer, number[]][] = [
      [upsample({ factor: [2, 3] }), [1, 2, 3, 4]],
      [upsample({ size: [3, 5], method: "bilinear", align: "asymmetric" }), [2, 2, 3, 1]],
      [pixelShuffle(2), [1, 2, 1, 8]],
      [pixelUnshuffle(2), [1, 4, 2, 3]],
      [padBy({ amount: { top: 2, left: 1 }, mode: "reflect" }), [1, 3, 2, 2]],
      [padBy({ amount: [1, 2], mode: "edge" }), [1, 2, 3, 1]],
    ];
    for (const [layer, shape] of cases) {
      await assertGradients(({ x }) => through(layer, x), { x: random(2, shape) });
    }
  },
);

onEachBackend("pixelUnshuffle takes back what pixelShuffle did", async () => {
  const x = random(3, [2, 3, 2, 18]);
  const there = through(layers.pixelShuffle(3), x);
  await assertClose(through(layers.pixelUnshuffle(3), there), await x.data(), "numbers", 0);
});

onEachBackend("gradients of learned layers are those of differences", async () => {
  const cases: [AnyLayer, number[]][] = [
    [layers.convTranspose({ features: 2, size: [2, 3], stride: 2, groups: 2 }), [2, 2, 4]],
    [layers.groupNorm({ groups: 2, epsilon: 0.1 }), [2, 2, 4]],
    [layers.instanceNorm({ affine: true, epsilon: 0.1 }), [2, 3, 2]],
    [layers.layerNorm({ epsilon: 0.1 }), [2, 1, 5]],
    [layers.layerNorm({ axes: "all", epsilon: 0.1 }), [2, 2, 2]],
    [layers.prelu(), [3, 2]],
    [layers.logSoftmax(), [2, 3]],
  ];
  for (const [layer, shape] of cases) {
    const { params } = init(layer, key(5), shape);
    const tree = { ...params as Record<string, Tensor>, x: random(8, [2, ...shape]) };
    await assertGradients(({ x, ...own }) => layer.apply(own, {}, x, {})[0], tree);
  }
});

onEachBackend(
  "joins by product and along any axis have the values and gradients of both",
  async () => {
    const halves = {
      a: layers.activation((x) => tf.mul(x, 2), "twice"),
      b: layers.activation((x) => tf.square(x), "square"),
    };
    const none = { a: {}, b: {} };
    const x = random(4, [2, 2, 3, 2]);
    const product = parallel(halves, "product");
    const [y] = product.apply(none, none, x, {});
    await assertClose(y, await tf.mul(2, tf.pow(x, 3)).data());
    await assertGradients(({ x }) => product.apply(none, none, x, {})[0], { x }, { step: 3e-3 });
    for (const axis of [0, 1, 2, -1, -3]) {
      const joined = parallel(halves, layers.concatAlong(axis));
      const [y] = joined.apply(none, none, x, {});
      const own = axis < 0 ? axis : axis + 1;
      await assertClose(y, tf.concat([tf.mul(x, 2), tf.square(x)], own));
      assertEquals(y.shape.slice(1), [...joined.declare([2, 3, 2]).shape]);
      await assertGradients(({ x }) => joined.apply(none, none, x, {})[0], { x }, { step: 3e-3 });
    }
  },
);

onEachBackend("reduce, transpose, slice and reshape: values and gradients", async () => {
  const { reduce, transpose, slice, reshape } = layers;
  const x = tf.tensor4d([6, 1, 2, 5, 4, 3, 9, 8, 12, 10, 11, 7], [1, 2, 3, 2]);
  const cases: [AnyLayer, number[], number[]][] = [
    [reduce({ axes: [0, 1], by: "max" }), [2], [12, 10]],
    [reduce({ axes: [-1], by: "min" }), [2, 3], [1, 2, 3, 8, 10, 7]],
    [reduce({ axes: [1], by: "sum", keep: true }), [2, 1, 2], [12, 9, 32, 25]],
    [reduce({ axes: [0] }), [3, 2], [7.5, 4.5, 7, 7.5, 7.5, 5]],
    [reduce({ axes: [] }), [2, 3, 2], [...await x.data()]],
    [transpose([2, 0, 1]), [2, 2, 3], [6, 2, 4, 9, 12, 11, 1, 5, 3, 8, 10, 7]],
    [slice({ begin: [1, 0, 1], size: [1, 2, -1] }), [1, 2, 1], [8, 10]],
    [reshape([-1, 4]), [3, 4], [...await x.data()]],
  ];
  for (const [layer, shape, values] of cases) {
    const y = through(layer, x);
    assertEquals(y.shape, [1, ...shape], layer.op);
    await assertClose(y, values, layer.op);
    await assertGradients(({ x }) => through(layer, x), { x });
  }
});

onEachBackend(
  "of several largest or smallest numbers each has an equal share of the slope",
  async () => {
    const x = tf.tensor2d([[3, 1, 3, 3], [2, 1, 5, 1]]);
    const cases = [["max", [1 / 3, 0, 1 / 3, 1 / 3, 0, 0, 1, 0]], [
      "min",
      [0, 1, 0, 0, 0, 0.5, 0, 0.5],
    ]] as const;
    for (const [by, slopes] of cases) {
      for (const keep of [false, true]) {
        const layer = layers.reduce({ axes: [0], by, keep });
        const dx = tf.grad((input: Tensor) => tf.sum(through(layer, input)))(x);
        await assertClose(dx, slopes, by);
      }
    }
  },
);

onEachBackend("squeezeExcite weighs channels by what its layers make of their means", async () => {
  const layer = layers.squeezeExcite({ channels: 3, squeezed: 2, activation: layers.silu() });
  const { params, state } = init(layer, key(1), [2, 4, 3]);
  const x = random(5, [2, 2, 4, 3]);
  const apply = (p: typeof params, x: Tensor): Tensor => layer.apply(p, state, x, {})[0];
  const { squeeze, excite } = params.gate;
  const squeezed = tf.matMul(tf.mean(x, [1, 2]), squeeze.kernel);
  const swished = tf.mul(squeezed, tf.sigmoid(squeezed));
  const weights = tf.sigmoid(tf.matMul(swished, excite.kernel));
  await assertClose(apply(params, x), tf.mul(x, tf.reshape(weights, [2, 1, 1, 3])));
  await assertGradients(({ x }) => apply(params, x), { x });
  assertEquals(
    [...layersOf(layer, [2, 4, 3])].map(([path, { op }]) => `${path}:${op}`).slice(0, 5),
    [
      ":squeezeExcite",
      "input:identity",
      "gate:sequential",
      "gate/pool:globalMeanPool",
      "gate/squeeze:dense",
    ],
  );
});

gpuTest("normal numbers of the GPU are those of the host, whatever the size", async () => {
  await onEachForm(async (form) => {
    for (const shape of [[4000], [3, 5], [1], [2, 2, 2, 3], [0]]) {
      const y = normalTensor(key(9), shape);
      assertEquals(y.shape, shape);
      await assertClose(y, normalArray(key(9), y.size), `${form} [${shape}]`, 1e-6);
    }
  });
});

gpuTest("noise under jit is that of the key it is given, and none outside training", async () => {
  const model = sequential({
    noise: layers.gaussianNoise(0.5),
    maps: layers.spatialDropout(0.4),
    depth: layers.stochasticDepth(0.3),
  });
  const none = { noise: {}, maps: {}, depth: {} };
  const x = random(6, [3, 4, 5, 6]);
  const plain = (x: Tensor, own: ReturnType<typeof key>): Tensor =>
    tf.grad((x) => tf.square(model.apply(none, none, x, { training: true, key: own })[0]))(x);
  await onEachForm(async () => {
    const recorded = jit(plain);
    const seen: Float32Array[] = [];
    for (let i = 0; i < 3; i++) {
      const own = fold(key(2), i);
      const numbers = await recorded(x, own).data() as Float32Array;
      await assertClose(numbers, await plain(x, own).data());
      seen.push(numbers);
    }
    assertNotEquals(seen[0], seen[1]);
  });
  assertEquals(model.apply(none, none, x, {})[0], x);
});

onEachBackend("whole maps are dropped, and whole examples, and the rest is scaled", async () => {
  const context = { training: true, key: key(3) };
  const ones = tf.ones([40, 2, 3, 5]);
  const maps = through(layers.spatialDropout(0.5), ones, context);
  const spread = tf.sub(tf.max(maps, [1, 2]), tf.min(maps, [1, 2]));
  assertEquals((await tf.max(spread).data())[0], 0);
  const mean = (await tf.mean(maps).data())[0]!;
  assert(Math.abs(mean - 1) < 0.2, `${mean}`);
  const rows = await tf.max(through(layers.stochasticDepth(0.75), ones, context), [1, 2, 3]).data();
  assertEquals([...new Set(rows)].sort(), [0, 4]);
  const batch = layers.stochasticDepth(0.75, { mode: "batch" });
  for (let i = 0; i < 8; i++) {
    const y = await through(batch, ones, { training: true, key: key(i) }).data();
    assertEquals(new Set(y).size, 1);
  }
});

onCpu("receptive fields go through layers that enlarge", () => {
  const model = sequential({
    down: conv({ features: 2, size: 3, stride: 2, padding: 1 }),
    up: layers.upsample({ factor: 2, method: "bilinear" }),
    last: layers.convTranspose({ features: 1, size: 4, stride: 2, padding: 1 }),
  });
  const boxOf = receptiveBoxes(model, [32, 32, 1], "last");
  // Pixel 20 of 64: pixels 9 and 10 of 32, 4 and 5 of 16, 7 to 11 of the image.
  const { top, height } = boxOf(20, 20);
  assert(Number.isInteger(top) && Number.isInteger(height));
  assert(top <= 7 && top + height >= 12 && height <= 14, `${top}, ${height}`);
  const text = summary(model, [32, 32, 1]);
  assert(/convTranspose .* 2×2 ×2 .* 8 × 8$/m.test(text), text);
});

onCpu("options out of range are refused, and inputs that do not fit", () => {
  const { convTranspose, upsample, pixelShuffle, pixelUnshuffle, padBy, groupNorm, instanceNorm } =
    layers;
  const { reduce, transpose, slice, reshape, concatAlong, gaussianNoise, layerNorm } = layers;
  const refused = (
    f: () => unknown,
    message: string,
    kind: ErrorConstructor = RangeError,
  ): void => {
    assertThrows(f, kind, message);
  };
  const up = { features: 4, size: 3 };
  refused(
    () => convTranspose({ ...up, outputPadding: 1 }),
    "below its stride or its dilation, got 1",
  );
  refused(() => convTranspose({ ...up, groups: 3 }), "divide its features, got 3");
  refused(() => convTranspose({ ...up, stride: 0 }), "its stride");
  refused(
    () => convTranspose({ ...up, groups: 2 }).declare([4, 4, 3]),
    "divide its input channels",
  );
  refused(
    () => convTranspose({ ...up, padding: 9 }).declare([4, 4, 3]),
    "leave something, got -12",
  );
  refused(() => upsample({ factor: 2, size: 3 }), "a factor or a size, got both", TypeError);
  refused(() => upsample({ factor: 1.5 }), "its factor must be a whole number");
  refused(
    () => upsample({ method: "cubic" as never }),
    `its method must be "nearest" or "bilinear"`,
  );
  refused(() => upsample({ align: "corners" as never }), "its align must be");
  refused(() => pixelShuffle(2).declare([4, 4, 6]), "a multiple of 4, got 6");
  refused(() => pixelUnshuffle(2).declare([4, 5, 1]), "multiples of 2, got [4,5,1]");
  refused(() => padBy({ amount: { top: -1 } }), "its top");
  refused(() => padBy({ amount: 1, mode: "wrap" as never }), "its mode must be");
  refused(() => padBy({ amount: 3, mode: "reflect" }).declare([3, 9, 1]), "got 3 of 3");
  refused(
    () => groupNorm({ groups: 3 }).declare([4, 4, 4]),
    "divide the features, got 3 groups of 4",
  );
  refused(() => groupNorm({ groups: 2, epsilon: 0 }), "above 0, got 0");
  refused(() => instanceNorm().declare([4]), "must have positions, got [4]", TypeError);
  refused(() => layerNorm({ axes: "first" as never }), "its axes must be");
  refused(() => layers.squeezeExcite({ channels: 0 }), "its channels");
  refused(
    () => reduce({ axes: [3] }).declare([2, 2, 2]),
    "an axis must be a whole number from -3 to 2",
  );
  refused(() => reduce({ axes: [0, -3] }).declare([2, 2, 2]), "its axes must differ");
  refused(() => reduce({ axes: [], by: "median" as never }), "its by must be");
  refused(() => transpose([0, 2]), "each axis once, got [0,2]");
  refused(() => transpose([0, 1]).declare([2, 2, 2]), "must have 2 axes", TypeError);
  refused(() => slice({ begin: [0, 0], size: [9, 1] }).declare([4, 4]), "must lie inside");
  refused(() => slice({ begin: [-1], size: [1] }), "its begin");
  refused(() => reshape([-1, -1]), "one at the most -1");
  refused(() => reshape([3, -1]).declare([4, 4]), "must go together, got [3,-1]");
  const two = { a: identity(), b: layers.upsample({ factor: 2 }) };
  refused(() => parallel(two, concatAlong(2)).declare([4, 4, 1]), "but that of axis 2", TypeError);
  refused(() => gaussianNoise(-1), "at least 0, got -1");
  refused(() => layers.spatialDropout(1), "got 1");
  refused(() => layers.spatialDropout(0.5).declare([4]), "[height, width, channels]", TypeError);
  const noise = gaussianNoise(1);
  refused(
    () => noise.apply({}, {}, tf.ones([1]), { training: true }),
    "must have a key",
    TypeError,
  );
});
