// What a graph of layers runs: its nodes with what they take, checked, and cut into chains.
import { unknownName } from "../text/nearest.ts";
import { requireOptions } from "../text/require.ts";
import { identity } from "./activation.ts";
import type { AnyLayer } from "./layer.ts";
import { type Join, joinOf } from "./parallel.ts";
import { fuseNeighbors, isLayer, requireLayer, requireNames, type Step } from "./sequential.ts";

/** A layer of a {@linkcode graph}, and what it takes. */
export type GraphNode<L extends AnyLayer = AnyLayer> = {
  /** The layer. Default: {@linkcode identity}, for a join alone. */
  readonly layer?: L;
  /** The node or input that it takes, or several, which are joined. Default: the node before it. */
  readonly from?: string | readonly string[];
  /** How several are joined, as in {@linkcode parallel}. Default: `"concat"`. */
  readonly join?: "concat" | "sum" | "product" | Join;
};

/** The nodes of a {@linkcode graph} by name, in the order they run. */
export type GraphNodes = { readonly [name: string]: AnyLayer | GraphNode };

/** Options of {@linkcode graph}. */
export type GraphOptions<I, O> = {
  /** The names of several inputs. Default: there is one, which nodes call `"input"`. */
  readonly inputs?: I;
  /** The node that is the output, or the names of those that are. Default: the last node. */
  readonly outputs?: O;
};

/** What a graph with one input calls it. */
export const INPUT = "input";

/** A node whose sources and join are known. */
type PlannedNode = Step & { readonly from: readonly string[]; readonly join: Join };

/** Nodes one after the other, of which each takes the one before it and nobody else does. */
type Chain = {
  readonly from: readonly string[];
  readonly join: Join;
  readonly steps: Step[];
  fused: readonly Step[];
  last: string;
};

/** What a graph runs. */
export type GraphPlan = {
  readonly all: readonly PlannedNode[];
  readonly chains: readonly Chain[];
  /** The first names of shared layers, by their other names. */
  readonly owners: ReadonlyMap<string, string>;
  readonly inputs: readonly string[] | undefined;
  readonly outputs: string | readonly string[];
};

const ACTION = "make a graph";
const NODE_OPTIONS = { layer: true, from: true, join: true } as const;

/**
 * Plans a graph.
 *
 * @throws {TypeError} if a name is unknown or comes later, or a node or an input is not used
 */
export function planOf(
  nodes: GraphNodes,
  options: GraphOptions<readonly string[] | undefined, string | readonly string[] | undefined>,
): GraphPlan {
  requireOptions(ACTION, options, { inputs: true, outputs: true });
  requireNames("graph", nodes);
  const names = Object.keys(nodes);
  if (names.length === 0) throw new TypeError(`Cannot ${ACTION}: it must have a node, got {}`);
  const { inputs, outputs = names.at(-1)! } = options;
  if (inputs !== undefined && !Array.isArray(inputs)) {
    throw new TypeError(
      `Cannot ${ACTION}: the option inputs must be a list of names, such as ["image", "age"], got ${
        JSON.stringify(inputs)
      }. A single input is called "${INPUT}" without it`,
    );
  }
  const known = [...inputs ?? [INPUT]];
  requireInputs(known, names);
  const uses = new Map<string, number>();
  const use = (name: string): void => void uses.set(name, (uses.get(name) ?? 0) + 1);
  const all = names.map((name, i): PlannedNode => {
    const node = plannedNode(name, nodes[name]!, i === 0 ? known : [names[i - 1]!]);
    for (const source of node.from) {
      requireKnown(`"${name}" takes`, source, known, names);
      use(source);
    }
    known.push(name);
    return node;
  });
  const ends = typeof outputs === "string" ? [outputs] : outputs;
  for (const end of ends) {
    requireKnown("its output is", end, names, names);
    use(end);
  }
  const unused = known.find((name) => !uses.has(name));
  if (unused !== undefined) {
    throw new TypeError(`Cannot ${ACTION}: each input and node must be used, got "${unused}"`);
  }
  return { all, chains: chainsOf(all, uses, ends), owners: ownersOf(all), inputs, outputs };
}

function plannedNode(
  name: string,
  node: AnyLayer | GraphNode,
  before: readonly string[],
): PlannedNode {
  if (isLayer(node)) {
    return { name, layer: node, from: requireOne(name, before), join: joinOf(ACTION, "concat") };
  }
  requireOptions(`${ACTION}: "${name}"`, node, NODE_OPTIONS);
  const { layer = identity() as AnyLayer, from, join } = node;
  requireLayer(ACTION, `the layer of "${name}"`, layer);
  const sources = from === undefined ? requireOne(name, before) : [from].flat() as string[];
  if (sources.length === 0 || (join !== undefined && sources.length === 1)) {
    throw new TypeError(
      `Cannot ${ACTION}: "${name}" must take something, and several things to join them, got ${
        sources.join(", ") || "nothing"
      }`,
    );
  }
  return { name, layer, from: sources, join: joinOf(ACTION, join ?? "concat") };
}

/** The only input, which the first node takes if it does not say what. */
function requireOne(name: string, before: readonly string[]): readonly string[] {
  if (before.length === 1) return [...before];
  throw new TypeError(
    `Cannot ${ACTION}: "${name}" must say which of the inputs it takes, ${
      before.join(", ")
    }, got no from`,
  );
}

function requireInputs(inputs: readonly string[], names: readonly string[]): void {
  requireNames("graph", Object.fromEntries(inputs.map((name) => [name, identity()])));
  const twice = inputs.find((name, i) => names.includes(name) || inputs.indexOf(name) !== i);
  if (twice === undefined && inputs.length > 0) return;
  throw new TypeError(
    `Cannot ${ACTION}: inputs and nodes must have names of their own, got ${
      twice === undefined ? "no input" : `two named "${twice}"`
    }`,
  );
}

function requireKnown(
  what: string,
  name: string,
  known: readonly string[],
  all: readonly string[],
): void {
  if (known.includes(name)) return;
  throw new TypeError(
    `Cannot ${ACTION}: ${what} ${
      all.includes(name)
        ? `a node that comes before it, got "${name}", which comes later`
        : `what there is before it: ${unknownName("node", name, known)}`
    }`,
  );
}

/** The first names of layers that are there twice. */
function ownersOf(all: readonly PlannedNode[]): Map<string, string> {
  const first = new Map<AnyLayer, string>();
  const owners = new Map<string, string>();
  for (const { name, layer } of all) {
    const owner = first.get(layer);
    if (owner === undefined) first.set(layer, name);
    else owners.set(name, owner);
  }
  return owners;
}

/** Cuts nodes into chains, within which neighbors may be fused. */
function chainsOf(
  all: readonly PlannedNode[],
  uses: ReadonlyMap<string, number>,
  ends: readonly string[],
): Chain[] {
  const chains: Chain[] = [];
  for (const { name, layer, from, join } of all) {
    const before = chains.at(-1);
    const goesOn = from.length === 1 && before?.last === from[0] &&
      uses.get(before!.last) === 1 && !ends.includes(before!.last);
    if (goesOn) {
      before!.steps.push({ name, layer });
      before!.last = name;
    } else chains.push({ from, join, steps: [{ name, layer }], fused: [], last: name });
  }
  for (const chain of chains) chain.fused = fuseNeighbors(chain.steps);
  return chains;
}
