// Regularizers against plain TypeScript, and their gradients against finite differences.
import { assertAlmostEquals, assertLess, assertThrows } from "@std/assert";
import {
  alphaNorm,
  l1,
  l2,
  offCenterDetail,
  type Regularizer,
  totalVariation,
} from "../../lib/generate/mod.ts";
import { key, type Tensor, tf } from "../../mod.ts";
import { uniformArray } from "../../lib/tensor/mod.ts";
import { onCpu, onEachBackend } from "../backends.ts";
import { assertGradients } from "../finite_differences.ts";

const [HEIGHT, WIDTH, CHANNELS] = [5, 6, 2];

/** The images by row, column and channel. */
function reader(values: ArrayLike<number>): (y: number, x: number, c: number) => number {
  return (y, x, c) => values[(y * WIDTH + x) * CHANNELS + c]!;
}

function plainVariation(values: ArrayLike<number>, beta: number): number {
  const at = reader(values);
  let sum = 0;
  for (let y = 0; y + 1 < HEIGHT; y++) {
    for (let x = 0; x + 1 < WIDTH; x++) {
      for (let c = 0; c < CHANNELS; c++) {
        const squares = (at(y, x + 1, c) - at(y, x, c)) ** 2 + (at(y + 1, x, c) - at(y, x, c)) ** 2;
        sum += squares ** (beta / 2);
      }
    }
  }
  return sum;
}

function plainOffCenterDetail(values: ArrayLike<number>, sigma: number, center: number): number {
  const at = reader(values);
  const bell = (d: number, s: number): number => Math.exp(-(d ** 2) / (2 * s ** 2));
  let sum = 0;
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      const off = Math.hypot(y - (HEIGHT - 1) / 2, x - (WIDTH - 1) / 2);
      const outside = 1 - bell(off, center * Math.min(HEIGHT, WIDTH));
      for (let c = 0; c < CHANNELS; c++) {
        let [total, weights] = [0, 0];
        for (let v = 0; v < HEIGHT; v++) {
          for (let u = 0; u < WIDTH; u++) {
            const weight = bell(v - y, sigma) * bell(u - x, sigma);
            total += weight * at(v, u, c);
            weights += weight;
          }
        }
        sum += outside * (at(y, x, c) - total / weights) ** 2;
      }
    }
  }
  return sum;
}

const CASES: readonly (readonly [Regularizer, (values: Float32Array) => number])[] = [
  [l2(0.7), (x) => 0.7 * x.reduce((sum, v) => sum + (v - 0.5) ** 2, 0)],
  [l1(0.7), (x) => 0.7 * x.reduce((sum, v) => sum + Math.abs(v - 0.5), 0)],
  [alphaNorm(3), (x) => 3 * x.reduce((sum, v) => sum + Math.abs(2 * v - 1) ** 6, 0)],
  [alphaNorm(3, 2.5), (x) => 3 * x.reduce((sum, v) => sum + Math.abs(2 * v - 1) ** 2.5, 0)],
  [totalVariation(2), (x) => 2 * plainVariation(x, 1)],
  [totalVariation(2, { beta: 2 }), (x) => 2 * plainVariation(x, 2)],
  [totalVariation(2, { beta: 3 }), (x) => 2 * plainVariation(x, 3)],
  [offCenterDetail(4, { sigma: 1.2, center: 0.3 }), (x) => 4 * plainOffCenterDetail(x, 1.2, 0.3)],
];

onEachBackend("regularizers are what plain TypeScript says", async () => {
  const values = uniformArray(key(1), HEIGHT * WIDTH * CHANNELS);
  const images = tf.tensor(values, [1, HEIGHT, WIDTH, CHANNELS]);
  for (const [{ name, penalty }, plain] of CASES) {
    const expected = plain(values);
    const got = (await penalty(images).data())[0]!;
    // Total variation adds 1e-6 under the root.
    assertLess(Math.abs(got - expected), 2e-5 * expected, name);
  }
});

onEachBackend("gradients of regularizers equal finite differences", async () => {
  // Away from gray, where |x − ½| has a kink.
  const values = uniformArray(key(2), 4 * 4).map((x, i) => i % 2 ? 0.55 + 0.4 * x : 0.05 + 0.4 * x);
  const x = tf.tensor(values, [1, 4, 4, 1]);
  for (const [{ penalty }] of CASES) {
    await assertGradients(({ x }: { x: Tensor }) => penalty(x), { x }, {
      step: 2e-3,
      tolerance: 3e-3,
    });
  }
});

onCpu("a constant image has no variation and no detail", async () => {
  const flat = tf.fill([1, 9, 7, 3], 0.8);
  assertAlmostEquals((await offCenterDetail(1).penalty(flat).data())[0]!, 0, 1e-9);
  assertAlmostEquals((await totalVariation(1, { beta: 2 }).penalty(flat).data())[0]!, 0, 1e-9);
});

onCpu("weights below 0, powers below 1 and zero deviations are refused", () => {
  for (const make of [l1, l2, alphaNorm, totalVariation, offCenterDetail]) {
    assertThrows(() => make(-1), RangeError, "at least 0");
    assertThrows(() => make(NaN), RangeError, "at least 0");
  }
  assertThrows(() => totalVariation(1, { beta: 0.5 }), RangeError, "at least 1");
  assertThrows(() => alphaNorm(1, 0), RangeError, "at least 1");
  assertThrows(() => offCenterDetail(1, { sigma: 0 }), RangeError, "above 0");
});
