// Cumulative sums and products along one axis, in either direction.
import { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import type { ProgramType } from "../dispatch.ts";
import { runProgram } from "./program.ts";

type KernelFunction = tf.KernelConfig["kernelFunc"];

type Direction = { readonly exclusive: boolean; readonly reverse: boolean };

/**
 * Makes the kernel function of `Cumsum` or `Cumprod`. tfjs's own runs in reverse by a program that
 * holds the axis's length but is kept for all lengths; so it is given a reversed tensor, forwards.
 * Whole numbers, which it takes through float32, are ours.
 *
 * @param operator what accumulates
 */
export function cumulative(
  operator: "+" | "*",
): (software: boolean, stock: KernelFunction) => KernelFunction {
  return (_software, stock) => (call) => {
    const backend = call.backend as GuardedBackend;
    const x = call.inputs.x!;
    const { axis, ...direction } = call.attrs as Direction & { axis: number };
    const [place] = tf.util.parseAxisParam(axis, x.shape);
    const lines = { ...x, shape: linesOf(x.shape, place!) };
    if (x.dtype !== "float32") {
      return { ...wholeTotals(backend, lines, operator, direction), shape: x.shape };
    }
    const attrs = { axis: 1, exclusive: direction.exclusive, reverse: false };
    const accumulate = (from: tf.TensorInfo): tf.TensorInfo =>
      stock({ ...call, inputs: { x: from }, attrs }) as tf.TensorInfo;
    if (!direction.reverse) return { ...accumulate(lines), shape: x.shape };
    const turned = turn(backend, lines);
    const totals = accumulate(turned);
    const answer = turn(backend, totals);
    for (const { dataId } of [turned, totals]) backend.disposeData(dataId);
    return { ...answer, shape: x.shape };
  };
}

/** The shape of rank 3 in which an axis is the middle one. */
export function linesOf(shape: readonly number[], axis: number): [number, number, number] {
  const size = (sizes: readonly number[]): number => tf.util.sizeFromShape([...sizes]);
  return [size(shape.slice(0, axis)), shape[axis]!, size(shape.slice(axis + 1))];
}

function turn(backend: GuardedBackend, x: tf.TensorInfo): tf.TensorInfo {
  const { kernelFunc } = tf.getKernel("Reverse", "webgpu")!;
  return kernelFunc({ inputs: { x }, attrs: { dims: [1] }, backend }) as tf.TensorInfo;
}

/** Totals of whole numbers along the middle axis, an invocation a line. */
function wholeTotals(
  backend: GuardedBackend,
  x: tf.TensorInfo,
  operator: "+" | "*",
  { exclusive, reverse }: Direction,
): tf.TensorInfo {
  const [outer, length, inner] = x.shape as [number, number, number];
  const total = `total ${operator}= x_at(at);`;
  return runProgram(backend, {
    operation: operator === "+" ? "Cumsum" : "Cumprod",
    variant: `whole/${exclusive}/${reverse}`,
    results: { y: x.shape },
    inputs: { x },
    types: { x: x.dtype as ProgramType, y: "int32" },
    uniforms: { lines: outer * inner, length, inner },
    code: `
fn main(index: u32, local: u32) {
  if (index >= uniforms.lines) { return; }
  let begin = index / uniforms.inner * uniforms.length * uniforms.inner + index % uniforms.inner;
  var total = ${operator === "+" ? 0 : 1};
  for (var i = 0u; i < uniforms.length; i++) {
    let at = begin + ${reverse ? "(uniforms.length - 1u - i)" : "i"} * uniforms.inner;
    ${exclusive ? "" : total}
    y_put(at, total);
    ${exclusive ? total : ""}
  }
}`,
    invocations: outer * inner,
    workgroup: 64,
  })[0]!;
}
