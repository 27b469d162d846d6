// The network in an ONNX file.
import { graph, type GraphNode } from "../layers/graph.ts";
import { identity } from "../layers/activation.ts";
import { fillSlots, type Layer, type Network } from "../layers/layer.ts";
import { sequential } from "../layers/sequential.ts";
import type { Shape } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import { Builder, type Emitted, type Head, lastAxes, plainAxes } from "./builder.ts";
import { Call, type Operand, type Value } from "./call.ts";
import { constantOf, isFloat, typeName } from "./constant.ts";
import { readExternal } from "./external.ts";
import { FOLDS } from "./fold.ts";
import { OPERATORS } from "./operators/operators.ts";
import { nameOf, requireOperators, sortedNodes } from "./order.ts";
import { parseModel, type ProtoModel, type ProtoValue } from "./proto.ts";

/** An ONNX file that was read. */
export type OnnxFile = {
  readonly file: string;
  /** What the file says of itself. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Shape of one input, `[H, W, C]` of images; sizes that the file leaves open are 224. */
  readonly inputShape: Shape;
  /**
   * The network for inputs of a shape. Nothing is on the device yet.
   *
   * @param shape shape of one input. Default: the file's
   * @throws {TypeError | RangeError} if the file cannot take such inputs
   */
  build(shape?: Shape): OnnxNetwork;
  /**
   * The same model with another number of classes: its last convolution or fully connected layer has
   * so many features.
   *
   * @param numClasses the number of classes
   * @throws {TypeError} if it does not end in such a layer, or its shapes depend on the classes
   */
  withClasses(numClasses: number): Layer;
};

/** A network of an ONNX file. */
export type OnnxNetwork = {
  readonly model: Layer;
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  /** Puts its parameters on the device. */
  load(): Network & { readonly inputShape: Shape };
};

/** A network with its last layer that has weights. */
type Built = OnnxNetwork & { readonly head?: Emitted };

/** Options of {@linkcode readOnnx}. */
export type OnnxOptions = {
  /**
   * Whether a softmax at the end stays. Default: `false`; the network returns logits, as ours do,
   * of which {@linkcode classify} and losses make probabilities.
   */
  readonly keepSoftmax?: boolean;
};

/** A size that the file leaves open. */
const OPEN_SIZE = 224;

/**
 * Reads an ONNX file: its graph, and where its weights are. All operators are known, and all shapes
 * go together, before anything is on the device.
 *
 * Needs `--allow-read` for `path` and for files of weights beside it.
 *
 * @param path the file
 * @param options whether a softmax at the end stays
 * @returns what builds the network
 * @throws {SyntaxError} if it is cut or no ONNX file, a tensor has two sources, or nodes form a circle
 * @throws {TypeError} if operators are missing: with all their names; or a type is not known
 * @throws {RangeError} if weights lie outside the file's folder, or a tensor has other sizes than numbers
 * @throws {Error} of Deno's class for it (`NotFound`, …) if the system refuses
 */
export async function readOnnx(path: string, options: OnnxOptions = {}): Promise<OnnxFile> {
  const proto = await parseModel(await Deno.readFile(path), path);
  const [input, output] = endsOf(proto);
  const nodes = sortedNodes(proto, input.name, output.name);
  requireOperators(path, nodes, input.name);
  await readExternal(proto);
  const inputShape = inputShapeOf(proto, input);
  const build = (shape: Shape = inputShape, head?: Head): Built =>
    convert(proto, nodes, input, output.name, requireShape(proto, input, shape), options, head);
  const { head: last } = build();
  const withClasses = (numClasses: number): Layer => {
    if (last?.params.kernel) return build(inputShape, { name: last.node, numClasses }).model;
    throw new TypeError(
      `Cannot read ${path}: its last layer with weights must be a convolution or fully connected to get other classes, got ${
        last ? `"${last.name}" (${last.layer.op})` : "none"
      }`,
    );
  };
  const metadata = Object.fromEntries(proto.metadata);
  return { file: path, metadata, inputShape, build: (shape) => build(shape), withClasses };
}

/** The one input that is no weight, and the one output. */
function endsOf({ file, inputs, outputs, tensors }: ProtoModel): [ProtoValue, ProtoValue] {
  const weights = new Set(tensors.map(({ name }) => name));
  if (weights.size !== tensors.length) {
    const twice = tensors.find(({ name }, i) => tensors.findIndex((one) => one.name === name) < i)!;
    throw new SyntaxError(
      `Cannot read ${file}: each tensor must have one source, got two of "${twice.name}"`,
    );
  }
  const free = inputs.filter(({ name }) => !weights.has(name));
  for (const [what, ends] of [["input", free], ["output", outputs]] as const) {
    if (ends.length === 1) continue;
    throw new TypeError(
      `Cannot read ${file}: it must have one ${what}, got ${ends.length}${
        ends.length === 0 ? "" : `: ${ends.map(({ name }) => `"${name}"`).join(", ")}`
      }`,
    );
  }
  return [free[0]!, outputs[0]!];
}

/** The shape of one input in our order. */
function inputShapeOf({ file }: ProtoModel, { name, type, dims }: ProtoValue): Shape {
  if (!isFloat(type)) {
    throw new TypeError(
      `Cannot read ${file}: its input "${name}" must be of floats, got ${typeName(type)}`,
    );
  }
  const sizes = dims?.slice(1) ?? [];
  const isKnown = sizes.every((size, axis) =>
    typeof size === "string" || size < 1 ? sizes.length === 3 && axis > 0 : Number.isInteger(size)
  );
  if (sizes.length === 0 || !isKnown) {
    throw new TypeError(
      `Cannot read ${file}: its input "${name}" must have a batch and sizes, got [${
        dims ?? "none"
      }]`,
    );
  }
  const known = sizes.map((size) => typeof size === "number" && size >= 1 ? size : OPEN_SIZE);
  return axesOf(known).map((axis) => known[axis]!);
}

/** The order of an input's or output's axes: of images the channels last. */
function axesOf(dims: readonly number[]): number[] {
  return dims.length === 3 ? lastAxes(dims) : plainAxes(dims);
}

function requireShape(
  proto: ProtoModel,
  input: ProtoValue,
  shape: Shape,
): Shape {
  const usual = inputShapeOf(proto, input);
  const isImage = usual.length === 3;
  const fits = shape.length === usual.length &&
    shape.every((size, axis) => size === usual[axis] || isImage && axis < 2 && size >= 1);
  if (fits) return shape;
  throw new RangeError(
    `Cannot read ${proto.file}: its input must be like [${usual}], got [${shape}]`,
  );
}

function convert(
  proto: ProtoModel,
  nodes: ReturnType<typeof sortedNodes>,
  { name: input, dims: said }: ProtoValue,
  output: string,
  shape: Shape,
  { keepSoftmax = false }: OnnxOptions,
  head: Head | undefined,
): Built {
  const builder = new Builder(head);
  const operands = new Map<string, Operand>();
  for (const tensor of proto.tensors) {
    operands.set(tensor.name, { constant: constantOf(tensor, proto.file) });
  }
  const isImage = shape.length === 3;
  const dims = isImage ? [shape[2]!, shape[0]!, shape[1]!] : [...shape];
  operands.set(input, { value: { layer: "input", dims, axes: axesOf(dims) } });
  const size = said?.[0];
  const batch = typeof size === "number" && size > 0 ? size : 1;
  const last = keepSoftmax ? undefined : softmaxAt(nodes, output);
  for (const node of nodes) {
    const name = nameOf(node);
    const given = node.inputs.map((one) => one === "" ? undefined : operands.get(one));
    const call = new Call(proto.file, proto.opset!, node, name, given, batch);
    const isComputed = node.op !== "Shape" && given.some((one) => one && "value" in one);
    if (isComputed) {
      const made = node === last
        ? call.value()
        : located(call, () => OPERATORS[node.op]!(call, builder));
      const values = Array.isArray(made) ? made as readonly Value[] : [made as Value];
      values.forEach((value, i) => operands.set(node.outputs[i]!, { value }));
    } else {
      operands.set(node.outputs[0]!, { constant: located(call, () => FOLDS[node.op]!(call)) });
    }
    node.outputs.forEach((name) => requireFirst(proto.file, node, operands, name, nodes));
  }
  const found = operands.get(output)!;
  if (!("value" in found)) {
    throw new TypeError(
      `Cannot read ${proto.file}: its output must depend on its input, got a constant`,
    );
  }
  const end = endOf(builder, found.value);
  return assemble(builder, end, shape);
}

/** Refuses a second output of a node that has none here, such as a dropout's mask, if it is taken. */
function requireFirst(
  file: string,
  node: ReturnType<typeof sortedNodes>[number],
  operands: ReadonlyMap<string, Operand>,
  name: string,
  nodes: ReturnType<typeof sortedNodes>,
): void {
  if (name === "" || operands.has(name)) return;
  if (!nodes.some(({ inputs }) => inputs.includes(name))) return;
  throw new TypeError(
    `Cannot read ${file}: of node "${
      nameOf(node)
    }" (${node.op}) the first output alone can be taken, got "${name}"`,
  );
}

/** The node that makes probabilities of logits at the end, perhaps with its shape changed. */
function softmaxAt(
  nodes: ReturnType<typeof sortedNodes>,
  output: string,
): ReturnType<typeof sortedNodes>[number] | undefined {
  const last = nodes.find(({ outputs }) => outputs.includes(output));
  if (last?.op === "Softmax") return last;
  const passes = last && ["Flatten", "Reshape", "Squeeze", "Identity"].includes(last.op);
  return passes ? softmaxAt(nodes, last.inputs[0]!) : undefined;
}

/** What layers refuse, with the node that asked for it. */
function located<T>(call: Call, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof Error && !error.message.startsWith("Cannot read ")) {
      error.message =
        `Cannot read ${call.file}: node "${call.name}" (${call.node.op}): ${error.message}`;
    }
    throw error;
  }
}

/** The output as our networks have it: logits of one axis, images with channels last. */
function endOf(builder: Builder, value: Value): Value {
  const { dims } = value;
  const isVector = dims.length === 3 && dims[1] === 1 && dims[2] === 1;
  const end = isVector ? builder.reshape("output", value, [dims[0]!]) : value;
  return builder.arrange("output", end, axesOf(end.dims));
}

/** The layers that the output needs as one. */
function assemble(builder: Builder, end: Value, inputShape: Shape): Built {
  if (end.layer === "input") {
    end = builder.emit("identity", identity(), [end], { dims: end.dims, axes: end.axes });
  }
  const all = needed(builder.emitted, end.layer);
  const isChain = all.every(({ from }, i) =>
    from.length === 1 && from[0] === (all[i - 1]?.name ?? "input")
  );
  const model =
    (isChain ? sequential(Object.fromEntries(all.map(({ name, layer }) => [name, layer]))) : graph(
      Object.fromEntries(all.map(({ name, layer, from, join }): [string, GraphNode] => [name, {
        layer,
        from: from.length === 1 ? from[0]! : from,
        ...(join ? { join } : {}),
      }])),
      { outputs: end.layer },
    )) as unknown as Layer;
  const declaration = model.declare(inputShape);
  const layers = new Map(all.map((one) => [one.name, one]));
  const load = (): ReturnType<OnnxNetwork["load"]> => {
    const part = (which: "params" | "state") =>
      fillSlots(declaration[which], ({ shape }, path) => {
        const [name, leaf] = path.split("/") as [string, string];
        const numbers = layers.get(name)![which][leaf]!();
        const own = numbers instanceof Float32Array ? numbers : Float32Array.from(numbers);
        return tf.tensor(own, [...shape], "float32");
      });
    return { model, inputShape, params: part("params"), state: part("state") };
  };
  const head = all.findLast(({ params }) => Object.keys(params).length > 0);
  return { model, inputShape, outputShape: declaration.shape, load, ...(head ? { head } : {}) };
}

function needed(emitted: ReadonlyMap<string, Emitted>, end: string): Emitted[] {
  const names = new Set([end]);
  // Each layer comes after what it takes.
  for (const { name, from } of [...emitted.values()].reverse()) {
    if (names.has(name)) from.forEach((source) => names.add(source));
  }
  return [...emitted.values()].filter(({ name }) => names.has(name));
}
