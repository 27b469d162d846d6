// A network as a graph model of TensorFlow.js: nodes of TensorFlow, on images with channels last.
import {
  FUNCTION_NAMES,
  type FunctionNames,
  lowered,
  type Program,
  resized,
  type Step,
  withoutGaps,
} from "../exported/mod.ts";
import type { JsonRecord } from "../keras/written_model.ts";
import { paddingOf } from "../keras/written_rules.ts";
import { fixed, type Operation, type Value, type Weight } from "../layers/operation.ts";
import type { Shape } from "../tensor/tensor.ts";
import type { TfjsModel, TfjsWeight } from "./model_json.ts";

/**
 * The graph model of a program, with a signature that names its inputs and outputs.
 *
 * @throws {TypeError} if an operation can not be made of TensorFlow's: with all of them
 */
export function graphModel(program: Program): TfjsModel {
  const { steps, outputs } = lowered(program, "graph model of TensorFlow.js", isNode, adapted);
  const maker = new GraphMaker();
  const ends = (list: readonly { readonly name: string; readonly value: Value }[]): JsonRecord =>
    Object.fromEntries(list.map(({ name, value }) => [name, {
      name: `${maker.nameOf(value)}:0`,
      dtype: "DT_FLOAT",
      tensorShape: dims([-1, ...value.shape]),
    }]));
  program.inputs.forEach(({ name, value }) => maker.input(name, value));
  const inputs = ends(program.inputs);
  steps.forEach((step) => maker.add(step));
  outputs.forEach(({ name, value }) => maker.output(name, value));
  const signature = { inputs, outputs: ends(outputs) };
  return {
    format: "graph-model",
    modelTopology: {
      node: maker.nodes,
      library: {},
      versions: { producer: 1395, minConsumer: 12 },
    },
    weights: maker.weights,
    more: { signature },
  };
}

/** TensorFlow's names of functions. */
const FUNCTIONS: FunctionNames = { ...FUNCTION_NAMES, relu6: "Relu6" };

const BINARY = {
  add: "AddV2",
  sub: "Sub",
  mul: "Mul",
  div: "RealDiv",
  max: "Maximum",
  min: "Minimum",
  pow: "Pow",
} as const;

const REDUCTIONS = { mean: "Mean", sum: "Sum", max: "Max", min: "Min" } as const;

/** Whether TensorFlow.js has the operation. */
function isNode({ operation, inputs: [x], output: { shape } }: Step): boolean {
  switch (operation.op) {
    case "conv":
      return operation.groups === 1 || operation.groups === x!.shape[2];
    case "convTranspose":
      return operation.groups === 1 && `${operation.padding}` === "0,0" &&
        `${operation.dilation}` === "1,1" && ([0, 1] as const).every((axis) => {
          const { kernel, stride } = operation;
          return (x!.shape[axis]! - 1) * stride[axis] + kernel.shape[axis]! === shape[axis];
        });
    case "maxPool":
      return `${operation.dilation}` === "1,1" &&
        paddingOf(operation, x!.shape, shape) !== undefined;
    case "meanPool": {
      const padding = paddingOf(operation, x!.shape, shape);
      return padding === "valid" || padding === "same" && !operation.counted;
    }
    case "each":
      return FUNCTIONS[operation.f] !== undefined &&
        !(operation.f === "elu" && (operation.alpha ?? 1) !== 1);
    case "responses":
      return operation.size % 2 === 1 && shape.length === 3;
    case "pad":
      return operation.mode !== "edge";
    case "resample":
      return operation.method === "bilinear" ||
        [0, 1].every((axis) => shape[axis]! % x!.shape[axis]! === 0);
    case "norm":
    case "prelu":
    case "clip":
    case "pixelShuffle":
      return false;
    default:
      return true;
  }
}

/** A convolution has no gaps, if it has a stride. */
function adapted(step: Step): Step {
  const { operation } = step;
  if (operation.op !== "conv" || Math.max(...operation.stride) === 1) return step;
  return { ...step, operation: withoutGaps(operation) };
}

const dims = (sizes: readonly number[]): JsonRecord => ({
  dim: sizes.map((size) => ({ size: `${size}` })),
});

const ints = (numbers: readonly number[]): JsonRecord => ({
  list: { i: numbers.map((one) => `${one}`) },
});

/** A text in an attribute: bytes, which JSON has in base64. */
const text = (value: string): JsonRecord => ({ s: btoa(value) });

const FLOATS = { T: { type: "DT_FLOAT" } } as const;

class GraphMaker {
  readonly nodes: JsonRecord[] = [];
  readonly weights: TfjsWeight[] = [];
  readonly #values = new Map<number, string>();
  readonly #names = new Set<string>();

  nameOf({ id }: Value): string {
    return this.#values.get(id)!;
  }

  input(name: string, value: Value): void {
    const attr = {
      dtype: { type: "DT_FLOAT" },
      shape: { shape: dims([-1, ...value.shape]) },
    };
    this.#values.set(value.id, this.#node("Placeholder", name, [], attr));
  }

  output(name: string, value: Value): void {
    this.#values.set(value.id, this.#node("Identity", name, [this.nameOf(value)], FLOATS));
  }

  add(step: Step): void {
    this.#values.set(step.output.id, this.#add(step));
  }

  #node(op: string, name: string, input: readonly string[], attr: JsonRecord): string {
    let own = name;
    for (let i = 2; this.#names.has(own); i++) own = `${name}_${i}`;
    this.#names.add(own);
    this.nodes.push({ name: own, op, input, attr });
    return own;
  }

  #constant(name: string, type: string, shape: readonly number[]): string {
    return this.#node("Const", name, [], {
      dtype: { type },
      value: { tensor: { dtype: type, tensorShape: dims(shape) } },
    });
  }

  #weight(weight: Weight, name: string): string {
    const own = this.#constant(name, "DT_FLOAT", weight.shape);
    this.weights.push({ name: own, weight });
    return own;
  }

  #number(number: number, name: string): string {
    return this.#weight(fixed([], () => Float32Array.of(number)), name);
  }

  #whole(numbers: readonly number[], name: string, isSingle = false): string {
    const shape = isSingle ? [] : [numbers.length];
    const own = this.#constant(name, "DT_INT32", shape);
    this.weights.push({ name: own, shape, whole: numbers });
    return own;
  }

  #biased(name: string, bias: Weight | undefined, make: (name: string) => string): string {
    if (!bias) return make(name);
    const y = make(`${name}/product`);
    const inputs = [y, this.#weight(bias, `${name}/bias`)];
    return this.#node("BiasAdd", name, inputs, { ...FLOATS, data_format: text("NHWC") });
  }

  #add({ name, operation, inputs, output: { shape } }: Step): string {
    const x = inputs[0]!;
    const given = inputs.map((input) => this.nameOf(input));
    const node = (op: string, more: readonly string[] = [], attr: JsonRecord = {}): string =>
      this.#node(op, name, [...given, ...more], { ...FLOATS, ...attr });
    switch (operation.op) {
      case "conv":
        return this.#conv(name, operation, x, shape);
      case "convTranspose":
        return this.#convTranspose(name, operation, x, shape);
      case "dense":
        return this.#biased(name, operation.bias, (own) => {
          const kernel = this.#weight(operation.kernel, `${name}/kernel`);
          const attr = { ...FLOATS, transpose_a: { b: false }, transpose_b: { b: false } };
          return this.#node("MatMul", own, [...given, kernel], attr);
        });
      case "maxPool":
      case "meanPool": {
        const { size, stride } = operation;
        return node(operation.op === "maxPool" ? "MaxPool" : "AvgPool", [], {
          ksize: ints([1, ...size, 1]),
          strides: ints([1, ...stride, 1]),
          padding: text(paddingOf(operation, x.shape, shape)!.toUpperCase()),
          data_format: text("NHWC"),
        });
      }
      case "batchNorm": {
        const { scale, shift, mean, variance, epsilon } = operation;
        const weights = Object.entries({ scale, shift, mean, variance }).map(([role, weight]) =>
          this.#weight(weight, `${name}/${role}`)
        );
        return node("FusedBatchNormV3", weights, {
          epsilon: { f: epsilon },
          is_training: { b: false },
          data_format: text("NHWC"),
          U: { type: "DT_FLOAT" },
        });
      }
      case "responses": {
        const { size, alpha, beta, k } = operation;
        return node("LRN", [], {
          depth_radius: { i: `${(size - 1) / 2}` },
          bias: { f: k },
          alpha: { f: alpha / size },
          beta: { f: beta },
        });
      }
      case "each":
        return node(
          FUNCTIONS[operation.f]!,
          [],
          operation.f === "leakyRelu" ? { alpha: { f: operation.alpha! } } : {},
        );
      case "softmax":
        return node("Softmax");
      case "logSoftmax":
        return node("LogSoftmax");
      case "number":
      case "constant": {
        const own = operation.op === "number"
          ? this.#number(operation.number, `${name}/number`)
          : this.#weight(operation.value, `${name}/value`);
        const both = operation.isFirst ? [own, ...given] : [...given, own];
        return this.#node(BINARY[operation.by], name, both, FLOATS);
      }
      case "join":
        return given.slice(1).reduce((one, other, i) => {
          const isLast = i === given.length - 2;
          return this.#node(
            BINARY[operation.by],
            isLast ? name : `${name}/${i}`,
            [one, other],
            FLOATS,
          );
        }, given[0]!);
      case "concat": {
        const axis = this.#whole([operation.axis + 1], `${name}/axis`, true);
        return node("ConcatV2", [axis], { N: { i: `${given.length}` }, ...index("Tidx") });
      }
      case "reshape":
        return node("Reshape", [this.#whole([-1, ...shape], `${name}/shape`)], index("Tshape"));
      case "transpose": {
        const order = [0, ...operation.order.map((axis) => axis + 1)];
        return node("Transpose", [this.#whole(order, `${name}/perm`)], index("Tperm"));
      }
      case "slice": {
        const begin = this.#whole([0, ...operation.begin], `${name}/begin`);
        return node("Slice", [begin, this.#whole([-1, ...shape], `${name}/size`)], index("Index"));
      }
      case "pad": {
        const { before, after, mode, number } = operation;
        const pairs = [0, 0, ...before.flatMap((one, axis) => [one, after[axis]!])];
        const own = this.#constant(`${name}/paddings`, "DT_INT32", [before.length + 1, 2]);
        this.weights.push({ name: own, shape: [before.length + 1, 2], whole: pairs });
        return mode === "reflect"
          ? node("MirrorPad", [own], { mode: text("REFLECT"), ...index("Tpaddings") })
          : node("PadV2", [own, this.#number(number, `${name}/number`)], index("Tpaddings"));
      }
      case "reduce": {
        const axes = this.#whole(operation.axes.map((axis) => axis + 1), `${name}/axes`);
        return node(REDUCTIONS[operation.by], [axes], {
          keep_dims: { b: operation.keep },
          ...index("Tidx"),
        });
      }
      case "resample": {
        const { method, align } = operation;
        const size = this.#whole(shape.slice(0, 2), `${name}/size`);
        return node(method === "nearest" ? "ResizeNearestNeighbor" : "ResizeBilinear", [size], {
          align_corners: { b: align === "align-corners" },
          half_pixel_centers: { b: align === "half-pixel" },
        });
      }
      default:
        throw new Error(`"${name}" (${operation.op}) is no node of TensorFlow`);
    }
  }

  #conv(
    name: string,
    operation: Extract<Operation, { readonly op: "conv" }>,
    x: Value,
    shape: Shape,
  ): string {
    const { kernel, bias, size, stride, dilation, before, after, groups } = operation;
    const channels = x.shape[2]!;
    const isDepthwise = groups > 1;
    const own = isDepthwise ? resized(kernel, [...size, channels, shape[2]! / channels]) : kernel;
    const padding = paddingOf(operation, x.shape, shape);
    const sides = [0, 0, before[0], after[0], before[1], after[1], 0, 0];
    return this.#biased(name, bias, (inner) =>
      this.#node(
        isDepthwise ? "DepthwiseConv2dNative" : "Conv2D",
        inner,
        [this.nameOf(x), this.#weight(own, `${name}/kernel`)],
        {
          ...FLOATS,
          strides: ints([1, ...stride, 1]),
          dilations: ints([1, ...dilation, 1]),
          padding: text(padding?.toUpperCase() ?? "EXPLICIT"),
          explicit_paddings: ints(padding ? [] : sides),
          data_format: text("NHWC"),
        },
      ));
  }

  /** Its output's shape has a batch of any size, which is asked of its input. */
  #convTranspose(
    name: string,
    { kernel, bias, stride }: Extract<Operation, { readonly op: "convTranspose" }>,
    x: Value,
    shape: Shape,
  ): string {
    const from = this.nameOf(x);
    const whole = this.#node("Shape", `${name}/shape`, [from], {
      ...FLOATS,
      out_type: { type: "DT_INT32" },
    });
    const ends = [[0], [1], [1]].map((list, i) =>
      this.#whole(list, `${name}/batch/${["begin", "end", "strides"][i]}`)
    );
    const batch = this.#node("StridedSlice", `${name}/batch`, [whole, ...ends], {
      T: { type: "DT_INT32" },
      ...index("Index"),
      begin_mask: { i: "0" },
      end_mask: { i: "0" },
      ellipsis_mask: { i: "0" },
      new_axis_mask: { i: "0" },
      shrink_axis_mask: { i: "1" },
    });
    const sizes = shape.map((size, i) => this.#whole([size], `${name}/size/${i}`, true));
    const output = this.#node("Pack", `${name}/sizes`, [batch, ...sizes], {
      T: { type: "DT_INT32" },
      N: { i: "4" },
      axis: { i: "0" },
    });
    return this.#biased(name, bias, (inner) =>
      this.#node(
        "Conv2DBackpropInput",
        inner,
        [output, this.#weight(kernel, `${name}/kernel`), from],
        {
          ...FLOATS,
          strides: ints([1, ...stride, 1]),
          dilations: ints([1, 1, 1, 1]),
          padding: text("VALID"),
          explicit_paddings: ints([]),
          data_format: text("NHWC"),
        },
      ));
  }
}

/** The type of whole numbers that an operation takes. */
const index = (name: string): JsonRecord => ({ [name]: { type: "DT_INT32" } });
