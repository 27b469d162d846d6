// Answers for tensors without numbers, which tfjs's programs cannot bind.
import { tf } from "../../tensor/tf.ts";

type KernelFunction = tf.KernelConfig["kernelFunc"];
type MakeKernel = (software: boolean, stock: KernelFunction) => KernelFunction;

/** tfjs's own kernel, unless an input has no numbers. */
function unlessNone(
  input: string,
  answer: (inputs: Readonly<Record<string, tf.Tensor>>, attrs: unknown) => tf.Tensor,
): MakeKernel {
  return (_software, stock) => (call) =>
    call.inputs[input]!.shape.includes(0)
      ? answer(call.inputs as Record<string, tf.Tensor>, call.attrs)
      : stock(call);
}

/** Makes the kernel function of `Softmax`. */
export const softmax: MakeKernel = unlessNone("logits", ({ logits }) => tf.clone(logits!));

/** Makes the kernel function of `ScatterNd`. */
export const scatterNd: MakeKernel = unlessNone(
  "updates",
  ({ updates }, attrs) => tf.zeros((attrs as { shape: number[] }).shape, updates!.dtype),
);

/** Makes the kernel function of `TensorScatterUpdate`. */
export const tensorScatterUpdate: MakeKernel = unlessNone(
  "updates",
  ({ tensor }) => tf.clone(tensor!),
);

/**
 * The kernel function of `Bincount`, whose input tfjs takes for a vector.
 *
 * @param _software whether the adapter computes on the CPU
 * @param stock tfjs's own kernel
 */
export function bincount(_software: boolean, stock: KernelFunction): KernelFunction {
  const flat = (info: tf.TensorInfo): tf.TensorInfo => ({
    ...info,
    shape: [tf.util.sizeFromShape(info.shape)],
  });
  return (call) => {
    const { x, weights } = call.inputs;
    const { size } = call.attrs as unknown as { readonly size: number };
    if (x!.shape.includes(0)) return tf.zeros([size], weights!.dtype);
    return stock({ ...call, inputs: { x: flat(x!), weights: flat(weights!) } });
  };
}

/** The kernel function of `Unique`, which WebGPU cannot have. */
export function unique(): KernelFunction {
  return () => {
    throw new RangeError(
      "Cannot run Unique: on a GPU a result's shape must not depend on the numbers, got as many as differ. Read them: new Set(await x.data())",
    );
  };
}
