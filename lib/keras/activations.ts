// Keras's functions of each number, as layers and as the activation of others.
import { leakyRelu, relu, sigmoid, softmax, tanh } from "../layers/activation.ts";
import {
  activation,
  elu,
  gelu,
  hardSigmoid,
  hardSwish,
  logSoftmax,
  prelu,
  relu6,
  selu,
  silu,
  softplus,
} from "../layers/activations.ts";
import { withNumbers } from "../imported/layers.ts";
import type { Placed } from "../imported/placer.ts";
import type { AnyLayer, Operations } from "../layers/layer.ts";
import { only, type Value } from "../layers/operation.ts";
import { tf } from "../tensor/tf.ts";
import { type Conversion, type Dialect, type KerasCall, namedIn } from "./call.ts";
import type { Config } from "./model.ts";

/** Makes a layer of a function; `undefined` if it changes nothing. */
type Make = (config: Config, dialect: Dialect) => AnyLayer | undefined;

const numberIn = (config: Config, names: readonly string[], standard: number): number => {
  const found = names.map((name) => config[name]).find((one) => one !== undefined && one !== null);
  return typeof found === "number" ? found : standard;
};

/** Keras's ReLU: with a largest number, a slope and a threshold. */
const rectified: Make = (config) => {
  const most = numberIn(config, ["max_value"], Infinity);
  const slope = numberIn(config, ["negative_slope", "alpha"], 0);
  const threshold = numberIn(config, ["threshold"], 0);
  if (threshold === 0 && most === Infinity) return slope === 0 ? relu() : leakyRelu(slope);
  if (threshold === 0 && most === 6 && slope === 0) return relu6();
  return activation(
    (x) => {
      const below = tf.mul(tf.sub(x, threshold), slope);
      const above = most === Infinity ? x : tf.minimum(x, most);
      // A number that is the threshold is not above it, as Keras computes it.
      return tf.where(tf.greater(x, threshold), above, below);
    },
    "relu",
    threshold === 0 && slope >= 0 && most >= 0 ? { operations: limited(slope, most) } : {},
  );
};

/** A leaky ReLU up to a largest number. */
const limited = (alpha: number, number: number): Operations["write"] => ({ add, x, shape }) => {
  const y = add({ op: "each", f: "leakyRelu", alpha }, shape, x);
  return number === Infinity
    ? y
    : add({ op: "number", by: "min", number, isFirst: false }, shape, y);
};

/** Keras 2's line of slope 0.2, Keras 3's of 1 / 6. */
const hard: Make = (_config, { major }) =>
  major === 3
    ? hardSigmoid()
    : activation((x) => tf.clipByValue(tf.add(tf.mul(x, 0.2), 0.5), 0, 1), "hardSigmoid", {
      operations({ add, x, shape }) {
        const product = add({ op: "number", by: "mul", number: 0.2, isFirst: false }, shape, x);
        const sum = add({ op: "number", by: "add", number: 0.5, isFirst: false }, shape, product);
        return add({ op: "clip", low: 0, high: 1 }, shape, sum);
      },
    });

const plain = (
  name: string,
  f: Parameters<typeof activation>[0],
  operations: Operations["write"],
): Make =>
() => activation(f, name, { operations });

/** The functions by Keras's names. */
const FUNCTIONS: Readonly<Record<string, Make>> = {
  linear: () => undefined,
  relu: rectified,
  relu6,
  leaky_relu: (config) => leakyRelu(numberIn(config, ["negative_slope", "alpha"], 0.2)),
  elu: (config) => elu(numberIn(config, ["alpha"], 1)),
  selu,
  celu: plain("celu", (x) => tf.elu(x), only({ op: "each", f: "elu", alpha: 1 })),
  gelu: (config, { isTfjs }) =>
    gelu({ approximate: isTfjs ? "none" : config.approximate === true ? "tanh" : "none" }),
  gelu_new: () => gelu({ approximate: "tanh" }),
  sigmoid,
  hard_sigmoid: hard,
  hard_silu: hardSwish,
  hard_swish: hardSwish,
  tanh,
  hard_tanh: plain(
    "hardTanh",
    (x) => tf.clipByValue(x, -1, 1),
    only({ op: "clip", low: -1, high: 1 }),
  ),
  tanh_shrink: plain(
    "tanhShrink",
    (x) => tf.sub(x, tf.tanh(x)),
    ({ add, x, shape }) =>
      add({ op: "join", by: "sub" }, shape, x, add({ op: "each", f: "tanh" }, shape, x)),
  ),
  softmax,
  log_softmax: logSoftmax,
  // TensorFlow.js's name.
  logSoftmax,
  softplus,
  softsign: plain(
    "softsign",
    (x) => tf.div(x, tf.add(tf.abs(x), 1)),
    only({ op: "each", f: "softsign" }),
  ),
  swish: silu,
  silu,
  exponential: plain("exp", tf.exp, only({ op: "each", f: "exp" })),
  mish: plain(
    "mish",
    (x) => tf.mul(x, tf.tanh(tf.softplus(x))),
    only({ op: "each", f: "mish" }),
  ),
  log_sigmoid: plain(
    "logSigmoid",
    (x) => tf.neg(tf.softplus(tf.neg(x))),
    ({ add, x, shape }) => {
      const f = (name: "neg" | "softplus", of: Value): Value =>
        add({ op: "each", f: name }, shape, of);
      return f("neg", f("softplus", f("neg", x)));
    },
  ),
};

/** Layers that are given as the activation of others. */
const CLASSES: Readonly<Record<string, Make>> = {
  ReLU: rectified,
  LeakyReLU: (config) => leakyRelu(numberIn(config, ["negative_slope", "alpha"], 0.3)),
  ELU: FUNCTIONS.elu!,
  Softmax: softmax,
};

/** The functions that are missing in what a layer's configuration names as its activation. */
export function missingActivation(config: Config): string | undefined {
  const { activation: value } = config;
  if (value === undefined || value === null) return undefined;
  const { name } = namedIn(value);
  return Object.hasOwn(FUNCTIONS, name) || Object.hasOwn(CLASSES, name) ? undefined : name;
}

/** Adds the activation that a layer's configuration names, if any. */
export function activated(call: KerasCall, x: Placed): Placed {
  const { activation: value } = call.config;
  if (value === undefined || value === null) return x;
  const { name, config } = namedIn(value);
  const make = FUNCTIONS[name] ?? CLASSES[name];
  call.require(make !== undefined, "have a known activation", name);
  const layer = make!(config, call.dialect);
  // A layer of its own for a function keeps its name.
  const suffix = call.layer.className === "Activation" ? {} : { suffix: name.toLowerCase() };
  return layer ? call.emit(layer, x, suffix) : x;
}

const each = (make: (call: KerasCall) => AnyLayer | undefined): Conversion => (call) => {
  const layer = make(call);
  return layer ? call.emit(layer, call.value()) : call.value();
};

/** Slopes of each feature, or of each number; shared axes have size 1. */
const slopes: Conversion = (call) => {
  const x = call.value();
  const shared = call.list("shared_axes") ?? [];
  const axes = shared.map((axis) => call.exampleAxis(axis, x.shape.length));
  const shape = x.shape.map((size, axis) => axes.includes(axis) ? 1 : size);
  const { alpha } = call.weights({ alpha: shape });
  const isByFeature = shape.slice(0, -1).every((size) => size === 1);
  if (isByFeature) {
    const isShared = shape.at(-1) === 1;
    return call.emit(prelu({ shared: isShared }), x, { params: { slope: alpha } });
  }
  return call.emit(withNumbers("prelu", tf.prelu, shape, false), x, { params: { value: alpha } });
};

export const ACTIVATIONS: Readonly<Record<string, Conversion>> = {
  Activation: (call) => activated(call, call.value()),
  ReLU: each(({ config, dialect }) => rectified(config, dialect)),
  LeakyReLU: each(({ config, dialect }) => CLASSES.LeakyReLU!(config, dialect)),
  ELU: each(({ config, dialect }) => FUNCTIONS.elu!(config, dialect)),
  PReLU: slopes,
  ThresholdedReLU: each((call) => {
    const theta = call.number("theta", 1);
    return activation((x) => tf.mul(x, tf.cast(tf.greater(x, theta), "float32")), "relu");
  }),
  Softmax: each((call) => {
    const { shape } = call.value();
    const axes = call.list("axis") ?? [-1];
    const isLast = axes.length === 1 &&
      call.exampleAxis(axes[0]!, shape.length) === shape.length - 1;
    call.require(isLast, "be over the last axis", axes);
    return softmax();
  }),
};
