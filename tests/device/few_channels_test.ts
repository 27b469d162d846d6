// Filter gradients of few channels, in the form for GPUs, on sizes that take several workgroups, against plain TypeScript.
import { assertEquals, assertLess } from "@std/assert";
import { profile } from "../../lib/device/mod.ts";
import { registerKernels } from "../../lib/device/register.ts";
import { convolve, normalArray } from "../../lib/tensor/mod.ts";
import { key, start, tf } from "../../mod.ts";
import { filterGradient, relativeError, sizes } from "../../tasks/selftest/reference.ts";
import { gpuTest } from "./adapter.ts";
import { paddedConvolution } from "./padded_convolution.ts";

/** Batch, image, filter, channels, features, stride, dilation and padding; and whether channels are few enough. */
const CASES = [
  [16, [33, 37], [5, 5], 1, 6, [1, 1], [1, 1], 2, true], // LeNet-5's first, of odd sizes
  [8, [40, 45], [3, 3], 3, 16, [1, 1], [1, 1], 1, true],
  [8, [41, 66], [3, 4], 2, 8, [2, 1], [1, 1], 0, true],
  [12, [30, 31], [2, 3], 1, 5, [1, 1], [2, 3], 2, true],
  [40, [15, 15], [3, 3], 1, 32, [1, 1], [1, 1], 0, true], // of 13 lines
  [2, [15, 15], [3, 3], 1, 32, [1, 1], [1, 1], 0, false], // little to share
  [8, [20, 20], [5, 5], 7, 16, [1, 1], [1, 1], 0, false],
] as const;

gpuTest("filter gradients of few channels equal the reference", async () => {
  const device = await start();
  registerKernels(false);
  try {
    for (const [n, row] of CASES.entries()) {
      const [batch, [height, width], filter, channels, features, stride, dilation, padding, few] =
        row;
      const c = paddedConvolution({
        batch,
        input: [height, width, channels],
        filter,
        features,
        stride,
        dilation,
        before: [padding, padding],
      });
      const values = normalArray(key(10 * n), sizes(c).x);
      const slopes = normalArray(key(10 * n + 1), sizes(c).y);
      const x = tf.tensor4d(values, [batch, height, width, channels]);
      const dy = tf.tensor4d(slopes, [batch, ...c.output, features]);
      const w = tf.zeros([...filter, channels, features]) as tf.Tensor4D;
      const options = { stride, padding, dilation, groups: 1 };
      const slope = tf.grad((w) => convolve(x, w as tf.Tensor4D, options));
      let gradient = tf.zeros([1]);
      const entries = await profile(() => gradient = slope(w, dy));
      // The sums of pieces of a product have another name.
      assertEquals(entries.some(({ operation }) => operation === "Sum"), few, `${row}`);
      const wanted = filterGradient(c, values, slopes);
      assertLess(relativeError(await gradient.data(), wanted), 2e-6, `${row}`);
      tf.dispose([x, dy, w, gradient]);
    }
  } finally {
    registerKernels(device.software);
  }
});
