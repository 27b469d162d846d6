// A network's operations as layers of Keras, of version 3 or as TensorFlow.js has them.
import { type Lowered, lowered, type Program, resized, type Step } from "../exported/mod.ts";
import type { Operation, Value, Weight } from "../layers/operation.ts";
import { type Shape, sizeOf } from "../tensor/tensor.ts";
import type { JsonRecord, KerasDialect, WrittenLayer, WrittenModel } from "./written_model.ts";
import { inKerasOrder } from "./written_order.ts";
import { ACTIVATIONS, EACH, MERGES, paddingOf, rulesOf } from "./written_rules.ts";

/**
 * The layers of a program.
 *
 * @param dialect which layers there are
 * @throws {TypeError} if an operation can not be made of those: with all of them
 */
export function kerasModel(program: Program, dialect: KerasDialect): WrittenModel {
  const format = dialect === "keras" ? "Keras" : "layers of TensorFlow.js";
  const { keeps, adapt } = rulesOf(dialect);
  const done = lowered(program, format, keeps, adapt);
  return new LayerMaker(dialect).model(program, done);
}

/** Operations of Keras 3 on two tensors or numbers. */
const BINARY = {
  add: "Add",
  sub: "Subtract",
  mul: "Multiply",
  div: "Divide",
  max: "Maximum",
  min: "Minimum",
  pow: "Power",
} as const;

const REDUCTIONS = { mean: "Mean", sum: "Sum", max: "Max", min: "Min" } as const;

class LayerMaker {
  readonly #layers: WrittenLayer[] = [];
  /** The names of the layers that give values. */
  readonly #values = new Map<number, string>();
  readonly #names = new Set<string>();

  constructor(readonly dialect: KerasDialect) {}

  model(program: Program, { steps, outputs }: Lowered): WrittenModel {
    const inputs = program.inputs.map(({ name, value: { id, shape } }) => {
      const own = this.#layer(name, "InputLayer", {}, [], shape);
      this.#values.set(id, own);
      return own;
    });
    for (const step of steps) this.#values.set(step.output.id, this.#add(step));
    const ends = outputs.map(({ value }) => this.#values.get(value.id)!);
    return { layers: inKerasOrder(this.#layers, ends), inputs, outputs: ends };
  }

  /** Names without dots and slashes: they become attributes and paths. */
  #nameOf(name: string): string {
    const clean = name.replace(/[^A-Za-z0-9_]+/g, "_");
    let own = clean;
    for (let i = 2; this.#names.has(own); i++) own = `${clean}_${i}`;
    this.#names.add(own);
    return own;
  }

  #layer(
    name: string,
    className: string,
    config: JsonRecord,
    inputs: readonly (Value | number)[],
    shape: Shape,
    weights: Readonly<Record<string, Weight | undefined>> = {},
    module = "keras.layers",
  ): string {
    const own = this.#nameOf(name);
    const values = inputs.filter((one) => typeof one !== "number");
    this.#layers.push({
      name: own,
      className,
      module,
      config,
      inputs: inputs.map((one) => typeof one === "number" ? one : this.#values.get(one.id)!),
      inputShapes: values.map((value) => value.shape),
      shape,
      weights: Object.entries(weights).flatMap(([role, weight]) =>
        weight ? [[role, weight] as const] : []
      ),
    });
    return own;
  }

  #operation(
    name: string,
    module: string,
    className: string,
    config: JsonRecord,
    inputs: readonly (Value | number)[],
    shape: Shape,
  ): string {
    return this.#layer(name, className, config, inputs, shape, {}, `keras.src.ops.${module}`);
  }

  /**
   * The values that a layer takes, each once: TensorFlow.js counts the layers that need a tensor, but
   * each time that one takes it, and so drops it too early.
   */
  #distinct(name: string, inputs: readonly Value[]): Value[] {
    return inputs.map((value, i) => {
      if (inputs.indexOf(value) === i) return value;
      // No layer gives it but this one; those of a program count from 0.
      const copy = { id: -1 - this.#layers.length, shape: value.shape };
      const config = { scale: 1, offset: 0 };
      this.#values.set(
        copy.id,
        this.#layer(`${name}_copy`, "Rescaling", config, [value], value.shape),
      );
      return copy;
    });
  }

  #add({ name, operation, inputs: given, output: { shape } }: Step): string {
    const inputs = this.dialect === "tfjs" ? this.#distinct(name, given) : given;
    const x = inputs[0]!;
    const layer = (
      className: string,
      config: JsonRecord = {},
      weights: Readonly<Record<string, Weight | undefined>> = {},
    ): string => this.#layer(name, className, config, inputs, shape, weights);
    const isKeras = this.dialect === "keras";
    switch (operation.op) {
      case "conv":
        return this.#conv(operation, layer, x.shape, shape);
      case "convTranspose": {
        const { kernel, bias, stride } = operation;
        return layer("Conv2DTranspose", {
          filters: shape[2]!,
          kernel_size: kernel.shape.slice(0, 2),
          strides: stride,
          padding: "valid",
          output_padding: null,
          ...images([1, 1]),
          use_bias: bias !== undefined,
        }, { kernel, bias });
      }
      case "dense": {
        const { kernel, bias } = operation;
        return layer("Dense", {
          units: shape[0]!,
          activation: "linear",
          use_bias: bias !== undefined,
        }, { kernel, bias });
      }
      case "maxPool":
      case "meanPool": {
        const { size, stride } = operation;
        return layer(operation.op === "maxPool" ? "MaxPooling2D" : "AveragePooling2D", {
          pool_size: size,
          strides: stride,
          padding: paddingOf(operation, x.shape, shape)!,
          data_format: "channels_last",
        });
      }
      case "batchNorm": {
        const { epsilon, scale: gamma, shift: beta, mean, variance } = operation;
        return layer("BatchNormalization", {
          axis: -1,
          momentum: 0.9,
          epsilon,
          center: true,
          scale: true,
        }, { gamma, beta, moving_mean: mean, moving_variance: variance });
      }
      case "norm": {
        const { over, epsilon, scale: gamma, shift: beta } = operation;
        const config = { epsilon, center: beta !== undefined, scale: gamma !== undefined };
        if (typeof over === "number") {
          return layer("GroupNormalization", { groups: over, axis: -1, ...config }, {
            gamma,
            beta,
          });
        }
        const axis = over === "last" ? -1 : shape.map((_, i) => i + 1);
        return layer("LayerNormalization", { axis, ...config }, { gamma, beta });
      }
      case "each": {
        const { f, alpha = 1 } = operation;
        if (f === "relu6") return layer("ReLU", { max_value: 6 });
        if (f === "elu") return layer("ELU", { alpha });
        if (f === "leakyRelu") {
          return layer("LeakyReLU", isKeras ? { negative_slope: alpha } : { alpha });
        }
        const activation = ACTIVATIONS[this.dialect][f];
        if (activation) return layer("Activation", { activation });
        return this.#operation(name, ...EACH[f]!, {}, [x], shape);
      }
      case "prelu": {
        const { slope } = operation;
        const isShared = sizeOf(slope.shape) === 1;
        const shared = shape.map((_, axis) => axis + 1).slice(0, isShared ? undefined : -1);
        const sizes = [...shape.slice(1).map(() => 1), isShared ? 1 : shape.at(-1)!];
        const axes = shared.length === 0 ? null : shared;
        return layer("PReLU", { shared_axes: axes }, { alpha: resized(slope, sizes) });
      }
      case "clip": {
        const { low, high } = operation;
        return this.#operation(name, "numpy", "Clip", { x_min: low, x_max: high }, [x], shape);
      }
      case "softmax":
        return layer("Softmax", { axis: -1 });
      case "logSoftmax":
        return layer("Activation", { activation: ACTIVATIONS[this.dialect].logSoftmax! });
      case "number":
        return this.#number(name, operation, x, shape);
      case "constant":
        return this.#constant(name, operation, x, shape);
      case "join":
        return Object.hasOwn(MERGES, operation.by)
          ? layer(MERGES[operation.by as keyof typeof MERGES])
          : this.#operation(name, "numpy", BINARY[operation.by], {}, inputs, shape);
      case "concat":
        return layer("Concatenate", { axis: operation.axis + 1 });
      case "reshape":
        return shape.length === 1
          ? layer("Flatten", { data_format: "channels_last" })
          : layer("Reshape", { target_shape: shape });
      case "transpose":
        return layer("Permute", { dims: operation.order.map((axis) => axis + 1) });
      case "slice": {
        const cut = [0, 1].map((axis) => {
          const before = operation.begin[axis]!;
          return [before, x.shape[axis]! - before - shape[axis]!];
        });
        return layer("Cropping2D", { cropping: cut, data_format: "channels_last" });
      }
      case "pad": {
        const { before, after, number } = operation;
        const sides = [0, 1].map((axis) => [before[axis]!, after[axis]!]);
        if (number === 0) {
          return layer("ZeroPadding2D", { padding: sides, data_format: "channels_last" });
        }
        const width = { pad_width: [[0, 0], ...sides, [0, 0]], mode: "constant" };
        return this.#operation(name, "numpy", "Pad", width, [x, number], shape);
      }
      case "reduce": {
        const { by, axes, keep } = operation;
        const isMap = `${[...axes].sort()}` === "0,1" && x.shape.length === 3;
        if (isMap && (by === "mean" || by === "max")) {
          const className = by === "mean" ? "GlobalAveragePooling2D" : "GlobalMaxPooling2D";
          return layer(className, { data_format: "channels_last", keepdims: keep });
        }
        const config = { axis: axes.map((axis) => axis + 1), keepdims: keep };
        return this.#operation(name, "numpy", REDUCTIONS[by], config, [x], shape);
      }
      case "resample":
        return layer("UpSampling2D", {
          size: [0, 1].map((axis) => shape[axis]! / x.shape[axis]!),
          data_format: "channels_last",
          interpolation: operation.method,
        });
      default:
        throw new Error(`"${name}" (${operation.op}) is no layer of Keras`);
    }
  }

  #conv(
    operation: Extract<Operation, { readonly op: "conv" }>,
    layer: (
      className: string,
      config: JsonRecord,
      weights: Readonly<Record<string, Weight | undefined>>,
    ) => string,
    x: Shape,
    shape: Shape,
  ): string {
    const { kernel, bias, size, stride, dilation, groups } = operation;
    const config = {
      kernel_size: size,
      strides: stride,
      padding: paddingOf(operation, x, shape)!,
      ...images(dilation),
      use_bias: bias !== undefined,
    };
    const channels = x[2]!;
    if (groups > 1 && groups === channels && stride[0] === stride[1]) {
      const multiplier = shape[2]! / channels;
      return layer("DepthwiseConv2D", { depth_multiplier: multiplier, ...config }, {
        [this.dialect === "keras" ? "kernel" : "depthwise_kernel"]: resized(kernel, [
          ...size,
          channels,
          multiplier,
        ]),
        bias,
      });
    }
    const own: JsonRecord = this.dialect === "keras" ? { ...config, groups } : config;
    return layer("Conv2D", { filters: shape[2]!, ...own }, { kernel, bias });
  }

  #number(
    name: string,
    operation: Extract<Operation, { readonly op: "number" }>,
    x: Value,
    shape: Shape,
  ): string {
    const { by, number, isFirst } = operation;
    const linear = by === "mul"
      ? { scale: number, offset: 0 }
      : by === "add"
      ? { scale: 1, offset: number }
      : by === "sub"
      ? isFirst ? { scale: -1, offset: number } : { scale: 1, offset: -number }
      : by === "div" && !isFirst
      ? { scale: 1 / number, offset: 0 }
      : undefined;
    if (linear) return this.#layer(name, "Rescaling", linear, [x], shape);
    const inputs = isFirst ? [number, x] : [x, number];
    return this.#operation(name, "numpy", BINARY[by], {}, inputs, shape);
  }

  /** A constant is a second input, whose numbers are in the configuration. */
  #constant(
    name: string,
    { by, value, isFirst }: Extract<Operation, { readonly op: "constant" }>,
    x: Value,
    shape: Shape,
  ): string {
    const own = this.#operation(name, "numpy", BINARY[by], {}, [x], shape);
    const last = this.#layers.at(-1)!;
    this.#layers[this.#layers.length - 1] = {
      ...last,
      weights: [[isFirst ? "first" : "second", value]],
    };
    return own;
  }
}

function images(dilation: readonly [number, number]): JsonRecord {
  return { data_format: "channels_last", dilation_rate: dilation, activation: "linear" };
}
