// Max pooling by both forms of the kernels, number for number against plain TypeScript.
import { assertEquals } from "@std/assert";
import { normalArray } from "../../lib/tensor/mod.ts";
import { MAX_WINDOWS } from "../../lib/tensor/max_windows.ts";
import type { WindowGrid } from "../../lib/tensor/windows.ts";
import { fold, key, tf } from "../../mod.ts";
import { gpuTest } from "./adapter.ts";
import { onEachForm } from "./forms.ts";

type Shape = readonly [images: number, height: number, width: number, channels: number];

/** The largest of each window, NaN before any number; of a window beside the image -Infinity. */
function largest(
  x: ArrayLike<number>,
  [images, height, width, channels]: Shape,
  { size, stride, before, output }: WindowGrid,
  rectify: boolean,
): number[] {
  const y: number[] = [];
  for (let n = 0; n < images; n++) {
    for (let i = 0; i < output[0]; i++) {
      for (let j = 0; j < output[1]; j++) {
        for (let c = 0; c < channels; c++) {
          const numbers: number[] = [];
          for (let u = 0; u < size[0]; u++) {
            for (let v = 0; v < size[1]; v++) {
              const [row, column] = [
                i * stride[0] + u - before[0],
                j * stride[1] + v - before[1],
              ];
              if (row < 0 || row >= height || column < 0 || column >= width) continue;
              numbers.push(x[((n * height + row) * width + column) * channels + c]!);
            }
          }
          const most = Math.max(...numbers); // NaN if one is.
          y.push(rectify ? Math.max(most, 0) : most);
        }
      }
    }
  }
  return y;
}

/** Windows of each kind: overlapping, apart, over edges, rounded up, rectangles, of one channel and in fours. */
const CASES: readonly (readonly [
  shape: Shape,
  size: WindowGrid["size"],
  stride: WindowGrid["stride"],
  before: WindowGrid["before"],
  output: WindowGrid["output"],
])[] = [
  [[1, 28, 28, 16], [3, 3], [1, 1], [1, 1], [28, 28]],
  [[2, 13, 11, 8], [3, 3], [2, 2], [0, 0], [6, 5]],
  [[1, 13, 14, 8], [3, 3], [2, 2], [0, 0], [6, 7]], // rounded up: over the right edge
  [[2, 7, 9, 3], [3, 2], [1, 1], [1, 0], [7, 8]],
  [[1, 9, 10, 5], [2, 3], [1, 2], [1, 2], [9, 5]],
  [[3, 5, 6, 4], [5, 5], [1, 1], [2, 2], [5, 6]],
  [[1, 3, 2, 4], [3, 3], [1, 1], [2, 2], [5, 4]], // most of it beside the image
  [[1, 4, 4, 4], [2, 2], [1, 1], [2, 0], [5, 3]], // a line of windows wholly beside it
  [[2, 8, 6, 4], [2, 2], [2, 2], [0, 0], [4, 3]],
  [[1, 30, 30, 4], [9, 9], [2, 2], [4, 4], [15, 15]], // many inputs
];

gpuTest("max pooling gives the largest of each window, bit by bit, NaN before any", async () => {
  await onEachForm(async (form) => {
    for (const [n, [shape, size, stride, before, output]] of CASES.entries()) {
      const grid: WindowGrid = { size, stride, before, input: [shape[1], shape[2]], output };
      const x = normalArray(fold(key(n), "x"), shape.reduce((a, b) => a * b));
      for (let i = 3; i < x.length; i += 41) x[i] = [NaN, -Infinity, Infinity, -NaN][i % 4]!;
      for (const rectify of [false, true]) {
        const attributes = { ...grid, switches: false, rectify };
        const y = tf.tidy(() =>
          tf.engine().runKernel(MAX_WINDOWS, { x: tf.tensor4d(x, [...shape]) }, attributes)
        ) as tf.Tensor;
        const expected = largest(x, shape, grid, rectify);
        assertEquals([...await y.data()], expected, `${form} ${JSON.stringify(grid)} ${rectify}`);
        y.dispose();
      }
    }
  });
});

gpuTest("max pooling of whole numbers keeps their type", async () => {
  await onEachForm(async (form) => {
    for (const channels of [3, 4]) {
      const shape = [2, 9, 7, channels] as const;
      const x = normalArray(key(channels), 2 * 9 * 7 * channels).map((value) =>
        Math.round(1000 * value) - 2000
      );
      const images = tf.tensor4d(x, [...shape], "int32");
      const y = tf.maxPool(images, 3, 2, "same");
      const grid = { size: [3, 3], stride: [2, 2], before: [1, 1], output: [5, 4] } as const;
      const expected = largest(x, shape, { ...grid, input: [9, 7] }, false);
      assertEquals([y.dtype, ...await y.data()], ["int32", ...expected], `${form} ${channels}`);
    }
  });
});
