// Wraps long chains into columns, so that a drawing fits a page.
import { placeChain, type Scene } from "./layout.ts";
import { chainSize } from "./part_size.ts";
import type { Part } from "./part.ts";

/** The gap between columns, with the line from the end of one to the begin of the next. */
const GUTTER = 32;

/** Parts in columns, each filled up to a height. */
function filled(parts: readonly Part[], height: number): Part[][] {
  const columns: Part[][] = [[]];
  for (const part of parts) {
    const column = columns.at(-1)!;
    if (column.length > 0 && chainSize([...column, part]).height > height) columns.push([part]);
    else column.push(part);
  }
  return columns;
}

/** Parts in at most so many columns, as low as possible. */
function wrapped(parts: readonly Part[], count: number): Part[][] {
  let [low, high] = [0, chainSize(parts).height];
  while (high - low > 1) {
    const middle = (low + high) / 2;
    const columns = filled(parts, middle);
    if (columns.length <= count && heightOf(columns) <= middle) high = middle;
    else low = middle;
  }
  return filled(parts, high);
}

function widthOf(columns: readonly (readonly Part[])[]): number {
  return columns.reduce((sum, column) => sum + chainSize(column).width, 0) +
    GUTTER * (columns.length - 1);
}

function heightOf(columns: readonly (readonly Part[])[]): number {
  return Math.max(...columns.map((column) => chainSize(column).height));
}

/** The fewest columns that are not taller than wide, or as many as fit the width. */
function columnsFor(parts: readonly Part[], width: number): Part[][] {
  let best = [[...parts]];
  for (let count = 2; heightOf(best) > widthOf(best) && count <= parts.length; count++) {
    const columns = wrapped(parts, count);
    if (widthOf(columns) > width) break;
    if (heightOf(columns) < heightOf(best)) best = columns;
  }
  return best;
}

/**
 * Places all parts of a drawing.
 *
 * @param parts the parts from top to bottom
 */
export function placeInColumns(
  parts: readonly Part[],
  x: number,
  y: number,
  width: number,
): Scene & { readonly width: number; readonly height: number } {
  const scene: Scene = { boxes: [], frames: [], links: [], captions: [] };
  const columns = columnsFor(parts, width);
  const bottom = y + heightOf(columns) + GUTTER / 4;
  let left = x;
  let from: readonly [number, number] | undefined;
  for (const column of columns) {
    const { axis, width } = chainSize(column);
    const at = left + axis;
    if (from) {
      const gutter = left - GUTTER / 2;
      const above = y - GUTTER / 4;
      scene.links.push({
        points: [from, [from[0], bottom], [gutter, bottom], [gutter, above], [at, above], [at, y]],
        kind: "flow",
        arrow: column[0]!.kind === "box",
      });
    }
    from = [at, placeChain(scene, column, at, y)];
    left += width + GUTTER;
  }
  return { ...scene, width: widthOf(columns), height: bottom - y };
}
