// What tfjs's kernels along axes get wrong: axes of no numbers, and axes counted from the end.
import { tf } from "./tf.ts";

type KernelFunction = tf.KernelConfig["kernelFunc"];
type KernelCall = Parameters<KernelFunction>[0];

/** What no numbers come to, by tfjs's names; `undefined` if they come to nothing. */
const OF_NONE: Readonly<Record<string, number | undefined>> = {
  All: 1,
  Any: 0,
  ArgMax: undefined,
  ArgMin: undefined,
  Max: undefined,
  Mean: NaN,
  Min: undefined,
  Prod: 1,
  Sum: 0,
};

type Attributes = {
  readonly axis?: number | number[];
  readonly reductionIndices?: number | number[];
  readonly keepDims?: boolean;
};

/**
 * A kernel that reduces axes, for tensors without numbers too.
 *
 * @param name tfjs's name of it; other kernels stay as they are
 * @param kernel what computes it of numbers, on any backend
 */
export function ofNone(name: string, kernel: KernelFunction): KernelFunction {
  if (!Object.hasOwn(OF_NONE, name)) return kernel;
  return (call) => call.inputs.x!.shape.includes(0) ? reducedNone(name, call) : kernel(call);
}

function reducedNone(name: string, { inputs, attrs, backend }: KernelCall): tf.TensorInfo {
  const { shape: from, dtype: given } = inputs.x!;
  const { axis, reductionIndices, keepDims = false } = attrs as unknown as Attributes;
  const axes = tf.util.parseAxisParam(reductionIndices ?? axis!, from);
  const shape = from.flatMap((size, i) => axes.includes(i) ? (keepDims ? [1] : []) : [size]);
  const value = OF_NONE[name];
  const size = tf.util.sizeFromShape(shape);
  if (value === undefined && size > 0) {
    throw new RangeError(
      `Cannot run ${name}: there must be numbers along the axes that are reduced, got [${from}]`,
    );
  }
  const dtype = name.startsWith("Arg") ? "int32" : name === "Mean" ? "float32" : given;
  const values = tf.util.getTypedArrayFromDType(dtype as tf.NumericDataType, size);
  const memory = backend as unknown as Memory;
  return memory.makeTensorInfo(shape, dtype, values.fill(value ?? 0));
}

/** The part of tfjs's backends used here. */
type Memory = {
  makeTensorInfo(shape: number[], dtype: tf.DataType, values: tf.TypedArray): tf.TensorInfo;
};

/** A cumulative kernel of the CPU backend, which takes the shape's own axis alone. */
function fromEitherEnd(kernel: KernelFunction): KernelFunction {
  return (call) => {
    const [axis] = tf.util.parseAxisParam(
      (call.attrs as { axis: number }).axis,
      call.inputs.x!.shape,
    );
    return kernel({ ...call, attrs: { ...call.attrs, axis: axis! } });
  };
}

for (const kernelName of [...Object.keys(OF_NONE), "Cumsum", "Cumprod"]) {
  const { kernelFunc } = tf.getKernel(kernelName, "cpu")!;
  tf.unregisterKernel(kernelName, "cpu");
  tf.registerKernel({
    kernelName,
    backendName: "cpu",
    kernelFunc: kernelName.startsWith("Cum")
      ? fromEitherEnd(kernelFunc)
      : ofNone(kernelName, kernelFunc),
  });
}
