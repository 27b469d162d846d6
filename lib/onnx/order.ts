// The nodes that a graph's output needs, in an order in which they can run, and what is wrong with it.
import { Missing } from "../imported/file.ts";
import { type Part, partsInOrder } from "../imported/order.ts";
import type { ProtoModel, ProtoNode } from "./proto.ts";
import { isStandard } from "./proto.ts";
import { FOLDS } from "./fold.ts";
import { OPERATORS } from "./operators/operators.ts";

/** The versions of the operators that are read. */
const FIRST_OPSET = 6;

/** What nodes are called in messages and paths. */
export function nameOf({ name, outputs }: ProtoNode): string {
  return name !== "" ? name : outputs[0] ?? "";
}

/**
 * The nodes that the output needs, each after what it takes.
 *
 * @param input the name of the network's input
 * @throws {SyntaxError} if a tensor has two sources or none, or nodes take one another in a circle
 */
export function sortedNodes(model: ProtoModel, input: string, output: string): ProtoNode[] {
  const bad = (rule: string): SyntaxError => new SyntaxError(`Cannot read ${model.file}: ${rule}`);
  if (model.opset! < FIRST_OPSET) {
    throw new RangeError(
      `Cannot read ${model.file}: its operators must be of version ${FIRST_OPSET} or later, got ${model.opset}`,
    );
  }
  const known = new Set([input, ...model.tensors.map(({ name }) => name)]);
  const sources = new Map<string, ProtoNode>();
  for (const node of model.nodes) {
    for (const name of node.outputs) {
      if (name === "") continue;
      if (sources.has(name) || known.has(name)) {
        throw bad(`each tensor must have one source, got two of "${name}"`);
      }
      sources.set(name, node);
    }
  }
  const nodeAt = (name: string, by: string): Part<string, ProtoNode> | undefined => {
    if (name === "" || known.has(name)) return undefined;
    const node = sources.get(name);
    if (!node) throw bad(`each tensor must have a source, got none of "${name}" for ${by}`);
    return { key: node, name: nameOf(node), value: node, takes: node.inputs };
  };
  return partsInOrder(model.file, "nodes", [output], nodeAt);
}

/**
 * Refuses operators that are missing, all of them at once.
 *
 * @throws {TypeError} with their names and their nodes
 */
export function requireOperators(
  file: string,
  nodes: readonly ProtoNode[],
  input: string,
): void {
  const computed = new Set([input]);
  const missing = new Missing();
  for (const node of nodes) {
    const isComputed = node.op !== "Shape" && node.inputs.some((name) => computed.has(name));
    if (isComputed) node.outputs.forEach((name) => computed.add(name));
    if (isStandard(node.domain) && Object.hasOwn(isComputed ? OPERATORS : FOLDS, node.op)) continue;
    const op = isStandard(node.domain) ? node.op : `${node.domain}.${node.op}`;
    missing.add(op, nameOf(node));
  }
  missing.require(file, "operators");
}
