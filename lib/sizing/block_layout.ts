// Places the blocks of a model's picture: from left to right, branches below one another.
import { textWidth } from "../chart/svg.ts";
import type { Block, Chain, Fork, Group, Net, Piece } from "./block_plan.ts";
import { shapeText } from "./quantity.ts";

/** The sizes of blocks: pixels per number. */
export type Scale = {
  /** For height and width of maps. */
  readonly side: number;
  /** For their number. */
  readonly maps: number;
  /** For the numbers of a dense layer. */
  readonly units: number;
};

/** A block in the picture: its front's upper left corner and size, and how far its depth is drawn. */
export type PlacedBlock = {
  readonly block: Block;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  /** Where its name stands: the middle, and the line. */
  readonly label: readonly [x: number, y: number];
};

/** A line through points; one that turns is drawn as a curve. */
export type Wire = {
  readonly points: readonly (readonly [number, number])[];
  readonly skips: boolean;
};

/** The parts of the picture. */
export type BlockScene = {
  readonly blocks: PlacedBlock[];
  readonly joins: { readonly fork: Fork; readonly x: number; readonly y: number }[];
  readonly groups: {
    readonly group: Group;
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
  }[];
  readonly wires: Wire[];
};

/** The size of a piece: its width, and how far it reaches above and below its axis. */
export type Extent = { readonly width: number; readonly above: number; readonly below: number };

/** The largest height of a map's front, and of a dense layer's block. */
const TALLEST = 120;
/** The largest width of a block, for the most maps. */
const THICKEST = 44;
/** A dense layer's block. */
const BAR = 9;
/** How much of a map's width its depth shows. */
const SLANT = 0.32;
const GAP = 16;
const FORK = 16;
/** The room of a join's sign. */
const JOIN = 24;
const APART = 10;
const FRAME = 8;
const TITLE = 16;
/** Font size of names, and the height of name and shape below a block. */
export const NAME = 10;
const LABELS = 28;

/** The blocks of a piece. */
function blocksOf(piece: Piece): Block[] {
  switch (piece.kind) {
    case "block":
      return [piece];
    case "chain":
      return piece.pieces.flatMap(blocksOf);
    case "fork":
      return piece.branches.flatMap(blocksOf);
    case "group":
      return blocksOf(piece.inner);
    case "net":
      return piece.nodes.flatMap((node) => blocksOf(node.piece));
  }
}

const isMaps = ({ shape }: Block): boolean => shape.length === 3;

/** The scale at which the largest map and the thickest block fit. */
export function scaleFor(piece: Piece): Scale {
  const blocks = blocksOf(piece);
  const maps = blocks.filter(isMaps);
  const most = (numbers: readonly number[]): number => numbers.reduce((a, b) => Math.max(a, b), 1);
  return {
    side: TALLEST / most(maps.flatMap(({ shape }) => [shape[0]!, shape[1]!])),
    maps: THICKEST / most(maps.map(({ shape }) => shape[2]!)),
    units: TALLEST /
      most(blocks.filter((one) => !isMaps(one)).map(({ shape }) => shape.at(-1) ?? 1)),
  };
}

/** The front and the depth of a block. */
function bodyOf({ shape }: Block, scale: Scale): { width: number; height: number; depth: number } {
  if (shape.length !== 3) {
    return { width: BAR, height: Math.max(4, (shape.at(-1) ?? 1) * scale.units), depth: 3 };
  }
  const [height, width, channels] = shape as [number, number, number];
  return {
    width: Math.max(2, channels * scale.maps),
    height: Math.max(3, height * scale.side),
    depth: Math.max(1, width * scale.side * SLANT),
  };
}

function labelWidth({ name, shape }: Block): number {
  return Math.max(textWidth(name, NAME, true), textWidth(shapeText(shape), NAME - 1));
}

/** Where each node of a graph stands: its column by the longest way to it, and its row there. */
function gridOf({ nodes }: Net): { column: number; row: number }[] {
  const places: { column: number; row: number }[] = [];
  const rows = new Map<number, number>();
  for (const { from } of nodes) {
    const column = 1 + Math.max(-1, ...from.map((i) => i < 0 ? -1 : places[i]!.column));
    const row = rows.get(column) ?? 0;
    rows.set(column, row + 1);
    places.push({ column, row });
  }
  return places;
}

/** The size of a piece. */
export function extentOf(piece: Piece, scale: Scale): Extent {
  switch (piece.kind) {
    case "block": {
      const { width, height, depth } = bodyOf(piece, scale);
      return {
        width: Math.max(width + depth, labelWidth(piece)),
        above: height / 2 + depth,
        below: height / 2 + LABELS,
      };
    }
    case "chain":
      return chainExtent(piece, scale);
    case "group": {
      const { width, above, below } = extentOf(piece.inner, scale);
      const title = textWidth(piece.name, NAME, true) + 2 * FRAME;
      return {
        width: Math.max(width + 2 * FRAME, title),
        above: above + TITLE + FRAME,
        below: below + FRAME,
      };
    }
    case "fork": {
      const sizes = piece.branches.map((branch) => extentOf(branch, scale));
      const height = stacked(sizes);
      const width = Math.max(...sizes.map((size) => size.width)) + 2 * FORK + JOIN;
      return { width, above: height / 2, below: height / 2 };
    }
    case "net": {
      const { widths, above, below } = columnsOf(piece, scale);
      return {
        width: widths.reduce((sum, each) => sum + each, GAP * (widths.length - 1)),
        above: Math.max(...above) + TITLE,
        below: Math.max(...below),
      };
    }
  }
}

function chainExtent({ pieces }: Chain, scale: Scale): Extent {
  if (pieces.length === 0) return { width: 0, above: 9, below: 9 };
  const sizes = pieces.map((piece) => extentOf(piece, scale));
  return {
    width: sizes.reduce((sum, { width }) => sum + width, GAP * (sizes.length - 1)),
    above: Math.max(...sizes.map(({ above }) => above)),
    below: Math.max(...sizes.map(({ below }) => below)),
  };
}

function stacked(sizes: readonly Extent[]): number {
  return sizes.reduce((sum, { above, below }) => sum + above + below, APART * (sizes.length - 1));
}

/** The columns of a graph: how wide they are, and how far they reach above and below the axis. */
function columnsOf(
  net: Net,
  scale: Scale,
): { widths: number[]; above: number[]; below: number[] } {
  const columns: Extent[][] = [];
  gridOf(net).forEach(({ column }, i) =>
    (columns[column] ??= []).push(extentOf(net.nodes[i]!.piece, scale))
  );
  return {
    widths: columns.map((sizes) => Math.max(...sizes.map(({ width }) => width))),
    // One node is on the axis, several are around it.
    above: columns.map((sizes) => sizes.length === 1 ? sizes[0]!.above : stacked(sizes) / 2),
    below: columns.map((sizes) => sizes.length === 1 ? sizes[0]!.below : stacked(sizes) / 2),
  };
}

/**
 * Places a piece.
 *
 * @param x where it begins
 * @param axis the height of the line that enters and leaves it
 */
export function placePiece(
  scene: BlockScene,
  piece: Piece,
  x: number,
  axis: number,
  scale: Scale,
): void {
  const size = extentOf(piece, scale);
  switch (piece.kind) {
    case "block":
      return placeBlock(scene, piece, x, axis, size.width, scale);
    case "chain":
      return placeChainOf(scene, piece, x, axis, scale);
    case "group": {
      const { above, below, width } = size;
      scene.groups.push({ group: piece, x, y: axis - above, width, height: above + below });
      const inner = extentOf(piece.inner, scale).width;
      const left = x + (width - inner) / 2;
      scene.wires.push(straight(x, left, axis), straight(left + inner, x + width, axis));
      return placePiece(scene, piece.inner, left, axis, scale);
    }
    case "fork":
      return placeFork(scene, piece, x, axis, scale);
    case "net":
      return placeNet(scene, piece, x, axis, scale);
  }
}

function straight(from: number, to: number, axis: number): Wire {
  return { points: [[from, axis], [to, axis]], skips: false };
}

function placeBlock(
  scene: BlockScene,
  block: Block,
  x: number,
  axis: number,
  room: number,
  scale: Scale,
): void {
  const body = bodyOf(block, scale);
  const left = x + (room - body.width - body.depth) / 2;
  scene.wires.push(straight(x, left, axis), straight(left + body.width, x + room, axis));
  scene.blocks.push({
    block,
    x: left,
    y: axis - body.height / 2,
    ...body,
    label: [x + room / 2, axis + body.height / 2 + 12],
  });
}

function placeChainOf(
  scene: BlockScene,
  { pieces }: Chain,
  x: number,
  axis: number,
  scale: Scale,
): void {
  let at = x;
  pieces.forEach((piece, i) => {
    if (i > 0) scene.wires.push(straight(at - GAP, at, axis));
    placePiece(scene, piece, at, axis, scale);
    at += extentOf(piece, scale).width + GAP;
  });
}

function placeFork(scene: BlockScene, fork: Fork, x: number, axis: number, scale: Scale): void {
  const sizes = fork.branches.map((branch) => extentOf(branch, scale));
  const widest = Math.max(...sizes.map(({ width }) => width));
  const sign = x + widest + 2 * FORK + JOIN / 2;
  let top = axis - stacked(sizes) / 2;
  fork.branches.forEach((branch, i) => {
    const { width, above, below } = sizes[i]!;
    const own = top + above;
    const left = x + FORK + (widest - width) / 2;
    const skips = width === 0;
    scene.wires.push(
      { points: [[x, axis], [x + FORK / 2, own], [left, own]], skips },
      {
        points: [[left + width, own], [x + widest + FORK * 1.5, own], [sign - JOIN / 2 + 4, axis]],
        skips,
      },
    );
    placePiece(scene, branch, left, own, scale);
    top = own + below + APART;
  });
  scene.joins.push({ fork, x: sign, y: axis });
  scene.wires.push(straight(sign + JOIN / 2 - 4, sign + JOIN / 2, axis));
}

function placeNet(scene: BlockScene, net: Net, x: number, axis: number, scale: Scale): void {
  const columns = columnsOf(net, scale);
  const { widths } = columns;
  const lefts = widths.map((_, i) =>
    x + widths.slice(0, i).reduce((sum, each) => sum + each + GAP, 0)
  );
  const tops = columns.above.map((above) => axis - above);
  const over = axis - Math.max(...columns.above) - TITLE / 2;
  const ends: { readonly out: readonly [number, number]; readonly column: number }[] = [];
  gridOf(net).forEach(({ column }, i) => {
    const { piece, from } = net.nodes[i]!;
    const { width, above, below } = extentOf(piece, scale);
    const own = tops[column]! + above;
    tops[column] = own + below + APART;
    const left = lefts[column]! + (widths[column]! - width) / 2;
    for (const source of from) {
      // Before all columns is the input.
      const { out: [fromX, fromY], column: before } = ends[source] ??
        { out: [x - GAP, axis], column: -1 };
      const skips = column - before > 1;
      const points: [number, number][] = skips
        ? [[fromX, fromY], [fromX + GAP / 2, over], [left - GAP / 2, over], [left, own]]
        : [[fromX, fromY], [left, own]];
      scene.wires.push({ points, skips });
    }
    placePiece(scene, piece, left, own, scale);
    ends.push({ out: [left + width, own], column });
  });
}
