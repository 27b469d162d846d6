// How the result of a product is cut into tiles, what both forms of it have in common.

/**
 * Along which side four numbers of a factor lie together, from a multiple of
 * four on: for these a program has a fast way to read.
 */
export type Quads = {
  readonly a?: "rows" | "depth" | undefined;
  readonly b?: "columns" | "depth" | undefined;
};

/** Along which side the numbers of a factor are neighbors in memory where they are not in fours. */
export type Neighbors = { readonly a: "rows" | "depth"; readonly b: "columns" | "depth" };

/** How far one turn of the summation goes. */
export function strideOf({ a, b }: Quads): 1 | 4 {
  return a === "depth" || b === "depth" ? 4 : 1;
}

/** How a product is laid over invocations. */
export type Form = {
  readonly name: string;
  /** Rows and columns of the result that one unit (invocation or workgroup) makes. */
  readonly tile: readonly [rows: number, columns: number];
  /** Invocations of a workgroup. */
  readonly workgroup: number;
  /** Whether a workgroup makes a tile, or else an invocation. */
  readonly isShared: boolean;
  /** Whether the text calls functions of subgroups. */
  readonly isSubgroup?: boolean;
  /** Into how many pieces to cut the sums of so many tiles, so that no core idles. */
  readonly pieces: (tiles: number) => number;
  /** Pieces begin at multiples of so many steps. */
  readonly step: number;
  readonly code: string;
};

/** Where tile number `tile` lies, common to both forms; the text has `quotient`. */
export const TILE_PLACE = `
struct Place { batch: u32, m: u32, n: u32, begin: u32, end: u32, origin: u32 }
fn place(tile: u32, height: u32, width: u32) -> Place {
  let strip = quotient(tile, uniforms.tileColumns);
  let tileColumn = tile - strip * uniforms.tileColumns;
  let outer = quotient(strip, uniforms.tileRows); // piece · batches + batch
  let tileRow = strip - outer * uniforms.tileRows;
  let piece = quotient(outer, uniforms.batches);
  let batch = outer - piece * uniforms.batches;
  let begin = piece * uniforms.pieceDepth;
  return Place(batch, tileRow * height, tileColumn * width, begin,
    clamp(begin + uniforms.pieceDepth, begin, max(begin, depthOf(batch))), piece * uniforms.size);
}
`;

/** Shortest piece of a sum that is worth a partial result of its own. */
export const LEAST_DEPTH = 128;

/** Lines of a text, one for each number below `count`. */
export function each(count: number, line: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => line(i)).join("\n");
}

/** The most bytes that a workgroup keeps: 8 KiB for each wave of 64, up to the least of WebGPU's limits. */
export function mostBytes(lanes: number): number {
  return Math.min(16384, 8192 * Math.ceil(lanes / 64));
}

/** A vector of what is said of the four columns from `4 q`. */
export function four(q: number, one: (j: number) => string): string {
  return `vec4<f32>(${[0, 1, 2, 3].map((j) => one(4 * q + j)).join(", ")})`;
}
