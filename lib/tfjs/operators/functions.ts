// TensorFlow's functions of each number.
import { leakyRelu, relu, sigmoid, softmax, tanh } from "../../layers/activation.ts";
import {
  activation,
  elu,
  logSoftmax,
  prelu,
  relu6,
  selu,
  softplus,
} from "../../layers/activations.ts";
import { clip, withNumbers } from "../../imported/layers.ts";
import type { Placed } from "../../imported/placer.ts";
import type { AnyLayer, Operations } from "../../layers/layer.ts";
import { type NumberFunction, only } from "../../layers/operation.ts";
import { sizeOf, type Tensor } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";
import type { GraphCall, Operator } from "../call.ts";
import type { Constant } from "../constant.ts";

type Make = (alpha: number) => AnyLayer | undefined;

const plain = (
  name: string,
  f: (x: Tensor) => Tensor,
  operations: Operations["write"] = only({ op: "each", f: name as NumberFunction }),
): Make =>
() => activation(f, name, { operations });

const ACTIVATIONS: Readonly<Record<string, Make>> = {
  Linear: () => undefined,
  Identity: () => undefined,
  StopGradient: () => undefined,
  Relu: () => relu(),
  Relu6: () => relu6(),
  LeakyRelu: (alpha) => leakyRelu(alpha),
  Elu: () => elu(),
  Selu: () => selu(),
  Sigmoid: () => sigmoid(),
  Tanh: () => tanh(),
  Softplus: () => softplus(),
  Softsign: plain("softsign", (x) => tf.div(x, tf.add(tf.abs(x), 1))),
  Exp: plain("exp", tf.exp),
  Log: plain("log", tf.log),
  Sqrt: plain("sqrt", tf.sqrt),
  Rsqrt: plain("rsqrt", tf.rsqrt, only({ op: "number", by: "pow", number: -0.5, isFirst: false })),
  Square: plain(
    "square",
    tf.square,
    ({ add, x, shape }) => add({ op: "join", by: "mul" }, shape, x, x),
  ),
  Abs: plain("abs", tf.abs),
  Neg: plain("neg", tf.neg),
  Reciprocal: plain("reciprocal", tf.reciprocal),
  Erf: plain("erf", tf.erf),
};

/** The layer of a function; `undefined` if it changes nothing. */
export function activationOf(call: GraphCall, name: string, alpha: number): AnyLayer | undefined {
  call.require(Object.hasOwn(ACTIVATIONS, name), "fuse a known function", name);
  return ACTIVATIONS[name]!(alpha);
}

/** Slopes below zero, one of each feature or of each number. */
export function slopes(call: GraphCall, x: Placed, alpha: Constant, suffix?: string): Placed {
  const named = suffix ? { suffix } : {};
  const wide = [
    ...Array(Math.max(0, x.shape.length + 1 - alpha.dims.length)).fill(1),
    ...alpha.dims,
  ];
  const own = wide.slice(1) as number[];
  const fits = wide.length === x.shape.length + 1 && wide[0] === 1 &&
    own.every((size, axis) => size === 1 || size === x.shape[axis]);
  call.require(fits, `have slopes that fit into [${call.wholeOf(x)}]`, [...alpha.dims]);
  const size = sizeOf(alpha.dims);
  if (size === own.at(-1)) {
    const layer = prelu({ shared: size === 1 });
    return call.emit(layer, x, { params: { slope: alpha.values }, ...named });
  }
  const layer = withNumbers("prelu", tf.prelu, own, false);
  return call.emit(layer, x, { params: { value: alpha.values }, ...named });
}

const each = (name: string): Operator => (call) => {
  const layer = ACTIVATIONS[name]!(call.number("alpha", 0.2));
  return layer ? call.emit(layer, call.value()) : call.value();
};

const clipped: Operator = (call) => {
  const [low, high] = [call.numbers(1)[0]!, call.numbers(2)[0]!];
  return call.emit(low === 0 && high === 6 ? relu6() : clip(low, high), call.value());
};

export const FUNCTIONS: Readonly<Record<string, Operator>> = {
  ...Object.fromEntries(Object.keys(ACTIVATIONS).map((name) => [name, each(name)])),
  PreventGradient: each("Identity"),
  Cast(call) {
    const to = call.node.attributes.DstT as { readonly type?: unknown } | undefined;
    const isFloat = to?.type === undefined || to.type === "DT_FLOAT" || to.type === 1;
    call.require(isFloat, "make floats of what the network computes", to?.type);
    return call.value();
  },
  Prelu: (call) => slopes(call, call.value(), call.constant(1)),
  Softmax: (call) => call.emit(softmax(), call.value()),
  LogSoftmax: (call) => call.emit(logSoftmax(), call.value()),
  ClipByValue: clipped,
};
