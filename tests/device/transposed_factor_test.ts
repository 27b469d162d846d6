// Factors that are transposed before they are multiplied by, against plain TypeScript.
import { assertEquals, assertLess } from "@std/assert";
import { profile } from "../../lib/device/mod.ts";
import { convolve, normalArray } from "../../lib/tensor/mod.ts";
import { key, tf } from "../../mod.ts";
import { inputGradient, relativeError, sizes } from "../../tasks/selftest/reference.ts";
import { gpuTest } from "./adapter.ts";
import { paddedConvolution } from "./padded_convolution.ts";
import { onEachForm } from "./forms.ts";

gpuTest("products by a transposed matrix of long rows equal the reference", async () => {
  await onEachForm(async (form) => {
    for (const [batch, rows, columns, depth] of [[1, 261, 12, 512], [3, 256, 8, 1024]] as const) {
      const [a, b] = [
        normalArray(key(1), batch * rows * depth),
        normalArray(key(2), columns * depth),
      ];
      const wanted = Float64Array.from({ length: batch * rows * columns }, (_, i) => {
        const [row, column] = [Math.floor(i / columns), i % columns];
        let sum = 0;
        for (let k = 0; k < depth; k++) sum += a[row * depth + k]! * b[column * depth + k]!;
        return sum;
      });
      const x = tf.tensor3d(a, [batch, rows, depth]);
      const y = tf.tensor3d(b, [1, columns, depth]);
      const product = tf.matMul(x, y, false, true);
      assertLess(relativeError(await product.data(), wanted), 2e-6, `${form}, depth ${depth}`);
      const entries = await profile(() => tf.matMul(x, y, false, true).dispose());
      const turns = entries.some(({ operation }) => operation === "Transpose");
      assertEquals(turns, form === "software");
      tf.dispose([x, y, product]);
    }
  });
});

gpuTest("input gradients of many features equal the reference", async () => {
  await onEachForm(async (form) => {
    for (const stride of [[1, 1], [2, 2], [1, 3]] as const) {
      const c = paddedConvolution({
        batch: 3,
        input: [19, 24, 12],
        filter: [3, 3],
        features: 512,
        stride,
        dilation: [1, 1],
        before: [1, 1],
      });
      const weights = normalArray(key(3), sizes(c).filter);
      const slopes = normalArray(key(4), sizes(c).y);
      const filter = tf.tensor4d(weights, [3, 3, 12, 512]);
      const dy = tf.tensor4d(slopes, [3, ...c.output, 512]);
      const options = { stride, padding: 1, dilation: [1, 1], groups: 1 } as const;
      const gradient = tf.grad((x) => convolve(x as tf.Tensor4D, filter, options))(
        tf.zeros([3, 19, 24, 12]),
        dy,
      );
      const wanted = inputGradient(c, slopes, weights);
      // Sums of 4,608 products.
      assertLess(relativeError(await gradient.data(), wanted), 5e-6, `${form}, stride ${stride}`);
      tf.dispose([filter, dy, gradient]);
    }
  });
});
