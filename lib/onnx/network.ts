// The network in an ONNX file.
import { type Shape, sizeOf } from "../tensor/tensor.ts";
import { assemble, type Built } from "../imported/assemble.ts";
import type { Head } from "../imported/emitter.ts";
import {
  type ImportedFile,
  importedFile,
  type ImportOptions,
  openSizes,
} from "../imported/file.ts";
import { axesOf, Builder, endOf, plainAxes, shapeOf } from "./builder.ts";
import { LAYOUT_KEY } from "./write.ts";
import { Call, type Operand, type Value } from "./call.ts";
import { constantOf, isFloat, typeName } from "./constant.ts";
import { readExternal } from "./external.ts";
import { FOLDS } from "./fold.ts";
import { OPERATORS } from "./operators/operators.ts";
import { nameOf, requireOperators, sortedNodes } from "./order.ts";
import { parseModel, type ProtoModel, type ProtoValue } from "./proto.ts";

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
export async function readOnnx(path: string, options: ImportOptions = {}): Promise<ImportedFile> {
  const proto = await parseModel(await Deno.readFile(path), path);
  const [input, output] = endsOf(proto);
  const nodes = sortedNodes(proto, input.name, output.name);
  requireOperators(path, nodes, input.name);
  await readExternal(proto);
  const inputShape = inputShapeOf(proto, input, options.inputShape);
  return importedFile({
    file: path,
    metadata: Object.fromEntries(proto.metadata),
    inputShape,
    convert: (shape, head) => convert(proto, nodes, input, output.name, shape, options, head),
  });
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

/** Which of the input's axes ours are: of images the channels come first, unless we wrote otherwise. */
function axesIn({ metadata }: ProtoModel, dims: readonly number[]): number[] {
  return metadata.get(LAYOUT_KEY) === "NHWC" ? plainAxes(dims) : axesOf(dims);
}

/** The shape of one input in our order. */
function inputShapeOf(
  proto: ProtoModel,
  { name, type, dims }: ProtoValue,
  wanted: Shape | undefined,
): Shape {
  const { file } = proto;
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
  const known = sizes.map((size) => typeof size === "number" && size >= 1 ? size : undefined);
  const order = axesIn(proto, known.map((size) => size ?? 1));
  return openSizes(order.map((axis) => known[axis]), wanted);
}

function convert(
  proto: ProtoModel,
  nodes: ReturnType<typeof sortedNodes>,
  { name: input, dims: said }: ProtoValue,
  output: string,
  shape: Shape,
  { keepSoftmax = false }: ImportOptions,
  head: Head | undefined,
): Built {
  const builder = new Builder(head);
  const operands = new Map<string, Operand>();
  for (const tensor of proto.tensors) {
    operands.set(tensor.name, { constant: constantOf(tensor, proto.file) });
  }
  const isImage = shape.length === 3;
  const isFirst = isImage && axesIn(proto, shape)[0] === 1;
  const dims = isFirst ? [shape[2]!, shape[0]!, shape[1]!] : [...shape];
  operands.set(input, { value: { layer: "input", dims, axes: axesIn(proto, dims) } });
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
        : call.make(() => OPERATORS[node.op]!(call, builder));
      const values = Array.isArray(made) ? made as readonly Value[] : [made as Value];
      values.forEach((value, i) => operands.set(node.outputs[i]!, { value }));
    } else {
      operands.set(node.outputs[0]!, {
        constant: call.make(() => FOLDS[node.op]!(call)),
      });
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
  const logits = last && operands.get(last.inputs[0]!);
  if (logits && "value" in logits && !isOverLast(proto, last, logits.value, end)) {
    const ends = { name: input, dims: said, type: undefined };
    return convert(proto, nodes, ends, output, shape, { keepSoftmax: true }, head);
  }
  return assemble(builder, end.layer, shape);
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

/**
 * Whether a softmax is over the output's last axis of ours: of such logits alone anybody can make the
 * probabilities again.
 */
function isOverLast(
  { opset }: ProtoModel,
  { attributes }: ReturnType<typeof sortedNodes>[number],
  { dims }: Value,
  end: Value,
): boolean {
  const isOld = opset! < 13;
  const axis = Number(attributes.get("axis") ?? (isOld ? 1 : -1));
  const place = axis < 0 ? axis + dims.length : axis - 1;
  const last = axesOf(dims).at(-1)!;
  const size = isOld ? sizeOf(dims.slice(place)) : dims[place];
  const isSame = sizeOf(dims) === sizeOf(end.dims) && dims[last] === shapeOf(end).at(-1);
  return size === shapeOf(end).at(-1) && (place === last || !isSame);
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
