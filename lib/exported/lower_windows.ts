// Convolutions and pooling that a format lacks, by simpler ones.
import { type Add, derived, fixed, UNPADDED, type Value } from "../layers/operation.ts";
import { sizeOf } from "../tensor/tensor.ts";
import type { Lowering, Lowerings, Op } from "./lowering.ts";

/** Pixels around an image. */
function padImage(
  add: Add,
  x: Value,
  before: readonly number[],
  after: readonly number[],
  number: number | "least",
): Value {
  if ([...before, ...after].every((one) => one === 0)) return x;
  const shape = x.shape.map((size, axis) => (before[axis] ?? 0) + size + (after[axis] ?? 0));
  const sides = { before: [before[0]!, before[1]!, 0], after: [after[0]!, after[1]!, 0] };
  const least = number === "least" ? { number: LEAST, isLeast: true } : { number };
  return add({ op: "pad", ...sides, mode: "constant", ...least }, shape, x);
}

/** Zeros around, means of whole windows, and what they are short of where zeros do not count. */
const meanPool: Lowering<Op<"meanPool">> = (operation, shape, [x], add) => {
  const { size, stride, before, after, counted } = operation;
  const padded = padImage(add, x!, before, after, 0);
  const means = add({ ...operation, ...UNPADDED, counted: true }, shape, padded);
  if (counted) return means;
  const [rows, columns] = ([0, 1] as const).map((axis) =>
    Array.from({ length: shape[axis]! }, (_, i) => {
      const first = i * stride[axis] - before[axis];
      const inside = Math.min(first + size[axis], x!.shape[axis]!) - Math.max(first, 0);
      return size[axis] / inside;
    })
  );
  if ([...rows!, ...columns!].every((one) => one === 1)) return means;
  const value = fixed(
    [shape[0]!, shape[1]!, 1],
    () => Float32Array.from(rows!.flatMap((row) => columns!.map((column) => row * column))),
  );
  return add({ op: "constant", by: "mul", value, isFirst: false }, shape, means);
};

/** What no window reaches is cut off, and what is around the image is put around it. */
const maxPool: Lowering<Op<"maxPool">> = (operation, shape, [x], add) => {
  const { before, after, size, stride, dilation } = operation;
  const padded = padImage(add, x!, before, after, "least");
  if (dilation.every((one) => one === 1)) {
    return add({ ...operation, ...UNPADDED }, shape, padded);
  }
  // The largest of as many images as a window has pixels.
  const [height, width] = [0, 1].map((axis) => (shape[axis]! - 1) * stride[axis]! + 1);
  const taps = Array.from({ length: sizeOf(size) }, (_, tap) => {
    const begin = [Math.floor(tap / size[1]) * dilation[0], tap % size[1] * dilation[1], 0];
    const block = add({ op: "slice", begin }, [height!, width!, shape[2]!], padded);
    return add({ op: "maxPool", size: [1, 1], stride, ...UNPADDED }, shape, block);
  });
  return taps.length === 1 ? taps[0]! : add({ op: "join", by: "max" }, shape, ...taps);
};

/** What a window's largest is never. */
const LEAST = -3.4028234663852886e38;

/** The whole output of a kernel that has zeros at its end, cut to what is wanted of it. */
const convTranspose: Lowering<Op<"convTranspose">> = (given, shape, [x], add) => {
  const operation = withoutGaps(given);
  const { kernel, groups, padding, stride } = operation;
  const [height, width, own, channels] = kernel.shape as [number, number, number, number];
  const features = own * groups;
  const lengths = ([0, 1] as const).map((axis) => {
    const before = (x!.shape[axis]! - 1) * stride[axis];
    return Math.max(kernel.shape[axis]!, stride[axis], padding[axis] + shape[axis]! - before);
  }) as [number, number];
  const sizes = [...lengths, features, channels];
  const inGroup = channels / groups;
  const whole = derived(sizes, [kernel], ([numbers]) => {
    const result = new Float32Array(sizeOf(sizes));
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        for (let i = 0; i < own * channels; i++) {
          const [feature, channel] = [Math.floor(i / channels), i % channels];
          const place = Math.floor(channel / inGroup) * own + feature;
          const to = ((row * lengths[1] + column) * features + place) * channels + channel;
          result[to] = numbers![(row * width + column) * own * channels + i]!;
        }
      }
    }
    return result;
  });
  const full = lengths.map((length, axis) => (x!.shape[axis]! - 1) * stride[axis]! + length);
  const y = add(
    { ...operation, kernel: whole, groups: 1, padding: [0, 0] },
    [...full, features],
    x!,
  );
  if (`${y.shape}` === `${shape}`) return y;
  return add({ op: "slice", begin: [...padding, 0] }, shape, y);
};

/** Zeros around by themselves, and the filters of each group. */
const conv: Lowering<Op<"conv">> = ({ groups, kernel, bias, ...rest }, shape, [x], add) => {
  const { before, after } = rest;
  if ([...before, ...after].some((one) => one > 0)) {
    const weights = { groups, kernel, ...(bias ? { bias } : {}) };
    const padded = padImage(add, x!, before, after, 0);
    return add({ ...rest, ...weights, before: [0, 0], after: [0, 0] }, shape, padded);
  }
  if (groups === 1) return undefined;
  const [height, width, inputs, features] = kernel.shape as [number, number, number, number];
  const own = features / groups;
  const sizes = [height, width, inputs, own];
  const parts = Array.from({ length: groups }, (_, group) => {
    const part = derived(
      sizes,
      [kernel],
      ([all]) =>
        Float32Array.from(
          { length: sizeOf(sizes) },
          (_, i) => all![Math.floor(i / own) * features + group * own + i % own]!,
        ),
    );
    const added = bias &&
      derived([own], [bias], ([all]) => all!.slice(group * own, (group + 1) * own));
    const begin = [0, 0, group * inputs];
    const channels = add({ op: "slice", begin }, x!.shape.with(2, inputs), x!);
    const weights = { kernel: part, ...(added ? { bias: added } : {}) };
    return add({ ...rest, ...weights, groups: 1 }, shape.with(2, own), channels);
  });
  return add({ op: "concat", axis: 2 }, shape, ...parts);
};

/** An operation whose kernel has zeros in its gaps, as none may have both stride and gaps. */
export function withoutGaps<O extends Op<"conv"> | Op<"convTranspose">>(operation: O): O {
  const { kernel, dilation } = operation;
  if (dilation.every((one) => one === 1)) return operation;
  const [height, width, ...rest] = kernel.shape as [number, number, number, number];
  const size = [(height - 1) * dilation[0] + 1, (width - 1) * dilation[1] + 1] as const;
  const each = sizeOf(rest);
  const spread = derived([...size, ...rest], [kernel], ([own]) => {
    const numbers = new Float32Array(sizeOf(size) * each);
    for (let tap = 0; tap < height * width; tap++) {
      const place = Math.floor(tap / width) * dilation[0] * size[1] + tap % width * dilation[1];
      numbers.set(own!.subarray(tap * each, (tap + 1) * each), place * each);
    }
    return numbers;
  });
  const slide = operation.op === "conv" ? { size } : {};
  return { ...operation, ...slide, kernel: spread, dilation: [1, 1] };
}

/** By feature, as a convolution of each by itself. */
const constant: Lowering<Op<"constant">> = ({ by, value, isFirst }, shape, [x], add) => {
  const features = shape.at(-1)!;
  const isByFeature = sizeOf(value.shape) === features && value.shape.at(-1) === features;
  const factor = by === "mul" || by === "add" || by === "sub" && !isFirst;
  if (!isByFeature || !factor) return undefined;
  const sizes = [1, 1, 1, features];
  const ones = fixed(sizes, () => new Float32Array(features).fill(1));
  const sign = by === "sub" ? -1 : 1;
  const numbers = (own: Float32Array): Float32Array => own.map((one) => sign * one);
  const weights = by === "mul"
    ? { kernel: { ...value, shape: sizes } }
    : { kernel: ones, bias: derived([features], [value], ([own]) => numbers(own!)) };
  const image = shape.length === 3
    ? x!
    : add({ op: "reshape" }, [1, sizeOf(shape) / features, features], x!);
  const slide = { size: [1, 1], stride: [1, 1], ...UNPADDED } as const;
  const y = add({ op: "conv", ...slide, groups: features, ...weights }, image.shape, image);
  return shape.length === 3 ? y : add({ op: "reshape" }, shape, y);
};

/** Convolutions and pooling that are made of others. */
export const WINDOW_LOWERINGS: Lowerings = { meanPool, maxPool, convTranspose, conv, constant };
