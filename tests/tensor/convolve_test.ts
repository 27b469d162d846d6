// Convolution by hand, and operands that do not go together; values are tested with the layer.
import { assertEquals, assertThrows } from "@std/assert";
import { convolve } from "../../lib/tensor/mod.ts";
import { type Tensor4D, tf } from "../../mod.ts";
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
        `got float32 [${x.shape}] and float32 [${kernel.shape}]`,
      );
    }
    assertThrows(
      () =>
        convolve(tf.zeros([1, 5, 5, 4], "int32"), tf.zeros([3, 3, 4, 8]), { ...PLAIN, dilation }),
      TypeError,
      "both must be of type float32, got int32",
    );
  }
});

onEachBackend("a bias of the wrong size or type is refused", () => {
  const options = { stride: [1, 1], padding: "valid", dilation: [1, 1], groups: 1 } as const;
  const [x, kernel] = [tf.ones([1, 4, 4, 2]) as tf.Tensor4D, tf.ones([3, 3, 2, 5]) as tf.Tensor4D];
  for (const bias of [tf.ones([3]), tf.ones([8]), tf.ones([2, 5]), tf.ones([5], "int32")]) {
    assertThrows(() => convolve(x, kernel, options, bias as tf.Tensor1D), TypeError, "bias");
  }
});

onEachBackend("a filter larger than the padded images is refused, also when it is dilated", () => {
  const x = tf.ones([1, 2, 2, 1]) as tf.Tensor4D;
  const refused = (size: number, padding: "valid" | number, dilation: number): void => {
    const kernel = tf.ones([size, size, 1, 5]) as tf.Tensor4D;
    const options = { stride: [1, 1], padding, dilation: [dilation, dilation], groups: 1 } as const;
    assertThrows(() => convolve(x, kernel, options), RangeError, `[1,2,2,1]`);
  };
  refused(3, "valid", 1);
  refused(5, 1, 1);
  refused(2, "valid", 2);
});
