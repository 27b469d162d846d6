// A network's operations as layers of Keras, of version 3 or as TensorFlow.js has them.
import {
  type Lowered,
  lowered,
  type Program,
  resized,
  type Step,
  withoutGaps,
} from "../exported/mod.ts";
import type { NumberFunction, Operation, Slide, Value, Weight } from "../layers/operation.ts";
import { type Shape, sizeOf } from "../tensor/tensor.ts";

/** What JSON holds. */
export type Json = null | boolean | number | string | readonly Json[] | {
  readonly [name: string]: Json;
};

/** A record of JSON. */
export type JsonRecord = { readonly [name: string]: Json };

/** A layer with what it takes: of Keras 3 also one of its operations, with numbers besides. */
export type WrittenLayer = {
  readonly name: string;
  readonly className: string;
  /** Where Keras 3 has the class. */
  readonly module: string;
  /** What is said besides name and type. */
  readonly config: JsonRecord;
  /** The names of the layers that it takes; of an operation also numbers. */
  readonly inputs: readonly (string | number)[];
  readonly inputShapes: readonly Shape[];
  readonly shape: Shape;
  /** Its weights in Keras's order, with its names of them. */
  readonly weights: readonly (readonly [name: string, weight: Weight])[];
};

/** A model: its layers, each after what it takes. */
export type WrittenModel = {
  readonly layers: readonly WrittenLayer[];
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
};

/** Which layers there are: those of Keras 3, or those of TensorFlow.js, which are of Keras 2. */
export type KerasDialect = "keras" | "tfjs";

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

/** Functions that `Activation` has, by what they are called there. */
const ACTIVATIONS: Readonly<
  Record<KerasDialect, Partial<Record<NumberFunction | "logSoftmax", string>>>
> = {
  keras: {
    relu: "relu",
    selu: "selu",
    gelu: "gelu",
    silu: "silu",
    hardSwish: "hard_silu",
    hardSigmoid: "hard_sigmoid",
    softplus: "softplus",
    softsign: "softsign",
    mish: "mish",
    sigmoid: "sigmoid",
    tanh: "tanh",
    exp: "exponential",
    logSoftmax: "log_softmax",
  },
  tfjs: {
    relu: "relu",
    selu: "selu",
    silu: "swish",
    softplus: "softplus",
    softsign: "softsign",
    mish: "mish",
    sigmoid: "sigmoid",
    tanh: "tanh",
    logSoftmax: "logSoftmax",
  },
};

/** Layers of several inputs. */
const MERGES = {
  add: "Add",
  sub: "Subtract",
  mul: "Multiply",
  max: "Maximum",
  min: "Minimum",
} as const;

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

/** Operations of Keras 3 on each number. */
const EACH: Partial<Record<NumberFunction, readonly [module: string, name: string]>> = {
  sqrt: ["numpy", "Sqrt"],
  log: ["numpy", "Log"],
  erf: ["math", "Erf"],
};

const REDUCTIONS = { mean: "Mean", sum: "Sum", max: "Max", min: "Min" } as const;

/** Whether a window is over none or as many pixels around as TensorFlow's "same" has. */
export function paddingOf(slide: Slide, x: Shape, y: Shape): "valid" | "same" | undefined {
  const { size, stride, dilation, before, after } = slide;
  if ([...before, ...after].every((one) => one === 0)) return "valid";
  const isSame = ([0, 1] as const).every((axis) => {
    const reach = (size[axis] - 1) * dilation[axis] + 1;
    const count = Math.ceil(x[axis]! / stride[axis]);
    const all = Math.max(0, (count - 1) * stride[axis] + reach - x[axis]!);
    // What is after the last window does not count.
    const used = (count - 1) * stride[axis] + reach - x[axis]! - before[axis];
    return y[axis] === count && before[axis] === Math.floor(all / 2) && used <= after[axis];
  });
  return isSame ? "same" : undefined;
}

/** Operations whose outputs are at least 0. */
const POSITIVE: readonly string[] = ["relu", "relu6", "sigmoid", "hardSigmoid", "exp", "softplus"];

/** Which outputs are known to be at least 0. */
class Positive {
  readonly #known = new Set<number>();

  has({ id }: Value): boolean {
    return this.#known.has(id);
  }

  /** Takes note of a step. */
  see({ operation, inputs, output }: Step): void {
    if (this.#isSo(operation, inputs)) this.#known.add(output.id);
  }

  #isSo(operation: Operation, inputs: readonly Value[]): boolean {
    if (operation.op === "each") return POSITIVE.includes(operation.f);
    if (operation.op === "softmax") return true;
    if (operation.op === "pad" && operation.number < 0) return false;
    if (operation.op === "join" && !["add", "mul", "max", "min"].includes(operation.by)) {
      return false;
    }
    const keeps = ["maxPool", "meanPool", "reshape", "transpose", "slice", "concat", "pad", "join"];
    return keeps.includes(operation.op) && inputs.every((input) => this.has(input));
  }
}

function rulesOf(dialect: KerasDialect): {
  keeps(step: Step): boolean;
  adapt(step: Step): Step;
} {
  const isKeras = dialect === "keras";
  const positive = new Positive();
  const hasActivation = (f: NumberFunction | "logSoftmax"): boolean =>
    ACTIVATIONS[dialect][f] !== undefined;
  const keeps = (step: Step): boolean => {
    const { operation, inputs: [x], output: { shape } } = step;
    switch (operation.op) {
      case "conv": {
        const { stride, dilation, groups } = operation;
        // TensorFlow.js's depthwise layer passes its dilation over.
        const isPlain = stride[0] === stride[1] && `${dilation}` === "1,1";
        const fits = groups === 1 || isKeras || groups === x!.shape[2] && isPlain;
        return fits && paddingOf(operation, x!.shape, shape) !== undefined;
      }
      case "maxPool":
        return `${operation.dilation}` === "1,1" &&
          paddingOf(operation, x!.shape, shape) !== undefined;
      case "meanPool": {
        const { before, after } = operation;
        const padding = paddingOf(operation, x!.shape, shape);
        // On PyTorch, Keras counts zeros if there are more on one side than on the other.
        const isEven = !isKeras || before.every((one, axis) => one === after[axis]);
        return padding === "valid" || padding === "same" && !operation.counted && isEven;
      }
      case "convTranspose":
        return operation.groups === 1 && `${operation.padding}` === "0,0" &&
          `${operation.dilation}` === "1,1" && ([0, 1] as const).every((axis) => {
            const { stride, kernel } = operation;
            const reach = Math.max(kernel.shape[axis]!, stride[axis]);
            return (x!.shape[axis]! - 1) * stride[axis] + reach === shape[axis];
          });
      case "norm":
        return isKeras || typeof operation.over !== "number" && shape.length <= 3;
      case "responses":
      case "pixelShuffle":
        return false;
      case "each":
        return ["relu6", "leakyRelu"].includes(operation.f) ||
          operation.f === "elu" && (isKeras || (operation.alpha ?? 1) === 1) ||
          hasActivation(operation.f) || isKeras && EACH[operation.f] !== undefined;
      case "logSoftmax":
        return hasActivation("logSoftmax");
      case "clip":
        return isKeras;
      case "number":
        return isKeras || ["mul", "add"].includes(operation.by) ||
          operation.by === "sub" || operation.by === "div" && !operation.isFirst;
      case "constant":
        return isKeras && sizeOf(operation.value.shape) > operation.value.shape.at(-1)! &&
          sizeOf(operation.value.shape) < 1e5;
      case "join":
        // TensorFlow.js has no layer that subtracts.
        return isKeras || Object.hasOwn(MERGES, operation.by) && operation.by !== "sub";
      case "slice":
        return shape.length === 3 && shape[2] === x!.shape[2];
      case "pad":
        return operation.mode === "constant" && shape.length === 3 && shape[2] === x!.shape[2] &&
          (isKeras || operation.number === 0);
      case "reduce": {
        const isMap = `${[...operation.axes].sort()}` === "0,1" && x!.shape.length === 3;
        return isKeras || isMap && !operation.keep && ["mean", "max"].includes(operation.by);
      }
      case "resample": {
        const isWhole = [0, 1].every((axis) => shape[axis]! % x!.shape[axis]! === 0);
        return isWhole &&
          (operation.method === "nearest"
            ? operation.align !== "align-corners"
            : isKeras && operation.align === "half-pixel");
      }
      default:
        return true;
    }
  };
  const adapt = (step: Step): Step => {
    const own = adapted(step);
    positive.see(own);
    return own;
  };
  const adapted = (step: Step): Step => {
    const { operation, inputs: [x] } = step;
    const isStrided = operation.op === "conv" && Math.max(...operation.stride) > 1;
    if (operation.op === "conv" && isStrided) return { ...step, operation: withoutGaps(operation) };
    // Zeros are as good, if nothing is below them.
    const isLeast = operation.op === "pad" && operation.isLeast && positive.has(x!);
    return isLeast ? { ...step, operation: { ...operation, number: 0 } } : step;
  };
  return { keeps, adapt };
}

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

/**
 * Layers in the order that Keras gives them, by which its files find their weights: those that are
 * more layers away from an output come first, then those that it meets first from the outputs on.
 *
 * @param layers each after what it takes
 */
function inKerasOrder(
  layers: readonly WrittenLayer[],
  outputs: readonly string[],
): WrittenLayer[] {
  const named = new Map(layers.map((layer) => [layer.name, layer]));
  const sourcesOf = ({ inputs }: WrittenLayer): string[] =>
    inputs.filter((input) => typeof input === "string");
  const depths = new Map<string, number>();
  for (const layer of [...layers].reverse()) {
    const depth = depths.get(layer.name) ?? 0;
    depths.set(layer.name, depth);
    for (const source of sourcesOf(layer)) {
      depths.set(source, Math.max(depth + 1, depths.get(source) ?? 0));
    }
  }
  const met = new Map<string, number>();
  const stack = [...outputs].reverse();
  while (stack.length > 0) {
    const name = stack.pop()!;
    if (met.has(name)) continue;
    met.set(name, met.size);
    stack.push(...sourcesOf(named.get(name)!).reverse());
  }
  const used = layers.filter(({ name }) => met.has(name));
  return used.toSorted((one, other) =>
    depths.get(other.name)! - depths.get(one.name)! || met.get(one.name)! - met.get(other.name)!
  );
}

function images(dilation: readonly [number, number]): JsonRecord {
  return { data_format: "channels_last", dilation_rate: dilation, activation: "linear" };
}
