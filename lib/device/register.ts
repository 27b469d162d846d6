// The one list of neocog's kernels and gradients, put in the place of tfjs's own.
import { tf } from "../tensor/tf.ts";
import { conv2d, conv2dGradient } from "./kernels/conv2d.ts";
import { conv2dFilterGradient } from "./kernels/conv2d_filter_gradient.ts";
import { conv2dInputGradient } from "./kernels/conv2d_input_gradient.ts";
import { matMul } from "./kernels/mat_mul.ts";

/** tfjs's own kernels, kept before ours replace them. */
const stock = new Map<string, tf.KernelConfig["kernelFunc"]>();

/**
 * Registers neocog's kernels for tfjs's backend `webgpu`, in the form that suits
 * the adapter, and neocog's gradients. May be called again for another adapter.
 *
 * @param software whether the adapter computes on the CPU
 */
export function registerKernels(software: boolean): void {
  replaceKernel("Conv2D", () => conv2d(software));
  replaceKernel("Conv2DBackpropInput", () => conv2dInputGradient(software));
  replaceKernel("Conv2DBackpropFilter", () => conv2dFilterGradient(software));
  replaceKernel("BatchMatMul", (own) => matMul(software, own));
  if (tf.getGradient(conv2dGradient.kernelName) !== conv2dGradient) {
    tf.unregisterGradient(conv2dGradient.kernelName);
    tf.registerGradient(conv2dGradient);
  }
}

/** Puts a kernel in the place of tfjs's own, which it is given. */
function replaceKernel(
  kernelName: string,
  make: (stock: tf.KernelConfig["kernelFunc"]) => tf.KernelConfig["kernelFunc"],
): void {
  const held = stock.get(kernelName) ?? tf.getKernel(kernelName, "webgpu").kernelFunc;
  stock.set(kernelName, held);
  tf.unregisterKernel(kernelName, "webgpu");
  tf.registerKernel({ kernelName, backendName: "webgpu", kernelFunc: make(held) });
}
