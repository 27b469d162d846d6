// Tensors of one number, of any size.
import type { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { runElementwise } from "./elementwise.ts";

type KernelFunction = tf.KernelConfig["kernelFunc"];

const bits = new Uint32Array(1);
const floats = new Float32Array(bits.buffer);

function fill(backend: GuardedBackend, shape: readonly number[], value: number): tf.TensorInfo {
  floats[0] = value;
  return runElementwise(backend, {
    operation: "Fill",
    variant: "number",
    results: ["y"],
    inputs: {},
    uniforms: { value: bits[0]! },
    text: "y = V(bitcast<f32>(uniforms.value));",
    shape,
  })[0]!;
}

/**
 * The kernel function of `Fill`; whole numbers and strings are left to tfjs.
 *
 * @param _software whether the adapter computes on the CPU
 * @param stock tfjs's own kernel
 */
export function filled(_software: boolean, stock: KernelFunction): KernelFunction {
  return (call) => {
    const { shape, value, dtype } = call.attrs as unknown as {
      readonly shape: number[];
      readonly value: number | string;
      readonly dtype?: tf.DataType;
    };
    const isFloat = typeof value === "number" && (dtype ?? "float32") === "float32";
    return isFloat ? fill(call.backend as GuardedBackend, shape, value) : stock(call);
  };
}

/**
 * Makes the kernel function of `ZerosLike` or `OnesLike`.
 *
 * @param value the number
 */
export function filledLike(
  value: number,
): (software: boolean, stock: KernelFunction) => KernelFunction {
  return (_software, stock) => (call) => {
    const { shape, dtype } = call.inputs.x!;
    return dtype === "float32" ? fill(call.backend as GuardedBackend, shape, value) : stock(call);
  };
}
