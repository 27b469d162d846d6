// Operators that change sizes: reshapes, reductions, parts, padding.
import { padBy } from "../../layers/pad_by.ts";
import { globalMeanPool } from "../../layers/pool.ts";
import { reduce, slice } from "../../layers/rearrange.ts";
import { sizeOf } from "../../tensor/tensor.ts";
import { type Builder, lastAxes, plainAxes } from "../builder.ts";
import type { Call, Value } from "../call.ts";
import { reshapedTo, slicesOf, squeezed, unsqueezed } from "../fold.ts";
import { padWith } from "../../imported/layers.ts";
import { type Operator, wholeOf } from "./operator.ts";
import { onImage } from "./windows.ts";

/** The value with other sizes, of which the first must still be the batch's. */
function toShape(call: Call, build: Builder, dims: readonly number[]): Value {
  const [batch, ...rest] = dims;
  const keeps = batch === call.batch && sizeOf(rest) === sizeOf(call.value().dims);
  call.require(keeps, `leave the batch's axis alone, ${call.batch}`, [...dims]);
  return build.reshape(call.name, call.value(), rest);
}

const reshaped: Operator = (call, build) => {
  const wanted = call.wholes("shape", 1) ?? [];
  return toShape(call, build, reshapedTo(call, wholeOf(call, call.value()), wanted));
};

const flattened: Operator = (call, build) => {
  const whole = wholeOf(call, call.value());
  const axis = call.axis(call.number("axis", 1), whole.length + 1);
  const outer = sizeOf(whole.slice(0, axis));
  return toShape(call, build, [outer, sizeOf(whole) / outer]);
};

/** The place among a value's sizes of one of ONNX's axes, of which one is the batch's. */
const placeOf = (axis: number, batchAt: number): number => axis < batchAt ? axis : axis - 1;

/** A value whose batch is somewhere. */
const batchedAt = (value: Value, batchAt: number): Value =>
  batchAt === 0 ? value : { ...value, batchAt };

/** Another order of ONNX's axes, under which ours stay as they are. */
const transposed: Operator = (call, build) => {
  const value = build.settle(call.name, call.anyValue());
  const { dims, axes, batchAt = 0 } = value;
  const rank = dims.length + 1;
  const order = call.list("perm") ?? plainAxes(wholeOf(call, value)).reverse();
  const isOrder = `${[...order].sort((a, b) => a - b)}` === `${plainAxes(wholeOf(call, value))}`;
  call.require(isOrder, `permute ${rank} axes`, [...order]);
  const own = order.filter((axis) => axis !== batchAt).map((axis) => placeOf(axis, batchAt));
  return batchedAt({
    layer: value.layer,
    dims: own.map((axis) => dims[axis]!),
    axes: axes.map((axis) => own.indexOf(axis)),
  }, order.indexOf(batchAt));
};

/** Drops axes of size 1; what is before the batch may be among them. */
const squeezedOf: Operator = (call, build) => {
  const value = call.anyValue();
  const { batchAt = 0 } = value;
  const whole = wholeOf(call, value);
  const axes = call.wholes("axes", 1)?.map((axis) => call.axis(axis, whole.length));
  if (batchAt === 0) return toShape(call, build, squeezed(call, whole));
  call.require(axes !== undefined && !axes.includes(batchAt), "name the axes that it drops", "all");
  call.require(axes!.every((axis) => whole[axis] === 1), "drop axes of size 1", whole);
  const dims = value.dims.filter((_, i) => !axes!.some((axis) => placeOf(axis, batchAt) === i));
  return batchedAt(
    build.reshape(call.name, value, dims),
    batchAt - axes!.filter((axis) => axis < batchAt).length,
  );
};

type By = "mean" | "sum" | "max" | "min";

const reduced = (by: By): Operator => (call, build) => {
  const given = build.settle(call.name, call.value());
  const { dims } = given;
  const listed = call.wholes("axes", 1) ?? [];
  const isNone = listed.length === 0 && call.number("noop_with_empty_axes", 0) !== 0;
  call.require(listed.length > 0 || isNone, "name the axes that it reduces", "all");
  if (isNone) return given;
  const axes = listed.map((axis) => call.exampleAxis(axis, given.dims.length));
  const isKept = call.number("keepdims", 1) !== 0;
  const isImage = dims.length === 3 && [...axes].sort().join() === "1,2";
  const x = isImage ? build.image(call.name, given) : build.arrange(call.name, given, [
    ...given.axes,
    ...axes.filter((axis) => !given.axes.includes(axis)),
  ]);
  const ours = axes.map((axis) => x.axes.indexOf(axis));
  const left = plainAxes(dims).filter((axis) => !axes.includes(axis));
  const rest = x.axes.filter((axis) => !axes.includes(axis));
  const layer = isImage && by === "mean" ? globalMeanPool() : reduce({ axes: ours, by });
  return build.emit(call.name, layer, [x], {
    dims: isKept
      ? dims.map((size, axis) => axes.includes(axis) ? 1 : size)
      : left.map((axis) => dims[axis]!),
    axes: isKept ? rest : rest.map((axis) => left.indexOf(axis)),
  });
};

/** A block of a value: where it begins and how long it is along each of ONNX's axes. */
function block(
  call: Call,
  build: Builder,
  given: Value,
  begin: readonly number[],
  dims: readonly number[],
): Value {
  if (`${dims}` === `${given.dims}`) return given;
  const own = build.settle(call.name, given);
  const missing = plainAxes(dims).filter((axis) => !own.axes.includes(axis) && begin[axis] !== 0);
  const x = build.arrange(call.name, own, [...own.axes, ...missing]);
  const layer = slice({
    begin: x.axes.map((axis) => begin[axis]!),
    size: x.axes.map((axis) => dims[axis]!),
  });
  return build.emit(call.name, layer, [x], { dims, axes: x.axes });
}

const sliced: Operator = (call, build) => {
  const x = call.anyValue();
  const { batchAt = 0 } = x;
  const [begin, dims] = [x.dims.map(() => 0), [...x.dims]];
  for (const { axis, step, ...cut } of slicesOf(call, wholeOf(call, x))) {
    const isWhole = cut.begin === 0 && cut.count === call.batch && step === 1;
    if (axis === batchAt && isWhole) continue;
    call.require(axis !== batchAt && step === 1 && cut.count > 0, "cut a block of each example", [
      axis,
      cut.begin,
      cut.count,
      step,
    ]);
    begin[placeOf(axis, batchAt)] = cut.begin;
    dims[placeOf(axis, batchAt)] = cut.count;
  }
  return batchedAt(block(call, build, x, begin, dims), batchAt);
};

const split: Operator = (call, build) => {
  const x = call.value();
  const axis = call.exampleAxis(call.number("axis", 0), x.dims.length);
  const count = call.node.outputs.length;
  const each = Math.ceil(x.dims[axis]! / count);
  const lengths = call.wholes("split", 1) ??
    Array.from({ length: count }, (_, i) => Math.min(each, x.dims[axis]! - i * each));
  const fits = lengths.length === count && lengths.every((length) => length > 0) &&
    lengths.reduce((sum, length) => sum + length, 0) === x.dims[axis];
  call.require(fits, `split ${x.dims[axis]} into ${count}`, [...lengths]);
  let begin = 0;
  return lengths.map((length) => {
    const places = x.dims.map((_, i) => i === axis ? begin : 0);
    begin += length;
    return block(call, build, x, places, x.dims.with(axis, length));
  });
};

const gathered: Operator = (call, build) => {
  const x = call.value();
  const axis = call.exampleAxis(call.number("axis", 0), x.dims.length);
  const indices = call.constant(1);
  call.require(indices.dims.length === 0, "gather one place of each example", [...indices.dims]);
  const [place, length] = [indices.values()[0]!, x.dims[axis]!];
  call.require(place >= -length && place < length, `gather of ${length}`, place);
  const begin = x.dims.map((_, i) => i === axis ? (place + length) % length : 0);
  const one = block(call, build, x, begin, x.dims.with(axis, 1));
  return build.reshape(call.name, one, one.dims.toSpliced(axis, 1));
};

const padded: Operator = (call, build) => {
  const given = build.settle(call.name, call.value());
  const rank = given.dims.length + 1;
  const pads = call.wholes("pads", 1) ?? [];
  const axes = call.optional(3) ? call.wholes("axes", 3)! : plainAxes(wholeOf(call, given));
  const amounts = Array.from({ length: rank }, (): [number, number] => [0, 0]);
  axes.forEach((axis, i) => amounts[call.axis(axis, rank)] = [pads[i]!, pads[i + axes.length]!]);
  const fits = pads.length === 2 * axes.length &&
    amounts.flat().every((one) => Number.isInteger(one) && one >= 0) &&
    `${amounts[0]}` === "0,0";
  call.require(fits, "pad each example by pads of at least 0", [...pads]);
  const mode = call.text("mode", "constant");
  const number = call.scalar("value", 2) ?? 0;
  const [channels, down, across] = amounts.slice(1);
  const isInside = rank === 4 && `${channels}` === "0,0";
  if (mode === "constant" && (number !== 0 || !isInside)) {
    const x = build.arrange(
      call.name,
      given,
      given.dims.length === 3 ? lastAxes(given.dims) : plainAxes(given.dims),
    );
    const dims = x.dims.map((size, axis) => size + amounts[axis + 1]![0] + amounts[axis + 1]![1]);
    const layer = padWith(x.axes.map((axis) => amounts[axis + 1]!), number);
    return build.emit(call.name, layer, [x], { dims, axes: x.axes });
  }
  const modes = { constant: "zeros", reflect: "reflect", edge: "edge" } as const;
  const known = Object.hasOwn(modes, mode) && isInside;
  call.require(known, "pad height and width by constant, reflect or edge", mode);
  const [[top, bottom], [left, right]] = [down!, across!];
  const layer = padBy({ amount: { top, bottom, left, right }, mode: modes[mode as "edge"] });
  return onImage(call, build, layer, build.image(call.name, given));
};

export const SHAPES: Readonly<Record<string, Operator>> = {
  Reshape: reshaped,
  Flatten: flattened,
  Squeeze: squeezedOf,
  Unsqueeze: (call, build) => toShape(call, build, unsqueezed(call, wholeOf(call, call.value()))),
  Transpose: transposed,
  ReduceMean: reduced("mean"),
  ReduceSum: reduced("sum"),
  ReduceMax: reduced("max"),
  ReduceMin: reduced("min"),
  Slice: sliced,
  Split: split,
  Gather: gathered,
  Pad: padded,
};
