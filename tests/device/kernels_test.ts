// The device's kernels, in both forms, against plain TypeScript on random shapes.
import { assert, assertEquals, assertLess } from "@std/assert";
import { convolve, normalArray, uniformArray } from "../../lib/tensor/mod.ts";
import { fold, type Key, key, start, tf, valueAndGrad } from "../../mod.ts";
import { gpuTest } from "./adapter.ts";
import { onEachForm } from "./forms.ts";
import {
  type Convolution,
  filterGradient,
  forward,
  inputGradient,
  product,
  relativeError,
  sizes,
} from "./reference.ts";

/** float32 sums of a few hundred products, against double precision. */
const TOLERANCE = 2e-6;

function whole(source: Key, name: string, least: number, most: number): number {
  return least + Math.floor(uniformArray(fold(source, name), 1)[0]! * (most - least + 1));
}

type Case = Convolution & { readonly pad: "same" | "valid" | number };

/**
 * A random convolution with odd sizes; with `quads` channels come in fours and
 * there is enough work, so that software adapters read through textures.
 */
function randomCase(source: Key, quads: boolean): Case {
  const pick = (name: string, least: number, most: number): number =>
    whole(source, name, least, most);
  const filter = [pick("filterY", 1, 5), pick("filterX", 1, 4)] as const;
  const dilation = [pick("dilationY", 1, 2), pick("dilationX", 1, 3)] as const;
  const stride = [pick("strideY", 1, 3), pick("strideX", 1, 2)] as const;
  const pad = (["same", "valid", pick("padding", 1, 2)] as const)[pick("kind", 0, 2)]!;
  const input = [
    pick("height", 10, 15),
    pick("width", 10, 17),
    pick("channels", 1, 7) * (quads ? 4 : 1),
  ] as const;
  const reach = filter.map((size, axis) => (size - 1) * dilation[axis]! + 1);
  const output = reach.map((size, axis) => {
    const length = input[axis]!;
    if (pad === "same") return Math.ceil(length / stride[axis]!);
    return Math.floor((length + (pad === "valid" ? 0 : 2 * pad) - size) / stride[axis]!) + 1;
  }) as [number, number];
  const before = reach.map((size, axis) => {
    if (pad !== "same") return pad === "valid" ? 0 : pad;
    const total = Math.max(0, (output[axis]! - 1) * stride[axis]! + size - input[axis]!);
    return Math.floor(total / 2);
  }) as [number, number];
  const features = quads ? 4 * pick("features", 3, 7) : pick("features", 1, 21);
  return {
    batch: quads ? 17 : pick("batch", 1, 3),
    input,
    filter,
    features,
    stride,
    dilation,
    before,
    output,
    pad,
  };
}

function attributes({ stride, dilation, pad }: Case): tf.NamedAttrMap {
  const dimRoundingMode = typeof pad === "number" ? "floor" : undefined;
  return {
    strides: [...stride],
    dilations: [...dilation],
    pad,
    dataFormat: "NHWC",
    dimRoundingMode,
  } as tf.NamedAttrMap;
}

function run(
  name: string,
  inputs: tf.NamedTensorMap,
  attrs: tf.NamedAttrMap,
): Promise<tf.TypedArray> {
  const y = tf.engine().runKernel(name, inputs, attrs) as tf.Tensor;
  return y.data().finally(() => y.dispose());
}

gpuTest("convolution and both gradients equal the reference on random shapes", async () => {
  await onEachForm(async (form) => {
    for (let seed = 0; seed < 20; seed++) {
      const c = randomCase(key(seed), seed % 2 === 1);
      const size = sizes(c);
      const x = normalArray(fold(key(seed), "x"), size.x);
      const w = normalArray(fold(key(seed), "w"), size.filter);
      const dy = normalArray(fold(key(seed), "dy"), size.y);
      const shapes = {
        x: [c.batch, ...c.input],
        filter: [...c.filter, c.input[2], c.features],
        y: [c.batch, ...c.output, c.features],
      };
      const tensors = {
        x: tf.tensor(x, shapes.x),
        filter: tf.tensor(w, shapes.filter),
        dy: tf.tensor(dy, shapes.y),
      };
      const attrs = attributes(c);
      const y = await run("Conv2D", { x: tensors.x, filter: tensors.filter }, attrs);
      const dx = await run("Conv2DBackpropInput", { dy: tensors.dy, filter: tensors.filter }, {
        ...attrs,
        inputShape: shapes.x,
      });
      const dw = await run("Conv2DBackpropFilter", { x: tensors.x, dy: tensors.dy }, {
        ...attrs,
        filterShape: shapes.filter,
      });
      tf.dispose(tensors);
      const what = `${form} ${JSON.stringify(c)}`;
      assertLess(relativeError(y, forward(c, x, w)), TOLERANCE, `forward ${what}`);
      assertLess(relativeError(dx, inputGradient(c, dy, w)), TOLERANCE, `input ${what}`);
      assertLess(relativeError(dw, filterGradient(c, x, dy)), TOLERANCE, `filter ${what}`);
    }
  });
});

gpuTest(
  "the filter gradient of a large batch, summed in pieces, equals the reference",
  async () => {
    const c: Case = {
      batch: 33,
      input: [14, 13, 6],
      filter: [5, 5],
      features: 16,
      stride: [1, 1],
      dilation: [1, 1],
      before: [0, 0],
      output: [10, 9],
      pad: "valid",
    };
    const size = sizes(c);
    const [x, dy] = [normalArray(key(1), size.x), normalArray(key(2), size.y)];
    await onEachForm(async (form) => {
      const tensors = { x: tf.tensor(x, [33, 14, 13, 6]), dy: tf.tensor(dy, [33, 10, 9, 16]) };
      const dw = await run("Conv2DBackpropFilter", tensors, {
        ...attributes(c),
        filterShape: [5, 5, 6, 16],
      });
      tf.dispose(tensors);
      assertLess(relativeError(dw, filterGradient(c, x, dy)), TOLERANCE, form);
    });
  },
);

gpuTest("matrix products in all four transpositions and batches equal the reference", async () => {
  const SIZES = [[1, 7, 1], [3, 1, 5], [17, 300, 10], [37, 53, 29], [68, 100, 52], [
    9,
    1200,
    44,
  ]] as const;
  await onEachForm(async (form) => {
    for (const [rows, depth, columns] of SIZES) {
      for (
        const [transposeA, transposeB] of [[false, false], [false, true], [true, false], [
          true,
          true,
        ]]
      ) {
        const batch = rows === 37 ? 3 : 1;
        const a = normalArray(key(rows), batch * rows * depth);
        const b = normalArray(key(columns + 100), batch * depth * columns);
        const tensorA = tf.tensor3d(a, transposeA ? [batch, depth, rows] : [batch, rows, depth]);
        const tensorB = tf.tensor3d(
          b,
          transposeB ? [batch, columns, depth] : [batch, depth, columns],
        );
        const y = tf.matMul(tensorA, tensorB, transposeA, transposeB);
        const values = await y.data();
        tf.dispose([tensorA, tensorB, y]);
        for (let i = 0; i < batch; i++) {
          const expected = product(
            (m, k) => a[i * rows * depth + (transposeA ? k * rows + m : m * depth + k)]!,
            (k, n) => b[i * depth * columns + (transposeB ? n * depth + k : k * columns + n)]!,
            [rows, depth, columns],
          );
          const actual = values.subarray(i * rows * columns, (i + 1) * rows * columns);
          assertLess(
            relativeError(actual, expected),
            TOLERANCE,
            `${form} ${[rows, depth, columns, transposeA, transposeB]}`,
          );
        }
      }
    }
  });
});

gpuTest("a matrix product broadcasts one matrix over a batch", async () => {
  await start();
  const a = normalArray(key(0), 2 * 3 * 4);
  const b = normalArray(key(1), 4 * 5);
  const y = tf.matMul(tf.tensor3d(a, [2, 3, 4]), tf.tensor3d(b, [1, 4, 5]));
  assertEquals(y.shape, [2, 3, 5]);
  const expected = product((m, k) => a[m * 4 + k]!, (k, n) => b[k * 5 + n]!, [6, 4, 5]);
  assertLess(relativeError(await y.data(), expected), TOLERANCE);
});

gpuTest("NaN and infinity go through a convolution as IEEE 754 says", async () => {
  await onEachForm(async () => {
    const x = tf.tensor4d([NaN, 1, Infinity, 2], [1, 1, 4, 1]);
    const y = await tf.conv2d(x, tf.ones([1, 1, 1, 1]), 1, "valid").data();
    assertEquals([...y], [NaN, 1, Infinity, 2]);
    const zeroed = await tf.conv2d(x, tf.zeros([1, 1, 1, 1]), 1, "valid").data();
    assertEquals([...zeroed], [NaN, 0, NaN, 0]);
  });
});

gpuTest("padding is zeros, not NaN times zero", async () => {
  await onEachForm(async () => {
    const x = tf.tensor4d([NaN, 1, 1, 1], [1, 2, 2, 1]);
    const y = await tf.conv2d(x, tf.ones([1, 1, 1, 1]), 1, 1, "NHWC", 1, "floor").data();
    assertEquals([...y], [0, 0, 0, 0, 0, NaN, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0]);
  });
});

gpuTest("sums over all axes but the last equal the reference", async () => {
  await onEachForm(async (form) => {
    for (
      const [rows, columns] of [[4097, 1], [700, 7], [1031, 12], [60, 100], [40_001, 3]] as const
    ) {
      const values = uniformArray(key(rows), rows * columns);
      const x = tf.tensor3d(values, [1, rows, columns]);
      for (const keepDims of [false, true]) {
        const y = tf.sum(x, [0, 1], keepDims);
        assertEquals(y.shape, keepDims ? [1, 1, columns] : [columns]);
        const expected = product(() => 1, (k, n) => values[k * columns + n]!, [1, rows, columns]);
        assertLess(
          relativeError(await y.data(), expected),
          TOLERANCE,
          `${form} ${rows} ${columns}`,
        );
      }
    }
  });
});

gpuTest("a long column sum does not drift", async () => {
  await start();
  const y = await tf.sum(tf.fill([2 ** 21, 4], 0.1), 0).data();
  assertLess(relativeError(y, new Array(4).fill(2 ** 21 * Math.fround(0.1))), 1e-6);
});

gpuTest("a bias is added once, also where the sum is cut into pieces", async () => {
  const [rows, depth, columns] = [3, 4001, 6];
  const [a, b] = [normalArray(key(1), rows * depth), normalArray(key(2), depth * columns)];
  const bias = normalArray(key(3), columns, 50);
  const expected = product((m, k) => a[m * depth + k]!, (k, n) => b[k * columns + n]!, [
    rows,
    depth,
    columns,
  ])
    .map((sum, i) => sum + bias[i % columns]!);
  await onEachForm(async (form) => {
    const inputs = {
      a: tf.tensor2d(a, [rows, depth]),
      b: tf.tensor2d(b, [depth, columns]),
      bias: tf.tensor1d(bias),
    };
    const y = await run("_FusedMatMul", inputs, { transposeA: false, transposeB: false });
    assertLess(relativeError(y, expected), TOLERANCE, form);
  });
});

gpuTest("tfjs's own fused activations are left to tfjs", async () => {
  await start();
  const y = tf.fused.matMul({
    a: tf.tensor2d([[1, -1]]),
    b: tf.tensor2d([[2, -3], [1, 1]]),
    bias: tf.tensor1d([0.5, 0.25]),
    activation: "relu",
  });
  assertEquals(await y.array(), [[1.5, 0]]);
});

/** Pooling's gradient by hand: to the first of the largest inputs of each window, or to all alike. */
function poolGradient(
  kind: "max" | "mean",
  x: Float32Array,
  dy: Float32Array,
  [batch, height, width, channels]: readonly [number, number, number, number],
  [outHeight, outWidth]: readonly [number, number],
  { size, stride, pad }: { size: number; stride: number; pad: number },
): Float64Array {
  const dx = new Float64Array(x.length);
  for (let n = 0; n < batch; n++) {
    for (let i = 0; i < outHeight; i++) {
      for (let j = 0; j < outWidth; j++) {
        for (let c = 0; c < channels; c++) {
          let winner = -1;
          const inside: number[] = [];
          for (let u = 0; u < size; u++) {
            for (let v = 0; v < size; v++) {
              const [row, column] = [i * stride + u - pad, j * stride + v - pad];
              if (row < 0 || row >= height || column < 0 || column >= width) continue;
              const at = ((n * height + row) * width + column) * channels + c;
              if (winner < 0 || x[at]! > x[winner]!) winner = at;
              inside.push(at);
            }
          }
          const to = kind === "max" ? [winner] : inside;
          const slope = dy[((n * outHeight + i) * outWidth + j) * channels + c]!;
          for (const at of to) dx[at]! += slope / to.length;
        }
      }
    }
  }
  return dx;
}

gpuTest(
  "the gradients of max and mean pooling equal the reference, windows apart or overlapping",
  async () => {
    await start();
    const cases = [
      { shape: [2, 8, 6, 3], size: 2, stride: 2, pad: 0 },
      { shape: [1, 9, 7, 5], size: 2, stride: 2, pad: 0 }, // a row and a column are left over
      { shape: [2, 11, 10, 2], size: 2, stride: 3, pad: 0 }, // gaps between windows
      { shape: [1, 9, 8, 3], size: 3, stride: 3, pad: 1 },
      { shape: [1, 9, 9, 4], size: 3, stride: 2, pad: 1 }, // overlapping
      { shape: [2, 8, 11, 2], size: 3, stride: 2, pad: 0 },
      { shape: [1, 7, 7, 2], size: 3, stride: 1, pad: 1 },
      { shape: [2, 9, 8, 8], size: 2, stride: 2, pad: 0 }, // channels in fours
      { shape: [2, 8, 9, 4], size: 3, stride: 3, pad: 1 },
      { shape: [1, 8, 8, 12], size: 3, stride: 2, pad: 1 },
    ] as const;
    for (const { shape, size, stride, pad } of cases) {
      // Few values, so that windows have equals.
      const x = normalArray(key(shape[1]), tf.util.sizeFromShape([...shape])).map((value) =>
        Math.round(value)
      );
      const out = [1, 2].map((axis) =>
        Math.floor((shape[axis]! + 2 * pad - size) / stride) + 1
      ) as [number, number];
      const dy = normalArray(key(7), shape[0] * out[0] * out[1] * shape[3]);
      const padding: tf.backend_util.ExplicitPadding = [[0, 0], [pad, pad], [pad, pad], [0, 0]];
      for (const [kind, pool] of [["max", tf.maxPool], ["mean", tf.avgPool]] as const) {
        if (kind === "mean" && pad > 0) continue; // tfjs's own, which divides by the whole window.
        const gradient = tf.grad((images: tf.Tensor) =>
          pool(images as tf.Tensor4D, size, stride, padding, "floor")
        );
        const dx = gradient(
          tf.tensor4d(x, [...shape]),
          tf.tensor4d(dy, [shape[0], ...out, shape[3]]),
        );
        const expected = poolGradient(kind, x, dy, shape, out, { size, stride, pad });
        assertLess(
          relativeError(await dx.data(), expected),
          TOLERANCE,
          JSON.stringify({ kind, shape, size, stride, pad }),
        );
      }
    }
  },
);

gpuTest("the gradient by images is not computed where nobody asks for it", async () => {
  await start();
  const x = tf.ones([1, 5, 5, 1]) as tf.Tensor4D;
  const names = await kernelsOf(() =>
    valueAndGrad((p: { kernel: tf.Tensor4D; bias: tf.Tensor1D }) => [
      tf.sum(
        convolve(
          x,
          p.kernel,
          { stride: [1, 1], padding: "valid", dilation: [1, 1], groups: 1 },
          p.bias,
        ),
      ) as tf.Scalar,
      {},
    ])({ kernel: tf.ones([3, 3, 1, 2]), bias: tf.zeros([2]) })
  );
  assert(names.includes("Conv2DBackpropFilter"), `${names}`);
  assert(!names.includes("Conv2DBackpropInput"), `${names}`);
});

/** The names of the kernels that a function runs. */
async function kernelsOf(f: () => unknown): Promise<string[]> {
  const { kernels } = await tf.profile(() => void f());
  return kernels.map(({ name }) => name);
}

gpuTest("matrix products of different ranks have the broadcast shape", async () => {
  await start();
  const shapes = [
    [[3, 4], [1, 1, 4, 5], [1, 1, 3, 5]],
    [[2, 3, 4], [1, 1, 4, 5], [1, 2, 3, 5]],
    [[1, 1, 3, 4], [2, 4, 5], [1, 2, 3, 5]],
  ] as const;
  for (const [a, b, expected] of shapes) {
    assertEquals(tf.matMul(tf.ones([...a]), tf.ones([...b])).shape, [...expected]);
  }
});

gpuTest("sums of nothing are zeros", async () => {
  await start();
  const y = tf.matMul(tf.ones([2, 0]), tf.ones([0, 3]));
  assertEquals(await y.array(), [[0, 0, 0], [0, 0, 0]]);
});

gpuTest(
  "the gradient of max pooling whose sizes are rounded up gives each window its slope",
  async () => {
    await start();
    const x = tf.tensor4d(normalArray(key(3), 9 * 9), [1, 9, 9, 1]);
    const dx = tf.grad((images: tf.Tensor) => tf.maxPool(images as tf.Tensor4D, 2, 2, 0, "ceil"))(
      x,
    );
    const windows = tf.maxPool(x, 2, 2, 0, "ceil").size;
    assertEquals(windows, 25);
    assertEquals((await tf.sum(dx).data())[0], 25);
  },
);

gpuTest("whole numbers cast to float32 are floats to neocog's own kernels", async () => {
  await onEachForm(async () => {
    const whole = tf.add(tf.tensor2d([[1, 2], [3, 4]], [2, 2], "int32"), tf.scalar(1, "int32"));
    const cast = tf.cast(whole, "float32");
    assertEquals(await tf.matMul(cast, tf.eye(2)).array(), [[2, 3], [4, 5]]);
    assertEquals(await tf.cast(tf.greater(cast, 2), "float32").array(), [[0, 1], [1, 1]]);
    const doubled = tf.relu(tf.cast(tf.greater(cast, 2), "float32"));
    assertEquals(await doubled.array(), [[0, 1], [1, 1]]);
  });
});

gpuTest("tfjs's mean pooling and its gradient equal the reference", async () => {
  const CASES = [[[2, 7, 8, 4], 2, 2], [[1, 6, 9, 5], 3, 2], [[3, 5, 5, 8], 3, 1]] as const;
  await onEachForm(async (form) => {
    for (const [shape, size, stride] of CASES) {
      const [images, height, width, channels] = shape;
      const out = [height, width].map((length) => Math.floor((length - size) / stride) + 1);
      const x = normalArray(key(size), images * height * width * channels);
      const dy = normalArray(key(stride + 10), images * out[0]! * out[1]! * channels);
      const means = new Float64Array(dy.length);
      const dx = new Float64Array(x.length);
      for (let to = 0; to < dy.length; to++) {
        const c = to % channels;
        const j = Math.floor(to / channels) % out[1]!;
        const i = Math.floor(to / (channels * out[1]!)) % out[0]!;
        const n = Math.floor(to / (channels * out[1]! * out[0]!));
        for (let tap = 0; tap < size * size; tap++) {
          const [row, column] = [i * stride + Math.floor(tap / size), j * stride + tap % size];
          const at = ((n * height + row) * width + column) * channels + c;
          means[to]! += x[at]! / size ** 2;
          dx[at]! += dy[to]! / size ** 2;
        }
      }
      const image = tf.tensor4d(x, [...shape]);
      const pool = (input: tf.Tensor): tf.Tensor =>
        tf.avgPool(input as tf.Tensor4D, size, stride, "valid");
      const slopes = tf.tensor4d(dy, [images, out[0]!, out[1]!, channels]);
      const { value, grad } = tf.valueAndGrad(pool)(image, slopes);
      const what = `${form} [${shape}] ${size} by ${stride}`;
      assertLess(relativeError(await value.data(), means), TOLERANCE, what);
      assertLess(relativeError(await grad.data(), dx), TOLERANCE, what);
      tf.dispose([image, slopes, value, grad]);
    }
  });
});
