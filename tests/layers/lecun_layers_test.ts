// The layers of LeNet-5's paper: connections by a table, sub-sampling, scaled tanh, fixed codes.
import { assert, assertEquals, assertThrows } from "@std/assert";
import { conv, init, key, type Tensor, type Tensor2D, tf, valueAndGrad } from "../../mod.ts";
import { normalArray } from "../../lib/tensor/mod.ts";
import { scaledTanh } from "../../lib/layers/activation.ts";
import { radialBasis } from "../../lib/layers/radial_basis.ts";
import { subsample } from "../../lib/layers/subsample.ts";
import { tableConv } from "../../lib/layers/table_conv.ts";
import { onCpu, onEachBackend } from "../backends.ts";
import { assertClose } from "../closeness.ts";
import { assertGradients } from "../finite_differences.ts";

const TABLE = [[0, 2], [1], [2, 1, 0]];

/** The kernel of a whole convolution with the filters where TABLE has connections, by hand. */
function wholeKernel(kernel: Float32Array): Float32Array {
  const whole = new Float32Array(3 * 2 * 3 * 3);
  for (let tap = 0; tap < 6; tap++) {
    let connection = 0;
    TABLE.forEach((channels, map) => {
      for (const channel of channels) {
        whole[(tap * 3 + channel) * 3 + map] = kernel[tap * 6 + connection++]!;
      }
    });
  }
  return whole;
}

onEachBackend(
  "tableConv is a convolution whose other weights are zero, in value and gradient",
  async () => {
    const layer = tableConv({ table: TABLE, size: [3, 2] });
    const { params, state, outputShape: shape } = init(layer, key(0), [5, 4, 3]);
    assertEquals([shape, params.kernel.shape, params.bias.shape], [[3, 3, 3], [3, 2, 6], [3]]);
    const x = tf.tensor4d(normalArray(key(1), 120), [2, 5, 4, 3]);
    const bias = tf.tensor1d([1, -2, 3]);
    const numbers = await params.kernel.data() as Float32Array;
    const whole = {
      kernel: tf.tensor4d(wholeKernel(numbers), [3, 2, 3, 3]),
      bias,
    };
    const plain = conv({ features: 3, size: [3, 2] });
    const [y] = layer.apply({ ...params, bias }, state, x, {});
    await assertClose(y, plain.apply(whole, {}, x, {})[0]);
    const slopes = tf.tensor4d(normalArray(key(2), 54), [2, 3, 3, 3]);
    const weigh = (y: Tensor) => tf.sum(tf.mul(y, slopes)).asScalar();
    const ours = valueAndGrad((p: typeof params & { x: Tensor }) => [
      weigh(layer.apply(p, {}, p.x, {})[0]),
      {},
    ])({ ...params, bias, x }).grads;
    const theirs = valueAndGrad((p: typeof whole & { x: Tensor }) => [
      weigh(plain.apply(p, {}, p.x, {})[0]),
      {},
    ])({ ...whole, x }).grads;
    await assertClose(ours.x, theirs.x, "slope by the input");
    await assertClose(ours.bias, theirs.bias, "slope by the bias");
    const spread = tf.tensor4d(wholeKernel(await ours.kernel.data() as Float32Array), [3, 2, 3, 3]);
    const connected = tf.tensor4d(wholeKernel(new Float32Array(36).fill(1)), [3, 2, 3, 3]);
    await assertClose(spread, tf.mul(theirs.kernel, connected), "slope by the kernel");
  },
);

onCpu("filters of a table are drawn by the fan of their own map", async () => {
  const table = [[0], [0, 1, 2, 3, 4, 5, 6, 7]];
  const { params } = init(tableConv({ table, size: 16 }), key(0), [16, 16, 8]);
  const columns = tf.unstack(tf.reshape(params.kernel, [256, 9]), 1);
  const deviation = async (of: Tensor[]) =>
    Math.sqrt((await tf.mean(tf.square(tf.stack(of))).data())[0]!);
  // √(2 / 256) and √(2 / 2048), of 256 and 2,048 draws.
  const [first, rest] = [await deviation(columns.slice(0, 1)), await deviation(columns.slice(1))];
  assert(Math.abs(first / Math.sqrt(2 / 256) - 1) < 0.15, `${first}`);
  assert(Math.abs(rest / Math.sqrt(2 / 2048) - 1) < 0.06, `${rest}`);
});

Deno.test("tables that are none, and inputs without their channels, are refused", () => {
  const said = (table: number[][]) => `got ${JSON.stringify(table)}`;
  for (const table of [[], [[0], []]]) {
    assertThrows(() => tableConv({ table, size: 3 }), RangeError, said(table));
  }
  for (const channel of [-1, 0.5, NaN]) {
    const make = () => tableConv({ table: [[channel]], size: 3 });
    assertThrows(make, RangeError, `got ${channel}`);
  }
  assertThrows(() => tableConv({ table: [[1, 1]], size: 3 }), RangeError, "got [1,1]");
  assertThrows(() => tableConv({ table: [[0]], size: 0 }), RangeError, "got 0");
  const layer = tableConv({ table: [[0, 3]], size: 3 });
  assertThrows(() => layer.declare([5, 5, 3]), RangeError, "0 to 3, got [5,5,3]");
  assertThrows(() => layer.declare([5, 5]), TypeError, "got [5,5]");
  assertThrows(() => layer.declare([2, 5, 4]), RangeError, "must fit");
});

onEachBackend("subsample multiplies each map's sums and adds to them", async () => {
  const x = tf.tensor4d([1, 10, 2, 20, 9, 9, 3, 30, 4, 40, 9, 9], [1, 2, 3, 2]);
  const params = { coefficient: tf.tensor1d([0.5, -1]), bias: tf.tensor1d([1, 2]) };
  const layer = subsample();
  await assertClose(layer.apply(params, {}, x, {})[0], tf.tensor4d([6, -98], [1, 1, 1, 2]));
  await assertGradients(
    ({ x, ...rest }) => layer.apply(rest as typeof params, {}, x!, {})[0],
    { ...params, x: tf.tensor4d(normalArray(key(1), 32), [1, 4, 4, 2]) },
  );
  assertEquals(subsample({ size: [1, 3] }).declare([4, 6, 5]).shape, [4, 2, 5]);
  assertThrows(() => subsample({ size: 0 }), RangeError, "got 0");
  assertThrows(() => subsample().declare([4, 4]), TypeError, "got [4,4]");
  assertThrows(() => subsample().declare([1, 4, 2]), RangeError, "must fit");
});

onEachBackend("scaledTanh is ±1 at ±1, and flat far out", async () => {
  const x = tf.tensor1d([-1, 0, 1, 100, -0.3]);
  const expected = [...await x.data()].map((z) => 1.7159 * Math.tanh(2 * z / 3));
  const [y] = scaledTanh().apply({}, {}, x, {});
  await assertClose(y, expected);
  await assertClose((await y.data()).slice(0, 3), [-1, 0, 1], "at -1, 0 and 1", 1e-4);
  await assertGradients(({ x }) => scaledTanh().apply({}, {}, x!, {})[0], {
    x: tf.tensor1d([-1, 0, 0.5, 2]),
  });
});

onEachBackend("radialBasis outputs the squared distances from its codes, negative", async () => {
  const layer = radialBasis([[1, -1, 1], [-1, -1, 1], [1, 1, 1], [1, -1, -1]]);
  const { params, state, outputShape: shape } = init(layer, key(0), [3]);
  assertEquals([shape, params], [[4], {}]);
  const x = tf.tensor2d([[1, -1, 1], [0.5, 2, -1]]);
  const [logits, next] = layer.apply(params, state, x, { training: true });
  await assertClose(logits, tf.tensor2d([[0, -4, -4, -4], [-13.25, -15.25, -5.25, -9.25]]));
  assertEquals(next, state);
  await assertGradients(({ x }) => layer.apply(params, state, x as Tensor2D, {})[0], { x });
});

Deno.test("codes of different lengths, and features that are not of the codes', are refused", () => {
  for (const codes of [[], [[]], [[1], [1, -1]]]) {
    assertThrows(() => radialBasis(codes), RangeError, `lengths [${codes.map((c) => c.length)}]`);
  }
  const layer = radialBasis([[1, -1]]);
  assertThrows(() => layer.declare([3]), TypeError, "must be [2], as its codes are");
  assertThrows(() => layer.declare([2, 2]), TypeError, "got [2,2]");
});
