// Kernels of the host on numbers that were whole before a cast, and lie in an array of whole numbers still.
import { key, layers, maxPool, meanPool, type Tensor, tf } from "../../mod.ts";
import { blend, BLEND_ROW } from "../../lib/tensor/blend.ts";
import { applyCurve } from "../../lib/tensor/curves.ts";
import { dropUnits, warp } from "../../lib/tensor/mod.ts";
import { erase, ERASE_ROW } from "../../lib/tensor/erase.ts";
import { normalizeResponses } from "../../lib/tensor/local_response_norm.ts";
import { meanSoftmaxCrossEntropy } from "../../lib/tensor/softmax_cross_entropy.ts";
import { onEachBackend } from "../backends.ts";
import { assertClose } from "../closeness.ts";

/** Images [2, 4, 4, 3] of the numbers from −48 to 47. */
const numbers = Int32Array.from({ length: 96 }, (_, i) => i - 48);

const row = (values: number[], length: number): Tensor =>
  tf.tensor2d([...values, ...values], [2, length]);

const KERNELS: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  blend: (x) => blend(x, row([1, 0, 0, 2, 2, 1, 0.3, 0], BLEND_ROW)),
  erase: (x) => erase(x, row([0, 0, 2, 2, 1, 2, 0, 0], ERASE_ROW), 0.5),
  warp: (x) => warp(x, tf.tensor1d([0.5, 0, 0.3, 0, 0.5, 0.3])),
  "drop units": (x) => dropUnits(x, 0.7, key(1)),
  softplus: (x) => applyCurve(x, "softplus"),
  "response norm": (x) =>
    normalizeResponses(x, { before: 1, after: 1, share: 0.1, beta: 0.5, k: 1 }),
  "layer norm": (x) =>
    layers.layerNorm().apply({ scale: tf.ones([3]), shift: tf.zeros([3]) }, {}, x, {})[0],
  "max pool": (x) => maxPool({ size: 3, stride: 1, padding: 1 }).apply({}, {}, x, {})[0],
  "mean pool": (x) => meanPool({ size: 3, stride: 1, padding: 1 }).apply({}, {}, x, {})[0],
  "cross-entropy": (x) => meanSoftmaxCrossEntropy(tf.reshape(x, [2, 48]), tf.reshape(x, [2, 48])),
};

onEachBackend("what was cast from whole numbers is computed as floats", async () => {
  const whole = tf.cast(tf.tensor4d(numbers, [2, 4, 4, 3], "int32"), "float32");
  const floats = tf.tensor4d(Float32Array.from(numbers), [2, 4, 4, 3]);
  for (const [name, kernel] of Object.entries(KERNELS)) {
    await assertClose(kernel(whole), kernel(floats), name);
  }
});
