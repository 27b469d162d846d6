// Functions that tfjs's CPU backend computes as differences, which near zero are nothing.
import { tf } from "./tf.ts";

/** erf(x) = 2/√π Σ (−1)ⁿ x²ⁿ⁺¹ / (n! (2n + 1)), and beyond 2.5 one less its continued fraction. */
export function erf(x: number): number {
  const size = Math.abs(x);
  if (!(size < 6)) return size >= 6 ? Math.sign(x) : x;
  if (size < 2.5) {
    let [term, sum] = [size, size];
    for (let n = 1; Math.abs(term) > 1e-17 * sum; n++) {
      term *= -size * size / n;
      sum += term / (2 * n + 1);
    }
    return Math.sign(x) * sum * 2 / Math.sqrt(Math.PI);
  }
  let fraction = 0;
  for (let n = 60; n >= 1; n--) fraction = n / 2 / (size + fraction);
  return Math.sign(x) * (1 - Math.exp(-size * size) / Math.sqrt(Math.PI) / (size + fraction));
}

const FUNCTIONS: Readonly<Record<string, (x: number) => number>> = {
  Erf: erf,
  Elu: (x) => x < 0 ? Math.expm1(x) : x,
  Selu: (x) => x < 0 ? 1.7580993408473766 * Math.expm1(x) : 1.0507009873554805 * x,
};

for (const [kernelName, value] of Object.entries(FUNCTIONS)) {
  const stock = tf.getKernel(kernelName, "cpu")!;
  tf.unregisterKernel(kernelName, "cpu");
  tf.registerKernel({
    ...stock,
    kernelFunc(call) {
      const x = call.inputs.x!;
      if (x.dtype !== "float32") return stock.kernelFunc(call);
      const memory = call.backend as unknown as HostMemory;
      // What was cast may still lie in an array of whole numbers.
      const values = Float32Array.from(memory.readSync(x.dataId), value);
      return { dataId: memory.write(values, x.shape, x.dtype), shape: x.shape, dtype: x.dtype };
    },
  });
}

/** The part of tfjs's CPU backend used here. */
type HostMemory = {
  readSync(dataId: object): tf.TypedArray;
  write(values: tf.TypedArray, shape: number[], dtype: tf.DataType): object;
};
