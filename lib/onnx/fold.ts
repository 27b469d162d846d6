// Operators on constants, which are computed while a file is read.
import { permuted } from "../tensor/permuted.ts";
import { sizeOf } from "../tensor/tensor.ts";
import type { Call } from "./call.ts";
import { type Constant, constant, constantOf, filled, isWholeType } from "./constant.ts";

type Fold = (call: Call) => Constant;

/** The most numbers that are computed: shapes are few, weights are in the file. */
const MOST = 2 ** 22;

/** A constant whose numbers are computed, from as many as are in reason. */
function computed(
  call: Call,
  dims: readonly number[],
  isWhole: boolean,
  at: (i: number) => number,
): Constant {
  const size = requireSize(call, dims);
  const numbers = isWhole ? new Float64Array(size) : new Float32Array(size);
  for (let i = 0; i < size; i++) numbers[i] = at(i);
  return constant(dims, numbers, isWhole);
}

function requireSize(call: Call, dims: readonly number[]): number {
  const size = sizeOf(dims);
  const fits = dims.every((length) => Number.isInteger(length) && length >= 0) && size <= MOST;
  call.require(fits, `compute ${MOST} constant numbers at the most`, dims);
  return size;
}

function broadcast(call: Call, shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map((dims) => dims.length));
  return Array.from({ length: rank }, (_, axis) => {
    const sizes = shapes.map((dims) => dims[axis - rank + dims.length] ?? 1);
    const size = sizes.find((one) => one !== 1) ?? 1;
    call.require(
      sizes.every((one) => one === 1 || one === size),
      "have shapes that go together",
      sizes,
    );
    return size;
  });
}

/** The place in a constant that is broadcast to `dims` of that in the result. */
function places(from: readonly number[], dims: readonly number[]): (i: number) => number {
  const skipped = dims.length - from.length;
  return (i) => {
    let [place, step] = [0, 1];
    for (let axis = dims.length - 1; axis >= skipped; axis--) {
      const size = from[axis - skipped]!;
      if (size !== 1) place += (i % dims[axis]!) * step;
      step *= size;
      i = Math.floor(i / dims[axis]!);
    }
    return place;
  };
}

function elementwise(
  f: (...numbers: number[]) => number,
  kind: "float" | "whole" | "same" = "same",
): Fold {
  return (call) => {
    const all = call.operands.map((_, i) => call.constant(i));
    const dims = broadcast(call, all.map((each) => each.dims));
    const isWhole = kind === "whole" || kind === "same" && all.at(-1)!.isWhole;
    requireSize(call, dims);
    const parts = all.map((each) => [each.values(), places(each.dims, dims)] as const);
    const rounded = (x: number): number => isWhole ? Math.trunc(x) : x;
    return computed(
      call,
      dims,
      isWhole,
      (i) => rounded(f(...parts.map(([numbers, at]) => numbers[at(i)]!))),
    );
  };
}

function reshaped({ isWhole, fill, values }: Constant, dims: readonly number[]): Constant {
  return { dims, isWhole, values, ...(fill === undefined ? {} : { fill }) };
}

/** Blocks of a constant along an axis, chosen by their numbers. */
function taken(
  call: Call,
  source: Constant,
  axis: number,
  indices: readonly number[],
  shape: readonly number[],
): Constant {
  const { dims } = source;
  const length = dims[axis]!;
  const own = indices.map((index) => index < 0 ? index + length : index);
  const fits = own.every((index) => Number.isInteger(index) && index >= 0 && index < length);
  call.require(fits, `take what is among ${length}`, indices);
  const inner = sizeOf(dims.slice(axis + 1));
  const result = [...dims.slice(0, axis), ...shape, ...dims.slice(axis + 1)];
  const numbers = source.values();
  return computed(call, result, source.isWhole, (i) => {
    const [outer, k] = [Math.floor(i / inner / own.length), Math.floor(i / inner) % own.length];
    return numbers[(outer * length + own[k]!) * inner + i % inner]!;
  });
}

/** The sizes of a reshape: 0 is that of before, −1 what is left. */
export function reshapedTo(
  call: Call,
  from: readonly number[],
  wanted: readonly number[],
): number[] {
  const keep = call.number("allowzero", 0) === 0;
  const sizes = wanted.map((size, axis) => size === 0 && keep ? from[axis] ?? NaN : size);
  const known = sizeOf(sizes.filter((size) => size !== -1));
  const whole = sizes.map((size) => size === -1 ? sizeOf(from) / known : size);
  const fits = whole.every((size) => Number.isInteger(size) && size >= 0) &&
    sizeOf(whole) === sizeOf(from);
  call.require(fits, `have a shape for the numbers of [${from}]`, wanted);
  return whole;
}

/** Sizes without some that are 1. */
export function squeezed(call: Call, dims: readonly number[]): number[] {
  const listed = call.wholes("axes", 1)?.map((axis) => call.axis(axis, dims.length));
  const axes = listed ?? dims.flatMap((size, axis) => size === 1 ? [axis] : []);
  call.require(axes.every((axis) => dims[axis] === 1), "drop axes of size 1", dims);
  return dims.filter((_, axis) => !axes.includes(axis));
}

/** Sizes with some more that are 1. */
export function unsqueezed(call: Call, dims: readonly number[]): number[] {
  const listed = call.wholes("axes", 1) ?? [];
  const rank = dims.length + listed.length;
  const axes = listed.map((axis) => call.axis(axis, rank));
  call.require(new Set(axes).size === axes.length, "add axes that differ", listed);
  const rest = [...dims];
  return Array.from({ length: rank }, (_, axis) => axes.includes(axis) ? 1 : rest.shift()!);
}

/** What a slice takes along each axis that it cuts: the first place, and how many, by which step. */
export function slicesOf(
  call: Call,
  dims: readonly number[],
): { axis: number; begin: number; count: number; step: number }[] {
  const [starts, ends] = [call.wholes("starts", 1) ?? [], call.wholes("ends", 2) ?? []];
  const axes = call.wholes("axes", 3) ?? starts.map((_, i) => i);
  const steps = call.wholes("steps", 4) ?? starts.map(() => 1);
  return starts.map((start, i) => {
    const [axis, step] = [call.axis(axes[i]!, dims.length), steps[i]!];
    const length = dims[axis]!;
    call.require(Number.isInteger(step) && step !== 0, "have steps other than 0", steps);
    const [low, high] = step > 0 ? [0, length] : [-1, length - 1];
    const inside = (place: number): number =>
      Math.min(Math.max(place < 0 ? place + length : place, low), high);
    const begin = inside(start);
    return { axis, begin, step, count: Math.max(0, Math.ceil((inside(ends[i]!) - begin) / step)) };
  });
}

function concat(call: Call): Constant {
  const all = call.operands.map((_, i) => call.constant(i));
  const first = all[0]!.dims;
  const axis = call.axis(call.number("axis", 0), first.length);
  const dims = first.map((size, i) =>
    i === axis ? all.reduce((sum, each) => sum + (each.dims[axis] ?? 0), 0) : size
  );
  requireSize(call, dims);
  const outer = sizeOf(first.slice(0, axis));
  const parts = all.map((each) => [each.values(), sizeOf(each.dims) / outer] as const);
  const numbers = Array.from(
    { length: outer },
    (_, i) => parts.flatMap(([from, count]) => Array.from(from).slice(i * count, (i + 1) * count)),
  ).flat();
  call.require(numbers.length === sizeOf(dims), "have inputs that go together", dims);
  return computed(call, dims, all[0]!.isWhole, (i) => numbers[i]!);
}

function transposed(call: Call): Constant {
  const { dims, isWhole, values, fill } = call.constant(0);
  const order = call.list("perm") ?? dims.map((_, axis) => axis).reverse();
  const sizes = order.map((axis) => dims[axis]!);
  call.require(`${[...order].sort()}` === `${dims.map((_, axis) => axis)}`, "permute axes", order);
  if (fill !== undefined) return filled(sizes, fill, isWhole);
  // Weights may be large: their numbers are put in order when they are asked for.
  return {
    dims: sizes,
    isWhole,
    values: () =>
      permuted(values(), dims, order, isWhole ? new Float64Array(sizeOf(dims)) : undefined),
  };
}

function fromAttributes(call: Call): Constant {
  const tensor = call.tensor("value");
  if (tensor) return constantOf(tensor, call.file);
  for (const [name, isWhole] of [["float", false], ["int", true]] as const) {
    const one = call.attribute(`value_${name}`);
    if (typeof one === "number") return constant([], [one], isWhole);
    const list = call.list(`value_${name}s`);
    if (list) return constant([list.length], list, isWhole);
  }
  throw call.error("have a value of numbers", "none");
}

/** The operators on constants. */
export const FOLDS: Readonly<Record<string, Fold>> = {
  Constant: fromAttributes,
  ConstantOfShape(call) {
    const tensor = call.tensor("value");
    const value = tensor ? constantOf(tensor, call.file) : constant([1], [0], false);
    const dims = Array.from(call.constant(0).values());
    const isShape = dims.every((length) => Number.isInteger(length) && length >= 0);
    call.require(isShape && value.values().length === 1, "have a shape and one number", dims);
    return filled(dims, value.values()[0]!, value.isWhole);
  },
  Identity: (call) => call.constant(0),
  Cast(call) {
    const { dims, values, isWhole } = call.constant(0);
    const to = call.number("to", 0);
    const bool = to === 9;
    if (isWholeType(to) === isWhole && !bool) return call.constant(0);
    const numbers = values();
    return computed(
      call,
      dims,
      isWholeType(to),
      (i) =>
        bool ? Number(numbers[i] !== 0) : isWholeType(to) ? Math.trunc(numbers[i]!) : numbers[i]!,
    );
  },
  Shape(call) {
    const operand = call.operands[0];
    const dims = operand && "value" in operand
      ? operand.value.dims.toSpliced(operand.value.batchAt ?? 0, 0, call.batch)
      : call.constant(0).dims;
    const end = call.attribute("end") === undefined ? undefined : call.number("end", 0);
    const cut = dims.slice(call.number("start", 0), end);
    return constant([cut.length], [...cut], true);
  },
  Size: (call) => constant([], [sizeOf(call.constant(0).dims)], true),
  Reshape(call) {
    const source = call.constant(0);
    const wanted = call.wholes("shape", 1) ?? [];
    return reshaped(source, reshapedTo(call, source.dims, wanted));
  },
  Flatten(call) {
    const source = call.constant(0);
    const axis = call.axis(call.number("axis", 1), source.dims.length + 1);
    const outer = sizeOf(source.dims.slice(0, axis));
    return reshaped(source, [outer, sizeOf(source.dims) / outer]);
  },
  Squeeze: (call) => reshaped(call.constant(0), squeezed(call, call.constant(0).dims)),
  Unsqueeze: (call) => reshaped(call.constant(0), unsqueezed(call, call.constant(0).dims)),
  Transpose: transposed,
  Concat: concat,
  Gather(call) {
    const source = call.constant(0);
    const axis = call.axis(call.number("axis", 0), source.dims.length);
    const indices = call.constant(1);
    return taken(call, source, axis, Array.from(indices.values()), indices.dims);
  },
  Slice: (call) =>
    slicesOf(call, call.constant(0).dims).reduce((from, { axis, begin, count, step }) => {
      const indices = Array.from({ length: count }, (_, i) => begin + i * step);
      return taken(call, from, axis, indices, [count]);
    }, call.constant(0)),
  Expand(call) {
    const source = call.constant(0);
    const wanted = Array.from(call.constant(1).values());
    const dims = broadcast(call, [source.dims, wanted]);
    requireSize(call, dims);
    const [numbers, at] = [source.values(), places(source.dims, dims)];
    return computed(call, dims, source.isWhole, (i) => numbers[at(i)]!);
  },
  Range(call) {
    const [start, limit, step] = [0, 1, 2].map((i) => call.constant(i).values()[0]!);
    const count = Math.max(0, Math.ceil((limit! - start!) / step!));
    return computed(call, [count], call.constant(0).isWhole, (i) => start! + i * step!);
  },
  Add: elementwise((a, b) => a! + b!),
  Sub: elementwise((a, b) => a! - b!),
  Mul: elementwise((a, b) => a! * b!),
  Div: elementwise((a, b) => a! / b!),
  Pow: elementwise((a, b) => a! ** b!),
  Mod: (call) =>
    call.number("fmod", 0) === 0
      ? elementwise((a, b) => a! - b! * Math.floor(a! / b!))(call)
      : elementwise((a, b) => a! % b!)(call),
  Sqrt: elementwise((a) => Math.sqrt(a!)),
  Neg: elementwise((a) => -a!),
  Floor: elementwise((a) => Math.floor(a!)),
  Ceil: elementwise((a) => Math.ceil(a!)),
  Exp: elementwise((a) => Math.exp(a!)),
  Reciprocal: elementwise((a) => 1 / a!),
  Equal: elementwise((a, b) => Number(a === b), "whole"),
  Where: elementwise((test, a, b) => test! !== 0 ? a! : b!),
};
