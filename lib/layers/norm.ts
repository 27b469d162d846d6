// Batch normalization layer.
import { requireRange } from "../text/require.ts";
import { normalize, normalizeBatch, normalizeBatchTogether } from "../tensor/batch_norm.ts";
import { sizeOf, type Tensor } from "../tensor/tensor.ts";
import { costOfEach } from "./cost.ts";
import { defineLayer, requireLayerOptions } from "./define_layer.ts";
import { ones, zeros } from "./initializers.ts";
import type { Context, Layer } from "./layer.ts";
import { requireFeatures } from "./window.ts";

const OPTIONS: Readonly<Record<keyof BatchNormOptions, true>> = { epsilon: true, momentum: true };

/** Options of {@linkcode batchNorm}. */
export type BatchNormOptions = {
  /** Added to the variance. Default: 1e-5. */
  readonly epsilon?: number;
  /** Share of the new batch in the running statistics. Default: 0.1, PyTorch's (Keras's 0.99 is 0.01 here). */
  readonly momentum?: number;
};

/** Parameters of batch normalization. */
export type BatchNormParams = {
  /** Multiplies the normalized features, `[C]`. */
  readonly scale: Tensor;
  /** Is added to them, `[C]`. */
  readonly shift: Tensor;
};

/** Running statistics of batch normalization, into which no gradient flows. */
export type BatchNormState = {
  /** Mean of each feature, `[C]`. */
  readonly mean: Tensor;
  /** Unbiased variance of each feature, `[C]`. */
  readonly variance: Tensor;
};

/**
 * Batch normalization (Ioffe and Szegedy, 2015): each feature minus its mean over
 * its deviation, then scaled and shifted; by the batch's statistics in training
 * (positions count as examples), by the running ones otherwise. A layer whose scale and shift are
 * both frozen uses the running statistics in training too, and does not change them.
 *
 * @param options epsilon, momentum
 * @returns the layer, of any shape with features last
 * @throws {RangeError} if an option is out of range
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { batchNorm, init, key, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const layer = batchNorm();
 * const { params, state } = init(layer, key(0), [1]);
 * const [y] = layer.apply(params, state, tf.tensor2d([[1], [3]]), { training: true });
 * assertAlmostEquals((await y.data())[0]!, -1, 1e-4);
 * ```
 */
export function batchNorm(options: BatchNormOptions = {}): Layer<BatchNormParams, BatchNormState> {
  requireLayerOptions("batchNorm", options, OPTIONS);
  const { epsilon = 1e-5, momentum = 0.1 } = options;
  const action = "make a batchNorm layer";
  const isShare = momentum > 0 && momentum <= 1;
  requireRange(action, "its epsilon must be above 0", epsilon > 0, epsilon);
  requireRange(action, "its momentum must be above 0 and at most 1", isShare, momentum);
  return defineLayer<BatchNormParams, BatchNormState>({
    op: "batchNorm",
    declare(shape) {
      requireFeatures("batchNorm", shape);
      const features = shape.slice(-1);
      return {
        shape,
        params: {
          scale: { shape: features, initializer: ones },
          shift: { shape: features, initializer: zeros },
        },
        state: {
          mean: { shape: features, initializer: zeros },
          variance: { shape: features, initializer: ones },
        },
        cost: costOfEach(shape, 2), // With the running statistics it is one multiply-add.
      };
    },
    apply(params, state, x, context) {
      if (!context.training || isFrozen(context)) {
        return [normalize(x, params, state, epsilon), state];
      }
      const { statistics, part } = context;
      if (!statistics || !part) return normalizeBatch(x, params, state, { epsilon, momentum });
      const each = sizeOf(x.shape.slice(1, -1));
      const counts = { own: part.count * each, all: part.of * each };
      return normalizeBatchTogether(x, params, state, { epsilon, momentum }, statistics, counts);
    },
    operations({ add, x, shape, weight }) {
      const [scale, shift] = [weight("scale"), weight("shift")];
      const [mean, variance] = [weight("mean"), weight("variance")];
      return add({ op: "batchNorm", epsilon, scale, shift, mean, variance }, shape, x);
    },
  });
}

/** Whether none of the layer's parameters is trained. */
function isFrozen({ path, frozen }: Context): boolean {
  const at = (name: string): string => path ? `${path}/${name}` : name;
  return frozen !== undefined && frozen(at("scale")) && frozen(at("shift"));
}
