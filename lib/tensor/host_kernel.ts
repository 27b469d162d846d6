// Kernels of neocog's own operations for tfjs's CPU backend, as functions of plain arrays.
import { tf } from "./tf.ts";

/** A tensor on the host. */
export type HostTensor = { readonly values: Float32Array; readonly shape: readonly number[] };

/** Computes an operation's results, one or several, from its inputs by name. */
export type HostKernel<A> = (
  inputs: Readonly<Record<string, HostTensor>>,
  attributes: A,
) => readonly HostTensor[];

/** Registers a kernel for the CPU backend. */
export function registerHostKernel<A>(kernelName: string, compute: HostKernel<A>): void {
  tf.registerKernel({
    kernelName,
    backendName: "cpu",
    kernelFunc: ({ inputs, attrs, backend }) => {
      const memory = backend as unknown as HostMemory;
      const held = Object.entries(inputs as Record<string, tf.TensorInfo>)
        .map((
          [name, { dataId, shape }],
        ) => [name, { values: floats(memory.readSync(dataId)), shape }]);
      const results = compute(Object.fromEntries(held), attrs as unknown as A)
        .map(({ values, shape }): tf.TensorInfo => {
          const dataId = memory.write(values, [...shape], "float32");
          return { dataId, shape: [...shape], dtype: "float32" };
        });
      return results.length === 1 ? results[0]! : results;
    },
  });
}

/** Numbers as floats: what was cast lies in an array of whole numbers still, and would keep none else. */
function floats(values: tf.TypedArray): Float32Array {
  return values instanceof Float32Array ? values : Float32Array.from(values);
}

/** The part of tfjs's CPU backend used here. */
type HostMemory = {
  readSync(dataId: object): tf.TypedArray;
  write(values: Float32Array, shape: number[], dtype: "float32"): object;
};
