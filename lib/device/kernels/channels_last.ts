// Kernels for images whose channels come last, on data whose channels come first.
import { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import type { ConvolutionAttributes } from "./convolution.ts";

type KernelFunction = tf.KernelConfig["kernelFunc"];

/** Attributes that say how channels lie, and a gradient's input shape. */
type ImageAttributes = ConvolutionAttributes & { readonly inputShape?: readonly number[] };

/** From `[N, C, H, W]` to `[N, H, W, C]`, and back. */
const LAST = [0, 2, 3, 1];
const FIRST = [0, 3, 1, 2];

/**
 * A kernel function that takes data of either format: what has its channels first
 * is transposed, and so is an image that comes of it.
 *
 * @param kernel takes images whose channels come last
 * @param images names of the inputs that are images; all others are as they should be
 * @param resultIsImage whether the result is an image too
 */
export function channelsLast(
  kernel: KernelFunction,
  images: readonly string[],
  resultIsImage: boolean,
): KernelFunction {
  return (call) => {
    const attributes = call.attrs as unknown as ImageAttributes;
    if (attributes.dataFormat !== "NCHW") return kernel(call);
    const backend = call.backend as GuardedBackend;
    const turned = Object.fromEntries(
      images.map((name) => [name, transpose(backend, call.inputs[name]!, LAST)]),
    );
    const result = kernel({
      ...call,
      inputs: { ...call.inputs, ...turned },
      attrs: turnAttributes(attributes) as unknown as tf.NamedAttrMap,
    }) as tf.TensorInfo;
    for (const { dataId } of Object.values(turned)) backend.disposeData(dataId);
    if (!resultIsImage) return result;
    const first = transpose(backend, result, FIRST);
    backend.disposeData(result.dataId);
    return first;
  };
}

function turnAttributes(attributes: ImageAttributes): ImageAttributes {
  const { pad, inputShape } = attributes;
  const turn = <T>(list: readonly T[]): T[] => LAST.map((axis) => list[axis]!);
  return {
    ...attributes,
    dataFormat: "NHWC",
    ...(Array.isArray(pad) ? { pad: turn(pad) as tf.backend_util.ExplicitPadding } : {}),
    ...(inputShape ? { inputShape: turn(inputShape) } : {}),
  };
}

function transpose(backend: GuardedBackend, x: tf.TensorInfo, perm: number[]): tf.TensorInfo {
  const { kernelFunc } = tf.getKernel("Transpose", "webgpu")!;
  return kernelFunc({ inputs: { x }, attrs: { perm }, backend }) as tf.TensorInfo;
}
