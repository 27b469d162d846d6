// tf.image.transform on tfjs's CPU backend, which transforms the first image alone.
import { tf } from "./tf.ts";

/** The part of tfjs's CPU backend used here. */
type HostMemory = {
  readSync(dataId: object): Float32Array;
  makeTensorInfo(shape: number[], dtype: tf.DataType, values: Float32Array): tf.TensorInfo;
  disposeData(dataId: object): void;
};

const stock = tf.getKernel("Transform", "cpu")!;
tf.unregisterKernel("Transform", "cpu");
tf.registerKernel({
  ...stock,
  kernelFunc(call) {
    const { image, transforms } = call.inputs as {
      image: tf.TensorInfo;
      transforms: tf.TensorInfo;
    };
    const memory = call.backend as unknown as HostMemory;
    const [batch, ...shape] = image.shape as [number, ...number[]];
    const [pixels, rules] = [image, transforms].map(({ dataId }) => memory.readSync(dataId));
    const size = pixels!.length / batch;
    const results = Array.from({ length: batch }, (_, i) => {
      const at = transforms.shape[0] === 1 ? 0 : 8 * i;
      const inputs = {
        image: memory.makeTensorInfo(
          [1, ...shape],
          image.dtype,
          pixels!.slice(i * size, (i + 1) * size),
        ),
        transforms: memory.makeTensorInfo([1, 8], "float32", rules!.slice(at, at + 8)),
      };
      const one = stock.kernelFunc({ ...call, inputs }) as tf.TensorInfo;
      const values = memory.readSync(one.dataId);
      for (const { dataId } of [inputs.image, inputs.transforms, one]) memory.disposeData(dataId);
      return { values, shape: one.shape };
    });
    const [first] = results;
    if (!first) return stock.kernelFunc(call);
    const all = new Float32Array(batch * first.values.length);
    results.forEach(({ values }, i) => all.set(values, i * values.length));
    return memory.makeTensorInfo([batch, ...first.shape.slice(1)], image.dtype, all);
  },
});
