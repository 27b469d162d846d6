// The blocks of a model's picture in true proportions: which there are, and how they are connected.
import { type Child, type Declaration, slotEntries } from "../layers/layer.ts";
import type { Shape, ShapeTree } from "../tensor/tensor.ts";
import type { Path } from "../tensor/tree.ts";
import type { Paint } from "./part.ts";
import { paintOf } from "./plan.ts";

/** A layer's output, as a block. */
export type Block = {
  readonly kind: "block";
  /** What it is called: the last name of its path, or that of the layer it is alone in. */
  readonly name: string;
  readonly path: Path;
  readonly op: string;
  readonly paint: Paint;
  readonly shape: Shape;
  /** The paths of the layers after it that work on single numbers, such as ReLU. */
  readonly folded: readonly Path[];
};

/** Pieces one after the other. */
export type Chain = { readonly kind: "chain"; readonly pieces: readonly Piece[] };

/** Pieces side by side, of which one without blocks is a shortcut, and how they are joined. */
export type Fork = {
  readonly kind: "fork";
  readonly path: Path;
  readonly join: string;
  readonly branches: readonly Piece[];
};

/** A named layer made of layers. */
export type Group = {
  readonly kind: "group";
  readonly name: string;
  readonly path: Path;
  readonly inner: Piece;
};

/** The layers of a graph, with the indices of those that each takes. */
export type Net = {
  readonly kind: "net";
  readonly nodes: readonly { readonly piece: Piece; readonly from: readonly number[] }[];
};

/** A piece of the picture. */
export type Piece = Block | Chain | Fork | Group | Net;

const joined = (path: Path, name: string): Path => path === "" ? name : `${path}/${name}`;

/** The block of an input. */
function inputBlock(name: string, shape: Shape): Block {
  return { kind: "block", name, path: name, op: "input", paint: "other", shape, folded: [] };
}

/** The blocks of a model's inputs, which come together. */
function inputsOf(shape: ShapeTree): Piece {
  if (Array.isArray(shape)) return inputBlock("input", shape as Shape);
  const branches = Object.entries(shape).map(([name, one]) => inputBlock(name, one as Shape));
  return { kind: "fork", path: "input", join: "inputs", branches };
}

/** The pieces of a model, after its input. */
export function blockPlan(model: Child): Chain {
  return { kind: "chain", pieces: [inputsOf(model.inputShape), ...piecesOf(model, "")] };
}

/** The pieces of a layer; none if it changes nothing in the picture. */
function piecesOf(child: Child, path: Path): Piece[] {
  const { children, arrangement = "chain" } = child.declaration;
  if (arrangement === "aside") return [];
  if (!children) return isView(child) ? [] : [blockOf(child, path)];
  const inner = innerOf(child, children, arrangement, path);
  return path === ""
    ? (inner.kind === "chain" ? [...inner.pieces] : [inner])
    : grouped(path, inner);
}

function innerOf(
  { layer }: Child,
  children: readonly Child[],
  arrangement: string,
  path: Path,
): Piece {
  if (arrangement === "graph") return netOf(children, path);
  if (arrangement !== "branches") return chainOf(children, path);
  return {
    kind: "fork",
    path,
    join: layer.op === "residual" ? "add" : layer.op,
    branches: children.map((child) => {
      const pieces = piecesOf(child, joined(path, child.name));
      const [only] = pieces;
      // The body of a residual block needs no frame.
      if (layer.op === "residual" && only?.kind === "group") return only.inner;
      return { kind: "chain", pieces };
    }),
  };
}

const lastName = (path: Path): string => path.split("/").at(-1)!;

/** A group of one piece needs no frame: the piece is called as the group. */
function grouped(path: Path, inner: Piece): Piece[] {
  const name = lastName(path);
  if (inner.kind !== "chain" || inner.pieces.length > 1) {
    return [{ kind: "group", name, path, inner }];
  }
  return inner.pieces.map((only) =>
    only.kind === "block" || only.kind === "group" ? { ...only, name } : only
  );
}

function chainOf(children: readonly Child[], path: Path): Chain {
  const pieces: Piece[] = [];
  for (const child of children) {
    const own = joined(path, child.name);
    const last = pieces.at(-1);
    if (last?.kind === "block" && isPointwise(child)) {
      pieces[pieces.length - 1] = { ...last, folded: [...last.folded, own] };
    } else if (!last || !isPointwise(child)) pieces.push(...piecesOf(child, own));
  }
  return { kind: "chain", pieces };
}

function netOf(children: readonly Child[], path: Path): Net {
  const names = children.map(({ name }) => name);
  return {
    kind: "net",
    nodes: children.map((child) => {
      const own = joined(path, child.name);
      const pieces = piecesOf(child, own);
      return {
        // A node that only joins is a block as well: its output has a shape.
        piece: { kind: "chain", pieces: pieces.length > 0 ? pieces : [joinBlock(child, own)] },
        from: (child.from ?? []).map((name) => names.indexOf(name)),
      };
    }),
  };
}

function joinBlock({ name, layer, join, declaration: { shape } }: Child, path: Path): Block {
  return {
    kind: "block",
    name,
    path,
    op: join?.name ?? layer.op,
    paint: join ? "join" : "other",
    shape,
    folded: [],
  };
}

function blockOf({ layer, declaration, inputShape }: Child, path: Path): Block {
  const { shape } = declaration;
  const keeps = `${shape}` === `${inputShape}`;
  const paint = paintOf(declaration, keeps);
  return { kind: "block", name: lastName(path), path, op: layer.op, paint, shape, folded: [] };
}

/** Whether a layer only sees its input in another way. */
function isView({ declaration }: Child): boolean {
  return declaration.cost?.view === true;
}

/** Whether a layer works on single numbers, or is a view of its input. */
function isPointwise({ declaration, inputShape }: Child): boolean {
  const { cost, children, shape, params }: Declaration = declaration;
  if (children || cost === undefined) return false;
  const hasMatrix = slotEntries(params).some(([, slot]) => slot.shape.length > 1);
  return cost.view === true ||
    cost.window === undefined && !hasMatrix && `${shape}` === `${inputShape}`;
}
