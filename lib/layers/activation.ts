// Activation layers: functions of each number by itself, and softmax.
import type { Activation } from "../tensor/activation.ts";
import { requireRange } from "../text/require.ts";
import type { Shape, Tensor } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import { type Cost, costOfEach } from "./cost.ts";
import { defineLayer } from "./define_layer.ts";
import { type Empty, type Layer, type Operations, stateless } from "./layer.ts";
import { only } from "./operation.ts";
import { requireFeatures } from "./window.ts";

/** A layer that keeps its input's shape and learns nothing. */
function shapeless(
  op: string,
  f: (x: Tensor) => Tensor,
  operations: Operations["write"],
  cost: (shape: Shape) => Cost = (shape) => costOfEach(shape, 1),
  activation?: Activation,
): Layer<Empty, Empty> {
  return defineLayer({
    op,
    declare: (shape) => stateless(shape, cost(shape)),
    apply: (_params, state, x) => [f(x), state],
    ...(activation && { fusion: { activation } }),
    operations,
  });
}

/**
 * Rectified linear unit, max(0, x).
 *
 * @returns the layer
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { relu, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * assertEquals(await relu().apply({}, {}, tf.tensor1d([-1, 2]), {})[0].array(), [0, 2]);
 * ```
 */
export function relu(): Layer<Empty, Empty> {
  return shapeless("relu", tf.relu, only({ op: "each", f: "relu" }), undefined, "relu");
}

/**
 * Hyperbolic tangent.
 *
 * @returns the layer
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { start, tanh, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * assertEquals(await tanh().apply({}, {}, tf.tensor1d([0]), {})[0].array(), [0]);
 * ```
 */
export function tanh(): Layer<Empty, Empty> {
  return shapeless("tanh", tf.tanh, only({ op: "each", f: "tanh" }), undefined, "tanh");
}

/**
 * LeCun's hyperbolic tangent, 1.7159 · tanh(2x / 3), which is ±1 at ±1 and bends most
 * there (LeCun, Bottou, Bengio and Haffner, 1998, Appendix A).
 *
 * @returns the layer
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { start, tf } from "@neocog/neocog";
 * import { scaledTanh } from "./activation.ts";
 *
 * await start({ backend: "cpu" });
 * const [y] = scaledTanh().apply({}, {}, tf.tensor1d([-1]), {});
 * assertAlmostEquals((await y.data())[0]!, -1, 1e-4);
 * ```
 */
export function scaledTanh(): Layer<Empty, Empty> {
  return shapeless(
    "scaledTanh",
    (x) => tf.mul(tf.tanh(tf.mul(x, 2 / 3)), 1.7159),
    ({ add, x, shape }) => {
      const factor = { op: "number", by: "mul", isFirst: false } as const;
      const inner = add({ ...factor, number: 2 / 3 }, shape, x);
      return add(
        { ...factor, number: 1.7159 },
        shape,
        add({ op: "each", f: "tanh" }, shape, inner),
      );
    },
  );
}

/**
 * Logistic function, 1 / (1 + e⁻ˣ).
 *
 * @returns the layer
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { sigmoid, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * assertEquals(await sigmoid().apply({}, {}, tf.tensor1d([0]), {})[0].array(), [0.5]);
 * ```
 */
export function sigmoid(): Layer<Empty, Empty> {
  return shapeless("sigmoid", tf.sigmoid, only({ op: "each", f: "sigmoid" }));
}

/**
 * Leaky rectified linear unit, x if x > 0, else slope · x (Maas, Hannun and Ng, 2013).
 *
 * @param slope slope of the negative side. Default: 0.01
 * @returns the layer
 * @throws {RangeError} if `slope` is not finite
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { leakyRelu, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * assertEquals(await leakyRelu(0.5).apply({}, {}, tf.tensor1d([-4, 2]), {})[0].array(), [-2, 2]);
 * ```
 */
export function leakyRelu(slope = 0.01): Layer<Empty, Empty> {
  requireRange("make a leakyRelu layer", "its slope must be finite", Number.isFinite(slope), slope);
  return shapeless(
    "leakyRelu",
    (x) => tf.leakyRelu(x, slope),
    only({ op: "each", f: "leakyRelu", alpha: slope }),
  );
}

/**
 * Softmax over the last axis: eˣ / Σeˣ. Models end in logits, as the loss
 * applies softmax itself; this layer is for probabilities.
 *
 * @returns the layer
 * @throws {TypeError} by `declare`, if the input has no features
 * @throws {RangeError} by `declare`, if the input has a single feature, of which softmax is always 1
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { softmax, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * assertEquals(await softmax().apply({}, {}, tf.tensor2d([[1, 1]]), {})[0].array(), [[0.5, 0.5]]);
 * ```
 */
export function softmax(): Layer<Empty, Empty> {
  // An exponential, an addition and a division; each number of a vector depends on all of it.
  return shapeless("softmax", (x) => tf.softmax(x), only({ op: "softmax" }), (shape) => {
    requireFeatures("softmax", shape);
    const features = shape.at(-1)!;
    const rule = "its input must have at least two features, as of a single one it is always 1";
    requireRange("apply a softmax layer", rule, features !== 1, features);
    return { ...costOfEach(shape, 3), ...(shape.length === 1 ? { window: "all" as const } : {}) };
  });
}

/**
 * Returns its input.
 *
 * @returns the layer
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { identity, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * assertEquals(await identity().apply({}, {}, tf.tensor1d([-4]), {})[0].array(), [-4]);
 * ```
 */
export function identity(): Layer<Empty, Empty> {
  return shapeless("identity", (x) => x, ({ x }) => x, () => ({ flops: 0, view: true }));
}
