// The network of a graph model: nodes of TensorFlow, frozen and perhaps fused.
import { assemble, type Built } from "../imported/assemble.ts";
import type { Head } from "../imported/emitter.ts";
import {
  type ImportedFile,
  importedFile,
  type ImportOptions,
  Missing,
  openSizes,
} from "../imported/file.ts";
import { type Part, partsInOrder } from "../imported/order.ts";
import { type Placed, Placer } from "../imported/placer.ts";
import { isRecord } from "../keras/mod.ts";
import type { Shape } from "../tensor/tensor.ts";
import { GraphCall, type GraphNode, type Operand, type Operator } from "./call.ts";
import { FOLDS } from "./fold.ts";
import { FUNCTIONS } from "./operators/functions.ts";
import { SHAPES } from "./operators/shapes.ts";
import { SUMS } from "./operators/sums.ts";
import { WINDOWS } from "./operators/windows.ts";
import { readWeights, type TfjsTensor } from "./weights.ts";

/** The conversions by the names of TensorFlow's operators. */
const OPERATORS: Readonly<Record<string, Operator>> = {
  ...WINDOWS,
  ...SUMS,
  ...SHAPES,
  ...FUNCTIONS,
};

type Fields = { readonly [name: string]: unknown };

/** What a file has. */
type GraphParts = {
  readonly file: string;
  /** The whole file. */
  readonly model: Fields;
  readonly topology: Fields;
  readonly manifest: unknown;
  readonly metadata: Readonly<Record<string, string>>;
};

/**
 * The network of a graph model.
 *
 * @throws {SyntaxError} if it is no graph, or nodes take one another in a circle
 * @throws {TypeError} if operators are missing: with all their names; or it has several inputs or outputs
 */
export async function graphFile(
  { file, model, topology, manifest, metadata }: GraphParts,
  options: ImportOptions,
): Promise<ImportedFile> {
  const nodes = nodesOf(topology.node as unknown[], file);
  const output = outputOf(model, nodes, file);
  const sorted = sortedNodes(nodes, output.node, file);
  requireOperators(sorted, file);
  const input = inputIn(sorted, file);
  const tensors = await readWeights(manifest, file);
  const { shape: inputShape, batch } = inputShapeOf(input, file, options.inputShape);
  const graph = { file, sorted, output, input: input.name, batch, tensors };
  return importedFile({
    file,
    metadata,
    inputShape,
    convert: (shape, head) => convert(graph, shape, options, head),
  });
}

function nodesOf(list: readonly unknown[], file: string): Map<string, GraphNode> {
  const nodes = new Map<string, GraphNode>();
  for (const value of list) {
    const { name, op, input = [], attr = {} } = isRecord(value) ? value : {};
    const isNode = typeof name === "string" && typeof op === "string" && Array.isArray(input) &&
      input.every((one) => typeof one === "string") && isRecord(attr);
    if (!isNode || nodes.has(name)) {
      throw new SyntaxError(
        `Cannot read ${file}: each node must have an op and a name of its own, got ${
          JSON.stringify(value)?.slice(0, 120)
        }`,
      );
    }
    // What begins with ^ says an order alone.
    const inputs = (input as string[]).filter((one) => !one.startsWith("^")).map(placeOf);
    nodes.set(name, { name, op, inputs, attributes: attr });
  }
  return nodes;
}

/** The output of a node: "name" or "name:1". */
function placeOf(text: string): GraphNode["inputs"][number] {
  const found = /^(.*):(\d+)$/.exec(text);
  return found ? { node: found[1]!, output: Number(found[2]) } : { node: text, output: 0 };
}

/** The one output: what the signature says, or the node that nobody takes. */
function outputOf(
  model: Fields,
  nodes: ReadonlyMap<string, GraphNode>,
  file: string,
): GraphNode["inputs"][number] {
  const own = isRecord(model.userDefinedMetadata) ? model.userDefinedMetadata : {};
  const signature = [model.signature, own.signature].find(isRecord);
  const said = signature && isRecord(signature.outputs)
    ? Object.entries(signature.outputs).map(([key, value]) =>
      isRecord(value) && typeof value.name === "string" ? value.name : key
    )
    : [];
  const taken = new Set(
    [...nodes.values()].flatMap(({ inputs }) => inputs.map(({ node }) => node)),
  );
  const ends = said.length > 0
    ? said
    : [...nodes.values()].filter(({ name, op }) =>
      !taken.has(name) && op !== "Const" && op !== "NoOp"
    )
      .map(({ name }) => name);
  if (ends.length === 1) return placeOf(ends[0]!);
  throw new TypeError(
    `Cannot read ${file}: it must have one output, got ${ends.length}${
      ends.length === 0 ? "" : `: ${ends.map((name) => `"${name}"`).join(", ")}`
    }`,
  );
}

/** The nodes that the output needs, each after what it takes. */
function sortedNodes(
  nodes: ReadonlyMap<string, GraphNode>,
  output: string,
  file: string,
): GraphNode[] {
  const nodeAt = (name: string, by: string): Part<string, GraphNode> => {
    const node = nodes.get(name);
    if (node) return { key: name, name, value: node, takes: node.inputs.map(({ node }) => node) };
    throw new SyntaxError(
      `Cannot read ${file}: each tensor must have a source, got none of "${name}" for ${by}`,
    );
  };
  return partsInOrder(file, "nodes", [output], nodeAt);
}

/** Refuses operators that are missing, all of them at once. */
function requireOperators(nodes: readonly GraphNode[], file: string): void {
  const computed = new Set<string>();
  const missing = new Missing();
  for (const { name, op, inputs } of nodes) {
    if (op === "Const") continue;
    const isComputed = op !== "Shape" && inputs.some(({ node }) => computed.has(node));
    if (isComputed || op === "Placeholder") computed.add(name);
    const known = op === "Placeholder" || Object.hasOwn(isComputed ? OPERATORS : FOLDS, op);
    if (!known) missing.add(op, name);
  }
  missing.require(file, "operators");
}

function inputIn(nodes: readonly GraphNode[], file: string): GraphNode {
  const inputs = nodes.filter(({ op }) => op === "Placeholder");
  if (inputs.length === 1) return inputs[0]!;
  throw new TypeError(
    `Cannot read ${file}: it must have one input, got ${inputs.length}${
      inputs.length === 0 ? "" : `: ${inputs.map(({ name }) => `"${name}"`).join(", ")}`
    }`,
  );
}

/** The shape of one input, and the batch that shapes in the file count on. */
function inputShapeOf(
  { name, attributes }: GraphNode,
  file: string,
  wanted: Shape | undefined,
): { readonly shape: Shape; readonly batch: number } {
  const said = isRecord(attributes.shape) ? attributes.shape.shape : undefined;
  const dims = isRecord(said) && Array.isArray(said.dim) ? said.dim : [];
  const sizes = dims.map((dim) => isRecord(dim) ? Number(dim.size ?? 0) : NaN);
  const [batch = -1, ...own] = sizes;
  const isKnown = own.length > 0 &&
    own.every((size, axis) =>
      Number.isInteger(size) && (size >= 1 || own.length === 3 && axis < 2)
    );
  if (!isKnown) {
    throw new TypeError(
      `Cannot read ${file}: its input "${name}" must have a batch and sizes, got [${sizes}]`,
    );
  }
  const shape = openSizes(own.map((size) => size >= 1 ? size : undefined), wanted);
  return { shape, batch: batch >= 1 ? batch : 1 };
}

function convert(
  { file, sorted, output, input, batch, tensors }: {
    readonly file: string;
    readonly sorted: readonly GraphNode[];
    readonly output: GraphNode["inputs"][number];
    readonly input: string;
    readonly batch: number;
    readonly tensors: ReadonlyMap<string, TfjsTensor>;
  },
  shape: Shape,
  { keepSoftmax = false }: ImportOptions,
  head: Head | undefined,
): Built {
  const build = new Placer(head);
  const operands = new Map<string, readonly Operand[]>();
  const at = ({ node, output }: GraphNode["inputs"][number], by: string): Operand => {
    const found = operands.get(node)?.[output];
    if (found) return found;
    throw new TypeError(
      `Cannot read ${file}: ${by} takes output ${output} of "${node}", which is not computed here`,
    );
  };
  for (const node of sorted) {
    if (node.name === input) {
      operands.set(input, [{ value: { layer: "input", shape } }]);
      continue;
    }
    if (node.op === "Const") {
      const tensor = tensors.get(node.name);
      if (!tensor) {
        throw new SyntaxError(
          `Cannot read ${file}: each constant must be among the weights, got none of "${node.name}"`,
        );
      }
      const { shape: dims, isWhole, read } = tensor;
      operands.set(node.name, [{ constant: { dims, isWhole, values: read } }]);
      continue;
    }
    const given = node.inputs.map((one) => at(one, `node "${node.name}"`));
    const call = new GraphCall(file, node, given, batch, build);
    const isComputed = node.op !== "Shape" && given.some((one) => "value" in one);
    operands.set(
      node.name,
      isComputed
        ? [call.make(() => OPERATORS[node.op]!(call))].flat().map((value) => ({
          value: value as Placed,
        }))
        : [{ constant: call.make(() => FOLDS[node.op]!(call)) }],
    );
  }
  const found = at(output, "the output");
  if (!("value" in found)) {
    throw new TypeError(
      `Cannot read ${file}: its output must depend on its input, got a constant`,
    );
  }
  const end = keepSoftmax ? found.value : build.withoutSoftmax(found.value);
  return assemble(build, end.layer, shape);
}
