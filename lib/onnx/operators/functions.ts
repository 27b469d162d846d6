// Functions of each number by itself, and softmax.
import { leakyRelu, relu, sigmoid, softmax, tanh } from "../../layers/activation.ts";
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
  softplus,
} from "../../layers/activations.ts";
import { dropout } from "../../layers/dropout.ts";
import { type NumberFunction, only } from "../../layers/operation.ts";
import type { AnyLayer } from "../../layers/layer.ts";
import { sizeOf, type Tensor } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";
import { clip } from "../../imported/layers.ts";
import { plainAxes } from "../builder.ts";
import type { Call } from "../call.ts";
import { isFloat } from "../constant.ts";
import type { Operator } from "./operator.ts";

/** A layer that leaves each number in its place. */
const each = (make: (call: Call) => AnyLayer | undefined): Operator => (call, build) => {
  const { layer: _, ...output } = call.value();
  const layer = make(call);
  return layer ? build.emit(call.name, layer, [call.value()], output) : call.value();
};

const plain = (name: NumberFunction, f: (x: Tensor) => Tensor): Operator =>
  each(() => activation(f, name, { operations: only({ op: "each", f: name }) }));

/** Whether two numbers are one in float32. */
const isNear = (one: number, other: number): boolean => Math.abs(one - other) < 1e-6;

function clipped(call: Call): AnyLayer | undefined {
  const [low, high] = [call.scalar("min", 1) ?? -Infinity, call.scalar("max", 2) ?? Infinity];
  if (low === 0 && high === 6) return relu6();
  const isOpen = high >= 3.4e38;
  if (low === 0 && isOpen) return relu();
  const limited = (by: "max" | "min", f: typeof tf.maximum, number: number): AnyLayer => {
    const operations = only({ op: "number", by, number, isFirst: false });
    return activation((x) => f(x, number), "clip", { operations });
  };
  if (low <= -3.4e38) return isOpen ? undefined : limited("min", tf.minimum, high);
  if (isOpen) return limited("max", tf.maximum, low);
  return clip(low, high);
}

function hard(call: Call): AnyLayer {
  const [alpha, beta] = [call.number("alpha", 0.2), call.number("beta", 0.5)];
  if (isNear(alpha, 1 / 6) && beta === 0.5) return hardSigmoid();
  return activation((x) => tf.clipByValue(tf.add(tf.mul(x, alpha), beta), 0, 1), "hardSigmoid", {
    operations({ add, x, shape }) {
      const product = add({ op: "number", by: "mul", number: alpha, isFirst: false }, shape, x);
      const sum = add({ op: "number", by: "add", number: beta, isFirst: false }, shape, product);
      return add({ op: "clip", low: 0, high: 1 }, shape, sum);
    },
  });
}

function scaledElu(call: Call): AnyLayer {
  const alpha = call.number("alpha", 1.67326319217681884765625);
  const gamma = call.number("gamma", 1.05070102214813232421875);
  if (isNear(alpha, 1.6732632) && isNear(gamma, 1.050701)) return selu();
  return activation(
    (x) => tf.mul(tf.add(tf.relu(x), tf.mul(tf.expm1(tf.neg(tf.relu(tf.neg(x)))), alpha)), gamma),
    "selu",
    {
      operations: ({ add, x, shape }) =>
        add(
          { op: "number", by: "mul", number: gamma, isFirst: false },
          shape,
          add({ op: "each", f: "elu", alpha }, shape, x),
        ),
    },
  );
}

const slopes: Operator = (call, build) => {
  const given = build.settle(call.name, call.value());
  const slope = call.constant(1);
  const { dims } = given;
  const size = sizeOf(slope.dims);
  // The features are the first axis, ours the last.
  const axes = dims.length === 1 ? plainAxes(dims) : [...plainAxes(dims).slice(1), 0];
  const skipped = dims.length - slope.dims.length;
  // Before version 7 a vector was one of features.
  const isByFeature = (skipped === 0 || call.opset < 7) && slope.dims[0] === dims[0] &&
    size === dims[0];
  call.require(size === 1 || isByFeature, "have a slope, or one for each channel", [...slope.dims]);
  const x = build.arrange(call.name, given, axes);
  const { layer: _, ...output } = x;
  return build.emit(call.name, prelu({ shared: size === 1 }), [x], output, {
    params: { slope: slope.values },
  });
};

/** Softmax along an axis; in old versions over that and all axes after it. */
const soft = (make: () => AnyLayer): Operator => (call, build) => {
  const x = build.settle(call.name, call.value());
  const { dims } = x;
  const isOld = call.opset < 13;
  const axis = call.exampleAxis(call.number("axis", isOld ? 1 : -1), x.dims.length);
  const others = plainAxes(dims).filter((one) => one !== axis && dims[one] !== 1);
  if (isOld && others.some((one) => one > axis)) {
    call.require(axis === 0, "be over one axis, or all", axis);
    const vector = build.reshape(call.name, x, [sizeOf(dims)]);
    const { layer: _, ...output } = vector;
    return build.reshape(call.name, build.emit(call.name, make(), [vector], output), dims);
  }
  const own = build.arrange(call.name, x, [...others, axis]);
  const { layer: _, ...output } = own;
  return build.emit(call.name, make(), [own], output);
};

export const FUNCTIONS: Readonly<Record<string, Operator>> = {
  Relu: each(relu),
  Sigmoid: each(sigmoid),
  Tanh: each(tanh),
  LeakyRelu: each((call) => leakyRelu(call.number("alpha", 0.01))),
  Elu: each((call) => elu(call.number("alpha", 1))),
  Selu: each(scaledElu),
  Softplus: each(softplus),
  Softsign: plain("softsign", (x) => tf.div(x, tf.add(tf.abs(x), 1))),
  HardSigmoid: each(hard),
  HardSwish: each(hardSwish),
  Gelu: each((call) =>
    gelu({ approximate: call.text("approximate", "none") === "tanh" ? "tanh" : "none" })
  ),
  Mish: plain("mish", (x) => tf.mul(x, tf.tanh(tf.softplus(x)))),
  Clip: each(clipped),
  PRelu: slopes,
  Softmax: soft(softmax),
  LogSoftmax: soft(logSoftmax),
  Dropout: each((call) => {
    const rate = call.scalar("ratio", 1) ?? 0.5;
    return rate === 0 ? undefined : dropout(rate);
  }),
  Identity: each(() => undefined),
  Cast: each((call) => {
    const to = call.number("to", 0);
    call.require(isFloat(to), "make floats of what the network computes", to);
    return undefined;
  }),
  Sqrt: plain("sqrt", tf.sqrt),
  Exp: plain("exp", tf.exp),
  Log: plain("log", tf.log),
  Abs: plain("abs", tf.abs),
  Neg: plain("neg", tf.neg),
  Erf: plain("erf", tf.erf),
  Reciprocal: plain("reciprocal", tf.reciprocal),
};
