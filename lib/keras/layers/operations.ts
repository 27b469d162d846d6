// Operations on tensors that Keras 3 has in a model beside its layers.
import { activation } from "../../layers/activations.ts";
import { only } from "../../layers/operation.ts";
import { reduce } from "../../layers/rearrange.ts";
import { clip, padWith } from "../../imported/layers.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";
import type { Conversion } from "../call.ts";

const each = (name: "sqrt" | "log" | "erf", f: (x: Tensor) => Tensor): Conversion => (call) =>
  call.emit(activation(f, name, { operations: only({ op: "each", f: name }) }), call.value());

const clipped: Conversion = (call) => {
  const [low, high] = [call.number("x_min", -Infinity), call.number("x_max", Infinity)];
  return call.emit(clip(low, high), call.value());
};

export const reduced = (by: "mean" | "sum" | "max" | "min"): Conversion => (call) => {
  const x = call.value();
  const rank = x.shape.length;
  call.require((call.config.initial ?? null) === null, "have no initial", call.config.initial);
  const axes = call.list("axis")?.map((axis) => call.exampleAxis(axis, rank));
  if (!axes) throw call.error("name the axes that it reduces", "all");
  return call.emit(reduce({ axes, by, keep: call.flag("keepdims", false) }), x);
};

/** Numbers around each axis of an example. */
const padded: Conversion = (call) => {
  const { x, numbers: number } = call.operands.length === 1
    ? { x: call.value(), numbers: 0 }
    : call.withNumbers();
  const { pad_width: width } = call.config;
  const mode = call.text("mode", "constant");
  const pairs = (Array.isArray(width) ? width : []) as (readonly [number, number])[];
  const isWidth = pairs.length === x.shape.length + 1 &&
    pairs.every((pair) =>
      Array.isArray(pair) && pair.length === 2 &&
      pair.every((one) => Number.isInteger(one) && one >= 0)
    );
  const fits = isWidth && `${pairs[0]}` === "0,0" && mode === "constant" &&
    typeof number === "number";
  call.require(fits, "pad each example by a number", { pad_width: width, mode });
  return call.emit(padWith(pairs.slice(1), number as number), x);
};

export const OPERATIONS: Readonly<Record<string, Conversion>> = {
  Sqrt: each("sqrt", tf.sqrt),
  Log: each("log", tf.log),
  Erf: each("erf", tf.erf),
  Clip: clipped,
  Pad: padded,
  Mean: reduced("mean"),
  Sum: reduced("sum"),
  Max: reduced("max"),
  Min: reduced("min"),
};
