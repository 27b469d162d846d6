// Batch normalization on tfjs's CPU backend, in double precision.
import {
  BATCH_NORM,
  BATCH_NORM_GRADIENT,
  type BatchNormAttributes,
  NORMALIZE,
  NORMALIZE_SUMS,
  type NormalizeAttributes,
} from "./batch_norm.ts";
import { type HostTensor, registerHostKernel } from "./host_kernel.ts";

type Numbers = ArrayLike<number>;

/** Mean and variance of each feature, in two passes. */
function momentsOf(values: Float32Array, features: number): [Float64Array, Float64Array] {
  const count = values.length / features;
  const mean = new Float64Array(features);
  const variance = new Float64Array(features);
  values.forEach((value, i) => mean[i % features]! += value / count);
  values.forEach((value, i) =>
    variance[i % features]! += (value - mean[i % features]!) ** 2 / count
  );
  return [mean, variance];
}

function normalized(
  { x, scale, shift }: Readonly<Record<string, HostTensor>>,
  mean: Numbers,
  variance: Numbers,
  epsilon: number,
): HostTensor {
  const features = mean.length;
  const values = x!.values.map((value, i) => {
    const c = i % features;
    const inverse = 1 / Math.sqrt(variance[c]! + epsilon);
    return (value - mean[c]!) * inverse * scale!.values[c]! + shift!.values[c]!;
  });
  return { values, shape: x!.shape };
}

registerHostKernel<NormalizeAttributes>(NORMALIZE, (inputs, { epsilon }) => [
  normalized(inputs, inputs.mean!.values, inputs.variance!.values, epsilon),
]);

registerHostKernel<BatchNormAttributes>(BATCH_NORM, (inputs, { epsilon, momentum }) => {
  const { values } = inputs.x!;
  const features = inputs.scale!.values.length;
  const count = values.length / features;
  const [mean, variance] = momentsOf(values, features);
  const unbiased = variance.map((value) => value * count / Math.max(1, count - 1));
  const blend = (running: HostTensor, batch: Float64Array): Float32Array =>
    running.values.map((value, c) => value * (1 - momentum) + batch[c]! * momentum);
  const vector = (numbers: Numbers): HostTensor => ({
    values: Float32Array.from(numbers),
    shape: [features],
  });
  return [
    normalized(inputs, mean, variance, epsilon),
    vector(mean),
    vector(variance),
    vector(blend(inputs.mean!, mean)),
    vector(blend(inputs.variance!, unbiased)),
  ];
});

registerHostKernel<NormalizeAttributes>(
  NORMALIZE_SUMS,
  ({ dy, x, mean, variance }, { epsilon }) => {
    const features = mean!.values.length;
    const sums = new Float64Array(2 * features);
    dy!.values.forEach((slope, i) => {
      const c = i % features;
      const inverse = 1 / Math.sqrt(variance!.values[c]! + epsilon);
      sums[c]! += slope;
      sums[features + c]! += slope * (x!.values[i]! - mean!.values[c]!) * inverse;
    });
    const values = Float32Array.from(sums);
    return [
      { values, shape: [2, features] },
      { values: values.slice(0, features), shape: [features] },
      { values: values.slice(features), shape: [features] },
    ];
  },
);

registerHostKernel<NormalizeAttributes>(
  BATCH_NORM_GRADIENT,
  ({ dy, x, mean, variance, scale, sums }, { epsilon }) => {
    const features = mean!.values.length;
    const count = x!.values.length / features;
    const values = dy!.values.map((slope, i) => {
      const c = i % features;
      const inverse = 1 / Math.sqrt(variance!.values[c]! + epsilon);
      const place = (x!.values[i]! - mean!.values[c]!) * inverse;
      const shared = (sums!.values[c]! + place * sums!.values[features + c]!) / count;
      return scale!.values[c]! * inverse * (slope - shared);
    });
    return [{ values, shape: x!.shape }];
  },
);
