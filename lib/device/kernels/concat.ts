// Concatenation: tensors beside each other, by fours where their rows allow.
import { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { runProgram } from "./program.ts";
import { QUOTIENT } from "./quotient.ts";

/**
 * The kernel function of `Concat` of floats, the same for any adapter. Under jit, those that make the
 * tensors write them to their places if they can, and nothing is left to do.
 *
 * @param _software whether the adapter computes on the CPU: it is the same program
 * @param stock tfjs's own kernel, for what is on the host, whole numbers, empty or too much for one dispatch
 */
export function concat(
  _software: boolean,
  stock: tf.KernelConfig["kernelFunc"],
): tf.KernelConfig["kernelFunc"] {
  return (call) => {
    const backend = call.backend as GuardedBackend;
    const given = Object.values(call.inputs) as tf.TensorInfo[];
    const parts = given.filter(({ shape }) => !shape.includes(0));
    const { axis: along } = call.attrs as unknown as { readonly axis: number };
    const isOurs = parts.length > 1 && parts.every(({ dtype }) => dtype === "float32") &&
      parts.length + 2 <= backend.device.limits.maxStorageBuffersPerShaderStage &&
      !backend.shouldExecuteOnCPU(parts);
    if (!isOurs) return stock(call);
    const [axis] = tf.util.parseAxisParam(along, given[0]!.shape) as [number];
    tf.backend_util.assertParamsConsistent(given.map(({ shape }) => shape), axis);
    const shape = tf.backend_util.computeOutShape(parts.map((part) => part.shape), axis);
    const size = tf.util.sizeFromShape(shape);
    if (4 * size > backend.bindingLimit) return stock(call);
    const lengths = parts.map((part) => tf.util.sizeFromShape(part.shape.slice(axis)));
    const row = tf.util.sizeFromShape(shape.slice(axis));
    const width = lengths.every((length) => length % 4 === 0) ? 4 : 1;
    const names = parts.map((_, i) => `x${i}`);
    let at = 0;
    return runProgram(backend, {
      operation: "Concat",
      variant: width === 4 ? "vectors" : "numbers",
      results: { y: shape },
      inputs: Object.fromEntries(parts.map((part, i) => [names[i]!, part])),
      vectors: width === 4 ? ["y", ...names] : [],
      half: { names: ["y", ...names] },
      uniforms: {
        count: size / width,
        row: row / width,
        ...Object.fromEntries(lengths.map((length, i) => [`length${i}`, length / width])),
      },
      code: `${QUOTIENT}
fn main(index: u32, local: u32) {
  if (index >= uniforms.count) { return; }
  let row = quotient(index, uniforms.row);
  var at = index - row * uniforms.row;
  ${
        names.map((name, i) => `
  if (at < uniforms.length${i}) {
    y_put(index, ${name}_${width === 4 ? "quad" : "at"}(row * uniforms.length${i} + at));
    return;
  }
  at -= uniforms.length${i};`).join("")
      }
}`,
      leads: true,
      parts: lengths.map((length) => ({ row, length, at: (at += length) - length })),
      invocations: size / width,
      workgroup: 64,
    })[0]!;
  };
}
