// The largest numbers of rows, with NaN as the largest of all.
import { tf } from "./tf.ts";

type KernelFunction = tf.KernelConfig["kernelFunc"];

/** The largest finite number: differences of infinities are none, by which tfjs would sort. */
const MOST = 3.4028234663852886e38;

/**
 * The kernel function of `TopK`, for any backend: NaN counts as the largest, as in PyTorch, so that it
 * is seen. In tfjs its rank depends on its place, and on WebGPU numbers beside it are lost.
 *
 * @param stock tfjs's own kernel
 */
export function topK(stock: KernelFunction): KernelFunction {
  return (call) => {
    const x = call.inputs.x as tf.Tensor;
    const { k } = call.attrs as unknown as { readonly k: number };
    const batch = x.shape.slice(0, -1);
    if (k === 0 || batch.includes(0)) {
      return [tf.zeros([...batch, k], x.dtype), tf.zeros([...batch, k], "int32")];
    }
    return tf.tidy(() => {
      // A tensor of its own, as tfjs's kernel may return what it was given.
      const ranked = x.dtype === "float32"
        ? tf.clipByValue(tf.where(tf.isNaN(x), MOST, x), -MOST, MOST)
        : tf.clone(x);
      const [found, places] = stock({ ...call, inputs: { x: ranked } }) as tf.TensorInfo[];
      if (found!.dataId !== ranked.dataId) {
        (call.backend as unknown as { disposeData(dataId: object): void }).disposeData(
          found!.dataId,
        );
      }
      const indices = tf.engine().makeTensorFromTensorInfo(places!);
      return [tf.gather(x, indices, batch.length, batch.length), indices];
    });
  };
}

const { kernelFunc } = tf.getKernel("TopK", "cpu")!;
tf.unregisterKernel("TopK", "cpu");
tf.registerKernel({ kernelName: "TopK", backendName: "cpu", kernelFunc: topK(kernelFunc) });
