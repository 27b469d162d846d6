// Batch normalization: by the batch's own statistics or by given ones, with gradients.
import type { Tensor, Tensor1D } from "./tensor.ts";
import { tf } from "./tf.ts";

/**
 * The name of the operation in training among tfjs's kernels: `x`, `scale`, `shift`
 * and the running `mean` and `variance` → the normalized numbers, the batch's mean
 * and variance, the next running ones.
 */
export const BATCH_NORM = "NeocogBatchNorm";

/** The name of normalizing by given statistics: `x`, `scale`, `shift`, `mean`, `variance` → `y`. */
export const NORMALIZE = "NeocogNormalize";

/** `dy`, `x`, `mean`, `variance` → Σ dy and Σ dy · x̂ of each feature, `[2, C]`. */
export const NORMALIZE_SUMS = "NeocogNormalizeSums";

/** `dy`, `x`, `mean`, `variance`, `scale` and those `sums` → the slopes by `x` in training. */
export const BATCH_NORM_GRADIENT = "NeocogBatchNormGrad";

/** Attributes of the kernels but the first. */
export type NormalizeAttributes = {
  /** Added to the variance. */
  readonly epsilon: number;
};

/** Attributes of the kernel in training. */
export type BatchNormAttributes = NormalizeAttributes & {
  /** Share of the new batch in the running statistics. */
  readonly momentum: number;
};

/** One number a feature each, `[C]`. */
export type Statistics = { readonly mean: Tensor; readonly variance: Tensor };

/** What the normalized features are multiplied by and what is added to them, `[C]`. */
export type Affine = { readonly scale: Tensor; readonly shift: Tensor };

/**
 * Normalizes each feature by its mean and variance over the batch. As in PyTorch,
 * no gradient flows into the running statistics.
 *
 * @param x any shape, features last
 * @returns the normalized numbers, and the next running statistics
 * @throws {RangeError} if there are fewer than two values of a feature, as PyTorch refuses them
 */
export function normalizeBatch(
  x: Tensor,
  affine: Affine,
  running: Statistics,
  attributes: BatchNormAttributes,
): [y: Tensor, running: Statistics] {
  const values = x.size / x.shape.at(-1)!;
  if (!(values >= 2)) {
    throw new RangeError(
      `Cannot normalize a batch: each feature must have at least 2 values to have a variance, got ${
        values || 0
      } in [${x.shape}]. Train with larger batches`,
    );
  }
  const { scale, shift } = affine;
  const inputs = { x, scale, shift, mean: running.mean, variance: running.variance };
  const results = tf.engine().runKernel(BATCH_NORM, inputs, attributes) as unknown as Tensor[];
  return [results[0]!, { mean: results[3]!, variance: results[4]! }];
}

/**
 * Normalizes each feature by a given mean and variance.
 *
 * @param x any shape, features last
 */
export function normalize(
  x: Tensor,
  { scale, shift }: Affine,
  { mean, variance }: Statistics,
  epsilon: number,
): Tensor {
  return tf.engine().runKernel(NORMALIZE, { x, scale, shift, mean, variance }, { epsilon });
}

/** Σ dy and Σ dy · x̂, the slopes by shift and scale. */
function sumsOf(
  dy: Tensor,
  x: Tensor,
  mean: Tensor,
  variance: Tensor,
  { epsilon }: NormalizeAttributes,
): { readonly sums: Tensor; readonly scale: () => Tensor; readonly shift: () => Tensor } {
  const inputs = { dy, x, mean, variance };
  const sums = tf.engine().runKernel(NORMALIZE_SUMS, inputs, { epsilon }) as Tensor;
  const row = (index: number): Tensor1D =>
    tf.reshape(tf.slice(sums, [index, 0], [1, sums.shape[1]!]), [sums.shape[1]!]);
  return { sums, shift: () => row(0), scale: () => row(1) };
}

tf.registerGradient({
  kernelName: BATCH_NORM,
  inputsToSave: ["x", "scale", "mean", "variance"],
  outputsToSave: [false, true, true, false, false],
  gradFunc: (slopes, saved, attributes) => {
    const dy = (slopes as Tensor[])[0]!;
    const [x, scale, runningMean, runningVariance, mean, variance] = saved as Tensor[];
    const { epsilon } = attributes as unknown as NormalizeAttributes;
    const { sums, ...affine } = sumsOf(dy, x!, mean!, variance!, { epsilon });
    const inputs = { dy, x: x!, mean: mean!, variance: variance!, scale: scale!, sums };
    return {
      x: () => tf.engine().runKernel(BATCH_NORM_GRADIENT, inputs, { epsilon }),
      ...affine,
      mean: () => tf.zerosLike(runningMean!),
      variance: () => tf.zerosLike(runningVariance!),
    };
  },
});

tf.registerGradient({
  kernelName: NORMALIZE,
  inputsToSave: ["x", "scale", "shift", "mean", "variance"],
  gradFunc: (slopes, saved, attributes) => {
    const dy = slopes as Tensor;
    const [x, scale, shift, mean, variance] = saved as [Tensor, Tensor, Tensor, Tensor, Tensor];
    const given = attributes as unknown as NormalizeAttributes;
    const sums = (): ReturnType<typeof sumsOf> => sumsOf(dy, x, mean, variance, given);
    const inverse = (): Tensor => tf.rsqrt(tf.add(variance, given.epsilon));
    const none = tf.zerosLike(shift);
    return {
      x: () => normalize(dy, { scale, shift: none }, { mean: none, variance }, given.epsilon),
      scale: () => sums().scale(),
      shift: () => sums().shift(),
      mean: () => tf.neg(tf.mul(tf.mul(sums().shift(), scale), inverse())),
      variance: () => tf.mul(tf.mul(sums().scale(), scale), tf.mul(-0.5, tf.square(inverse()))),
    };
  },
});
