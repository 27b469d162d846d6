// The sizes of the parts of a drawing: chains run down, branches are side by side.
import { boxSize, LINE_SIZE } from "./box_text.ts";
import type { Aside, Branch, Branches, Module, Part, Rows } from "./part.ts";
import { textWidth } from "../chart/svg.ts";

/** The size of a part; lines enter and leave at `axis`, measured from its left side. */
export type Size = { readonly width: number; readonly height: number; readonly axis: number };

/** The gap between successive boxes. */
export const STEP = 16;
/** The gap between branches. */
const APART = 9;
/** The height above branches, for lines and captions. */
export const FAN = 26;
/** The distance from the top of branches to the fork of their lines. */
export const PARTING = 7;
/** The height below branches, for the lines to their join. */
export const GATHERING = 18;
/** The gap between a body and the link around it. */
const AROUND = 14;
/** The width of a branch without boxes. */
const BARE = 20;
/** The gap between a line and the text beside it. */
export const BESIDE = 6;
/** The gap between a module's frame and its contents. */
export const FRAME = 8;
/** The height of a module's title. */
export const TITLE_HEIGHT = 18;
/** The font size of a module's title. */
export const TITLE_SIZE = 11;

/** A module's title, with how often it is repeated. */
export function titleOf({ title, repeats }: Module): string {
  return repeats === 1 ? title : `${title}  (${repeats} ×)`;
}

/** The size of parts below one another, with their axes aligned. */
export function chainSize(chain: readonly Part[]): Size {
  if (chain.length === 0) return { width: BARE, height: 0, axis: BARE / 2 };
  const sizes = chain.map(sizeOfPart);
  const axis = Math.max(...sizes.map((size) => size.axis));
  const right = Math.max(...sizes.map((size) => size.width - size.axis));
  const height = sizes.reduce((sum, size) => sum + size.height, STEP * (chain.length - 1));
  return { width: axis + right, height, axis };
}

/** The size of a part with its contents. */
export function sizeOfPart(part: Part): Size {
  if (part.kind === "box") {
    const { width, height } = boxSize(part);
    return { width, height, axis: width / 2 };
  }
  if (part.kind === "branches") return branchesSize(part);
  if (part.kind === "rows") return rowsSize(part);
  return part.kind === "aside" ? asideSize(part) : moduleSize(part);
}

/** The size of a branch, with its caption beside the line above it. */
function branchSize({ caption, chain }: Branch): Size {
  const { width, height, axis } = chainSize(chain);
  const captioned = caption === "" ? 0 : axis + BESIDE + textWidth(caption, LINE_SIZE);
  return { width: Math.max(width, captioned), height, axis };
}

function rowWidth(sizes: readonly Size[]): number {
  return sizes.reduce((sum, { width }) => sum + width, APART * (sizes.length - 1));
}

function branchesSize({ branches, join, residual }: Branches): Size {
  const sizes = branches.map(branchSize);
  const joinSize = boxSize(join);
  const row = rowWidth(sizes);
  const tallest = Math.max(...sizes.map((size) => size.height));
  const height = FAN + tallest + GATHERING + joinSize.height;
  // The axis of a residual block is that of its body, of other branches the middle.
  const own = residual ? sizes[0]!.axis : row / 2;
  const whole = residual ? row + AROUND : row;
  const axis = Math.max(own, joinSize.width / 2);
  return { width: axis + Math.max(whole - own, joinSize.width / 2), height, axis };
}

/** The distance of the links beside the rows of a graph. */
export const LANE = 10;

/** The rows of a graph that are taken by others than the next. */
export function passedOver({ rows }: Rows): string[] {
  const taken = rows.flatMap(({ from }, i) => from.filter((name) => name !== rows[i - 1]?.name));
  return rows.map(({ name }) => name).filter((name) => taken.includes(name));
}

/** The rows below one another, and a lane for each that is passed over others. */
function rowsSize(graph: Rows): Size {
  const { width, height, axis } = chainSize(graph.rows.map(({ part }) => part));
  return { width: width + LANE * (passedOver(graph).length + 1), height, axis };
}

/** The main line passes on the left of the chain. */
function asideSize({ chain }: Aside): Size {
  const { width, height } = chainSize(chain);
  return { width: BARE + AROUND + width, height: FAN + height, axis: BARE / 2 };
}

/** The distance from the main line's axis to that of the chain beside it. */
export function asideAxis({ chain }: Aside): number {
  return BARE / 2 + AROUND + chainSize(chain).axis;
}

function moduleSize(module: Module): Size {
  const inner = chainSize(module.chain);
  const title = textWidth(titleOf(module), TITLE_SIZE, true);
  return {
    // The title is beside the line that enters.
    width: Math.max(inner.width, inner.axis + BESIDE + title) + 2 * FRAME,
    height: inner.height + TITLE_HEIGHT + 2 * FRAME,
    axis: inner.axis + FRAME,
  };
}

/** The x of each branch's axis, from left to right. */
export function branchAxes({ branches, residual }: Branches, x: number): number[] {
  const sizes = branches.map(branchSize);
  let left = x - (residual ? sizes[0]!.axis : rowWidth(sizes) / 2);
  return sizes.map((size, i) => {
    const axis = left + size.axis + (residual && i > 0 ? AROUND : 0);
    left += size.width + APART;
    return axis;
  });
}
