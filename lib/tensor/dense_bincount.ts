// Counts of the numbers of each row, or whether there are any.
import { tf } from "./tf.ts";

type KernelFunction = tf.KernelConfig["kernelFunc"];

/**
 * The kernel function of `DenseBincount`, for any backend. tfjs counts a vector's numbers even if asked
 * whether there are any, and its WebGPU backend neither compiles that nor takes no numbers.
 *
 * @param stock tfjs's own kernel
 */
export function denseBincount(stock: KernelFunction): KernelFunction {
  return (call) => {
    const { x, weights } = call.inputs as Readonly<Record<string, tf.Tensor1D>>;
    const { dtype } = weights!;
    const { size, binaryOutput } = call.attrs as unknown as {
      readonly size: number;
      readonly binaryOutput?: boolean;
    };
    if (x!.shape.includes(0)) return tf.zeros([...x!.shape.slice(0, -1), size], dtype);
    if (!binaryOutput) return stock(call);
    return tf.tidy(() => {
      const counts = tf.denseBincount(x!, tf.zeros([0], dtype), size);
      return tf.cast(tf.minimum(counts, tf.scalar(1, dtype)), dtype);
    });
  };
}

const { kernelFunc } = tf.getKernel("DenseBincount", "cpu")!;
tf.unregisterKernel("DenseBincount", "cpu");
tf.registerKernel({
  kernelName: "DenseBincount",
  backendName: "cpu",
  kernelFunc: denseBincount(kernelFunc),
});
