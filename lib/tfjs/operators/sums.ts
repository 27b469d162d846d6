// TensorFlow's matrix products, batch norm, and operations of two tensors.
import { identity } from "../../layers/activation.ts";
import { dense } from "../../layers/dense.ts";
import { localResponseNorm } from "../../layers/local_response_norm.ts";
import { batchNorm } from "../../layers/norm.ts";
import { concatAlong, reshape } from "../../layers/rearrange.ts";
import { BINARY, type Binary, joinBy, withNumber, withNumbers } from "../../imported/layers.ts";
import type { Numbers } from "../../imported/emitter.ts";
import type { Placed } from "../../imported/placer.ts";
import { sizeOf } from "../../tensor/tensor.ts";
import { tf } from "../../tensor/tf.ts";
import type { GraphCall, Operator } from "../call.ts";
import { fusedOf } from "./windows.ts";

const product: Operator = (call) => {
  const x = call.value();
  const matrix = call.constant(1);
  const isTransposed = call.flag("transpose_b");
  const isVectors = x.shape.length === 1 && matrix.dims.length === 2 && !call.flag("transpose_a");
  call.require(isVectors, "multiply vectors by a matrix", [...matrix.dims]);
  const [inputs, units] = isTransposed ? matrix.dims.toReversed() : matrix.dims;
  call.require(inputs === x.shape[0], `have a matrix for ${x.shape[0]} inputs`, [...matrix.dims]);
  const kernel: Numbers = () => {
    const own = matrix.values();
    if (!isTransposed) return own;
    return Float32Array.from(
      { length: own.length },
      (_, i) => own[i % units! * inputs! + Math.floor(i / units!)]!,
    );
  };
  const { bias, after } = fusedOf(call, units!);
  const features = call.build.features(call.name, units!);
  const layer = dense({ features, bias: bias !== undefined });
  return after(call.emit(layer, x, { params: { kernel, ...(bias ? { bias } : {}) } }));
};

const batchNormalization: Operator = (call) => {
  const x = call.value();
  const format = call.text("data_format", "NHWC");
  call.require(format === "NHWC", "have its channels last", format);
  const features = x.shape.at(-1)!;
  const [scale, shift, mean, variance] = [1, 2, 3, 4].map((i) => {
    const { dims, values } = call.constant(i);
    call.require(`${dims}` === `${features}`, `have ${features} numbers as input ${i}`, [...dims]);
    return values;
  }) as [Numbers, Numbers, Numbers, Numbers];
  const layer = batchNorm({ epsilon: call.number("epsilon", 1e-3) });
  return call.emit(layer, x, { params: { scale, shift }, state: { mean, variance } });
};

/** An operation of two that the network computes, or of one and a constant. */
const binary = (name: string, f: Binary): Operator => (call) => {
  const at = call.operands.findIndex((operand) => "constant" in operand);
  if (at < 0) return joined(call, name, f);
  const isFirst = at === 0;
  const x = call.value(1 - at);
  const { dims, values } = call.constant(at);
  if (sizeOf(dims) === 1 && dims.length <= x.shape.length + 1) {
    return call.emit(withNumber(name, f, values()[0]!, isFirst), x);
  }
  const wide = [
    ...Array(Math.max(0, x.shape.length + 1 - dims.length)).fill(1),
    ...dims,
  ] as number[];
  const fits = wide.length === x.shape.length + 1 && wide[0] === 1 &&
    wide.slice(1).every((size, axis) => size === 1 || size === x.shape[axis]);
  call.require(fits, `have a constant that fits into [${call.wholeOf(x)}]`, [...dims]);
  const layer = withNumbers(name, f, wide.slice(1), isFirst);
  return call.emit(layer, x, { params: { value: values } });
};

/** Values of one rank; the batch's axis is the first of each, so that those of fewer do not fit. */
function joined(call: GraphCall, name: string, f: Binary): Placed {
  const values = call.operands.map((_, i) => call.value(i));
  if (values.length === 1) return values[0]!;
  const shapes = values.map(({ shape }) => shape);
  const [first] = shapes;
  const fits = shapes.every((shape) => shape.length === first!.length) &&
    first!.every((_, axis) => {
      const sizes = shapes.map((shape) => shape[axis]!);
      return sizes.every((size) => size === 1 || size === Math.max(...sizes));
    });
  call.require(fits, "have inputs whose shapes go together", shapes);
  const isSame = shapes.every((shape) => `${shape}` === `${first}`);
  const usual = { Add: "sum", Mul: "product" } as const;
  const join = isSame && (name === "Add" || name === "Mul") ? usual[name] : joinBy(name, f);
  return call.emit(identity(), values, { join });
}

const concat: Operator = (call) => {
  const isV2 = call.node.op === "ConcatV2";
  const count = call.operands.length;
  const places = Array.from({ length: count - 1 }, (_, i) => isV2 ? i : i + 1);
  const values = places.map((i) => call.value(i));
  if (values.length === 1) return values[0]!;
  const axis = call.exampleAxis(call.numbers(isV2 ? count - 1 : 0)[0]!, values[0]!.shape.length);
  const rank = values[0]!.shape.length;
  const others = (shape: readonly number[]): string =>
    `${shape.length}:${shape.toSpliced(axis, 1)}`;
  const fits = values.every(({ shape }) => others(shape) === others(values[0]!.shape));
  call.require(fits, "have inputs whose other sizes are equal", values.map(({ shape }) => shape));
  return call.emit(identity(), values, { join: axis === rank - 1 ? "concat" : concatAlong(axis) });
};

/** Several values side by side along a new axis. */
const packed: Operator = (call) => {
  const values = call.operands.map((_, i) => call.value(i));
  const { shape } = values[0]!;
  const axis = call.axis(call.number("axis", 0), shape.length + 2) - 1;
  call.require(axis >= 0, "leave the batch's axis alone", axis + 1);
  const wide = values.map((value) => call.emit(reshape(value.shape.toSpliced(axis, 0, 1)), value));
  return call.emit(identity(), wide, { join: concatAlong(axis) });
};

/** The sum over channels around each, whose share TensorFlow does not divide by their number. */
const responses: Operator = (call) => {
  const size = 2 * call.number("depth_radius", 5) + 1;
  const [alpha, beta] = [call.number("alpha", 1) * size, call.number("beta", 0.5)];
  const layer = localResponseNorm({ size, alpha, beta, k: call.number("bias", 1) });
  return call.emit(layer, call.value());
};

export const SUMS: Readonly<Record<string, Operator>> = {
  MatMul: product,
  _FusedMatMul: product,
  LRN: responses,
  FusedBatchNorm: batchNormalization,
  FusedBatchNormV2: batchNormalization,
  FusedBatchNormV3: batchNormalization,
  Add: binary("Add", BINARY.Add!),
  AddV2: binary("Add", BINARY.Add!),
  AddN: (call) => joined(call, "Add", BINARY.Add!),
  Sub: binary("Sub", BINARY.Sub!),
  Mul: binary("Mul", BINARY.Mul!),
  RealDiv: binary("Div", BINARY.Div!),
  Div: binary("Div", BINARY.Div!),
  Maximum: binary("Max", BINARY.Max!),
  Minimum: binary("Min", BINARY.Min!),
  Pow: binary("Pow", BINARY.Pow!),
  SquaredDifference: binary("SquaredDifference", tf.squaredDifference),
  ConcatV2: concat,
  Concat: concat,
  Pack: packed,
};
