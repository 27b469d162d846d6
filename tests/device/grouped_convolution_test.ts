// Convolutions in groups and of each channel by itself, in both forms, against plain TypeScript.
import { assert, assertEquals, assertThrows } from "@std/assert";
import { start, tf } from "../../mod.ts";
import { counters } from "../../lib/device/mod.ts";
import { convolve } from "../../lib/tensor/mod.ts";
import { check } from "../../tasks/selftest/check.ts";
import { convolutions } from "../../tasks/selftest/subjects/convolutions.ts";
import { gpuTest } from "./adapter.ts";
import { onEachForm } from "./forms.ts";

for (const subject of convolutions) {
  if (!/groups|depthwise/.test(subject.name)) continue;
  gpuTest(`${subject.name}: values and gradients are the reference's`, async () => {
    await onEachForm(async (form) => {
      for (const verdict of await check(subject, { seed: 15, rounds: 6 })) {
        assert(verdict.passed, `${form}: ${JSON.stringify(verdict)}`);
      }
    });
  });
}

gpuTest("a convolution in groups is one dispatch, also with bias and activation", async () => {
  await onEachForm((form) => {
    for (const [channels, groups] of [[8, 8], [8, 2], [6, 3], [6, 6]] as const) {
      const x = tf.ones([2, 9, 9, channels]) as tf.Tensor4D;
      const kernel = tf.ones([3, 3, channels / groups, channels]) as tf.Tensor4D;
      const options = { stride: [1, 1], padding: "same", dilation: [1, 2], groups } as const;
      const before = counters().dispatches;
      convolve(x, kernel, options, tf.ones([channels]), "relu");
      assertEquals(counters().dispatches - before, 1, `${form}, ${groups} of ${channels}`);
    }
    return Promise.resolve();
  });
});

gpuTest("the second derivative of a convolution in groups with dilation is right", async () => {
  await onEachForm(async (form) => {
    for (const groups of [1, 2, 4]) {
      const x = tf.randomNormal([1, 6, 5, 4], 0, 1, "float32", 3) as tf.Tensor4D;
      const kernel = tf.randomNormal([2, 2, 4 / groups, 4], 0, 1, "float32", 4) as tf.Tensor4D;
      const options = { stride: [1, 1], padding: 1, dilation: [2, 1], groups } as const;
      const y = (k: tf.Tensor): tf.Tensor => convolve(x, k as tf.Tensor4D, options);
      // The gradient by the input is linear in the filter: its slopes by it are those of y itself.
      const gradient = (k: tf.Tensor): tf.Tensor =>
        tf.grad((x) => convolve(x as tf.Tensor4D, k as tf.Tensor4D, options))(x);
      const bilinear = tf.grad((k) => tf.sum(tf.mul(gradient(k), x)))(kernel);
      const wanted = tf.grad((k) => tf.sum(y(k)))(kernel);
      const difference = tf.max(tf.abs(tf.sub(bilinear, wanted)));
      assert((await difference.data())[0]! < 1e-4, `${form}, ${groups} groups`);
    }
  });
});

gpuTest("filters whose channels divide no group are refused by the kernels", async () => {
  await start();
  const run = (filter: tf.Tensor): tf.Tensor =>
    tf.engine().runKernel("Conv2D", { x: tf.ones([1, 4, 4, 6]), filter }, {
      strides: [1, 1],
      pad: "valid",
      dataFormat: "NHWC",
      dilations: [1, 1],
    });
  for (const shape of [[1, 1, 4, 4], [1, 1, 2, 4]]) {
    assertThrows(() => run(tf.ones(shape)), TypeError, `filters [${shape}]`);
  }
});
