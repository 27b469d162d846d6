// Which operations are layers of Keras as they are, and which are so with a change.
import { type Step, withoutGaps } from "../exported/mod.ts";
import type { NumberFunction, Operation, Slide, Value } from "../layers/operation.ts";
import { type Shape, sizeOf } from "../tensor/tensor.ts";
import type { KerasDialect } from "./written_model.ts";

/** Functions that `Activation` has, by what they are called there. */
export const ACTIVATIONS: Readonly<
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
export const MERGES = {
  add: "Add",
  sub: "Subtract",
  mul: "Multiply",
  max: "Maximum",
  min: "Minimum",
} as const;

/** Operations of Keras 3 on each number. */
export const EACH: Partial<Record<NumberFunction, readonly [module: string, name: string]>> = {
  sqrt: ["numpy", "Sqrt"],
  log: ["numpy", "Log"],
  erf: ["math", "Erf"],
};

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

/**
 * What of a program becomes layers.
 *
 * @returns which operations are layers as they are, and what a step is changed to before it is looked at
 */
export function rulesOf(dialect: KerasDialect): {
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
