// Dropping units: the same ones on every backend, on the way back too.
import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
import { dropUnits, normalArray, uniformArray } from "../../lib/tensor/mod.ts";
import { fold, type Key, key, type Tensor, tf, valueAndGrad } from "../../mod.ts";
import { word } from "../../lib/tensor/random.ts";
import { onCpu, onEachBackend } from "../backends.ts";

/** What is to come out, bit by bit: float32 products of what the key's words keep. */
function expected(values: Float32Array, rate: number, source: Key): Float32Array {
  const scale = Math.fround(1 / (1 - rate));
  return values.map((x, i) => word(source, i) >= Math.round(rate * 2 ** 32) ? x * scale : 0);
}

onEachBackend("units are dropped by the key's words, to the bit, at odd sizes", async () => {
  const shapes = [[], [1], [7], [65], [3, 5, 7], [2, 3, 1, 11], [1001]];
  for (const [i, shape] of shapes.entries()) {
    const source = fold([0xfedcba98, 0x89abcdef], i);
    const values = normalArray(key(i), shape.reduce((product, size) => product * size, 1));
    for (const rate of [0.1, 0.5, 2 / 3, 0.97]) {
      const y = dropUnits(tf.tensor(values, shape), rate, source);
      assertEquals(y.shape, shape);
      assertEquals(await y.data() as Float32Array, expected(values, rate, source));
    }
  }
});

onEachBackend("on the way back the same units are dropped and scaled alike", async () => {
  const [values, upstream] = [normalArray(key(1), 77), uniformArray(key(2), 77, 1, 2)];
  const f = valueAndGrad((p: { x: Tensor }) => {
    const y = dropUnits(p.x, 0.4, key(3));
    return [tf.sum(tf.mul(y, tf.tensor1d(upstream))).asScalar(), {}];
  });
  const { grads } = f({ x: tf.tensor1d(values) });
  assertEquals(await grads.x.data() as Float32Array, expected(upstream, 0.4, key(3)));
});

onEachBackend("a rate next to 1 drops all but a few, a rate of 0 none", async () => {
  const x = tf.ones([100]);
  assert((await dropUnits(x, 1 - 2 ** -53, key(1)).data()).every((y) => y === 0));
  assert((await dropUnits(x, 0, key(1)).data()).every((y) => y === 1));
});

onCpu("the share of dropped units is the rate, and the mean stays", async () => {
  const count = 100_000;
  for (const rate of [0.1, 0.5, 0.9]) {
    const y = Array.from(await dropUnits(tf.ones([count]), rate, key(5)).data());
    const share = y.reduce((sum, x) => sum + Number(x === 0), 0) / count;
    // Four deviations of a share of `count` draws.
    const bound = 4 * Math.sqrt(rate * (1 - rate) / count);
    assertLess(Math.abs(share - rate), bound);
    assertLess(Math.abs(y.reduce((sum, x) => sum + x, 0) / count - 1), bound / (1 - rate));
  }
});

onCpu("rates outside [0, 1) and tensors that are not float32 are refused", () => {
  for (const rate of [1, -0.1, 2, NaN, Infinity]) {
    assertThrows(
      () => dropUnits(tf.ones([2]), rate, key(0)),
      RangeError,
      `got ${rate}`,
    );
  }
  assertThrows(
    () => dropUnits(tf.ones([2], "int32"), 0.5, key(0)),
    TypeError,
    "must be of type float32, got int32",
  );
});
