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
    product("dense forward", [rows, inner], [inner, columns], false, false),
    product("dense input gradient", [rows, columns], [inner, columns], false, true),
    product("dense weight gradient", [rows, inner], [rows, columns], true, false),
  ];
}

/** Forward alone, and forward with the gradient by the input. */
function pairOps(
  kind: string,
  shape: number[],
  make: () => (x: tf.Tensor) => tf.Tensor,
  flopsEach: number,
): Op[] {
  const size = tf.util.sizeFromShape(shape);
  const common = { shape: `[${shape}]`, flops: flopsEach * size, bytes: 8 * size };
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
      bytes: 2 * common.bytes,
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
  return pairOps("softmax cross-entropy", [rows, classes], () => {
    const indices = tf.range(0, rows, 1, "int32").mod(classes).toInt();
    const labels = tf.oneHot(indices, classes).toFloat();
    return (logits) => softmaxCrossEntropy(logits, labels);
  }, 5);
}

/** A normalization as in training, by way of its layer. */
function normOps(kind: string, make: () => Layer, shape: number[]): Op[] {
  return pairOps(kind, shape, () => {
    const layer = make();
    const { params, state } = init(layer, key(0), shape.slice(1));
    return (x) => layer.apply(params, state, x, { training: true })[0];
  }, 5);
}

function poolOps(shape: number[]): Op[] {
  return [
    ...pairOps("max pool 2×2", shape, () => (x) => tf.maxPool(x as tf.Tensor4D, 2, 2, "valid"), 1),
    ...pairOps("mean pool 2×2", shape, () => (x) => tf.avgPool(x as tf.Tensor4D, 2, 2, "valid"), 1),
    ...pairOps("relu", shape, () => (x) => tf.relu(x), 1),
  ];
}

/** All operations. */
export function allOps(): Op[] {
  return [
    ...PRODUCTS.flatMap(productOps),
    ...convOps(),
    ...poolOps([32, 24, 24, 64]),
    // What reading and writing once takes: the floor of the depthwise convolution of this shape.
    ...pairOps("relu", [1, 112, 112, 32], () => (x) => tf.relu(x), 1),
    ...normOps("batch norm, training", batchNorm, [32, 32, 32, 16]),
    ...normOps("batch norm, training", batchNorm, [32, 8, 8, 64]),
    ...normOps("layer norm", layers.layerNorm, [4, 14, 14, 384]),
    ...normOps("group norm", () => layers.groupNorm({ groups: 8 }), [8, 32, 32, 64]),
    ...normOps("instance norm", layers.instanceNorm, [4, 64, 64, 32]),
    ...crossEntropyOps(128, 10),
    ...crossEntropyOps(32, 1000),
  ];
}
