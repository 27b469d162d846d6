// Filter gradients of few channels, in both forms, on sizes that take several workgroups, against plain TypeScript.
import { assertEquals, assertLess } from "@std/assert";
import { profile } from "../../lib/device/mod.ts";
import { convolve, normalArray } from "../../lib/tensor/mod.ts";
import { key, tf } from "../../mod.ts";
import { filterGradient, relativeError, sizes } from "../../tasks/selftest/reference.ts";
import { gpuTest } from "./adapter.ts";
import { onEachForm } from "./forms.ts";
import { paddedConvolution } from "./padded_convolution.ts";

/** Batch, image, filter, channels, features, stride, dilation, padding and groups; and in which forms channels are few enough. */
const CASES = [
  [16, [33, 37], [5, 5], 1, 6, [1, 1], [1, 1], 2, 1, "gpu"], // LeNet-5's first, of odd sizes
  [8, [40, 45], [3, 3], 3, 16, [1, 1], [1, 1], 1, 1, "gpu"],
  [8, [41, 66], [3, 4], 2, 8, [2, 1], [1, 1], 0, 1, "both"],
  [12, [30, 31], [2, 3], 1, 5, [1, 1], [2, 3], 2, 1, "gpu"],
  [40, [15, 15], [3, 3], 1, 32, [1, 1], [1, 1], 0, 1, "gpu"], // of 13 lines
  [2, [15, 15], [3, 3], 1, 32, [1, 1], [1, 1], 0, 1, "none"], // little to share
  [8, [20, 20], [5, 5], 7, 16, [1, 1], [1, 1], 0, 1, "none"],
  [32, [32, 33], [3, 3], 16, 16, [1, 1], [1, 1], 1, 1, "gpu"], // channels in parts of four
  [64, [32, 33], [3, 3], 16, 32, [2, 2], [1, 1], 1, 1, "gpu"],
  [110, [21, 20], [3, 4], 8, 6, [2, 1], [1, 2], 2, 1, "gpu"],
  [110, [14, 15], [3, 3], 12, 5, [1, 1], [1, 1], 1, 1, "gpu"],
  [12, [20, 21], [3, 3], 32, 32, [1, 1], [1, 1], 1, 4, "gpu"],
  [8, [20, 21], [3, 3], 9, 6, [1, 1], [1, 1], 1, 3, "gpu"],
  [6, [18, 18], [3, 3], 64, 64, [1, 1], [1, 1], 1, 8, "gpu"],
  [16, [33, 36], [5, 5], 1, 6, [1, 1], [1, 1], 2, 1, "both"], // lines by fours
  [17, [20, 28], [5, 5], 1, 6, [1, 1], [1, 1], 0, 1, "software"], // not all lines are as many
  [40, [15, 30], [3, 3], 2, 8, [1, 2], [1, 1], 1, 1, "both"],
  [24, [19, 32], [3, 3], 3, 4, [2, 2], [1, 1], 1, 1, "software"],
  [24, [19, 32], [2, 3], 1, 7, [1, 1], [2, 2], 2, 1, "both"],
  [24, [19, 40], [3, 4], 1, 8, [1, 4], [1, 1], 1, 1, "both"],
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
  await onEachForm(async (form) => {
    for (const [n, row] of CASES.entries()) {
      const [batch, [height, width], filter, channels, features, ...rest] = row;
      const [stride, dilation, padding, groups, forms] = rest;
      const few = forms === form || forms === "both";
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
      assertEquals(entries.some(({ operation }) => operation === "Sum"), few, `${form}: ${row}`);
      const wanted = ofGroups(filterGradient(c, values, slopes), channels, features, groups);
      assertLess(relativeError(await gradient.data(), wanted), 2e-6, `${form}: ${row}`);
      tf.dispose([x, dy, w, gradient]);
    }
  });
});
