// Depthwise convolutions of images that software adapters read from textures, and of small ones, in both forms.
import { assertEquals, assertLess } from "@std/assert";
import { counters } from "../../lib/device/mod.ts";
import { convolve, normalArray } from "../../lib/tensor/mod.ts";
import { key, tf } from "../../mod.ts";
import { type Convolution, relativeError, sizes } from "../../tasks/selftest/reference.ts";
import { gpuTest } from "./adapter.ts";
import { onEachForm } from "./forms.ts";
import { paddedConvolution } from "./padded_convolution.ts";

/** Batch, image, channels, filter, stride, dilation and padding; whether the image is worth a texture. */
const CASES = [
  [1, [47, 45], 16, [7, 7], [1, 1], [1, 1], 3, true], // ConvNeXt's: a loop over rows of taps
  [3, [46, 43], 12, [6, 5], [1, 1], [1, 2], 1, true], // the loop, with dilated columns
  [2, [62, 75], 16, [8, 4], [1, 2], [1, 1], 2, true], // the loop, with columns of two phases
  [2, [91, 87], 16, [7, 7], [2, 2], [1, 1], 3, true], // written out: strided rows
  [2, [77, 71], 32, [3, 3], [1, 1], [1, 1], 1, true], // MobileNet's
  [1, [13, 9], 6, [7, 7], [1, 1], [1, 1], 3, false], // no fours
  [3, [9, 8], 8, [7, 7], [1, 1], [1, 1], 0, false], // few results
  [1, [5, 6], 4, [9, 3], [1, 1], [1, 1], 4, false], // a filter longer than the image
] as const;

/** y, dx and dw of Σ y · dy, by their definition. */
function reference(
  c: Convolution,
  [x, w, dy]: readonly Float32Array[],
): Record<"y" | "dx" | "dw", Float64Array> {
  const [height, width, channels] = c.input;
  const [down, across] = c.output;
  const y = new Float64Array(dy!.length);
  const dx = new Float64Array(x!.length);
  const dw = new Float64Array(w!.length);
  for (let at = 0; at < y.length; at++) {
    const channel = at % channels;
    const pixel = (at - channel) / channels;
    const [j, i] = [pixel % across, Math.floor(pixel / across) % down];
    const image = Math.floor(pixel / (across * down));
    for (let tap = 0; tap < c.filter[0] * c.filter[1]; tap++) {
      const row = i * c.stride[0] - c.before[0] + Math.floor(tap / c.filter[1]) * c.dilation[0];
      const column = j * c.stride[1] - c.before[1] + (tap % c.filter[1]) * c.dilation[1];
      if (row < 0 || row >= height || column < 0 || column >= width) continue;
      const from = ((image * height + row) * width + column) * channels + channel;
      const by = tap * channels + channel;
      y[at]! += x![from]! * w![by]!;
      dx[from]! += dy![at]! * w![by]!;
      dw[by]! += dy![at]! * x![from]!;
    }
  }
  return { y, dx, dw };
}

gpuTest("depthwise convolutions and their gradients are the reference's", async () => {
  await onEachForm(async (form) => {
    for (const [n, row] of CASES.entries()) {
      const [batch, [height, width], channels, filter, stride, dilation, padding, large] = row;
      const input = [height, width, channels] as const;
      const before = [padding, padding] as const;
      const one = { batch, input, filter, features: channels, stride, dilation, before };
      const c = paddedConvolution(one);
      const weights = filter[0] * filter[1] * channels;
      const numbers = [sizes(c).x, weights, sizes(c).y].map((size, i) =>
        normalArray(key(10 * n + i), size)
      );
      const wanted = reference(c, numbers);
      const x = tf.tensor4d(numbers[0]!, [batch, ...input]);
      const w = tf.tensor4d(numbers[1]!, [...filter, 1, channels]);
      const dy = tf.tensor4d(numbers[2]!, [batch, ...c.output, channels]);
      const options = { stride, padding, dilation, groups: channels };
      const run = (x: tf.Tensor, w: tf.Tensor): tf.Tensor =>
        convolve(x as tf.Tensor4D, w as tf.Tensor4D, options);
      await tf.backend().read(x.dataId); // Uploaded.
      const copies = counters().copies;
      const y = run(x, w);
      assertEquals(counters().copies > copies, form === "software" && large, `${row}`);
      const [dx, dw] = tf.grads(run)([x, w], dy) as [tf.Tensor, tf.Tensor];
      for (const [name, result] of Object.entries({ y, dx, dw })) {
        const error = relativeError(await result.data(), wanted[name as keyof typeof wanted]);
        assertLess(error, 3e-6, `${form}: ${name} of ${row}`);
      }
    }
  });
});
