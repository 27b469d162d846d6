// The parts of a model's drawing: boxes, branches and modules, with repeated ones folded.
import { type Child, type Declaration, slotEntries } from "../layers/layer.ts";
import type { Shape } from "../tensor/tensor.ts";
import type { Aside, Box, Branches, Module, Paint, Part, Row, Rows } from "./part.ts";
import { windowText } from "./quantity.ts";
import { kernelOf } from "./receptive_field.ts";

/** The most parts of a chain in a frame; longer ones are wrapped with the model. */
const MOST_FRAMED = 8;

/**
 * Plans the drawing of a model, from top to bottom.
 *
 * @param root the model, and its input's shape
 */
export function planOf(root: Child): Part[] {
  const input: Box = {
    kind: "box",
    name: "input",
    paint: "other",
    what: "",
    folded: [],
    shape: root.inputShape,
  };
  const { children, arrangement } = root.declaration;
  if (arrangement === "graph") return [rowsOf(root)];
  const chain = children && (arrangement ?? "chain") === "chain" ? children : [root];
  return [input, ...withRepeatsFolded(outerChain(chain, ""))];
}

function joined(prefix: string, name: string): string {
  return prefix === "" ? name : name === "" ? prefix : `${prefix}/${name}`;
}

/** The model's own chain: modules get frames, and chains of modules are flattened. */
function outerChain(children: readonly Child[], prefix: string): Part[] {
  const parts: Part[] = [];
  for (const child of children) {
    const title = joined(prefix, child.name);
    const inner = child.declaration.children;
    if (!inner) append(parts, child, prefix);
    else if (child.declaration.arrangement === "aside") {
      const aside: Aside = { kind: "aside", chain: innerChain(inner, "") };
      parts.push(framed(`${title} (in training)`, [aside]));
    } else if (child.declaration.arrangement === "branches") {
      // The frame already has the name.
      parts.push(framed(title || child.layer.op, [branchesOf({ ...child, name: "" })]));
    } else if (child.declaration.arrangement === "graph") {
      parts.push(framed(title || child.layer.op, [rowsOf(child)]));
    } else if (isModule(child.declaration)) {
      const chain = innerChain(inner, "");
      parts.push(oneBox(title, chain) ?? framed(title, chain));
    } else parts.push(...outerChain(inner, title));
  }
  return parts;
}

/** The only box of a chain, with the chain's name; `undefined` if there are more parts. */
function oneBox(name: string, chain: readonly Part[]): Box | undefined {
  const [first] = chain;
  return chain.length === 1 && first!.kind === "box" ? { ...first!, name } : undefined;
}

function framed(title: string, chain: readonly Part[]): Module {
  return { kind: "module", title, repeats: 1, chain };
}

/** Whether a chain is small enough for a frame: at most one chain and one group of branches. */
function isModule({ children = [] }: Declaration): boolean {
  if (children.filter(({ declaration }) => declaration.children).length > 1) return false;
  const parts = innerChain(children, "");
  const boxes = parts.filter(({ kind }) => kind === "box").length;
  return parts.length - boxes <= 1 && parts.length <= MOST_FRAMED && parts.length > 0;
}

/** A chain within a module. */
function innerChain(children: readonly Child[], prefix: string): Part[] {
  const parts: Part[] = [];
  for (const child of children) {
    const { children: inner, arrangement } = child.declaration;
    if (!inner) append(parts, child, prefix);
    else if (arrangement === "branches") parts.push(branchesOf(child));
    else if (arrangement === "graph") parts.push(rowsOf(child));
    else if (arrangement === "aside") parts.push({ kind: "aside", chain: innerChain(inner, "") });
    else {
      const name = joined(prefix, child.name);
      const chain = innerChain(inner, name);
      const box = oneBox(name, chain);
      parts.push(...box ? [box] : chain);
    }
  }
  return parts;
}

/** The layers of a graph, each as one part, after its inputs. */
function rowsOf({ inputShape, declaration }: Child): Rows {
  const plain = (name: string, shape: Shape, from: readonly string[] = []): Row => ({
    name,
    from,
    part: { kind: "box", name, paint: "other", what: "", folded: [], shape },
  });
  const inputs = Array.isArray(inputShape)
    ? [["input", inputShape as Shape] as const]
    : Object.entries(inputShape as unknown as Readonly<Record<string, Shape>>);
  const { children = [], ends = [] } = declaration;
  const nodes = children.map((child): Row => {
    const { name, layer, inputShape, join, shares } = child;
    // What a shared layer is, it says itself: in the graph it has no parameters.
    const whole = { ...child, declaration: layer.declare(inputShape) };
    const chain = whole.declaration.children
      ? innerChain([{ ...whole, name: "" }], "")
      : [boxOf(whole, "")];
    const title = shares === undefined ? name : `${name} = ${shares}`;
    const part = oneBox(title, chain) ?? framed(join ? `${title}: ${join.name}` : title, chain);
    return { name, from: child.from!, part: withJoin(part, join?.name) };
  });
  const last = children.at(-1)!.name;
  const ended = ends.length === 1 && ends[0] === last
    ? []
    : ends.map((name, i) =>
      plain(`output ${name}`, children.find((child) => child.name === name)!.declaration.shape, [
        ends[i]!,
      ])
    );
  return {
    kind: "rows",
    rows: [...inputs.map(([name, shape]) => plain(name, shape)), ...nodes, ...ended],
  };
}

/** A box with the join before its layer. */
function withJoin(part: Part, join: string | undefined): Part {
  if (join === undefined || part.kind !== "box") return part;
  if (part.what === "identity") return { ...part, what: join, paint: "join" };
  return { ...part, what: `${join}, ${part.what}` };
}

function branchesOf({ name, layer, declaration }: Child): Branches {
  const residual = layer.op === "residual";
  const branches = declaration.children!.map((child, i) => {
    const { children, arrangement } = child.declaration;
    if (!children || (arrangement ?? "chain") !== "chain") {
      return { caption: "", chain: innerChain([child], "") };
    }
    // The body of a residual block needs no name.
    const chain = innerChain(children, "");
    const box = oneBox(child.name, chain);
    if (box) return { caption: "", chain: [box] };
    return { caption: residual && i === 0 ? "" : child.name, chain };
  });
  const what = residual ? "add" : layer.op;
  const join: Box = {
    kind: "box",
    name: residual || name === "" ? what : `${name}: ${what}`,
    paint: "join",
    what: "",
    folded: [],
    shape: declaration.shape,
  };
  return { kind: "branches", branches, residual, join };
}

/** Adds a layer to a chain, as a box or, if it is pointwise, to the box before it. */
function append(parts: Part[], child: Child, prefix: string): void {
  const { declaration, inputShape, layer } = child;
  const keeps = `${declaration.shape}` === `${inputShape}`;
  if (keeps && declaration.cost?.view) return;
  const last = parts.at(-1);
  const pointwise = declaration.cost !== undefined && declaration.cost.window === undefined &&
    !hasMatrix(declaration);
  if (last && canFold(last) && keeps && pointwise) {
    parts[parts.length - 1] = withFolded(last, layer.op);
  } else parts.push(boxOf(child, prefix));
}

/** Whether a part ends in a box of the main line. */
function canFold(part: Part): boolean {
  return part.kind === "module"
    ? canFold(part.chain.at(-1)!)
    : part.kind !== "aside" && part.kind !== "rows";
}

function withFolded(part: Part, op: string): Part {
  if (part.kind === "box") return { ...part, folded: [...part.folded, op] };
  if (part.kind === "branches") return { ...part, join: withFolded(part.join, op) as Box };
  if (part.kind === "aside" || part.kind === "rows") return part;
  return { ...part, chain: [...part.chain.slice(0, -1), withFolded(part.chain.at(-1)!, op)] };
}

function boxOf({ name, layer, declaration, inputShape }: Child, prefix: string): Box {
  const window = kernelOf(declaration);
  return {
    kind: "box",
    name: joined(prefix, name) || layer.op,
    paint: paintOf(declaration, `${declaration.shape}` === `${inputShape}`),
    what: window ? `${layer.op} ${windowText(window)}` : layer.op,
    folded: [],
    shape: declaration.shape,
  };
}

function hasMatrix({ params }: Declaration): boolean {
  return slotEntries(params).some(([, slot]) => slot.shape.length > 1);
}

/**
 * The kind of a layer by its parameters and its window, so that your own layers are painted too.
 *
 * @param keeps whether its output has its input's shape
 */
export function paintOf(declaration: Declaration, keeps: boolean): Paint {
  const { cost, params, state } = declaration;
  const learns = slotEntries(params).length > 0;
  // Fixed codes are weights too.
  const hasWeights = hasMatrix({ ...declaration, params: { params, state } });
  if (hasWeights) return typeof cost?.window === "object" ? "convolution" : "dense";
  const isWhole = cost?.window === "all" && keeps; // As normalization of each example, or softmax.
  if (cost?.window !== undefined && cost.flops > 0 && !isWhole) return "pooling";
  return learns ? "normalization" : "other";
}

/** Folds successive modules that differ only in their names. */
function withRepeatsFolded(parts: readonly Part[]): Part[] {
  const folded: Part[] = [];
  const formOf = (part: Part): string => part.kind === "module" ? JSON.stringify(part.chain) : "";
  let first = "";
  for (const part of parts) {
    const last = folded.at(-1);
    if (part.kind === "module" && last?.kind === "module" && formOf(part) === formOf(last)) {
      const repeats = last.repeats + 1;
      const title = `${first} … ${part.title.split("/").at(-1)}`;
      folded[folded.length - 1] = { ...last, repeats, title };
      continue;
    }
    if (part.kind === "module") first = part.title;
    folded.push(part);
  }
  return folded;
}
