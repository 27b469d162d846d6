// Slices, padding and transpositions of float32; tfjs moves all else.
import { stridesOf } from "../../tensor/permuted.ts";
import { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { type Operand, runStrided, type Strided } from "./strided.ts";

type KernelFunction = tf.KernelConfig["kernelFunc"];
type KernelCall = Parameters<KernelFunction>[0];

/**
 * Makes a kernel function that is tfjs's where it cannot be ours: tfjs's finds the place of each
 * number by one division after another.
 *
 * @param everywhere whether ours is the better one on every adapter, also if nothing is held as float16
 */
function ours(
  everywhere: boolean,
  stock: KernelFunction,
  move: (backend: GuardedBackend, call: KernelCall) => tf.TensorInfo | tf.TensorInfo[],
): KernelFunction {
  return (call) => {
    const backend = call.backend as GuardedBackend;
    const inputs = Object.values(call.inputs) as tf.TensorInfo[];
    const fits = inputs.every(({ dtype, shape }) =>
      dtype === "float32" && !shape.includes(0) && shape.length > 0 &&
      4 * tf.util.sizeFromShape(shape) <= backend.bindingLimit
    );
    const isOurs = (everywhere || backend.halves) && fits && !backend.shouldExecuteOnCPU(inputs);
    return isOurs ? move(backend, call) : stock(call);
  };
}

/** Numbers moved: read where an operand says, around its spans zeros. */
function moved(
  backend: GuardedBackend,
  operation: string,
  x: Operand,
  more: Pick<Strided, "shape" | "spans">,
): tf.TensorInfo {
  const half = ["x", "y"];
  return runStrided(backend, { operation, operands: { x }, text: "y = x;", half, ...more });
}

/** A part of a tensor, from a place on, of a size. */
function cut(
  backend: GuardedBackend,
  x: tf.TensorInfo,
  begin: readonly number[],
  shape: readonly number[],
): tf.TensorInfo {
  const steps = stridesOf(x.shape);
  const offset = steps.reduce((sum, step, axis) => sum + step * begin[axis]!, 0);
  return moved(backend, "Slice", { info: x, offset, steps }, { shape });
}

/** The kernel function of `Slice`. */
export function slice(_software: boolean, stock: KernelFunction): KernelFunction {
  return ours(true, stock, (backend, { inputs, attrs }) => {
    const x = inputs.x!;
    const given = attrs as unknown as { readonly begin: number[]; readonly size: number[] };
    const [begin, size] = tf.slice_util.parseSliceParams(x as tf.Tensor, given.begin, given.size);
    tf.slice_util.assertParamsValid(x as tf.Tensor, begin!, size!);
    return size!.includes(0) ? stock({ inputs, attrs, backend }) : cut(backend, x, begin!, size!);
  });
}

/** The kernel function of `SplitV`. */
export function split(_software: boolean, stock: KernelFunction): KernelFunction {
  return ours(true, stock, (backend, { inputs, attrs }) => {
    const x = inputs.x!;
    const { numOrSizeSplits, axis: given } = attrs as unknown as {
      readonly numOrSizeSplits: number | number[];
      readonly axis: number;
    };
    const [axis] = tf.util.parseAxisParam(given, x.shape) as [number];
    const sizes = tf.backend_util.prepareSplitSize(x as tf.Tensor, numOrSizeSplits, axis);
    if (sizes.includes(0)) return stock({ inputs, attrs, backend });
    let at = 0;
    return sizes.map((size) => {
      const begin = x.shape.map((_, each) => each === axis ? at : 0);
      at += size;
      return cut(backend, x, begin, x.shape.with(axis, size));
    });
  });
}

/** The axes in another order. */
function permuted(
  backend: GuardedBackend,
  x: tf.TensorInfo,
  order: readonly number[],
): tf.TensorInfo {
  const own = stridesOf(x.shape);
  const steps = order.map((axis) => own[axis]!);
  const shape = order.map((axis) => x.shape[axis]!);
  return moved(backend, "Transpose", { info: x, offset: 0, steps }, { shape });
}

/** The kernel function of `Transpose`. On GPUs tfjs's turns tiles in workgroup memory. */
export function transpose(software: boolean, stock: KernelFunction): KernelFunction {
  return ours(software, stock, (backend, { inputs, attrs }) => {
    const { perm } = attrs as unknown as { readonly perm: readonly number[] };
    return permuted(backend, inputs.x!, perm);
  });
}

/** Matrices with rows and columns exchanged. */
export function transposed(backend: GuardedBackend, x: tf.TensorInfo): tf.TensorInfo {
  const axes = x.shape.map((_, axis) => axis);
  return permuted(backend, x, [...axes.slice(0, -2), axes.at(-1)!, axes.at(-2)!]);
}

/**
 * Whether a software adapter multiplies faster by `[depth, columns]` than by its transpose, a copy
 * included: rows that lie a multiple of 2 KiB apart, read side by side, drive each other out of the
 * caches, so that each number takes 10 to 25 ns more for each thousand rows; the copy takes 2.
 */
export function paysToTranspose(rows: number, columns: number, depth: number): boolean {
  return depth % 512 === 0 && columns % 4 === 0 && rows >= 256;
}

/** The kernel function of `PadV2` with zeros; what else is to be added is left to `stock`. */
export function padZeros(_software: boolean, stock: KernelFunction): KernelFunction {
  return ours(true, stock, (backend, { inputs, attrs }) => {
    const x = inputs.x!;
    const { paddings, constantValue } = attrs as unknown as {
      readonly paddings: readonly [number, number][];
      readonly constantValue: number;
    };
    const shape = x.shape.map((size, axis) => size + paddings[axis]![0] + paddings[axis]![1]);
    const size = tf.util.sizeFromShape(shape);
    if (constantValue !== 0 || size === 0 || 4 * size > backend.bindingLimit) {
      return stock({ inputs, attrs, backend });
    }
    const steps = stridesOf(x.shape);
    // Places before the tensor wrap around, beyond all others, and the sum of steps with them.
    const offset = steps.reduce((sum, step, axis) => sum - step * paddings[axis]![0], 0);
    const spans = x.shape.map((own, axis) => ({ before: paddings[axis]![0], own }));
    return moved(backend, "Pad", { info: x, offset: offset >>> 0, steps }, { shape, spans });
  });
}
