// Convolutions to few features, in both forms, on sizes that take several tiles, against plain TypeScript.
import { assertEquals, assertLess } from "@std/assert";
import { counters } from "../../lib/device/mod.ts";
import { convolve, normalArray } from "../../lib/tensor/mod.ts";
import { key, tf } from "../../mod.ts";
import {
  type Convolution,
  forward,
  inputGradient,
  relativeError,
  sizes,
} from "../../tasks/selftest/reference.ts";
import { gpuTest } from "./adapter.ts";
import { paddedConvolution } from "./padded_convolution.ts";
import { onEachForm } from "./forms.ts";

/** Batch, image, filter, channels, features, stride, dilation and padding. */
const CASES = [
  [2, [33, 37], [5, 5], 1, 6, [1, 1], [1, 1], 2], // LeNet-5's first, of odd sizes
  [1, [35, 70], [3, 3], 3, 8, [1, 1], [1, 1], 1],
  [1, [9, 140], [2, 3], 4, 1, [1, 2], [1, 1], 0],
  [3, [18, 21], [3, 2], 8, 5, [2, 1], [2, 3], 1],
  [5, [14, 14], [5, 5], 6, 2, [1, 1], [1, 1], 0], // several images together
  [1, [40, 41], [7, 7], 3, 7, [2, 2], [1, 1], 3], // a stem: phases of 4 and of 3 taps
  [2, [23, 30], [3, 2], 2, 4, [4, 3], [1, 1], 1], // phases without a tap
] as const;

gpuTest("convolutions to few features and their input gradients equal the reference", async () => {
  await onEachForm(async (form) => {
    for (const [n, row] of CASES.entries()) {
      const [batch, [height, width], filter, channels, features, stride, dilation, padding] = row;
      const c = paddedConvolution({
        batch,
        input: [height, width, channels],
        filter,
        features,
        stride,
        dilation,
        before: [padding, padding],
      });
      const [values, weights, bias] = [sizes(c).x, sizes(c).filter, features].map((size, i) =>
        normalArray(key(10 * n + i), size)
      );
      const x = tf.tensor4d(values!, [batch, height, width, channels]);
      const w = tf.tensor4d(weights!, [...filter, channels, features]);
      const b = tf.tensor1d(bias!);
      const options = { stride, padding, dilation, groups: 1 };
      const before = counters().dispatches;
      const y = convolve(x, w, options, b, "relu");
      assertEquals(counters().dispatches - before, 1);
      const wanted = forward(c, values!, weights!).map((y, i) =>
        Math.max(0, y + bias![i % features]!)
      );
      assertLess(relativeError(await y.data(), wanted), 2e-6, `${form}: forward of ${row}`);
      // Turned around: few channels of many features.
      const turned: Convolution = {
        ...c,
        input: [height, width, features],
        features: channels,
      };
      const slopes = normalArray(key(10 * n + 5), sizes(turned).y);
      const dy = tf.tensor4d(slopes, [batch, ...c.output, channels]);
      const turnedFilter = tf.tensor4d(weights!, [...filter, features, channels]);
      const gradient = tf.grad((x) => convolve(x as tf.Tensor4D, turnedFilter, options))(
        tf.zeros([batch, height, width, features]),
        dy,
      );
      const slope = inputGradient(turned, slopes, weights!);
      assertLess(relativeError(await gradient.data(), slope), 2e-6, `${form}: gradient of ${row}`);
      tf.dispose([x, w, b, y, dy, turnedFilter, gradient]);
    }
  });
});
