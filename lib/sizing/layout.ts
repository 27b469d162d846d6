// Places the parts of a drawing, and the lines between them.
import { boxSize } from "./box_text.ts";
import {
  asideAxis,
  BESIDE,
  branchAxes,
  chainSize,
  FAN,
  FRAME,
  GATHERING,
  LANE,
  PARTING,
  passedOver,
  sizeOfPart,
  STEP,
  TITLE_HEIGHT,
} from "./part_size.ts";
import type { Aside, Box, Branch, Branches, Module, Part, Rows } from "./part.ts";

/** A point of a line. */
export type Point = readonly [x: number, y: number];

/** A text to the right of a line, beginning at a point. */
export type Caption = { readonly text: string; readonly x: number; readonly y: number };

/** A rectangle with its contents. */
export type Placed<What> = {
  readonly what: What;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** The x of the lines that enter and leave. */
  readonly axis: number;
};

/** A line through points, with an arrow if it ends at a box. */
export type Link = {
  readonly points: readonly Point[];
  readonly kind: "flow" | "residual";
  readonly arrow: boolean;
};

/** All placed parts of a drawing. */
export type Scene = {
  readonly boxes: Placed<Box>[];
  readonly frames: Placed<Module>[];
  readonly links: Link[];
  readonly captions: Caption[];
};

/** Places parts below one another. */
export function placeChain(scene: Scene, chain: readonly Part[], x: number, y: number): number {
  let bottom = y;
  chain.forEach((part, i) => {
    const top = i === 0 ? y : bottom + STEP;
    const arrow = part.kind === "box";
    if (i > 0) scene.links.push({ points: [[x, bottom], [x, top]], kind: "flow", arrow });
    bottom = placePart(scene, part, x, top);
  });
  return bottom;
}

function placePart(scene: Scene, part: Part, x: number, y: number): number {
  const { width, height, axis } = sizeOfPart(part);
  if (part.kind === "branches") return placeBranches(scene, part, x, y);
  if (part.kind === "aside") return placeAside(scene, part, x, y);
  if (part.kind === "rows") return placeRows(scene, part, x, y);
  const place = { x: x - axis, y, width, height, axis: x };
  if (part.kind === "box") scene.boxes.push({ what: part, ...place });
  else placeFramed(scene, { what: part, ...place }, x);
  return y + height;
}

/** Places the rows of a graph, with lines between them and, over others, beside them. */
function placeRows(scene: Scene, graph: Rows, x: number, y: number): number {
  const lanes = passedOver(graph);
  const { width, axis } = chainSize(graph.rows.map(({ part }) => part));
  const right = x - axis + width;
  const placed = new Map<string, Point>();
  let bottom = y;
  graph.rows.forEach(({ name, from, part }, i) => {
    const before = graph.rows[i - 1]?.name;
    const top = i === 0 ? y : bottom + STEP;
    if (before !== undefined && from.includes(before)) {
      scene.links.push({ points: [[x, bottom], [x, top]], kind: "flow", arrow: true });
    }
    bottom = placePart(scene, part, x, top);
    const size = sizeOfPart(part);
    const side: Point = [x - size.axis + size.width, (top + bottom) / 2];
    for (const source of new Set(from)) {
      if (source === before) continue;
      const [fromX, fromY] = placed.get(source)!;
      const lane = right + LANE * (lanes.indexOf(source) + 1);
      const points: Point[] = [[fromX, fromY], [lane, fromY], [lane, side[1]], side];
      scene.links.push({ points, kind: "residual", arrow: true });
    }
    placed.set(name, side);
  });
  return bottom;
}

/** Places a chain beside the main line, which continues straight. */
function placeAside(scene: Scene, part: Aside, x: number, y: number): number {
  const bottom = y + sizeOfPart(part).height;
  const [axis, top] = [x + asideAxis(part), y + FAN];
  scene.links.push({ points: [[x, y], [x, bottom]], kind: "flow", arrow: false });
  const to: Point[] = [[x, y + PARTING], [axis, y + PARTING], [axis, top]];
  scene.links.push({ points: to, kind: "flow", arrow: true });
  placeChain(scene, part.chain, axis, top);
  return bottom;
}

/** Places a module's frame, its title and its contents. */
function placeFramed(scene: Scene, frame: Placed<Module>, x: number): void {
  const { what, y, height } = frame;
  scene.frames.push(frame);
  const top = y + TITLE_HEIGHT + FRAME;
  const bottom = placeChain(scene, what.chain, x, top);
  const enters = what.chain[0]?.kind === "box";
  scene.links.push({ points: [[x, y], [x, top]], kind: "flow", arrow: enters });
  scene.links.push({ points: [[x, bottom], [x, y + height]], kind: "flow", arrow: false });
}

function placeBranches(scene: Scene, part: Branches, x: number, y: number): number {
  const { branches, join, residual } = part;
  const tallest = Math.max(...branches.map(({ chain }) => chainSize(chain).height));
  const { width, height } = boxSize(join);
  const joinTop = y + FAN + tallest + GATHERING;
  scene.boxes.push({ what: join, x: x - width / 2, y: joinTop, width, height, axis: x });
  branchAxes(part, x).forEach((axis, i) => {
    const bypass = residual && i > 0;
    // A link around a body ends beside the sum, a branch above its join.
    const end: Point[] = bypass
      ? [[axis, joinTop + height / 2], [x + width / 2, joinTop + height / 2]]
      : [[axis, joinTop - GATHERING / 2], [x, joinTop - GATHERING / 2], [x, joinTop]];
    const start: Point[] = [[x, y], [x, y + PARTING], [axis, y + PARTING]];
    const room = bypass ? tallest : chainSize(branches[i]!.chain).height;
    placeBranch(scene, branches[i]!, { start, end, room, kind: bypass ? "residual" : "flow" });
  });
  return joinTop + height;
}

/** The lines to a branch and from it, and the height in which it is centered. */
type Way = {
  readonly start: readonly Point[];
  readonly end: readonly Point[];
  readonly room: number;
  readonly kind: Link["kind"];
};

function placeBranch(scene: Scene, { caption, chain }: Branch, way: Way): void {
  const { start, end, room, kind } = way;
  if (chain.length === 0) {
    scene.links.push({ points: [...start, ...end], kind, arrow: true });
    return;
  }
  const [axis, above] = start.at(-1)!;
  const top = above + FAN - PARTING + (room - chainSize(chain).height) / 2;
  if (caption !== "") scene.captions.push({ text: caption, x: axis + BESIDE, y: top - 5 });
  const enters = chain[0]!.kind === "box";
  scene.links.push({ points: [...start, [axis, top]], kind, arrow: enters });
  const bottom = placeChain(scene, chain, axis, top);
  scene.links.push({ points: [[axis, bottom], ...end], kind, arrow: true });
}
