// The shortcut without parameters: what goes where, its gradient, and what it refuses.
import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { key, type Shape, tf, zeroPadShortcut } from "../../mod.ts";
import { normalArray } from "../../lib/tensor/mod.ts";
import { onCpu, onEachBackend } from "../backends.ts";
import { numbersOf } from "../closeness.ts";
import { assertGradients } from "../finite_differences.ts";

/** Shapes with their stride and features: whole and with a rest, even and odd missing channels. */
const CASES: readonly [
  shape: [number, number, number, number],
  stride: number,
  features: number,
][] = [
  [[2, 2, 4, 2], 2, 4],
  [[1, 3, 5, 2], 2, 5],
  [[1, 4, 7, 1], 3, 3],
  [[2, 3, 2, 1], 1, 4],
  [[1, 2, 3, 1], 4, 2],
];

/** The layer's output by its definition. */
function reference(
  x: ArrayLike<number>,
  [n, height, width, channels]: readonly [number, number, number, number],
  stride: number,
  features: number,
): number[] {
  const before = Math.floor((features - channels) / 2);
  const y: number[] = [];
  for (let i = 0; i < n; i++) {
    for (let row = 0; row < height; row += stride) {
      for (let column = 0; column < width; column += stride) {
        const at = ((i * height + row) * width + column) * channels - before;
        for (let feature = 0; feature < features; feature++) {
          const isOwn = feature >= before && feature < before + channels;
          y.push(isOwn ? x[at + feature]! : 0);
        }
      }
    }
  }
  return y;
}

onEachBackend("the shortcut thins rows and columns and adds channels of zeros", async () => {
  for (const [shape, stride, features] of CASES) {
    const values = normalArray(key(31), shape.reduce((product, size) => product * size));
    const layer = zeroPadShortcut({ features, stride });
    const [y] = layer.apply({}, {}, tf.tensor4d(values, shape), {});
    assertEquals(y.shape, [shape[0], ...layer.declare(shape.slice(1)).shape]);
    assertEquals(Array.from(await numbersOf(y)), reference(values, shape, stride, features));
  }
});

onEachBackend("the shortcut's gradient is what differences say", async () => {
  for (const [shape, stride, features] of CASES) {
    const layer = zeroPadShortcut({ features, stride });
    const x = tf.tensor4d(
      normalArray(key(32), shape.reduce((product, size) => product * size)),
      shape,
    );
    await assertGradients(({ x }) => layer.apply({}, {}, x, {})[0], { x }, {
      step: 0.5, // It is linear: only rounding is left.
      tolerance: 2e-5,
    });
  }
});

onCpu("a shortcut that changes nothing hands its input on", () => {
  const x = tf.ones([1, 3, 3, 4]);
  assertStrictEquals(zeroPadShortcut({ features: 4 }).apply({}, {}, x, {})[0], x);
});

onCpu("shortcuts that cannot be, and inputs they cannot take, are refused", () => {
  for (const value of [0, -1, 1.5, NaN, Infinity]) {
    const said = `got ${value}`;
    assertThrows(() => zeroPadShortcut({ features: value }), RangeError, said);
    assertThrows(() => zeroPadShortcut({ features: 4, stride: value }), RangeError, said);
  }
  const layer = zeroPadShortcut({ features: 4, stride: 2 });
  const refuse = (shape: Shape, error: typeof TypeError | typeof RangeError): void => {
    assertThrows(() => layer.declare(shape), error, "Cannot apply a zeroPadShortcut layer");
    const x = tf.zeros([1, ...shape]);
    assertThrows(() => layer.apply({}, {}, x, {}), error, "Cannot apply a zeroPadShortcut layer");
  };
  refuse([4, 4, 5], RangeError);
  refuse([4, 4], TypeError);
});
