// tfjs-core as the union package sets it up: the same methods of tensors, and all gradients.
import { assertEquals, assertThrows } from "@std/assert";
import { tf } from "../../mod.ts";
import { onCpu } from "../backends.ts";

const prototype = tf.Tensor.prototype as unknown as Record<string, (...x: unknown[]) => tf.Tensor>;
const ours = { ...Object.getOwnPropertyDescriptors(prototype) };

onCpu("tensors have the methods of tfjs's union package, which do the same", async () => {
  // deno-lint-ignore no-import-prefix -- what is compared with
  await import("npm:@tensorflow/tfjs@4.22.0");
  const theirs = Object.getOwnPropertyDescriptors(prototype);
  assertEquals(Object.keys(ours).sort(), Object.keys(theirs).sort());
  const x = tf.tensor2d([[1, -2, 3], [4, 5, -6]]);
  const y = tf.tensor2d([[6, 5, 4], [3, 2, 1]]);
  const isPositive = x.greater(0);
  const operands: Record<string, unknown[]> = {
    abs: [],
    add: [y],
    argMax: [1],
    asType: ["int32"],
    as1D: [],
    as2D: [3, 2],
    as4D: [1, 2, 1, 3],
    concat: [[y, x], 1],
    flatten: [],
    mean: [0, true],
    reshapeAs: [y.reshape([6])],
    stack: [y, 1],
    toBool: [],
    toInt: [],
    where: [isPositive, y],
  };
  for (const [name, rest] of Object.entries(operands)) {
    const [mine, other] = [ours, theirs].map((methods) => {
      const result = methods[name]!.value.call(x, ...rest) as tf.Tensor;
      return { shape: result.shape, dtype: result.dtype, numbers: result.arraySync() };
    });
    assertEquals(mine, other, name);
  }
  const scalar = tf.scalar(2);
  assertEquals(ours.asScalar!.value.call(scalar).shape, []);
  x.dispose();
  assertThrows(() => ours.abs!.value.call(x), Error, "disposed");
});

/** The kernels that have a gradient. */
function kernelsWithGradient(): string[] {
  const names = Object.values(tf).filter((value) => typeof value === "string");
  return names.filter((name) => tf.getGradient(name) !== undefined);
}

const gradients = kernelsWithGradient();

onCpu("what has a gradient in tfjs's union package has one", async () => {
  // No operation runs the kernels of the first and last; the second's is wrong for complex numbers.
  const leftOut = ["BroadcastTo", "ComplexAbs", "LogSoftmax"];
  for (const name of leftOut) assertEquals(gradients.includes(name), false);
  // deno-lint-ignore no-import-prefix -- what is compared with
  await import("npm:@tensorflow/tfjs@4.22.0");
  assertEquals(gradients.concat(leftOut).sort(), kernelsWithGradient().sort());
});
