// Keras's fully connected layers, normalization, and layers that join others.
import type { Numbers } from "../../imported/emitter.ts";
import { BINARY, joinBy, withNumber, withNumbers } from "../../imported/layers.ts";
import type { Placed } from "../../imported/placer.ts";
import { identity } from "../../layers/activation.ts";
import { activation } from "../../layers/activations.ts";
import { dense } from "../../layers/dense.ts";
import { groupNorm, layerNorm } from "../../layers/example_norm.ts";
import { batchNorm } from "../../layers/norm.ts";
import { fixed, type Value } from "../../layers/operation.ts";
import { concatAlong, reshape } from "../../layers/rearrange.ts";
import { sizeOf, type Tensor } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";
import { activated } from "../activations.ts";
import type { Conversion, KerasCall } from "../call.ts";
import { standardized } from "../standardized.ts";
import { reduced } from "./operations.ts";
import { onPixels } from "./windows.ts";

const fullyConnected: Conversion = (call) => {
  const x = call.value();
  const units = call.number("units", call.number("output_dim", 0));
  const bias = call.flag("use_bias", true);
  if (x.shape.length === 3) return activated(call, onPixels(call, x, units, bias));
  if (x.shape.length === 2) {
    const wide = call.emit(reshape([x.shape[0]!, 1, x.shape[1]!]), x, { suffix: "wide" });
    const y = onPixels(call, wide, units, bias);
    const shape = [x.shape[0]!, y.shape[2]!];
    return activated(call, call.emit(reshape(shape), y, { suffix: "narrow" }));
  }
  call.require(x.shape.length === 1, "take vectors or images", [...x.shape]);
  const params = call.weights({
    kernel: [x.shape[0]!, units],
  }, bias ? units : 0);
  const features = call.build.features(call.name, units);
  return activated(call, call.emit(dense({ features, bias }), x, { params }));
};

/** Scale and shift, of which Keras may have neither. */
function affineOf(
  call: KerasCall,
  shape: readonly number[],
  others: Readonly<Record<string, readonly number[]>> = {},
): Record<string, Numbers> {
  const [hasScale, hasShift] = [call.flag("scale", true), call.flag("center", true)];
  const { gamma, beta, ...rest } = call.weights<string>({
    ...(hasScale ? { gamma: shape } : {}),
    ...(hasShift ? { beta: shape } : {}),
    ...others,
  });
  const all = (number: number): Numbers => () => new Float32Array(sizeOf(shape)).fill(number);
  return { scale: gamma ?? all(1), shift: beta ?? all(0), ...rest };
}

function requireLast(call: KerasCall, { shape }: Placed): void {
  const [axis = -1, ...more] = call.list("axis") ?? [];
  const isLast = more.length === 0 && call.exampleAxis(axis, shape.length) === shape.length - 1;
  call.require(isLast, "be over the last axis", call.config.axis);
}

const batchNormalization: Conversion = (call) => {
  const x = call.value();
  requireLast(call, x);
  const features = [x.shape.at(-1)!];
  const { moving_mean: mean, moving_variance: variance, ...affine } = affineOf(call, features, {
    moving_mean: features,
    moving_variance: features,
  });
  // Keras's share is that of what was before.
  const momentum = Math.min(1, Math.max(1e-6, 1 - call.number("momentum", 0.99)));
  const layer = batchNorm({ epsilon: call.number("epsilon", 1e-3), momentum });
  const { scale, shift } = affine;
  return call.emit(layer, x, {
    params: { scale: scale!, shift: shift! },
    state: { mean: mean!, variance: variance! },
  });
};

const layerNormalization: Conversion = (call) => {
  const x = call.value();
  const rank = x.shape.length;
  call.require(!call.flag("rms_scaling", false), "subtract the mean", "rms_scaling");
  const axes = (call.list("axis") ?? [-1]).map((axis) => call.exampleAxis(axis, rank));
  const isAll = axes.length === rank && new Set(axes).size === rank;
  const isLast = axes.length === 1 && axes[0] === rank - 1;
  call.require(isAll || isLast, "be over the last axis or all", call.config.axis);
  const params = affineOf(call, isLast ? x.shape.slice(-1) : x.shape);
  const epsilon = call.number("epsilon", 1e-3);
  return call.emit(layerNorm({ axes: isLast ? "last" : "all", epsilon }), x, { params });
};

const groupNormalization: Conversion = (call) => {
  const x = call.value();
  requireLast(call, x);
  const features = x.shape.at(-1)!;
  const said = call.number("groups", 32);
  const groups = said === -1 ? features : said;
  const params = affineOf(call, [features]);
  return call.emit(groupNorm({ groups, epsilon: call.number("epsilon", 1e-3) }), x, { params });
};

const normalization: Conversion = (call) => {
  const x = call.value();
  const [axis, ...more] = call.list("axis") ?? [];
  const isOne = axis === undefined || more.length === 0 &&
      call.exampleAxis(axis, x.shape.length) === x.shape.length - 1;
  call.require(isOne, "be over all axes or keep the last", call.config.axis);
  call.require(!call.flag("invert", false), "not invert", true);
  const shape = axis === undefined ? [] : [x.shape.at(-1)!];
  const said = ["mean", "variance"].map((name) => {
    const value = call.config[name];
    if (value === undefined || value === null) return undefined;
    const numbers = [value].flat(9).map(Number);
    const fits = numbers.every(Number.isFinite) && [1, sizeOf(shape)].includes(numbers.length);
    call.require(fits, `have ${sizeOf(shape)} numbers as ${name}`, value);
    return (): ArrayLike<number> =>
      Float32Array.from({ length: sizeOf(shape) }, (_, i) => numbers[i] ?? numbers[0]!);
  });
  const [mean, variance] = said;
  const state = mean && variance
    ? { mean, variance }
    : call.weights({ mean: shape, variance: shape });
  return call.emit(standardized(shape), x, { state });
};

/** A number, or one for each feature, as an operation on what it takes. */
const rescaling: Conversion = (call) => {
  const x = call.value();
  const numbers = (name: string, standard: number): number[] => {
    const list = [call.config[name] ?? standard].flat() as unknown[];
    const fits = list.every((one) => typeof one === "number" && Number.isFinite(one)) &&
      (list.length === 1 || list.length === x.shape.at(-1));
    call.require(fits, `have a number, or one for each feature, as ${name}`, list);
    return list as number[];
  };
  const [scale, offset] = [numbers("scale", 1), numbers("offset", 0)];
  const tensor = (list: readonly number[]): Tensor =>
    list.length === 1 ? tf.scalar(list[0]!) : tf.tensor1d([...list]);
  const layer = activation((x) => tf.add(tf.mul(x, tensor(scale)), tensor(offset)), "rescaling", {
    flops: 2,
    operations({ add, x, shape }) {
      const by = (name: "mul" | "add", list: readonly number[], of: Value): Value => {
        const isFirst = false;
        if (list.length === 1) {
          return add({ op: "number", by: name, number: list[0]!, isFirst }, shape, of);
        }
        const sizes = [...shape.slice(1).map(() => 1), list.length];
        const value = fixed(sizes, () => Float32Array.from(list));
        return add({ op: "constant", by: name, value, isFirst }, shape, of);
      };
      return by("add", offset, by("mul", scale, x));
    },
  });
  return call.emit(layer, x);
};

/** Values of one number of axes: those with fewer are the last ones. */
function aligned(call: KerasCall): Placed[] {
  const values = call.values();
  const rank = Math.max(...values.map(({ shape }) => shape.length));
  return values.map((value) => {
    const { shape } = value;
    if (shape.length === rank) return value;
    const wide = [...Array(rank - shape.length).fill(1) as number[], ...shape];
    return call.emit(reshape(wide), value, { suffix: "wide" });
  });
}

/** An operation with numbers of the configuration, whose axes of size 1 are repeated. */
function withConstant(call: KerasCall, name: string): Placed {
  const { x, numbers: given, isFirst } = call.withNumbers();
  if (typeof given === "number") {
    return call.emit(withNumber(name, BINARY[name]!, given, isFirst), x);
  }
  const { sizes, numbers } = given;
  const rank = x.shape.length;
  const own = [...Array(Math.max(0, rank - sizes.length)).fill(1), ...sizes].slice(-rank);
  const fits = sizes.length <= rank + 1 && (sizes.length <= rank || sizes[0] === 1) &&
    own.every((size, axis) => size === 1 || size === x.shape[axis]);
  call.require(fits, `have numbers that fit into [${x.shape}]`, [...sizes]);
  const layer = withNumbers(name, BINARY[name]!, own, isFirst);
  return call.emit(layer, x, { params: { value: () => numbers } });
}

const joined = (name: string): Conversion => (call) => {
  const f = BINARY[name]!;
  const hasNumbers = call.operands.some((one) => typeof one === "number" || "numbers" in one);
  if (hasNumbers) return withConstant(call, name);
  const values = aligned(call);
  if (values.length === 1) return values[0]!;
  const [first] = values;
  const rank = first!.shape.length;
  const fits = Array.from({ length: rank }, (_, axis) => values.map(({ shape }) => shape[axis]!))
    .every((sizes) => sizes.every((size) => size === 1 || size === Math.max(...sizes)));
  call.require(fits, "take tensors whose shapes go together", values.map(({ shape }) => shape));
  const isSame = values.every(({ shape }) => `${shape}` === `${first!.shape}`);
  const usual = { Add: "sum", Mul: "product" } as const;
  const join = isSame && (name === "Add" || name === "Mul") ? usual[name] : joinBy(name, f);
  return call.emit(identity(), values, { join });
};

/** InceptionResNetV2's: a first tensor and a part of a second. */
const scaledSum: Conversion = (call) => {
  const [first, second] = call.values();
  call.require(second !== undefined, "take two tensors", "one");
  const scaled = withNumber("Mul", tf.mul, call.number("scale", 1), false);
  const part = call.emit(scaled, second!, { suffix: "scale" });
  return call.emit(identity(), [first!, part], { join: "sum" });
};

/** ConvNeXt's: a learned factor of each feature. */
const layerScale: Conversion = (call) => {
  const x = call.value();
  const shape = x.shape.slice(-1);
  const { gamma } = call.weights({ gamma: shape });
  return call.emit(withNumbers("Mul", tf.mul, shape, false), x, { params: { value: gamma } });
};

const averaged: Conversion = (call) => {
  // NumPy's operation of this name is over axes of one tensor.
  if (Object.hasOwn(call.config, "axis")) return reduced("mean")(call);
  const count = call.values().length;
  const sum = joined("Add")(call);
  return call.emit(withNumber("Mul", tf.mul, 1 / count, false), sum, { suffix: "mean" });
};

const concatenated: Conversion = (call) => {
  const values = call.values();
  if (values.length === 1) return values[0]!;
  const rank = values[0]!.shape.length;
  const axis = call.exampleAxis(call.number("axis", -1), rank);
  const others = (shape: readonly number[]): string =>
    `${shape.length}:${shape.toSpliced(axis, 1)}`;
  const fits = values.every(({ shape }) => others(shape) === others(values[0]!.shape));
  call.require(fits, "take tensors whose other sizes are equal", values.map(({ shape }) => shape));
  return call.emit(identity(), values, {
    join: axis === rank - 1 ? "concat" : concatAlong(axis),
  });
};

/** Operators of TensorFlow in a model of Keras 2, by their names. */
const OPERATORS: Readonly<Record<string, string>> = {
  "__operators__.add": "Add",
  "math.add": "Add",
  "math.multiply": "Mul",
  "math.subtract": "Sub",
  "math.truediv": "Div",
  "math.divide": "Div",
};

/** The name of an operator that is missing. */
export function missingOperator(config: { readonly [name: string]: unknown }): string | undefined {
  const name = `${config.function}`;
  return Object.hasOwn(OPERATORS, name) ? undefined : name;
}

export const SUMS: Readonly<Record<string, Conversion>> = {
  Dense: fullyConnected,
  BatchNormalization: batchNormalization,
  LayerNormalization: layerNormalization,
  GroupNormalization: groupNormalization,
  Normalization: normalization,
  Rescaling: rescaling,
  Add: joined("Add"),
  Subtract: joined("Sub"),
  Multiply: joined("Mul"),
  Divide: joined("Div"),
  TrueDivide: joined("Div"),
  Maximum: joined("Max"),
  Minimum: joined("Min"),
  Power: joined("Pow"),
  Average: averaged,
  CustomScaleLayer: scaledSum,
  LayerScale: layerScale,
  Concatenate: concatenated,
  TFOpLambda: (call) => joined(OPERATORS[`${call.config.function}`]!)(call),
};
