// TensorFlow's operators that change sizes: reshapes, reductions, parts, padding.
import { padWith } from "../../imported/layers.ts";
import type { Placed } from "../../imported/placer.ts";
import { padBy } from "../../layers/pad_by.ts";
import { globalMeanPool } from "../../layers/pool.ts";
import { reduce, reshape, slice, transpose } from "../../layers/rearrange.ts";
import { flatten } from "../../layers/reshape.ts";
import { sizeOf } from "../../tensor/tensor.ts";
import type { GraphCall, Operator } from "../call.ts";
import { cutsOf, expanded, reshapedTo, squeezed } from "../fold.ts";

/** The value with other sizes, of which the first must still be the batch's. */
function toShape(call: GraphCall, x: Placed, dims: readonly number[]): Placed {
  const [batch, ...shape] = dims;
  const keeps = batch === call.batch && sizeOf(shape) === sizeOf(x.shape);
  call.require(keeps, `leave the batch's axis alone, ${call.batch}`, [...dims]);
  if (`${shape}` === `${x.shape}`) return x;
  return call.emit(shape.length === 1 ? flatten() : reshape(shape), x);
}

const viewed = (
  shape: (call: GraphCall, dims: readonly number[]) => number[],
): Operator =>
(call) => toShape(call, call.value(), shape(call, call.wholeOf(call.value())));

const reduced = (by: "mean" | "sum" | "max" | "min"): Operator => (call) => {
  const x = call.value();
  const axes = call.numbers(1).map((axis) => call.exampleAxis(axis, x.shape.length));
  const keep = call.flag("keep_dims") || call.flag("keepdims");
  const isImage = x.shape.length === 3 && axes.toSorted().join() === "0,1";
  return call.emit(
    isImage && by === "mean" && !keep ? globalMeanPool() : reduce({ axes, by, keep }),
    x,
  );
};

const permuted: Operator = (call) => {
  const x = call.value();
  const order = call.numbers(1);
  call.require(
    order[0] === 0 && order.length === x.shape.length + 1,
    "leave the batch first",
    order,
  );
  return call.emit(transpose(order.slice(1).map((axis) => axis - 1)), x);
};

/** A block of a value, as layers; the whole is the value itself. */
function block(
  call: GraphCall,
  x: Placed,
  begin: readonly number[],
  size: readonly number[],
): Placed {
  return `${size}` === `${x.shape}` ? x : call.emit(slice({ begin, size }), x);
}

const strided: Operator = (call) => {
  const x = call.value();
  const { cuts, dropped } = cutsOf(call, call.wholeOf(x));
  const [batch, ...own] = cuts;
  const isWhole = batch!.begin === 0 && batch!.count === call.batch && !dropped.includes(0);
  const fits = isWhole && own.every(({ step, count }) => step === 1 && count > 0);
  call.require(fits, "cut a block of each example", cuts);
  const y = block(call, x, own.map(({ begin }) => begin), own.map(({ count }) => count));
  const shape = y.shape.filter((_, axis) => !dropped.includes(axis + 1));
  return toShape(call, y, [call.batch, ...shape]);
};

const sliced: Operator = (call) => {
  const x = call.value();
  const [begin, size] = [call.numbers(1), call.numbers(2)];
  const isWhole = begin[0] === 0 && (size[0] === -1 || size[0] === call.batch);
  call.require(isWhole, "cut a block of each example", [begin, size]);
  const sizes = size.slice(1).map((one, axis) =>
    one === -1 ? x.shape[axis]! - begin[axis + 1]! : one
  );
  return block(call, x, begin.slice(1), sizes);
};

/** Parts along an axis, in order. */
function parts(call: GraphCall, x: Placed, axis: number, lengths: readonly number[]): Placed[] {
  const sum = lengths.reduce((total, length) => total + length, 0);
  const fits = sum === x.shape[axis] && lengths.every((one) => Number.isInteger(one) && one > 0);
  call.require(fits, `split ${x.shape[axis]}`, [...lengths]);
  let at = 0;
  return lengths.map((length) => {
    const begin = x.shape.map((_, i) => i === axis ? at : 0);
    at += length;
    return block(call, x, begin, x.shape.with(axis, length));
  });
}

const split: Operator = (call) => {
  const x = call.value(1);
  const axis = call.exampleAxis(call.numbers(0)[0]!, x.shape.length);
  const count = call.number("num_split", 1);
  return parts(call, x, axis, Array(count).fill(x.shape[axis]! / count));
};

const splitInto: Operator = (call) => {
  const x = call.value();
  return parts(call, x, call.exampleAxis(call.numbers(2)[0]!, x.shape.length), call.numbers(1));
};

const unpacked: Operator = (call) => {
  const x = call.value();
  const axis = call.exampleAxis(call.number("axis", 0), x.shape.length);
  return parts(call, x, axis, Array(x.shape[axis]!).fill(1)).map((part) =>
    toShape(call, part, [call.batch, ...part.shape.toSpliced(axis, 1)])
  );
};

const padded: Operator = (call) => {
  const x = call.value();
  const pads = call.numbers(1);
  const amounts = Array.from(
    { length: x.shape.length + 1 },
    (_, axis) => [pads[2 * axis]!, pads[2 * axis + 1]!] as const,
  );
  const fits = pads.length === 2 * amounts.length && `${amounts[0]}` === "0,0" &&
    pads.every((one) => Number.isInteger(one) && one >= 0);
  call.require(fits, "pad each example by numbers of at least 0", pads);
  const own = amounts.slice(1);
  const number = call.node.op === "PadV2" ? call.numbers(2)[0]! : 0;
  const isInside = own.length === 3 && `${own[2]}` === "0,0";
  const isMirror = call.node.op === "MirrorPad";
  const mode = isMirror ? call.text("mode", "REFLECT") : "zeros";
  call.require(!isMirror || isInside && mode === "REFLECT", "reflect height and width", mode);
  if (!isInside || number !== 0) return call.emit(padWith(own, number), x);
  const [[top, bottom], [left, right]] = own as unknown as [[number, number], [number, number]];
  const amount = { top, bottom, left, right };
  return call.emit(padBy({ amount, mode: isMirror ? "reflect" : "zeros" }), x);
};

export const SHAPES: Readonly<Record<string, Operator>> = {
  Reshape: viewed((call, dims) => reshapedTo(call, dims, call.numbers(1))),
  Squeeze: viewed(squeezed),
  ExpandDims: viewed(expanded),
  Transpose: permuted,
  Mean: reduced("mean"),
  Sum: reduced("sum"),
  Max: reduced("max"),
  Min: reduced("min"),
  StridedSlice: strided,
  Slice: sliced,
  Split: split,
  SplitV: splitInto,
  Unpack: unpacked,
  Pad: padded,
  PadV2: padded,
  MirrorPad: padded,
};
