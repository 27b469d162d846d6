// Operators on constants, which are computed while a graph is read: most of them shapes.
import { sizeOf } from "../tensor/tensor.ts";
import type { GraphCall } from "./call.ts";
import { type Constant, constant, eachPlace, indexIn } from "./constant.ts";

type Fold = (call: GraphCall) => Constant;

/** The most numbers that are computed: shapes are few, weights are in the file. */
const MOST = 2 ** 20;

function requireSize(call: GraphCall, dims: readonly number[]): void {
  const fits = dims.every((length) => Number.isInteger(length) && length >= 0) &&
    sizeOf(dims) <= MOST;
  call.require(fits, `compute ${MOST} constant numbers at the most`, dims);
}

/** The shape of constants whose axes of size 1 are repeated. */
function broadcast(call: GraphCall, shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map((dims) => dims.length));
  return Array.from({ length: rank }, (_, axis) => {
    const sizes = shapes.map((dims) => dims[axis - rank + dims.length] ?? 1);
    const size = Math.max(...sizes);
    const fits = sizes.every((one) => one === 1 || one === size);
    call.require(fits, "have shapes that go together", shapes);
    return size;
  });
}

const elementwise = (f: (...numbers: number[]) => number): Fold => (call) => {
  const all = call.operands.map((_, i) => call.constant(i));
  const dims = broadcast(call, all.map((each) => each.dims));
  requireSize(call, dims);
  const isWhole = all.every((each) => each.isWhole);
  const parts = all.map((each) => [each.values(), each.dims] as const);
  const numbers = eachPlace(dims).map((place) => {
    const number = f(...parts.map(([values, own]) => values[indexIn(own, place)]!));
    return isWhole ? Math.trunc(number) : number;
  });
  return constant(dims, numbers, isWhole);
};

/** The sizes of a reshape, of which one may be −1, what is left. */
export function reshapedTo(
  call: GraphCall,
  from: readonly number[],
  wanted: readonly number[],
): number[] {
  const known = sizeOf(wanted.filter((size) => size !== -1));
  const dims = wanted.map((size) => size === -1 ? sizeOf(from) / known : size);
  const fits = sizeOf(dims) === sizeOf(from) && dims.every((size) => Number.isInteger(size));
  call.require(fits, `keep the numbers of [${from}]`, wanted);
  return dims;
}

/** The sizes without those of axes, or without all of 1. */
export function squeezed(call: GraphCall, dims: readonly number[]): number[] {
  const listed = call.list("squeeze_dims").length > 0
    ? call.list("squeeze_dims")
    : call.list("axis");
  const axes = listed.map((axis) => call.axis(axis, dims.length));
  call.require(axes.every((axis) => dims[axis] === 1), "squeeze axes of size 1", dims);
  return dims.filter((size, axis) => axes.length > 0 ? !axes.includes(axis) : size !== 1);
}

/** The sizes with one of 1 at an axis. */
export function expanded(call: GraphCall, dims: readonly number[]): number[] {
  const axis = call.axis(call.numbers(1)[0]!, dims.length + 1);
  return dims.toSpliced(axis, 0, 1);
}

/** A cut along an axis. */
export type Cut = { readonly begin: number; readonly count: number; readonly step: number };

/** What StridedSlice takes along each axis, and which axes it drops. */
export function cutsOf(
  call: GraphCall,
  dims: readonly number[],
): { readonly cuts: readonly Cut[]; readonly dropped: readonly number[] } {
  const [begin, end, step] = [1, 2, 3].map((i) => call.numbers(i)) as [
    number[],
    number[],
    number[],
  ];
  const masks = ["begin", "end", "shrink_axis", "ellipsis", "new_axis"].map((name) =>
    call.number(`${name}_mask`, 0)
  );
  const [beginMask, endMask, shrinkMask, ellipsis, newAxis] = masks as [
    number,
    number,
    number,
    number,
    number,
  ];
  call.require(newAxis === 0, "add no axes", "new_axis_mask");
  const isMasked = (mask: number, i: number): boolean => (mask >> i & 1) === 1;
  const at = begin.findIndex((_, i) => isMasked(ellipsis, i));
  // Which of the numbers count along an axis: those after an ellipsis are of the last axes.
  const numberOf = (axis: number): number | undefined => {
    if (at < 0) return axis < begin.length ? axis : undefined;
    if (axis < at) return axis;
    const i = begin.length - (dims.length - axis);
    return i > at ? i : undefined;
  };
  const dropped: number[] = [];
  const cuts = dims.map((length, axis): Cut => {
    const i = numberOf(axis);
    if (i === undefined) return { begin: 0, count: length, step: 1 };
    const place = (value: number): number => value < 0 ? value + length : value;
    if (isMasked(shrinkMask, i)) {
      const one = place(begin[i]!);
      call.require(one >= 0 && one < length, `take a place of ${length}`, begin[i]);
      dropped.push(axis);
      return { begin: one, count: 1, step: 1 };
    }
    call.require(step[i]! > 0, "go forward", step[i]);
    const clamp = (value: number): number => Math.min(Math.max(place(value), 0), length);
    const first = isMasked(beginMask, i) ? 0 : clamp(begin[i]!);
    const last = isMasked(endMask, i) ? length : clamp(end[i]!);
    return {
      begin: first,
      count: Math.max(0, Math.ceil((last - first) / step[i]!)),
      step: step[i]!,
    };
  });
  return { cuts, dropped };
}

const sliced: Fold = (call) => {
  const { dims, isWhole, values } = call.constant(0);
  const { cuts, dropped } = cutsOf(call, dims);
  const sizes = cuts.map(({ count }) => count);
  requireSize(call, sizes);
  const own = values();
  const numbers = eachPlace(sizes).map((place) =>
    own[indexIn(dims, place.map((at, axis) => cuts[axis]!.begin + at * cuts[axis]!.step))]!
  );
  return constant(sizes.filter((_, axis) => !dropped.includes(axis)), numbers, isWhole);
};

const gathered: Fold = (call) => {
  const [source, indices] = [call.constant(0), call.constant(1)];
  call.require(source.dims.length === 1, "gather of a list", [...source.dims]);
  const own = source.values();
  const numbers = Array.from(indices.values(), (index) => own[index]);
  call.require(numbers.every((one) => one !== undefined), "gather what there is", indices.values());
  return constant(indices.dims, numbers as number[], source.isWhole);
};

/** A constant under another shape, whose numbers are the same. */
const viewed = (shape: (call: GraphCall, dims: readonly number[]) => number[]): Fold => (call) => {
  const source = call.constant(0);
  return { ...source, dims: shape(call, source.dims) };
};

export const FOLDS: Readonly<Record<string, Fold>> = {
  Shape(call) {
    const [operand] = call.operands;
    if (!operand) throw call.error("have an input", "none");
    const dims = "value" in operand ? call.wholeOf(operand.value) : operand.constant.dims;
    return constant([dims.length], dims, true);
  },
  Identity: (call) => call.constant(0),
  Cast: (call) => call.constant(0),
  Reshape: viewed((call, dims) => reshapedTo(call, dims, call.numbers(1))),
  Squeeze: viewed(squeezed),
  ExpandDims: viewed(expanded),
  StridedSlice: sliced,
  GatherV2: gathered,
  Pack(call) {
    const all = call.operands.map((_, i) => call.constant(i));
    const isList = all.every(({ dims }) => sizeOf(dims) === 1) && call.number("axis", 0) === 0;
    call.require(isList, "pack single numbers", all.map(({ dims }) => [...dims]));
    const numbers = all.map(({ values }) => values()[0]!);
    return constant([all.length, ...all[0]?.dims ?? []], numbers, all.every((one) => one.isWhole));
  },
  ConcatV2(call) {
    const all = call.operands.slice(0, -1).map((_, i) => call.constant(i));
    call.require(all.every(({ dims }) => dims.length === 1), "join lists", all.map((o) => o.dims));
    const numbers = all.flatMap(({ values }) => Array.from(values()));
    return constant([numbers.length], numbers, all.every((one) => one.isWhole));
  },
  Prod(call) {
    const { dims, isWhole, values } = call.constant(0);
    call.require(dims.length === 1, "multiply a list", [...dims]);
    return constant([], [Array.from(values()).reduce((a, b) => a * b, 1)], isWhole);
  },
  Fill(call) {
    const dims = call.numbers(0);
    requireSize(call, dims);
    const { isWhole } = call.constant(1);
    return constant(dims, new Float32Array(sizeOf(dims)).fill(call.numbers(1)[0]!), isWhole);
  },
  Add: elementwise((a, b) => a! + b!),
  AddV2: elementwise((a, b) => a! + b!),
  Sub: elementwise((a, b) => a! - b!),
  Mul: elementwise((a, b) => a! * b!),
  RealDiv: elementwise((a, b) => a! / b!),
  FloorDiv: elementwise((a, b) => Math.floor(a! / b!)),
  Maximum: elementwise((a, b) => Math.max(a!, b!)),
  Minimum: elementwise((a, b) => Math.min(a!, b!)),
  Neg: elementwise((a) => -a!),
  Sqrt: elementwise((a) => Math.sqrt(a!)),
  Rsqrt: elementwise((a) => 1 / Math.sqrt(a!)),
  Square: elementwise((a) => a! * a!),
};
