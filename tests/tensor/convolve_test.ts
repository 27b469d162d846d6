// Convolution by hand, and operands that do not go together; values are tested with the layer.
import { assertEquals, assertThrows } from "@std/assert";
import { convolve, type Tensor4D, tf } from "../../mod.ts";
import { onEachBackend } from "../backends.ts";

const PLAIN = { stride: [1, 1], padding: "valid", dilation: [1, 1], groups: 1 } as const;

onEachBackend("a convolution by hand, dilated and not", async () => {
  const x = tf.tensor4d([1, 2, 3, 4, 5, 6, 7], [1, 1, 7, 1]);
  const kernel = tf.tensor4d([1, -2, 3], [1, 3, 1, 1]);
  const plain = convolve(x, kernel, PLAIN);
  assertEquals(Array.from(await plain.data()), [6, 8, 10, 12, 14]);
  const dilated = convolve(x, kernel, { ...PLAIN, dilation: [1, 2], stride: [1, 2] });
  assertEquals(dilated.shape, [1, 1, 2, 1]);
  assertEquals(Array.from(await dilated.data()), [10, 14]);
});

onEachBackend("the groups' channels do not mix", async () => {
  const x = tf.tensor4d([1, 10], [1, 1, 1, 2]);
  const kernel = tf.tensor4d([1, 2, 3, 4], [1, 1, 1, 4]);
  const y = convolve(x, kernel, { ...PLAIN, groups: 2 });
  assertEquals(Array.from(await y.data()), [1, 2, 30, 40]);
});

onEachBackend("images and filters that do not go together are refused, dilated or not", () => {
  const image = tf.zeros<tf.Rank.R4>([1, 5, 5, 4]);
  const cases: [Tensor4D, Tensor4D, number][] = [
    [image, tf.zeros([3, 3, 2, 8]), 1],
    [image, tf.zeros([3, 3, 4, 8]), 2],
    [image, tf.zeros([3, 3, 2, 7]), 2],
    [image, tf.zeros([3, 3, 4]) as unknown as Tensor4D, 1],
    [tf.zeros([5, 5, 4]) as unknown as Tensor4D, tf.zeros([3, 3, 4, 8]), 1],
  ];
  for (const dilation of [[1, 1], [2, 2]] as const) {
    for (const [x, kernel, groups] of cases) {
      assertThrows(
        () => convolve(x, kernel, { ...PLAIN, dilation, groups }),
        TypeError,
        `current value is float32 [${x.shape}] and float32 [${kernel.shape}]`,
      );
    }
    assertThrows(
      () =>
        convolve(tf.zeros([1, 5, 5, 4], "int32"), tf.zeros([3, 3, 4, 8]), { ...PLAIN, dilation }),
      TypeError,
      "both must be of type float32: current value is int32",
    );
  }
});
