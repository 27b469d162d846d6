// Filter gradients of few channels, in the form for GPUs, on sizes that take several workgroups, against plain TypeScript.
import { assertEquals, assertLess } from "@std/assert";
import { profile } from "../../lib/device/mod.ts";
import { registerKernels } from "../../lib/device/register.ts";
import { convolve, normalArray } from "../../lib/tensor/mod.ts";
import { key, start, tf } from "../../mod.ts";
import { filterGradient, relativeError, sizes } from "../../tasks/selftest/reference.ts";
import { gpuTest } from "./adapter.ts";
import { paddedConvolution } from "./padded_convolution.ts";

/** Batch, image, filter, channels, features, stride, dilation, padding and groups; and whether channels are few enough. */
const CASES = [
  [16, [33, 37], [5, 5], 1, 6, [1, 1], [1, 1], 2, 1, true], // LeNet-5's first, of odd sizes
  [8, [40, 45], [3, 3], 3, 16, [1, 1], [1, 1], 1, 1, true],
  [8, [41, 66], [3, 4], 2, 8, [2, 1], [1, 1], 0, 1, true],
  [12, [30, 31], [2, 3], 1, 5, [1, 1], [2, 3], 2, 1, true],
  [40, [15, 15], [3, 3], 1, 32, [1, 1], [1, 1], 0, 1, true], // of 13 lines
  [2, [15, 15], [3, 3], 1, 32, [1, 1], [1, 1], 0, 1, false], // little to share
  [8, [20, 20], [5, 5], 7, 16, [1, 1], [1, 1], 0, 1, false],
  [32, [32, 33], [3, 3], 16, 16, [1, 1], [1, 1], 1, 1, true], // channels in parts of four
  [64, [32, 33], [3, 3], 16, 32, [2, 2], [1, 1], 1, 1, true],
  [110, [21, 20], [3, 4], 8, 6, [2, 1], [1, 2], 2, 1, true],
  [110, [14, 15], [3, 3], 12, 5, [1, 1], [1, 1], 1, 1, true],
  [12, [20, 21], [3, 3], 32, 32, [1, 1], [1, 1], 1, 4, true],
  [8, [20, 21], [3, 3], 9, 6, [1, 1], [1, 1], 1, 3, true],
  [6, [18, 18], [3, 3], 64, 64, [1, 1], [1, 1], 1, 8, true],
] as const;

/** Of slopes by filters of all channels, those by filters that have the channels of a feature's group. */
function ofGroups(
  all: Float64Array,
  channels: number,
  features: number,
  groups: number,
): Float64Array {
  const own = channels / groups;
  return Float64Array.from({ length: all.length / groups }, (_, i) => {
    const feature = i % features;
    const row = Math.floor(i / features);
    const channel = Math.floor(feature / (features / groups)) * own + row % own;
    return all[(Math.floor(row / own) * channels + channel) * features + feature]!;
  });
}

gpuTest("filter gradients of few channels equal the reference", async () => {
  const device = await start();
  registerKernels(false);
  try {
    for (const [n, row] of CASES.entries()) {
      const [batch, [height, width], filter, channels, features, ...rest] = row;
      const [stride, dilation, padding, groups, few] = rest;
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
      const w = tf.zeros([...filter, channels / groups, features]) as tf.Tensor4D;
      const options = { stride, padding, dilation, groups };
      const slope = tf.grad((w) => convolve(x, w as tf.Tensor4D, options));
      let gradient = tf.zeros([1]);
      const entries = await profile(() => gradient = slope(w, dy));
      // The sums of pieces of a product have another name.
      assertEquals(entries.some(({ operation }) => operation === "Sum"), few, `${row}`);
      const wanted = ofGroups(filterGradient(c, values, slopes), channels, features, groups);
      assertLess(relativeError(await gradient.data(), wanted), 2e-6, `${row}`);
      tf.dispose([x, dy, w, gradient]);
    }
  } finally {
    registerKernels(device.software);
  }
});
