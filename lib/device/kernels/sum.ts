// Sums over all axes but the last, as the gradient of a bias is: y[n] = Σₘ x[m, n].
import { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { fitsTexture } from "../textures.ts";
import { runProgram } from "./program.ts";

/** Elements under which tfjs's own way is as good. */
const LEAST_SIZE = 4096;

/** Numbers that are added one after another: sums of sums keep the rounding error down. */
const CHAIN = 64;

/**
 * The kernel function of `Sum` for an adapter. Sums over other axes are left to
 * tfjs, which transposes and reduces.
 *
 * @param software whether the adapter computes on the CPU
 * @param stock tfjs's own kernel
 */
export function sum(
  software: boolean,
  stock: tf.KernelConfig["kernelFunc"],
): tf.KernelConfig["kernelFunc"] {
  return (call) => {
    const x = call.inputs.x!;
    const { axis, keepDims } = call.attrs as { axis: number | number[]; keepDims: boolean };
    const axes = tf.util.parseAxisParam(axis, x.shape);
    const rank = x.shape.length;
    const leading = rank > 1 && axes.length === rank - 1 && !axes.includes(rank - 1);
    const size = tf.util.sizeFromShape(x.shape);
    if (!leading || x.dtype !== "float32" || size < LEAST_SIZE) return stock(call);
    const columns = x.shape.at(-1)!;
    const total = columnSums(call.backend as GuardedBackend, software, x, columns);
    return keepDims ? { ...total, shape: [...axes.map(() => 1), columns] } : total;
  };
}

/** Adds chains of rows, then chains of their sums, until one row is left: `[columns]`. */
function columnSums(
  backend: GuardedBackend,
  software: boolean,
  x: tf.TensorInfo,
  columns: number,
): tf.TensorInfo {
  let sums = x;
  let rows = tf.util.sizeFromShape(x.shape) / columns;
  do {
    const longer = sums;
    sums = chainSums(backend, software, longer, rows, columns);
    if (longer !== x) backend.disposeData(longer.dataId);
    rows = Math.ceil(rows / CHAIN);
  } while (rows > 1);
  return { ...sums, shape: [columns] };
}

function chainSums(
  backend: GuardedBackend,
  software: boolean,
  x: tf.TensorInfo,
  rows: number,
  columns: number,
): tf.TensorInfo {
  const quads = software && columns % 4 === 0 && fitsTexture(rows * columns, backend.device.limits);
  const strips = columns / (quads ? 4 : 1);
  const chains = Math.ceil(rows / CHAIN);
  return runProgram(backend, {
    operation: "Sum",
    variant: quads ? "columns/quads" : "columns",
    results: { result: [chains, columns] },
    inputs: { x },
    quads: quads ? ["x"] : [],
    uniforms: { rows, strips, invocations: chains * strips },
    code: `
fn main(index: u32, local: u32) {
  if (index >= uniforms.invocations) { return; }
  let strip = index % uniforms.strips;
  let begin = (index / uniforms.strips) * ${CHAIN}u;
  let end = min(begin + ${CHAIN}u, uniforms.rows);
  var sum = ${quads ? "vec4<f32>()" : "0.0"};
  for (var m = begin; m < end; m++) {
    sum += ${quads ? "x_quad(m * uniforms.strips + strip)" : "x[m * uniforms.strips + strip]"};
  }
  ${
      quads
        ? "for (var j = 0u; j < 4u; j++) { result[index * 4u + j] = sum[j]; }"
        : "result[index] = sum;"
    }
}`,
    invocations: chains * strips,
    workgroup: 64,
  })[0]!;
}
