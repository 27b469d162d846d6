// Products on every tile of the form for GPUs, whose sizes decide which they get, against plain TypeScript.
import { assertEquals, assertLess } from "@std/assert";
import { profile } from "../../lib/device/mod.ts";
import { registerKernels } from "../../lib/device/register.ts";
import { workgroupForm } from "../../lib/device/kernels/workgroup_form.ts";
import { normalArray } from "../../lib/tensor/mod.ts";
import { key, start, tf } from "../../mod.ts";
import { gpuTest } from "./adapter.ts";
import { product, relativeError } from "./reference.ts";

/** Batch, rows, depth and columns; batches make tiles many, which decides as well. */
const CASES = [
  [1, 3, 21, 70],
  [1, 7, 20, 270],
  [130, 6, 9, 200],
  [2, 270, 21, 3],
  [1, 261, 12, 7],
  [130, 235, 24, 8],
  [2, 29, 17, 31],
  [2, 13, 19, 130],
  [125, 12, 16, 100],
  [2, 30, 33, 133],
  [125, 20, 8, 36],
  [2, 130, 18, 15],
  [125, 100, 4, 12],
  [2, 130, 18, 30],
  [125, 100, 4, 20],
  [1, 66, 300, 67],
  [125, 36, 12, 60],
  [125, 36, 5, 90],
  [320, 120, 8, 116],
  [320, 125, 5, 122],
] as const;

/** All tiles that there are. */
const TILES = [
  ...["4x256", "8x128", "8x256", "16x64", "16x128", "32x32", "32x128"],
  ...["64x16", "64x32", "64x64", "128x8", "128x16", "128x32", "128x128", "256x4", "256x8"],
];

gpuTest(
  "products of all tiles of the form for GPUs equal the reference, in all transpositions",
  async () => {
    const device = await start();
    registerKernels(false);
    try {
      for (const [i, [batch, rows, depth, columns]] of CASES.entries()) {
        const [transposeA, transposeB] = [i % 2 === 1, i % 4 > 1];
        const a = normalArray(key(2 * i), batch * rows * depth);
        const b = normalArray(key(2 * i + 1), depth * columns);
        const [x, w] = [
          tf.tensor3d(a, transposeA ? [batch, depth, rows] : [batch, rows, depth]),
          tf.tensor3d(b, transposeB ? [1, columns, depth] : [1, depth, columns]),
        ];
        const y = tf.matMul(x, w, transposeA, transposeB);
        const values = await y.data();
        tf.dispose([x, w, y]);
        for (const n of new Set([0, batch - 1])) {
          const expected = product(
            (m, k) => a[n * rows * depth + (transposeA ? k * rows + m : m * depth + k)]!,
            (k, m) => b[transposeB ? m * depth + k : k * columns + m]!,
            [rows, depth, columns],
          );
          const actual = values.subarray(n * rows * columns, (n + 1) * rows * columns);
          assertLess(relativeError(actual, expected), 2e-6, `${CASES[i]}, ${n}`);
        }
      }
    } finally {
      registerKernels(device.software);
    }
  },
);

gpuTest("long sums of few numbers are cut into many pieces, and equal the reference", async () => {
  const device = await start();
  registerKernels(false);
  try {
    const [pixels, channels, features] = [40 * 16 * 17, 12, 9];
    const values = normalArray(key(1), pixels * channels);
    const slopes = normalArray(key(2), pixels * features);
    const x = tf.tensor4d(values, [40, 16, 17, channels]);
    const dy = tf.tensor4d(slopes, [40, 16, 17, features]);
    const w = tf.zeros([1, 1, channels, features]) as tf.Tensor4D;
    const slope = tf.grad((w) => tf.conv2d(x, w as tf.Tensor4D, 1, "valid"));
    let gradient = tf.zeros([1]);
    const [, ...entries] = await profile(() => gradient = slope(w, dy));
    const [first, second] = entries.map(({ shapes }) => shapes[0]!);
    assertEquals(entries.map(({ operation }) => operation), ["Conv2DBackpropFilter", "Sum"]);
    assertLess(64, first![0]!);
    assertEquals(second, [channels * features]);
    const wanted = product(
      (m, k) => values[k * channels + m]!,
      (k, n) => slopes[k * features + n]!,
      [channels, pixels, features],
    );
    assertLess(relativeError(await gradient.data(), wanted), 2e-6);
    tf.dispose([x, dy, w, gradient]);
  } finally {
    registerKernels(device.software);
  }
});

Deno.test("the cases have every tile, and each fits the least limits of WebGPU", () => {
  const names = CASES.map(([batch, rows, depth, columns], i) => {
    const { tile, workgroup, code } = workgroupForm({
      batch,
      rows,
      columns,
      depth,
      mostPieces: 64,
      shorter: 0,
      quads: {},
      neighbors: { a: i % 2 ? "rows" : "depth", b: i % 4 > 1 ? "depth" : "columns" },
    });
    const bytes = [...code.matchAll(/var<workgroup> \w+: (.*);/g)].map(([, type]) =>
      [...type!.matchAll(/, (\d+)>/g)].reduce((product, [, size]) => product * Number(size), 16)
    );
    assertEquals(bytes.length, 2);
    assertLess(bytes[0]! + bytes[1]!, 16384 + 1, `${tile}`);
    assertLess(workgroup, 256 + 1);
    return tile.join("x");
  });
  assertEquals(new Set(names), new Set(TILES));
});
