// Sums over all axes but the last, as the gradient of a bias is: y[n] = Σₘ x[m, n].
import { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { fitsTexture } from "../textures.ts";
import { sumPieces } from "./product.ts";
import { runProgram } from "./program.ts";

/** Elements under which tfjs's own way is as good. */
const LEAST_SIZE = 4096;

/** Partial sums wanted, so that no core idles and no sum is long. */
const SUMS_WANTED = 4096;

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

function columnSums(
  backend: GuardedBackend,
  software: boolean,
  x: tf.TensorInfo,
  columns: number,
): tf.TensorInfo {
  const size = tf.util.sizeFromShape(x.shape);
  const rows = size / columns;
  const quads = software && columns % 4 === 0 && fitsTexture(size, backend.device.limits);
  const width = quads ? 4 : 1;
  const strips = columns / width;
  const pieceRows = Math.ceil(rows / Math.min(rows, Math.ceil(SUMS_WANTED / strips)));
  const pieces = Math.ceil(rows / pieceRows);
  const partial = runProgram(backend, {
    operation: "Sum",
    variant: quads ? "columns/quads" : "columns",
    inputs: { x },
    quads: quads ? ["x"] : [],
    uniforms: { rows, strips, pieceRows, invocations: pieces * strips },
    code: `
fn main(index: u32, local: u32) {
  if (index >= uniforms.invocations) { return; }
  let strip = index % uniforms.strips;
  let begin = (index / uniforms.strips) * uniforms.pieceRows;
  let end = min(begin + uniforms.pieceRows, uniforms.rows);
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
    invocations: pieces * strips,
    workgroup: 64,
    shape: [pieces, columns],
  });
  return sumPieces(backend, "Sum", partial, [columns]);
}
