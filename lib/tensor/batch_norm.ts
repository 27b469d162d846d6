// Batch normalization: by the batch's own statistics or by given ones, with gradients.
import { type Channel, exchange } from "./exchange.ts";
import type { Tensor } from "./tensor.ts";
import { tf } from "./tf.ts";

/**
 * The name of the operation in training among tfjs's kernels: `x`, `scale`, `shift`
 * and the running `mean` and `variance` → the normalized numbers, the batch's mean
 * and variance, the next running ones.
 */
export const BATCH_NORM = "NeocogBatchNorm";

/** The name of normalizing by given statistics: `x`, `scale`, `shift`, `mean`, `variance` → `y`. */
export const NORMALIZE = "NeocogNormalize";

/** `dy`, `x`, `mean`, `variance` → Σ dy and Σ dy · x̂ of each feature, `[2, C]`, and each again, `[C]`. */
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
  requireTwo(values, x.shape);
  const { scale, shift } = affine;
  const inputs = { x, scale, shift, mean: running.mean, variance: running.variance };
  const results = tf.engine().runKernel(BATCH_NORM, inputs, attributes) as unknown as Tensor[];
  return [results[0]!, { mean: results[3]!, variance: results[4]! }];
}

/** How the statistics of a batch are taken of which other ranks have the rest. */
export type StatisticsChannel = {
  /**
   * Makes the moments of all of those of parts: each feature's mean, then each one's variance.
   *
   * @param own how many values of a feature this part has
   * @param all how many there are
   */
  moments(own: number, all: number): Channel;
  /** Adds the numbers of all parts. */
  readonly sums: Channel;
};

/** How many values of a feature a part of a batch has, and how many the batch. */
export type ValueCounts = { readonly own: number; readonly all: number };

/**
 * Normalizes each feature by its mean and variance over all ranks' parts of a batch, as
 * {@linkcode normalizeBatch} would over the batch.
 *
 * @param x this rank's part, any shape, features last; if it counts no values, it counts for nothing
 * @returns the normalized numbers, and the next running statistics, which are those of all ranks
 * @throws {RangeError} if there are fewer than two values of a feature in all
 */
export function normalizeBatchTogether(
  x: Tensor,
  affine: Affine,
  running: Statistics,
  { epsilon, momentum }: BatchNormAttributes,
  channel: StatisticsChannel,
  { own, all }: ValueCounts,
): [y: Tensor, running: Statistics] {
  requireTwo(all, x.shape);
  const { scale, shift } = affine;
  const inputs = { x, scale, shift, mean: running.mean, variance: running.variance };
  const attributes = { epsilon, momentum };
  // Of its results only the part's moments are used; a recording leaves out the rest.
  const here = tf.engine().runKernel(BATCH_NORM, inputs, attributes) as unknown as Tensor[];
  const [mean, variance] = exchange([here[1]!, here[2]!], channel.moments(own, all));
  const normalized = tf.customGrad((x, scale, shift, save) => {
    (save as tf.GradSaveFunc)([x as Tensor, scale as Tensor]);
    const statistics = { mean: mean!, variance: variance! };
    const affine = { scale: scale as Tensor, shift: shift as Tensor };
    const gradFunc = (dy: Tensor, saved: Tensor[]): Tensor[] => {
      const [x, scale] = saved as [Tensor, Tensor];
      const { sums, ...slopes } = sumsOf(dy, x, mean!, variance!, { epsilon });
      const [total] = exchange([sums], channel.sums);
      // The kernel divides by the values that it sees.
      const seen = x.size / x.shape.at(-1)!;
      const inputs = { dy, x, ...statistics, scale, sums: tf.mul(total!, seen / all) };
      const slope = tf.engine().runKernel(BATCH_NORM_GRADIENT, inputs, { epsilon }) as Tensor;
      // What does not count has no slope, though the others' sums would give it one.
      return [own === 0 ? tf.zerosLike(x) : slope, slopes.scale, slopes.shift];
    };
    return { value: normalize(x as Tensor, affine, statistics, epsilon), gradFunc };
  });
  const blend = (before: Tensor, now: Tensor, factor: number): Tensor =>
    tf.add(tf.mul(before, 1 - momentum), tf.mul(now, factor * momentum));
  return [normalized(x, scale, shift), {
    mean: blend(running.mean, mean!, 1),
    variance: blend(running.variance, variance!, all / (all - 1)),
  }];
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
): { readonly sums: Tensor; readonly scale: Tensor; readonly shift: Tensor } {
  const inputs = { dy, x, mean, variance };
  const results = tf.engine().runKernel(NORMALIZE_SUMS, inputs, { epsilon });
  const [sums, shift, scale] = results as unknown as [Tensor, Tensor, Tensor];
  return { sums, shift, scale };
}

tf.registerGradient({
  kernelName: BATCH_NORM,
  inputsToSave: ["x", "scale", "mean", "variance"],
  outputsToSave: [false, true, true, false, false],
  gradFunc: (slopes, saved, attributes) => {
    const dy = (slopes as Tensor[])[0]!;
    const [x, scale, runningMean, runningVariance, mean, variance] = saved as Tensor[];
    const { epsilon } = attributes as unknown as NormalizeAttributes;
    const { sums, shift, scale: along } = sumsOf(dy, x!, mean!, variance!, { epsilon });
    const inputs = { dy, x: x!, mean: mean!, variance: variance!, scale: scale!, sums };
    return {
      x: () => tf.engine().runKernel(BATCH_NORM_GRADIENT, inputs, { epsilon }),
      scale: () => along,
      shift: () => shift,
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
      scale: () => sums().scale,
      shift: () => sums().shift,
      mean: () => tf.neg(tf.mul(tf.mul(sums().shift, scale), inverse())),
      variance: () => tf.mul(tf.mul(sums().scale, scale), tf.mul(-0.5, tf.square(inverse()))),
    };
  },
});

/** Refuses batches whose features have no variance. */
function requireTwo(values: number, shape: readonly number[]): void {
  if (values >= 2) return;
  throw new RangeError(
    `Cannot normalize a batch: each feature must have at least 2 values to have a variance, got ${
      values || 0
    } in [${shape}]. Train with larger batches`,
  );
}
