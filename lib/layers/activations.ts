// Activation layers beyond the first day's, and how any function of a tensor becomes one.
import { requireOptions, requireRange } from "../text/require.ts";
import { applyCurve, type CurveName } from "../tensor/curves.ts";
import { type Shape, sizeOf, type Tensor } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import { costOfEach } from "./cost.ts";
import { defineLayer, requireLayerOptions } from "./define_layer.ts";
import type { Initializer } from "./initializers.ts";
import { type Empty, type Layer, type Operations, stateless } from "./layer.ts";
import { only } from "./operation.ts";
import { requireFeatures } from "./window.ts";

/** Options of {@linkcode activation}. */
export type ActivationOptions = {
  /** Operations for each number. Default: 1. */
  readonly flops?: number;
  /**
   * Whether guided backpropagation and DeconvNet treat it as a ReLU: by either rule what is below
   * zero of the gradient is cut off, and DeconvNet passes the rest on as it is. Default: `false`,
   * it passes its own gradient back.
   */
  readonly rectifies?: boolean;
  /** What it consists of in other formats. Default: it can not be written to them. */
  readonly operations?: Operations["write"];
};

/**
 * Any function of a tensor as a layer that keeps its input's shape.
 *
 * It is a layer as others are: taps and interventions reach its output by its path, gradients are
 * those of the operations of `f`, and a jit records them. Guided backpropagation and DeconvNet take
 * it for a rectifier only if it says so, as its formula does not tell.
 *
 * @param f the function, of a batch; it must be made of differentiable operations, and keep the shape
 * @param name what kind of layer it is, as `op` and in tables
 * @param options operations for each number (1), whether it rectifies (no)
 * @returns the layer
 * @throws {TypeError} if `f` is no function or `name` is empty
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { layers, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const squaredRelu = layers.activation((x) => tf.square(tf.relu(x)), "squaredRelu");
 * assertEquals(await squaredRelu.apply({}, {}, tf.tensor2d([[-1, 3]]), {})[0].array(), [[0, 9]]);
 * ```
 */
export function activation(
  f: (x: Tensor) => Tensor,
  name: string,
  options: ActivationOptions = {},
): Layer<Empty, Empty> {
  requireOptions("make an activation layer", options, {
    flops: true,
    rectifies: true,
    operations: true,
  });
  const { flops = 1, rectifies = false, operations } = options;
  if (typeof f !== "function" || typeof name !== "string" || name === "") {
    const rule = typeof f === "function" ? "its name must not be empty" : "f must be a function";
    throw new TypeError(
      `Cannot make an activation layer: ${rule}, got ${typeof f === "function" ? name : typeof f}`,
    );
  }
  requireRange(`make a ${name} layer`, "its flops must be finite", flops >= 0, flops);
  return defineLayer({
    op: name,
    rectifies,
    ...(operations ? { operations } : {}),
    declare: (shape) => stateless(shape, costOfEach(shape, flops)),
    apply(_params, state, x) {
      const y = f(x);
      if (`${y.shape}` !== `${x.shape}`) {
        throw new TypeError(
          `Cannot apply a ${name} layer to [${x.shape}]: its function must keep the shape, got [${y.shape}]`,
        );
      }
      return [y, state];
    },
  });
}

function curve(name: CurveName, op: string, flops: number, alpha?: number): Layer<Empty, Empty> {
  const operations = only({ op: "each", f: name, ...(alpha === undefined ? {} : { alpha }) });
  const rectifies = name === "relu6";
  return activation((x) => applyCurve(x, name, alpha), op, { flops, rectifies, operations });
}

/**
 * ReLU up to 6, min(max(0, x), 6) (Howard et al., "MobileNets", 2017). Backward rules treat it as a
 * ReLU.
 *
 * @returns the layer
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { layers, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const [y] = layers.relu6().apply({}, {}, tf.tensor1d([-1, 2, 9]), {});
 * assertEquals(await y.array(), [0, 2, 6]);
 * ```
 */
export function relu6(): Layer<Empty, Empty> {
  return curve("relu6", "relu6", 2);
}

/**
 * Exponential linear unit, x if x > 0, else alpha · (eˣ − 1) (Clevert, Unterthiner and Hochreiter,
 * 2016).
 *
 * @param alpha how far the negative side goes, finite. Default: 1
 * @returns the layer
 * @throws {RangeError} if `alpha` is not finite
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { layers, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * assertEquals(await layers.elu().apply({}, {}, tf.tensor1d([2, -1e3]), {})[0].array(), [2, -1]);
 * ```
 */
export function elu(alpha = 1): Layer<Empty, Empty> {
  requireRange("make an elu layer", "its alpha must be finite", Number.isFinite(alpha), alpha);
  return curve("elu", "elu", 3, alpha);
}

/**
 * Scaled exponential linear unit, an ELU whose constants keep mean 0 and variance 1 (Klambauer,
 * Unterthiner, Mayr and Hochreiter, 2017).
 *
 * @returns the layer
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { layers, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const [y] = layers.selu().apply({}, {}, tf.tensor1d([1]), {});
 * assertAlmostEquals((await y.data())[0]!, 1.0507, 1e-4);
 * ```
 */
export function selu(): Layer<Empty, Empty> {
  return curve("selu", "selu", 4);
}

/** Options of {@linkcode gelu}. */
export type GeluOptions = {
  /** `"none"`: by the error function; `"tanh"`: the paper's approximation of it. Default: `"none"`. */
  readonly approximate?: "none" | "tanh";
};

/**
 * Gaussian error linear unit, x · Φ(x) with the normal distribution's Φ, or its approximation
 * ½ x (1 + tanh(√(2/π) (x + 0.044715 x³))) (Hendrycks and Gimpel, 2016).
 *
 * @param options which form
 * @returns the layer
 * @throws {RangeError} if the form is unknown
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { layers, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const [y] = layers.gelu().apply({}, {}, tf.tensor1d([1]), {});
 * assertAlmostEquals((await y.data())[0]!, 0.8413, 1e-4);
 * ```
 */
export function gelu(options: GeluOptions = {}): Layer<Empty, Empty> {
  requireLayerOptions("gelu", options, { approximate: true });
  const { approximate = "none" } = options;
  const known = approximate === "none" || approximate === "tanh";
  requireRange("make a gelu layer", `its form must be "none" or "tanh"`, known, approximate);
  return approximate === "none" ? curve("gelu", "gelu", 5) : curve("geluTanh", "gelu", 9);
}

/**
 * Sigmoid linear unit or swish, x / (1 + e⁻ˣ) (Ramachandran, Zoph and Le, 2017).
 *
 * @returns the layer
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { layers, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const [y] = layers.silu().apply({}, {}, tf.tensor1d([1]), {});
 * assertAlmostEquals((await y.data())[0]!, 0.7311, 1e-4);
 * ```
 */
export function silu(): Layer<Empty, Empty> {
  return curve("silu", "silu", 4);
}

/**
 * Hard swish, x · min(max(0, x + 3), 6) / 6 (Howard et al., "Searching for MobileNetV3", 2019).
 *
 * @returns the layer
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { layers, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const [y] = layers.hardSwish().apply({}, {}, tf.tensor1d([-4, 0, 4]), {});
 * assertEquals(await y.array(), [0, 0, 4]);
 * ```
 */
export function hardSwish(): Layer<Empty, Empty> {
  return curve("hardSwish", "hardSwish", 5);
}

/**
 * Hard sigmoid, min(max(0, x + 3), 6) / 6 (Howard et al., "Searching for MobileNetV3", 2019).
 *
 * @returns the layer
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { layers, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const [y] = layers.hardSigmoid().apply({}, {}, tf.tensor1d([-4, 0, 4]), {});
 * assertEquals(await y.array(), [0, 0.5, 1]);
 * ```
 */
export function hardSigmoid(): Layer<Empty, Empty> {
  return curve("hardSigmoid", "hardSigmoid", 4);
}

/**
 * Softplus, log(1 + eˣ), a smooth ReLU.
 *
 * @returns the layer
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { layers, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const [y] = layers.softplus().apply({}, {}, tf.tensor1d([0]), {});
 * assertAlmostEquals((await y.data())[0]!, Math.log(2), 1e-6);
 * ```
 */
export function softplus(): Layer<Empty, Empty> {
  return curve("softplus", "softplus", 3);
}

/**
 * The logarithm of softmax over the last axis, x − log Σeˣ.
 *
 * @returns the layer
 * @throws {TypeError} by `declare`, if the input has no features
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { layers, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const [y] = layers.logSoftmax().apply({}, {}, tf.tensor2d([[1, 1]]), {});
 * assertAlmostEquals((await y.data())[0]!, -Math.log(2), 1e-6);
 * ```
 */
export function logSoftmax(): Layer<Empty, Empty> {
  return defineLayer({
    op: "logSoftmax",
    declare(shape: Shape) {
      requireFeatures("logSoftmax", shape);
      // Each number of a vector depends on all of it.
      const window = shape.length === 1 ? { window: "all" as const } : {};
      return stateless(shape, { ...costOfEach(shape, 3), ...window });
    },
    apply: (_params, state, x) => [tf.logSoftmax(x), state],
    operations: only({ op: "logSoftmax" }),
  });
}

/** Options of {@linkcode prelu}. */
export type PreluOptions = {
  /** Whether all features share one slope. Default: `false`. */
  readonly shared?: boolean;
  /** The slopes to begin from. Default: 0.25. */
  readonly slope?: number;
};

/** Parameters of {@linkcode prelu}. */
export type PreluParams = {
  /** The negative side's slopes, `[C]` or `[1]`. */
  readonly slope: Tensor;
};

/**
 * Parametric ReLU: x if x > 0, else a learned slope · x (He, Zhang, Ren and Sun, "Delving deep into
 * rectifiers", 2015).
 *
 * @param options whether the slope is shared, what it begins from
 * @returns the layer, of any shape with features last
 * @throws {RangeError} if the slope is not finite
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { layers, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const [y] = layers.prelu().apply({ slope: tf.tensor1d([0.5]) }, {}, tf.tensor2d([[-4]]), {});
 * assertEquals(await y.array(), [[-2]]);
 * ```
 */
export function prelu(options: PreluOptions = {}): Layer<PreluParams, Empty> {
  requireLayerOptions("prelu", options, { shared: true, slope: true });
  const { shared = false, slope = 0.25 } = options;
  requireRange("make a prelu layer", "its slope must be finite", Number.isFinite(slope), slope);
  const initializer: Initializer = (_key, shape) => new Float32Array(sizeOf(shape)).fill(slope);
  return defineLayer<PreluParams, Empty>({
    op: "prelu",
    declare(shape) {
      requireFeatures("prelu", shape);
      return {
        shape,
        params: { slope: { shape: shared ? [1] : shape.slice(-1), initializer } },
        state: {},
        cost: costOfEach(shape, 2),
      };
    },
    apply: (params, state, x) => [tf.prelu(x, params.slope), state],
    operations: ({ add, x, shape, weight }) =>
      add({ op: "prelu", slope: weight("slope") }, shape, x),
  });
}
