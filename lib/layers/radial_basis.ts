// An output layer of fixed codes: the nearer the features are to a class's code, the larger its logit.
import type { Tensor2D } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import { defineLayer } from "./define_layer.ts";
import type { Empty, Layer } from "./layer.ts";
import { derived, fixed } from "./operation.ts";
import { requireSizes } from "./window.ts";

/** State of {@linkcode radialBasis}, which no training changes. */
export type RadialBasisState = {
  /** A row for each class, `[classes, features]`. */
  readonly codes: Tensor2D;
};

/**
 * Euclidean radial basis function units (LeCun, Bottou, Bengio and Haffner, 1998,
 * Equation 7) with their sign turned, so that the outputs are logits:
 * zᵢ = −Σⱼ (xⱼ − cᵢⱼ)², for a fixed code cᵢ of each class. Softmax cross-entropy of
 * them is the paper's Equation 9 without its constant e⁻ʲ, an eleventh class
 * "rubbish" at distance j.
 *
 * @param codes the code of each class, all of one length
 * @returns the layer, `[N, features] → logits [N, classes]`; the codes are its state
 * @throws {RangeError} if there is no code, or they are not of one length
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { init, key, start, tf } from "@neocog/neocog";
 * import { radialBasis } from "./radial_basis.ts";
 *
 * await start({ backend: "cpu" });
 * const layer = radialBasis([[1, 1], [-1, 1]]);
 * const { params, state } = init(layer, key(0), [2]);
 * const [logits] = layer.apply(params, state, tf.tensor2d([[1, 0]]), {});
 * assertEquals(await logits.array(), [[-1, -5]]);
 * ```
 */
export function radialBasis(codes: readonly (readonly number[])[]): Layer<Empty, RadialBasisState> {
  const [classes, features] = [codes.length, codes[0]?.length ?? 0];
  if (features === 0 || codes.some((code) => code.length !== features)) {
    throw new RangeError(
      `Cannot make a radialBasis layer: its codes must be of one length of at least 1, got lengths [${
        codes.map(({ length }) => length)
      }]`,
    );
  }
  return defineLayer<Empty, RadialBasisState>({
    op: "radialBasis",
    declare(shape) {
      requireSizes("radialBasis", shape);
      if (shape.length !== 1 || shape[0] !== features) {
        throw new TypeError(
          `Cannot apply a radialBasis layer: its input must be [${features}], as its codes are, got [${shape}]`,
        );
      }
      const initializer = (): Float32Array => Float32Array.from(codes.flat());
      return {
        shape: [classes],
        params: {},
        state: { codes: { shape: [classes, features], initializer } },
        // A difference, and the multiply-add of its square.
        cost: { flops: 3 * classes * features, window: "all" },
      };
    },
    apply(_params, state, x) {
      const differences = tf.sub(
        tf.reshape(x, [-1, 1, features]),
        tf.reshape(state.codes, [1, classes, features]),
      ); // [N, classes, features]
      return [tf.neg(tf.sum(tf.square(differences), 2)), state];
    },
    // −|x − c|² = (2x·c − |c|²) − |x|², as nobody else has differences with a list.
    operations({ add, x, shape, weight }) {
      const codes = weight("codes");
      const kernel = derived([features, classes], [codes], ([own]) => {
        const at = (i: number): number => own![i % classes * features + Math.floor(i / classes)]!;
        return Float32Array.from({ length: features * classes }, (_, i) => 2 * at(i));
      });
      const bias = derived(
        [classes],
        [codes],
        ([own]) =>
          Float32Array.from({ length: classes }, (_, i) => {
            const code = own!.subarray(i * features, (i + 1) * features);
            return -code.reduce((sum, one) => sum + one * one, 0);
          }),
      );
      const ones = fixed([features, classes], () => new Float32Array(features * classes).fill(-1));
      const squares = add({ op: "join", by: "mul" }, x.shape, x, x);
      return add(
        { op: "join", by: "add" },
        shape,
        add({ op: "dense", kernel, bias }, shape, x),
        add({ op: "dense", kernel: ones }, shape, squares),
      );
    },
  });
}
