// Whole numbers beyond float32's 24 bits and truth values stay what they are, or are refused by name.
import { assert, assertEquals, assertThrows } from "@std/assert";
import { convolve, dropUnits } from "../../lib/tensor/mod.ts";
import { jit, key, start, tf } from "../../mod.ts";
import { nearestWhole, wholeText } from "../../lib/device/whole_numbers.ts";
import { gpuTest } from "./adapter.ts";
import { onEachForm } from "./forms.ts";

const LARGE = [2 ** 24 + 1, -(2 ** 24) - 3, 2 ** 30 + 7, -(2 ** 30) - 5, 2 ** 31 - 1, -(2 ** 31)];
const whole = (values: number[] = LARGE): tf.Tensor1D => tf.tensor1d(values, "int32");
const one = (): tf.Scalar => tf.scalar(1, "int32");

const CASES: Readonly<Record<string, readonly [run: () => tf.Tensor, expected: number[]]>> = {
  mod: [() => tf.mod(whole([2 ** 24 + 1, 2 ** 30 + 7]), tf.scalar(7, "int32")), [2, 1]],
  floorDiv: [() => tf.floorDiv(whole(), tf.scalar(-1, "int32")).slice(0, 4), [
    -(2 ** 24) - 1,
    2 ** 24 + 3,
    -(2 ** 30) - 7,
    2 ** 30 + 5,
  ]],
  minimum: [() => tf.minimum(whole(), tf.scalar(2 ** 24, "int32")).slice(0, 3), [
    2 ** 24,
    -(2 ** 24) - 3,
    2 ** 24,
  ]],
  equal: [() => tf.equal(whole().slice(0, 4), whole().slice(0, 4).add(one())), [0, 0, 0, 0]],
  squaredDifference: [() => tf.squaredDifference(whole([5003, -2]), whole([2, 5001])), [
    5001 ** 2,
    5003 ** 2,
  ]],
  square: [() => tf.square(whole([5001, -40_001])), [5001 ** 2, 40_001 ** 2]],
  abs: [() => tf.abs(whole().slice(1, 3)), [2 ** 24 + 3, 2 ** 30 + 7, 2 ** 30 + 5]],
  clip: [() => tf.clipByValue(whole(), -(2 ** 24) - 1, 2 ** 24 + 1), [
    2 ** 24 + 1,
    -(2 ** 24) - 1,
    2 ** 24 + 1,
    -(2 ** 24) - 1,
    2 ** 24 + 1,
    -(2 ** 24) - 1,
  ]],
  stack: [() => tf.stack([whole(), whole()], 1), LARGE.flatMap((x) => [x, x])],
  split: [() => tf.split(whole(), 2)[1]!, LARGE.slice(3)],
  stridedSlice: [() => tf.stridedSlice(whole(), [1], [6], [2]), [LARGE[1]!, LARGE[3]!, LARGE[5]!]],
  mirrorPad: [() => tf.mirrorPad(whole(), [[2, 0]], "reflect"), [LARGE[2]!, LARGE[1]!, ...LARGE]],
  gatherND: [() => tf.gatherND(whole(), tf.tensor2d([3, 0], [2, 1], "int32")), [
    LARGE[3]!,
    LARGE[0]!,
  ]],
  scatterND: [
    () => tf.scatterND(tf.tensor2d([2, 0], [2, 1], "int32"), whole([2 ** 24 + 1, 7]), [3]),
    [7, 0, 2 ** 24 + 1],
  ],
  topk: [() => tf.topk(whole(), 2).values, [2 ** 31 - 1, 2 ** 30 + 7]],
  batchToSpace: [
    () =>
      tf.batchToSpaceND(tf.reshape(whole(LARGE.slice(0, 4)), [4, 1, 1, 1]), [2, 2], [[0, 0], [
        0,
        0,
      ]]),
    LARGE.slice(0, 4),
  ],
  unsortedSegmentSum: [() => tf.unsortedSegmentSum(whole([2 ** 24, 1, 5]), whole([0, 0, 1]), 2), [
    2 ** 24 + 1,
    5,
  ]],
  "weighted bincount": [() => tf.bincount(whole([1, 1, 2]), whole([2 ** 24, 1, 3]), 3), [
    0,
    2 ** 24 + 1,
    3,
  ]],
  cumprod: [() => tf.cumprod(whole([3, 5, 7, 11, 13, 17, 19])), [
    3,
    15,
    105,
    1155,
    15015,
    255255,
    4849845,
  ]],
  "exclusive cumsum": [() => tf.cumsum(whole([2 ** 24, 1, 1]), 0, true), [0, 2 ** 24, 2 ** 24 + 1]],
  "cast to bool": [() => tf.cast(whole([0, 2 ** 24 + 1, -1]), "bool"), [0, 1, 1]],
  "cast of floats": [() => tf.cast(tf.tensor1d([1.7, -1.7, 2 ** 24 + 2]), "int32"), [
    1,
    -1,
    2 ** 24 + 2,
  ]],
  "neg of bool": [() => tf.neg(tf.tensor1d([1, 0], "bool")), [1, 0]],
  "maxPool of bool": [
    () => tf.maxPool(tf.tensor4d([0, 1, 0, 0], [1, 2, 2, 1], "bool"), [2, 1], 1, "valid"),
    [0, 1],
  ],
  "mean of int32": [() => tf.mean(whole([2 ** 24, 2 ** 24 + 2, 2 ** 24 + 4])), [2 ** 24 + 2]],
  "any of bool": [() => tf.any(tf.tensor2d([0, 1, 0, 0], [2, 2], "bool"), 1), [1, 0]],
};

gpuTest("whole numbers of 31 bits are exact, computed on the GPU or on the host", async () => {
  const flag = "WEBGPU_CPU_FORWARD";
  await start();
  for (const forward of [false, true]) {
    tf.env().set(flag, forward);
    try {
      await onEachForm(async (form) => {
        for (const [name, [run, expected]] of Object.entries(CASES)) {
          const y = tf.tidy(run);
          assertEquals([...await y.data()], expected, `${name}, ${form}, ${forward}`);
          y.dispose();
        }
      });
    } finally {
      tf.env().set(flag, true);
    }
  }
});

gpuTest("whole numbers are exact in recorded functions too", async () => {
  await start();
  const f = jit((x: tf.Tensor) =>
    tf.pad(tf.transpose(tf.reverse(x, 0)), [[0, 0], [1, 0]], 2 ** 24 + 1)
  );
  const x = tf.tensor2d(LARGE, [6, 1], "int32");
  for (let i = 0; i < 2; i++) {
    assertEquals([...await f(x).data()], [2 ** 24 + 1, ...LARGE.toReversed()]);
  }
});

gpuTest("what is for floats alone refuses others by their type", async () => {
  await start();
  const images = tf.ones([1, 4, 4, 1], "int32") as tf.Tensor4D;
  const filters = tf.ones([2, 2, 1, 1]) as tf.Tensor4D;
  const options = { stride: [1, 1], padding: "valid", dilation: [1, 1], groups: 1 } as const;
  assertThrows(() => convolve(images, filters, options), TypeError, "int32");
  assertThrows(() => dropUnits(images, 0.5, key(1)), TypeError, "int32");
  const run = (): tf.Tensor =>
    tf.engine().runKernel("Conv2D", { x: images, filter: filters }, {
      strides: 1,
      pad: "valid",
      dataFormat: "NHWC",
      dilations: 1,
    });
  assertThrows(run, TypeError, "its inputs must be float32, got int32");
});

Deno.test("the text of a program of floats becomes one of whole numbers, unless it needs floats", () => {
  const text = "fn f(x : f32) -> f32 { return round(x) * 2.0 + 0. + v.x; }";
  assertEquals(wholeText(text, "int32"), "fn f(x : i32) -> i32 { return (x) * 2 + 0 + v.x; }");
  for (const name of ["exp", "sqrt", "pow", "tanh", "asinh", "inverseSqrt"]) {
    assertEquals(wholeText(`let y = ${name}(f32(x));`, "int32"), undefined, name);
  }
  assert(wholeText("result[i] = i32(value);", "bool")!.includes("select(0, 1, value != 0)"));
  assertEquals([NaN, 1e10, -Infinity, -2.5, 7].map(nearestWhole), [
    0,
    2 ** 31 - 1,
    -(2 ** 31),
    -2,
    7,
  ]);
});
