// Long chains wrapped into columns, so that a drawing fits a page.
import { placeChain, type Scene } from "./layout.ts";
import { chainSize, STEP } from "./part_size.ts";
import type { Part } from "./plan.ts";

/** Between columns, for the line from one's end to the next one's beginning. */
const GUTTER = 32;
/** The height from which on a drawing gets another column, where there is room. */
const TALL = 900;

/** Parts in columns of about one height, as many as are asked for at most. */
function wrapped(parts: readonly Part[], count: number): Part[][] {
  const target = (chainSize(parts).height + STEP) / count;
  const columns: Part[][] = [[]];
  let filled = 0;
  for (const part of parts) {
    const height = chainSize([part]).height + STEP;
    // A part goes where more than half of it belongs.
    const full = filled + height / 2 > target * columns.length;
    if (full && columns.at(-1)!.length > 0 && columns.length < count) columns.push([]);
    columns.at(-1)!.push(part);
    filled += height;
  }
  return columns;
}

function widthOf(columns: readonly (readonly Part[])[]): number {
  return columns.reduce((sum, column) => sum + chainSize(column).width, 0) +
    GUTTER * (columns.length - 1);
}

function heightOf(columns: readonly (readonly Part[])[]): number {
  return Math.max(...columns.map((column) => chainSize(column).height));
}

/** As few columns as make it no taller than a page, or as many as fit beside one another. */
function columnsFor(parts: readonly Part[], width: number): Part[][] {
  let best = [[...parts]];
  for (let count = 2; heightOf(best) > TALL && count <= parts.length; count++) {
    const columns = wrapped(parts, count);
    if (widthOf(columns) > width) break;
    if (heightOf(columns) < heightOf(best)) best = columns;
  }
  return best;
}

/**
 * Places all parts of a drawing.
 *
 * @param parts what is drawn, from top to bottom
 * @param x left side
 * @param y top
 * @param width the width there is; a single part that is wider takes more
 * @returns what is drawn, in its place, with the width and height it takes
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
        arrow: true,
      });
    }
    from = [at, placeChain(scene, column, at, y)];
    left += width + GUTTER;
  }
  return { ...scene, width: widthOf(columns), height: bottom - y };
}
