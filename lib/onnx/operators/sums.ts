// Fully connected layers, normalization, and operations of two tensors or of a tensor and a constant.
import { conv } from "../../layers/conv.ts";
import { dense } from "../../layers/dense.ts";
import { instanceNorm, layerNorm } from "../../layers/example_norm.ts";
import { localResponseNorm } from "../../layers/local_response_norm.ts";
import { batchNorm } from "../../layers/norm.ts";
import { concatAlong, reshape } from "../../layers/rearrange.ts";
import { identity } from "../../layers/activation.ts";
import { sizeOf } from "../../tensor/tensor.ts";
import type { Numbers } from "../../imported/emitter.ts";
import { type Builder, lastAxes, plainAxes } from "../builder.ts";
import { permuted } from "../../tensor/permuted.ts";
import type { Call, Value } from "../call.ts";
import type { Constant } from "../constant.ts";
import { BINARY, joinBy, matMulJoin, withNumber, withNumbers } from "../../imported/layers.ts";
import type { Operator } from "./operator.ts";

/** A fully connected layer, whose rows are in the order of a vector that was an image. */
function fullyConnected(
  call: Call,
  build: Builder,
  weights: { kernel: Constant; isTransposed: boolean; factor: number; bias?: Numbers },
): Value {
  const value = call.value();
  const { kernel, isTransposed, factor, bias } = weights;
  const isMatrix = kernel.dims.length === 2 && value.dims.length === 1;
  call.require(isMatrix, "multiply vectors by a matrix", [...kernel.dims]);
  const x = value.flat ? value : build.arrange(call.name, value, [0]);
  const [inputs, columns] = isTransposed
    ? [kernel.dims[1]!, kernel.dims[0]!]
    : [kernel.dims[0]!, kernel.dims[1]!];
  const features = build.features(call.name, columns);
  call.require(inputs === x.dims[0], `have a matrix for ${x.dims[0]} inputs`, [...kernel.dims]);
  const numbers = (): ArrayLike<number> => {
    if (kernel.fill !== undefined && factor === 1) return kernel.values();
    const order = isTransposed ? [1, 0] : [0, 1];
    let own = permuted(kernel.values(), kernel.dims, order);
    if (x.flat) {
      const { sizes, order } = x.flat;
      const was = order.map((_, axis) => sizes[order.indexOf(axis)]!);
      own = permuted(own, [...was, columns], [...order, was.length]);
    }
    return factor === 1 ? own : Float32Array.from(own, (one) => factor * one);
  };
  const params = { kernel: numbers, ...(bias ? { bias } : {}) };
  const layer = dense({ features, bias: bias !== undefined });
  return build.emit(call.name, layer, [x], { dims: [features], axes: [0] }, { params });
}

const gemm: Operator = (call, build) => {
  call.require(call.number("transA", 0) === 0, "not transpose its input", 1);
  const kernel = call.constant(1);
  const isTransposed = call.number("transB", 0) !== 0;
  const features = kernel.dims[isTransposed ? 0 : 1]!;
  const [added, beta] = [call.optional(2), call.number("beta", 1)];
  const factor = call.number("alpha", 1);
  if (!added) return fullyConnected(call, build, { kernel, isTransposed, factor });
  const size = sizeOf(added.dims);
  const fits = size === 1 || size === features && added.dims.at(-1) === features;
  call.require(fits, `add one number to each of ${features}`, [...added.dims]);
  const bias = (): ArrayLike<number> => {
    const own = added.values();
    return Float32Array.from({ length: features }, (_, i) => beta * own[size === 1 ? 0 : i]!);
  };
  return fullyConnected(call, build, { kernel, isTransposed, factor, bias });
};

const matMul: Operator = (call, build) => {
  const [, second] = call.operands;
  if (second && "value" in second) return productOf(call, build);
  const kernel = call.constant(1);
  const rank = call.value().dims.length;
  if (rank === 1 || kernel.dims.length !== 2) {
    return fullyConnected(call, build, { kernel, isTransposed: false, factor: 1 });
  }
  return onRows(call, build, kernel);
};

/** A matrix that multiplies the last axis: a convolution of single pixels. */
function onRows(call: Call, build: Builder, kernel: Constant): Value {
  const value = build.settle(call.name, call.value());
  const x = build.arrange(call.name, value, plainAxes(value.dims));
  const [inputs, units] = kernel.dims as [number, number];
  call.require(inputs === x.dims.at(-1), `have a matrix for ${x.dims.at(-1)} inputs`, [
    ...kernel.dims,
  ]);
  const features = build.features(call.name, units);
  const dims = x.dims.with(-1, features);
  const rows = sizeOf(x.dims) / inputs;
  const pixels = build.emit(call.name, reshape([rows, 1, inputs]), [x], x, { suffix: "rows" });
  const layer = conv({ features, size: 1, bias: false });
  const y = build.emit(call.name, layer, [pixels], x, { params: { kernel: kernel.values } });
  const output = { dims, axes: plainAxes(dims) };
  return build.emit(call.name, reshape(dims), [y], output, { suffix: "view" });
}

/** The product of two values that the network computes, as in attention. */
function productOf(call: Call, build: Builder): Value {
  const [a, b] = [0, 1].map((i) => {
    const value = build.settle(call.name, call.value(i));
    return build.arrange(call.name, value, plainAxes(value.dims));
  }) as [Value, Value];
  const shapes = [a.dims, b.dims];
  const fits = a.dims.length >= 2 && a.dims.length === b.dims.length &&
    `${a.dims.slice(0, -2)}` === `${b.dims.slice(0, -2)}` && a.dims.at(-1) === b.dims.at(-2);
  call.require(
    fits,
    "multiply matrices that go together",
    shapes.map((dims) => `[${dims}]`).join(),
  );
  const dims = a.dims.with(-1, b.dims.at(-1)!);
  return build.emit(call.name, identity(), [a, b], { dims, axes: plainAxes(dims) }, {
    join: matMulJoin,
  });
}

/** The value with its features last. */
function featuresLast(call: Call, build: Builder): Value {
  const value = build.settle(call.name, call.value());
  return build.arrange(call.name, value, lastAxes(value.dims));
}

function byFeature(call: Call, i: number, features: number): Numbers {
  const { dims, values } = call.constant(i);
  call.require(`${dims}` === `${features}`, `have ${features} numbers as input ${i}`, [...dims]);
  return values;
}

const batchNormalization: Operator = (call, build) => {
  const isRunning = call.number("training_mode", 0) === 0 && call.number("spatial", 1) === 1;
  const isTest = call.opset >= 7 || call.number("is_test", 0) === 1;
  call.require(
    isRunning && isTest,
    "use running statistics by channel",
    "training_mode or spatial = 0",
  );
  const x = featuresLast(call, build);
  const { layer: _, ...output } = x;
  const [scale, shift, mean, variance] = [1, 2, 3, 4].map((i) => byFeature(call, i, x.dims[0]!));
  const layer = batchNorm({ epsilon: call.number("epsilon", 1e-5) });
  return build.emit(call.name, layer, [x], output, {
    params: { scale: scale!, shift: shift! },
    state: { mean: mean!, variance: variance! },
  });
};

const instanceNormalization: Operator = (call, build) => {
  const x = featuresLast(call, build);
  const { layer: _, ...output } = x;
  const layer = instanceNorm({ epsilon: call.number("epsilon", 1e-5), affine: true });
  return build.emit(call.name, layer, [x], output, {
    params: { scale: byFeature(call, 1, x.dims[0]!), shift: byFeature(call, 2, x.dims[0]!) },
  });
};

/** Over the last axis, or all of them. */
const layerNormalization: Operator = (call, build) => {
  const value = build.settle(call.name, call.value());
  const { dims } = value;
  const axis = call.exampleAxis(call.number("axis", -1), value.dims.length);
  const isLast = axis === dims.length - 1;
  call.require(isLast || axis === 0, "normalize the last axis or all of them", axis);
  const x = build.arrange(
    call.name,
    value,
    isLast || dims.length !== 3 ? plainAxes(dims) : lastAxes(dims),
  );
  const own = isLast ? dims.slice(-1) : dims;
  const numbers = (constant: Constant | undefined): Numbers => {
    if (!constant) return () => new Float32Array(sizeOf(own));
    call.require(`${constant.dims}` === `${own}`, `have a number for each of [${own}]`, [
      ...constant.dims,
    ]);
    return isLast ? constant.values : () => permuted(constant.values(), own, x.axes);
  };
  const { layer: _, ...output } = x;
  const layer = layerNorm({
    epsilon: call.number("epsilon", 1e-5),
    axes: isLast ? "last" : "all",
  });
  return build.emit(call.name, layer, [x], output, {
    params: { scale: numbers(call.constant(1)), shift: numbers(call.optional(2)) },
  });
};

const responses: Operator = (call, build) => {
  const size = call.number("size", 0);
  call.require(size % 2 === 1, "have an odd size", size);
  const x = featuresLast(call, build);
  const { layer: _, ...output } = x;
  const layer = localResponseNorm({
    size,
    alpha: call.number("alpha", 1e-4),
    beta: call.number("beta", 0.75),
    k: call.number("bias", 1),
  });
  return build.emit(call.name, layer, [x], output);
};

/** Several values in one order of axes. */
function alike(
  call: Call,
  build: Builder,
  given: readonly Value[],
  needed?: number,
): readonly Value[] {
  const values = given.map((value) => build.settle(call.name, value));
  const { dims, axes } = values[0]!;
  const isRank = values.every((value) => value.dims.length === dims.length);
  call.require(isRank, "have inputs of as many axes", values.map((value) => value.dims.length));
  const isEnough = values.every((value) =>
    value.dims.every((size, axis) => size === 1 && axis !== needed || axes.includes(axis))
  );
  const own = isEnough ? axes : dims.length === 3 ? lastAxes(dims) : plainAxes(dims);
  return values.map((value) => build.arrange(call.name, value, own));
}

/** An operation of two or more that the network computes, or of one and a constant. */
const binary = (name: string): Operator => (call, build) => {
  const f = BINARY[name]!;
  call.require(call.attribute("axis") === undefined, "broadcast from the last axis on", "an axis");
  const at = call.operands.findIndex((operand) => operand && "constant" in operand);
  if (at < 0) return joined(call, build, name);
  call.require(
    call.operands.length === 2,
    "have two inputs, if one is a constant",
    call.operands.length,
  );
  const isFirst = at === 0;
  const added = call.constant(at);
  const value = call.value(1 - at);
  const single = added.fill ?? (sizeOf(added.dims) === 1 ? added.values()[0]! : undefined);
  const isScalar = sizeOf(added.dims) === 1 && added.dims.length <= value.dims.length + 1;
  if (isScalar) {
    const { layer: _, ...output } = value;
    return build.emit(call.name, withNumber(name, f, single!, isFirst), [value], output);
  }
  const x = build.settle(call.name, value);
  const { dims } = x;
  const whole = [...Array(dims.length + 1 - added.dims.length).fill(1), ...added.dims] as number[];
  const fits = whole.length === dims.length + 1 && whole[0] === 1 &&
    whole.slice(1).every((size, axis) => size === 1 || size === dims[axis]);
  call.require(fits, `have a constant that fits into [${[call.batch, ...dims]}]`, [...added.dims]);
  const { layer: _, ...output } = x;
  const own = whole.slice(1);
  const rest = plainAxes(dims).filter((axis) => !x.axes.includes(axis));
  const sizes = x.axes.map((axis) => own[axis]!);
  const params = {
    value: () =>
      added.fill === undefined
        ? permuted(added.values(), own, [...x.axes, ...rest])
        : added.values(),
  };
  return build.emit(call.name, withNumbers(name, f, sizes, isFirst), [x], output, { params });
};

function joined(call: Call, build: Builder, name: string): Value {
  const given = call.operands.map((_, i) => call.value(i));
  if (given.length === 1) return given[0]!;
  const values = alike(call, build, given);
  const { axes, dims: first } = values[0]!;
  const dims = first.map((_, axis) => Math.max(...values.map((value) => value.dims[axis]!)));
  const fits = values.every((value) =>
    value.dims.every((size, axis) => size === 1 || size === dims[axis])
  );
  call.require(
    fits,
    "have inputs whose shapes go together",
    values.map((value) => `[${value.dims}]`).join(", "),
  );
  const isSame = values.every((value) => `${value.dims}` === `${dims}`);
  const usual = { Add: "sum", Mul: "product" } as const;
  const join = isSame && (name === "Add" || name === "Mul")
    ? usual[name]
    : joinBy(name, BINARY[name]!);
  return build.emit(call.name, identity(), values, { dims, axes }, { join });
}

const concat: Operator = (call, build) => {
  const given = call.operands.map((_, i) => call.value(i));
  if (given.length === 1) return given[0]!;
  const axis = call.exampleAxis(call.number("axis", 1), given[0]!.dims.length);
  const values = alike(call, build, given, axis);
  const { axes, dims: first } = values[0]!;
  const others = (dims: readonly number[]): string => `${dims.toSpliced(axis, 1)}`;
  const fits = values.every((value) => others(value.dims) === others(first));
  call.require(
    fits,
    "have inputs whose other sizes are equal",
    values.map((value) => `[${value.dims}]`).join(", "),
  );
  const size = values.reduce((sum, value) => sum + value.dims[axis]!, 0);
  const place = axes.indexOf(axis);
  const join = place === axes.length - 1 ? "concat" : concatAlong(place);
  return build.emit(call.name, identity(), values, { dims: first.with(axis, size), axes }, {
    join,
  });
};

export const SUMS: Readonly<Record<string, Operator>> = {
  Gemm: gemm,
  MatMul: matMul,
  BatchNormalization: batchNormalization,
  InstanceNormalization: instanceNormalization,
  LayerNormalization: layerNormalization,
  LRN: responses,
  Concat: concat,
  Sum: binary("Add"),
  ...Object.fromEntries(Object.keys(BINARY).map((name) => [name, binary(name)])),
};
