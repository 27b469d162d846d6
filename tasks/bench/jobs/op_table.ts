// The single operations that are timed, each on shapes of the networks of the chapter.
import { batchNorm, init, key, type Layer, layers, softmaxCrossEntropy, tf } from "../../../mod.ts";
import { convOps } from "./conv_ops.ts";
import type { Op } from "./job.ts";

/** Products `[n, m] · [m, k]`. The best of the run is usually one of the squares. */
const PRODUCTS: readonly (readonly [of: string, rows: number, inner: number, columns: number])[] = [
  ["square 512", 512, 512, 512],
  ["square 1024", 1024, 1024, 1024],
  ["LeNet-5 dense1", 128, 400, 120],
  ["chapter dense1", 128, 9216, 128],
  ["AlexNet dense2", 32, 4096, 4096],
];

function productOps([of, rows, inner, columns]: typeof PRODUCTS[number]): Op[] {
  const common = {
    shape: `${of}: ${rows}×${inner}×${columns}`,
    flops: 2 * rows * inner * columns,
    bytes: 4 * (rows * inner + inner * columns + rows * columns),
  };
  const singles = (height: number, width: number): { stores?: number } =>
    width % 4 === 0 ? {} : { stores: height * width };
  const product = (
    kind: string,
    a: [number, number],
    b: [number, number],
    transposeA: boolean,
    transposeB: boolean,
  ): Op => ({
    ...common,
    kind,
    prepare: () => {
      const [x, y] = [tf.randomUniform(a, -1, 1), tf.randomUniform(b, -1, 1)];
      return () => tf.matMul(x, y, transposeA, transposeB);
    },
  });
  return [
    {
      ...product("dense forward", [rows, inner], [inner, columns], false, false),
      ...singles(rows, columns),
    },
    {
      ...product("dense input gradient", [rows, columns], [inner, columns], false, true),
      ...singles(rows, inner),
    },
    {
      ...product("dense weight gradient", [rows, inner], [rows, columns], true, false),
      ...singles(inner, columns),
    },
  ];
}

/** What an operation and its gradient read and write, in tensors as large as its input. */
type Passes = {
  /** The size of the result. */
  readonly result: number;
  readonly forward: number;
  readonly backward: number;
};

/** Forward alone, and forward with the gradient by the input of the sum of the results. */
function pairOps(
  kind: string,
  shape: number[],
  make: () => (x: tf.Tensor) => tf.Tensor,
  flopsEach: number,
  { result, forward, backward }: Passes,
): Op[] {
  const size = tf.util.sizeFromShape(shape);
  const common = { shape: `[${shape}]`, flops: flopsEach * size, bytes: 4 * size * forward };
  const random = (): tf.Tensor => tf.randomUniform(shape, -1, 1);
  return [
    {
      ...common,
      kind,
      prepare: () => {
        const [f, x] = [make(), random()];
        return () => tf.tidy(() => f(x));
      },
    },
    {
      ...common,
      flops: 3 * common.flops,
      // The results are read to be summed, and slopes are written for them.
      bytes: 4 * size * (forward + 2 * result + backward),
      kind: `${kind}, forward and backward`,
      prepare: () => {
        const [f, x] = [make(), random()];
        const both = tf.valueAndGrad((input: tf.Tensor) => tf.sum(f(input)));
        return () => {
          const { value, grad } = both(x);
          return [value, grad];
        };
      },
    },
  ];
}

function crossEntropyOps(rows: number, classes: number): Op[] {
  return pairOps(
    "softmax cross-entropy",
    [rows, classes],
    () => {
      const indices = tf.range(0, rows, 1, "int32").mod(classes).toInt();
      const labels = tf.oneHot(indices, classes).toFloat();
      return (logits) => softmaxCrossEntropy(logits, labels);
    },
    5,
    { result: 0, forward: 2, backward: 3 },
  );
}

/** A normalization as in training, by way of its layer. */
function normOps(kind: string, make: () => Layer, shape: number[], passes: Passes): Op[] {
  return pairOps(
    kind,
    shape,
    () => {
      const layer = make();
      const { params, state } = init(layer, key(0), shape.slice(1));
      return (x) => layer.apply(params, state, x, { training: true })[0];
    },
    5,
    passes,
  );
}

/** Each number is read and written once, and with its slope read once. */
const ELEMENTWISE: Passes = { result: 1, forward: 2, backward: 3 };

/** The statistics are taken first, and so are the sums of slopes. */
const BATCH_NORM: Passes = { result: 1, forward: 3, backward: 5 };

/** The maximum's gradient reads the images again. */
const MAX_POOL: Passes = { result: 0.25, forward: 1.25, backward: 2.25 };
const MEAN_POOL: Passes = { result: 0.25, forward: 1.25, backward: 1.25 };

function reluOps(shape: number[]): Op[] {
  return pairOps("relu", shape, () => (x) => tf.relu(x), 1, ELEMENTWISE);
}

function poolOps(shape: number[]): Op[] {
  type Pool = (x: tf.Tensor4D) => tf.Tensor;
  const ops = (kind: string, pool: Pool, passes: Passes): Op[] =>
    pairOps(kind, shape, () => (x) => pool(x as tf.Tensor4D), 1, passes);
  return [
    ...ops("max pool 2×2", (x) => tf.maxPool(x, 2, 2, "valid"), MAX_POOL),
    ...ops("mean pool 2×2", (x) => tf.avgPool(x, 2, 2, "valid"), MEAN_POOL),
    ...reluOps(shape),
  ];
}

/** All operations. */
export function allOps(): Op[] {
  return [
    ...PRODUCTS.flatMap(productOps),
    ...convOps(),
    ...poolOps([32, 24, 24, 64]),
    // What reading and writing once takes: the floor of the depthwise convolution of this shape.
    ...reluOps([1, 112, 112, 32]),
    ...normOps("batch norm, training", batchNorm, [32, 32, 32, 16], BATCH_NORM),
    ...normOps("batch norm, training", batchNorm, [32, 8, 8, 64], BATCH_NORM),
    ...normOps("layer norm", layers.layerNorm, [4, 14, 14, 384], ELEMENTWISE),
    ...normOps("group norm", () => layers.groupNorm({ groups: 8 }), [8, 32, 32, 64], ELEMENTWISE),
    ...normOps("instance norm", layers.instanceNorm, [4, 64, 64, 32], ELEMENTWISE),
    ...crossEntropyOps(128, 10),
    ...crossEntropyOps(32, 1000),
  ];
}
