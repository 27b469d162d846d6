// Changes of shape that a format lacks, by those that it has.
import { type Add, fixed, UNPADDED, type Value } from "../layers/operation.ts";
import { sourcesOf } from "../tensor/resample.ts";
import type { Shape } from "../tensor/tensor.ts";
import type { Lowering, Lowerings, Op } from "./lowering.ts";

/** An operation along the axes of an image that are not the last, where others have the features. */
function alongImage(
  x: Value,
  shape: Shape,
  isLast: boolean,
  add: Add,
  make: (x: Value, shape: Shape, order: readonly number[]) => Value,
): Value {
  if (x.shape.length < 3) {
    const ones = x.shape.length === 1 ? [1, 1] : [1];
    const image = add({ op: "reshape" }, [...x.shape, ...ones], x);
    return add({ op: "reshape" }, shape, make(image, [...shape, ...ones], [0, 1, 2]));
  }
  if (!isLast) return make(x, shape, [0, 1, 2]);
  const turn = (of: Value, order: readonly number[]): Value =>
    add({ op: "transpose", order }, order.map((axis) => of.shape[axis]!), of);
  const order = [2, 0, 1];
  return turn(make(turn(x, order), order.map((axis) => shape[axis]!), order), [1, 2, 0]);
}

/** Zeros beside features, which others have around images alone; or rows and columns one by one. */
const pad: Lowering<Op<"pad">> = (operation, shape, [x], add) => {
  const { before, after, mode } = operation;
  if (mode === "constant") {
    const rank = shape.length;
    const isLast = rank === 3 && before[2]! + after[2]! > 0;
    if (rank > 3 || rank === 3 && !isLast) return undefined;
    const isImage = isLast && before.slice(0, 2).some((one, axis) => one + after[axis]! > 0);
    const list = (of: readonly number[], order: readonly number[]): number[] =>
      order.map((axis) => of[axis] ?? 0);
    if (!isImage) {
      return alongImage(
        x!,
        shape,
        isLast,
        add,
        (image, own, order) =>
          add({ ...operation, before: list(before, order), after: list(after, order) }, own, image),
      );
    }
    const inner = [shape[0]!, shape[1]!, x!.shape[2]!];
    const first = { before: before.with(2, 0), after: after.with(2, 0) };
    const last = { before: [0, 0, before[2]!], after: [0, 0, after[2]!] };
    return add({ ...operation, ...last }, shape, add({ ...operation, ...first }, inner, x!));
  }
  let y = x!;
  for (const axis of before.keys()) {
    const length = y.shape[axis]!;
    const at = (place: number): Value =>
      add(
        { op: "slice", begin: y.shape.map((_, i) => i === axis ? place : 0) },
        y.shape.with(axis, 1),
        y,
      );
    const isEdge = mode === "edge";
    const first = Array.from(
      { length: before[axis]! },
      (_, i) => at(isEdge ? 0 : before[axis]! - i),
    );
    const last = Array.from(
      { length: after[axis]! },
      (_, i) => at(isEdge ? length - 1 : length - 2 - i),
    );
    const size = length + first.length + last.length;
    if (size > length) {
      y = add({ op: "concat", axis }, y.shape.with(axis, size), ...first, y, ...last);
    }
  }
  return y;
};

/** Of features, as of rows; of images and features, one after the other. */
const slice: Lowering<Op<"slice">> = ({ begin }, shape, [x], add) => {
  if (shape.length > 3) return undefined;
  const isLast = shape.length === 3 && shape[2] !== x!.shape[2];
  if (shape.length === 3 && !isLast) return undefined;
  const inner = [shape[0]!, shape[1]!, x!.shape[2]!];
  const isBoth = isLast && `${inner}` !== `${x!.shape}`;
  const own = isBoth ? add({ op: "slice", begin: begin.with(2, 0) }, inner, x!) : x!;
  const rest = isBoth ? [0, 0, begin[2]!] : begin;
  return alongImage(
    own,
    shape,
    isLast,
    add,
    (image, size, order) =>
      add({ op: "slice", begin: order.map((axis) => rest[axis] ?? 0) }, size, image),
  );
};

/** Means of whole maps, which stay images. */
const reduce: Lowering<Op<"reduce">> = ({ by, axes, keep }, shape, [x], add) => {
  if (by === "sum") {
    const number = axes.reduce((product, axis) => product * x!.shape[axis]!, 1);
    const means = add({ op: "reduce", by: "mean", axes, keep }, shape, x!);
    return add({ op: "number", by: "mul", number, isFirst: false }, shape, means);
  }
  if (!keep) return undefined;
  const small = x!.shape.filter((_, axis) => !axes.includes(axis));
  return add({ op: "reshape" }, shape, add({ op: "reduce", by, axes, keep: false }, small, x!));
};

const pixelShuffle: Lowering<Op<"pixelShuffle">> = ({ factor }, shape, [x], add) => {
  const [height, width] = x!.shape as [number, number];
  const parts = [height, width, shape[2]!, factor, factor];
  const order = [0, 3, 1, 4, 2];
  const split = add({ op: "reshape" }, parts, x!);
  const turned = add({ op: "transpose", order }, order.map((axis) => parts[axis]!), split);
  return add({ op: "reshape" }, shape, turned);
};

/** Pixels of another size as sums of an axis's pixels: a convolution whose channels those are. */
const resample: Lowering<Op<"resample">> = (resampling, shape, [x], add) => {
  let y = x!;
  for (const axis of [0, 1] as const) {
    const [length, count] = [y.shape[axis]!, shape[axis]!];
    if (length === count) continue;
    const order = axis === 0 ? [2, 1, 0] : [0, 2, 1];
    const turn = (of: Value): Value =>
      add({ op: "transpose", order }, order.map((one) => of.shape[one]!), of);
    const kernel = fixed([1, 1, length, count], () => {
      const numbers = new Float32Array(length * count);
      for (let i = 0; i < count; i++) {
        for (const [pixel, share] of sourcesOf(i, length, count, resampling)) {
          numbers[pixel * count + i]! += share;
        }
      }
      return numbers;
    });
    const turned = turn(y);
    const slide = { size: [1, 1], stride: [1, 1], ...UNPADDED } as const;
    y = turn(add({ op: "conv", ...slide, groups: 1, kernel }, turned.shape.with(2, count), turned));
  }
  return y;
};

/** Changes of shape that are made of others. */
export const SHAPE_LOWERINGS: Lowerings = { pad, slice, reduce, pixelShuffle, resample };
