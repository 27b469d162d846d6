// eˣ − 1 with all its digits: tfjs computes the difference itself, which has few left near zero.
import type { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { runElementwise } from "./elementwise.ts";

type KernelFunction = tf.KernelConfig["kernelFunc"];

/** Taylor's series up to x¹⁰ / 10! where |x| is at most 1 / 2: the rest is below 2⁻²⁷ of the value. */
const TEXT = `
  var sum = V(1.0);
  for (var n = 10.0; n > 1.0; n -= 1.0) { sum = V(1.0) + x / n * sum; }
  y = select(exp(x) - V(1.0), x * sum, abs(x) <= V(0.5));`;

/**
 * The kernel function of `Expm1`, the same for any adapter.
 *
 * @param _software whether the adapter computes on the CPU
 * @param stock tfjs's own kernel, for whole numbers and for what it computes on the host
 */
export function expm1(_software: boolean, stock: KernelFunction): KernelFunction {
  return (call) => {
    const x = call.inputs.x!;
    const backend = call.backend as GuardedBackend;
    if (x.dtype !== "float32" || backend.shouldExecuteOnCPU([x])) return stock(call);
    return runElementwise(backend, {
      operation: "Expm1",
      variant: "series",
      results: ["y"],
      inputs: { x },
      text: TEXT,
      shape: x.shape,
    })[0]!;
  };
}
