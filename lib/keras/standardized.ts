// The layer of known means and variances that Keras calls Normalization.
import { costOfEach } from "../layers/cost.ts";
import { defineLayer } from "../layers/define_layer.ts";
import { ones, zeros } from "../layers/initializers.ts";
import type { Empty, Layer } from "../layers/layer.ts";
import { derived } from "../layers/operation.ts";
import type { Shape, Tensor } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";

/** Statistics that are not learned. */
type Statistics = { readonly mean: Tensor; readonly variance: Tensor };

/** What the deviation is at least: `keras.config.epsilon()`. */
const LEAST_DEVIATION = 1e-7;

/**
 * Subtracts a mean and divides by the root of a variance; neither changes in training.
 *
 * @param sizes shape of both, `[C]` or `[]`
 */
export function standardized(sizes: Shape): Layer<Empty, Statistics> {
  return defineLayer<Empty, Statistics>({
    op: "normalization",
    declare: (shape) => ({
      shape,
      params: {},
      state: {
        mean: { shape: sizes, initializer: zeros },
        variance: { shape: sizes, initializer: ones },
      },
      cost: costOfEach(shape, 2),
    }),
    apply(_params, state, x) {
      const deviation = tf.maximum(tf.sqrt(state.variance), LEAST_DEVIATION);
      return [tf.div(tf.sub(x, state.mean), deviation), state];
    },
    operations({ add, x, shape, weight }) {
      const wide = [...shape.map(() => 1).slice(0, shape.length - sizes.length), ...sizes];
      const mean = derived(wide, [weight("mean")], ([own]) => own!);
      const deviation = derived(
        wide,
        [weight("variance")],
        ([own]) => own!.map((one) => Math.max(Math.sqrt(one), LEAST_DEVIATION)),
      );
      const centered = add({ op: "constant", by: "sub", value: mean, isFirst: false }, shape, x);
      return add({ op: "constant", by: "div", value: deviation, isFirst: false }, shape, centered);
    },
  });
}
