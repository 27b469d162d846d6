// Runs one of our own WGSL programs on the guarded backend.
import { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import type { WebGPUProgram } from "../webgpu_backend.ts";

/** A program over flat buffers. */
export type Program = {
  /** The operation's name, for errors and profiles. */
  readonly operation: string;
  /** What tells this program's text from others of the same operation. */
  readonly variant: string;
  /** The WGSL names of the inputs, bound in this order as read-only storage. */
  readonly inputs: Readonly<Record<string, tf.TensorInfo>>;
  /** Numbers in the WGSL struct `uniforms`, each a `u32`. */
  readonly uniforms: Readonly<Record<string, number>>;
  /** WGSL with `fn main(index: i32)`; it writes to the array `result`. */
  readonly code: string;
  /** Invocations wanted; more may run, so `main` has to check `index`. */
  readonly invocations: number;
  /** Invocations of a workgroup. */
  readonly workgroup: number;
  /** The result's shape. */
  readonly shape: readonly number[];
};

/**
 * Records a program, all of whose tensors are float32.
 *
 * The buffers are bound as vectors: tfjs makes helper code for each rank and
 * broadcast of its inputs, and would compile the same program anew for each.
 *
 * @param backend where to run
 * @param program what to run
 * @returns the result, of `program.shape`
 */
export function runProgram(backend: GuardedBackend, program: Program): tf.TensorInfo {
  const { operation, variant, uniforms, code, invocations, workgroup, shape } = program;
  const size = tf.util.sizeFromShape([...shape]);
  const webgpuProgram: WebGPUProgram & { readonly operation: string } = {
    operation,
    shaderKey: `neocog/${operation}/${variant}`,
    variableNames: Object.keys(program.inputs),
    uniforms: Object.keys(uniforms).map((name) => `${name} : u32,`).join(" "),
    outputShape: [size],
    dispatchLayout: { x: [0] },
    dispatch: [Math.ceil(invocations / workgroup), 1, 1],
    workgroupSize: [workgroup, 1, 1],
    getUserCode: (): string => code,
  };
  const inputs = Object.values(program.inputs).map(({ dataId, dtype, shape }) => ({
    dataId,
    dtype,
    shape: [tf.util.sizeFromShape(shape)],
  }));
  const values = Object.values(uniforms).map((value) => ({ type: "uint32", data: [value] }));
  const result = backend.runWebGPUProgram(webgpuProgram, inputs, "float32", values);
  return { ...result, shape: [...shape] };
}
