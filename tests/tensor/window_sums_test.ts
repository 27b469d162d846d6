// Sums and means over windows, and their gradients, against plain TypeScript.
import { assertEquals, assertLess } from "@std/assert";
import { key, type Tensor, type Tensor4D, tf } from "../../mod.ts";
import { normalArray } from "../../lib/tensor/mod.ts";
import { meanWindows, sumWindows } from "../../lib/tensor/window_sums.ts";
import type { Windows } from "../../lib/tensor/windows.ts";
import { onEachBackend } from "../backends.ts";
import { relativeError } from "../device/reference.ts";
import { assertGradients } from "../finite_differences.ts";
import { CASES, windowsOf } from "./window_cases.ts";

for (
  const [name, pool, mean] of [
    ["sums", sumWindows, "none"],
    ["means", meanWindows, "covered"],
    [
      "means with padding",
      (x: Tensor4D, windows: Windows) => meanWindows(x, windows, true),
      "padded",
    ],
  ] as const
) {
  onEachBackend(`${name} over windows and their gradients equal the reference`, async () => {
    for (const [seed, each] of CASES.entries()) {
      const { shape, covered, padded } = windowsOf(each);
      const x = normalArray(key(seed), tf.util.sizeFromShape([...each.shape]));
      const slopes = normalArray(key(seed + 200), covered.length);
      const divisor = (window: number): number =>
        ({ none: 1, covered: covered[window]!.length, padded: padded[window]! })[mean];
      const y = covered.map((places, i) =>
        places.reduce((sum, at) => sum + x[at]!, 0) / divisor(i)
      );
      const dx = new Float64Array(x.length);
      covered.forEach((places, i) => {
        for (const at of places) dx[at]! += slopes[i]! / divisor(i);
      });
      const { value, grad } = tf.valueAndGrad((input: Tensor): Tensor =>
        pool(input as Tensor4D, each)
      )(tf.tensor4d(x, [...each.shape]), tf.tensor<tf.Rank>(slopes, shape));
      assertEquals(value.shape, shape);
      assertLess(relativeError(await value.data(), y), 1e-6, JSON.stringify(each));
      assertLess(relativeError(await grad.data(), dx), 1e-6, JSON.stringify(each));
      tf.dispose([value, grad]);
    }
  });

  onEachBackend(`NaN and infinities reach the ${name} of their windows alone`, async () => {
    for (const channels of [1, 4]) {
      const row = [NaN, 0, Infinity, 1, Infinity, -Infinity, 1, 2];
      const x = tf.tensor4d(row.flatMap((value) => Array(channels).fill(value)), [
        1,
        1,
        8,
        channels,
      ]);
      const y = pool(x, { size: [1, 2], stride: [1, 2], padding: "valid" });
      const last = mean === "none" ? 3 : 1.5;
      const expected = [NaN, Infinity, NaN, last].flatMap((value) => Array(channels).fill(value));
      assertEquals([...await y.data()], expected);
    }
  });

  onEachBackend(`the gradient of ${name} has a gradient itself`, async () => {
    await assertGradients(
      ({ dy }) =>
        tf.grad((x: Tensor): Tensor =>
          pool(x as Tensor4D, { size: [3, 2], stride: [2, 2], padding: "same" })
        )(tf.zeros([1, 4, 5, 1]), dy),
      { dy: tf.tensor4d([1, -1, 2, 0.5, 3, -2], [1, 2, 3, 1]) },
    );
  });
}

onEachBackend(
  "means that count padding are PyTorch's, also where windows are cut short",
  async () => {
    // F.avg_pool2d(x, 3, 2, 1, ceil_mode=True) of 5 × 5 pixels 1 to 25, and of 4 × 4, in 1e-4.
    const means = async (side: number): Promise<number[]> => {
      const x = tf.tensor4d(Array.from({ length: side * side }, (_, i) => i + 1), [
        1,
        side,
        side,
        1,
      ]);
      const windows = { size: [3, 3], stride: [2, 2], padding: 1, rounding: "ceil" } as const;
      return [...await meanWindows(x, windows, true).data()].map((mean) => Math.round(mean * 1e4));
    };
    assertEquals(await means(5), [17778, 36667, 31111, 76667, 130000, 96667, 84444, 136667, 97778]);
    assertEquals(await means(4), [15556, 33333, 20000, 63333, 110000, 60000, 45000, 75000, 40000]);
  },
);
