// Depthwise convolution and its input gradient: tiles of pixels, four channels an invocation.
import type { Activation } from "../../tensor/activation.ts";
import type { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { cellsAlong, type Geometry } from "./convolution.ts";
import { finishText } from "./epilogue.ts";
import { stripsOf } from "./features.ts";
import { runProgram } from "./program.ts";

/**
 * A product of a sum: of the source's pixel at a distance from the tile's corner, and of a tap of
 * the filter. `at` is the result's number in the tile.
 */
export type Term = {
  readonly at: number;
  readonly row: number;
  readonly column: number;
  readonly tap: number;
};

/**
 * What an invocation computes: `rows × columns` results that share their sources. All distances are
 * constants of the text, so that each pixel and each tap is read once, without a loop.
 */
export type Tile = {
  readonly rows: number;
  readonly columns: number;
  readonly terms: readonly Term[];
};

/** Filters of more taps, and gradients of longer strides, make texts too long to compile. */
const MOST_TAPS = 64;
const MOST_PHASES = 16;

/** Whether each channel has one filter, small enough for the programs here. */
export function isDepthwise(g: Geometry): boolean {
  return g.groups > 1 && g.groups === g.inChannels && g.groups === g.outChannels &&
    g.filterHeight * g.filterWidth <= MOST_TAPS &&
    g.strideHeight * g.strideWidth <= MOST_PHASES;
}

/** Into how many tiles of at most `most` pixels an axis is cut, and their size, as even as can be. */
export function tilesAlong(length: number, most: number): [count: number, size: number] {
  const size = Math.ceil(length / Math.ceil(length / most));
  return [Math.ceil(length / size), size];
}

/** The terms of `height × width` neighbors of the output. */
export function outputTile(g: Geometry, height: number, width: number): Tile {
  const [down, across] = [g.strideHeight, g.strideWidth];
  const terms = eachTap(g, (u, v, tap) =>
    eachPlace(height, width, (r, t) => ({
      at: r * width + t,
      row: r * down + u * g.dilationHeight,
      column: t * across + v * g.dilationWidth,
      tap,
    })));
  return { rows: height, columns: width, terms };
}

/**
 * The terms of `height × width` cells of the input, each as large as the stride: of the pixels of
 * one phase (y + p) mod s the same taps count, at the same distances.
 */
function inputTile(g: Geometry, height: number, width: number): Tile {
  const [down, across] = [g.strideHeight, g.strideWidth];
  const columns = across * width;
  const terms = eachTap(g, (u, v, tap) => {
    const [y, x] = [u * g.dilationHeight, v * g.dilationWidth];
    const [phaseY, phaseX] = [y % down, x % across];
    return eachPlace(height, width, (r, t) => ({
      at: (r * down + phaseY) * columns + t * across + phaseX,
      row: r + (phaseY - y) / down,
      column: t + (phaseX - x) / across,
      tap,
    }));
  });
  return { rows: down * height, columns, terms };
}

function eachPlace(height: number, width: number, f: (r: number, t: number) => Term): Term[] {
  return range(height).flatMap((r) => range(width).map((t) => f(r, t)));
}

function eachTap(g: Geometry, f: (u: number, v: number, tap: number) => Term[]): Term[] {
  return range(g.filterHeight).flatMap((u) =>
    range(g.filterWidth).flatMap((v) => f(u, v, u * g.filterWidth + v))
  );
}

/** The numbers from 0 up to but not including `count`. */
export function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** Each different number, in order. */
export function distinct(numbers: readonly number[]): number[] {
  return [...new Set(numbers)].sort((a, b) => a - b);
}

/** A name in WGSL for a number that may be negative. */
const named = (x: number): string => x < 0 ? `m${-x}` : `${x}`;

/** The name of a source's number. */
export function sourceName(row: number, column: number): string {
  return `x_${named(row)}_${named(column)}`;
}

/** Rows and columns of a tile's source, from its corner, that lie in the image whichever tile it is. */
export type Inside = {
  readonly rows: readonly [first: number, last: number];
  readonly columns: readonly [first: number, last: number];
};

/**
 * The places along an axis that are inside for all tiles.
 *
 * @param first the first tile's corner
 * @param tiles number of tiles
 * @param step distance of their corners
 * @param length length of the source
 * @param reach the least and the largest place of a tile
 */
export function insideAlong(
  first: number,
  tiles: number,
  step: number,
  length: number,
  [least, most]: readonly [number, number],
): readonly [first: number, last: number] {
  const last = length - 1 - (first + (tiles - 1) * step);
  return [Math.min(Math.max(-first, least), most + 1), Math.max(Math.min(last, most), least - 1)];
}

const lies = (place: number, [first, last]: readonly [number, number]): boolean =>
  first <= place && place <= last;

/**
 * WGSL that reads a row of the source at `corner` (`vec2<i32>`), zero where it reaches over the
 * edge: of image `image`, strip `strip`.
 *
 * @param read the expression of a strip at a place
 */
export function rowText(
  row: number,
  columns: readonly number[],
  type: string,
  inside: Inside,
  read: (at: string) => string,
): string {
  const r = named(row);
  const isInside = lies(row, inside.rows);
  const loads = columns.map((column) => {
    const c = named(column);
    const value = read(`base_${r} + at_${c}`);
    const conditions = [
      ...(isInside ? [] : [`inside_${r}`]),
      ...(lies(column, inside.columns) ? [] : [`inside_column_${c}`]),
    ];
    const chosen = conditions.length === 0
      ? value
      : `select(${type}(), ${value}, ${conditions.join(" & ")})`;
    return `let ${sourceName(row, column)} = ${chosen};`;
  });
  return `let y_${r} = corner.x + ${row};
  ${isInside ? "" : `let inside_${r} = u32(y_${r}) < uniforms.sourceHeight;`}
  let line_${r} = image * uniforms.sourceHeight + u32(${
    isInside ? `y_${r}` : `select(0, y_${r}, inside_${r})`
  });
  let base_${r} = line_${r} * uniforms.sourceWidth * uniforms.strips + strip;
  ${loads.join("\n  ")}`;
}

/** WGSL that finds the columns of the source that {@linkcode rowText} reads. */
export function columnText(columns: readonly number[], inside: Inside): string {
  return columns.map((column) => {
    const c = named(column);
    const place = `let column_${c} = corner.y + ${column};`;
    if (lies(column, inside.columns)) {
      return `${place} let at_${c} = u32(column_${c}) * uniforms.strips;`;
    }
    return `${place}
  let inside_column_${c} = u32(column_${c}) < uniforms.sourceWidth;
  let at_${c} = u32(select(0, column_${c}, inside_column_${c})) * uniforms.strips;`;
  }).join("\n  ");
}

/**
 * WGSL that finds tile number `tile`: its image and its corner in the source.
 *
 * @param firstRow the expression of the first tile's row
 */
export function placeText(step: readonly [number, number], firstRow = "uniforms.firstRow"): string {
  return `let line = tile / uniforms.tilesAcross;
  let across = tile - line * uniforms.tilesAcross;
  let image = line / uniforms.tilesDown;
  let down = line - image * uniforms.tilesDown;
  let corner = vec2<i32>(i32(down * ${step[0]}u + ${firstRow}),
    i32(across * ${step[1]}u + uniforms.firstColumn));`;
}

/** A pass over one image of a convolution to get the other. */
type Pass = {
  readonly operation: string;
  /** What the terms depend on, and the terms. */
  readonly variant: string;
  readonly tile: () => Tile;
  /** Rows and columns of a tile's results. */
  readonly size: readonly [number, number];
  /** Distance of neighboring tiles' corners in the source, and the places from there that one reads. */
  readonly step: readonly [number, number];
  readonly reach: readonly [rows: readonly [number, number], columns: readonly [number, number]];
  /** Tiles of the result, down and across. */
  readonly tiles: readonly [number, number];
  /** The corner of the first tile in the source, and in the result. */
  readonly first: readonly [number, number];
  readonly resultFirst: readonly [number, number];
  readonly source: tf.TensorInfo;
  readonly filter: tf.TensorInfo;
  readonly bias?: tf.TensorInfo | undefined;
  readonly activation?: Activation | undefined;
  readonly shape: readonly [number, number, number, number];
};

/**
 * Rows and columns that an invocation computes, so many that each pixel it reads serves several: a
 * read costs software adapters as much as four products, and GPUs have to be kept busy.
 */
const MOST = { software: [4, 8], gpu: [2, 4] } as const;

/** Products of an invocation: more of them take long to compile. */
const MOST_TERMS = 320;

/** How many results of a filter of so many taps an invocation computes, down and across. */
export function mostOf(software: boolean, taps: number): readonly [number, number] {
  const [height, width] = software ? MOST.software : MOST.gpu;
  const across = Math.min(width, Math.max(1, Math.floor(MOST_TERMS / taps)));
  return [Math.min(height, Math.max(1, Math.floor(MOST_TERMS / (taps * across)))), across];
}

/** What is forward: each result sums what lies under its filter. */
export function depthwise(
  backend: GuardedBackend,
  software: boolean,
  g: Geometry,
  inputs: {
    readonly x: tf.TensorInfo;
    readonly filter: tf.TensorInfo;
    readonly bias?: tf.TensorInfo;
  },
  activation?: Activation,
): tf.TensorInfo {
  const most = mostOf(software, g.filterHeight * g.filterWidth);
  const [tilesDown, height] = tilesAlong(g.outHeight, most[0]);
  const [tilesAcross, width] = tilesAlong(g.outWidth, most[1]);
  return run(backend, software, {
    operation: "DepthwiseConv2D",
    variant: variantOf(g, height, width),
    tile: () => outputTile(g, height, width),
    size: [height, width],
    ...outputReach(g, height, width),
    tiles: [tilesDown, tilesAcross],
    first: [-g.padInfo.top, -g.padInfo.left],
    resultFirst: [0, 0],
    source: inputs.x,
    filter: inputs.filter,
    bias: inputs.bias,
    activation,
    shape: g.outShape,
  });
}

/** The slopes by the input. */
export function depthwiseInputGradient(
  backend: GuardedBackend,
  software: boolean,
  g: Geometry,
  dy: tf.TensorInfo,
  filter: tf.TensorInfo,
): tf.TensorInfo {
  const { top, left } = g.padInfo;
  const [firstRow, rows] = cellsAlong(top, g.inHeight, g.strideHeight);
  const [firstColumn, columns] = cellsAlong(left, g.inWidth, g.strideWidth);
  const most = mostOf(software, g.filterHeight * g.filterWidth);
  const [tilesDown, height] = tilesAlong(rows, Math.ceil(most[0] / g.strideHeight));
  const [tilesAcross, width] = tilesAlong(columns, Math.ceil(most[1] / g.strideWidth));
  return run(backend, software, {
    operation: "DepthwiseConv2DBackpropInput",
    variant: variantOf(g, height, width),
    tile: () => inputTile(g, height, width),
    size: [height * g.strideHeight, width * g.strideWidth],
    step: [height, width],
    reach: [
      [-Math.floor((g.effectiveFilterHeight - 1) / g.strideHeight), height - 1],
      [-Math.floor((g.effectiveFilterWidth - 1) / g.strideWidth), width - 1],
    ],
    tiles: [tilesDown, tilesAcross],
    first: [firstRow, firstColumn],
    resultFirst: [firstRow * g.strideHeight - top, firstColumn * g.strideWidth - left],
    source: dy,
    filter,
    shape: g.inShape,
  });
}

/** What the terms of tiles depend on. */
export function variantOf(g: Geometry, height: number, width: number): string {
  const filter = `${g.filterHeight}x${g.filterWidth} by ${g.strideHeight}x${g.strideWidth}`;
  return `${filter} over ${g.dilationHeight}x${g.dilationWidth} to ${height}x${width}`;
}

/** How far tiles of the output are apart in the input, and which places each reads. */
export function outputReach(
  g: Geometry,
  height: number,
  width: number,
): Pick<Pass, "step" | "reach"> {
  return {
    step: [height * g.strideHeight, width * g.strideWidth],
    reach: [
      [0, (height - 1) * g.strideHeight + g.effectiveFilterHeight - 1],
      [0, (width - 1) * g.strideWidth + g.effectiveFilterWidth - 1],
    ],
  };
}

function run(backend: GuardedBackend, software: boolean, pass: Pass): tf.TensorInfo {
  const { operation, tile, size, tiles, step, reach, first, resultFirst, activation } = pass;
  const { source, filter, bias } = pass;
  const [images, height, width, channels] = pass.shape;
  const [sourceHeight, sourceWidth] = [source.shape[1]!, source.shape[2]!];
  const { wide, strips, type, reader } = stripsOf(channels);
  const count = images * tiles[0] * tiles[1] * strips;
  const names = ["x", "w", ...(bias ? ["bias"] : [])];
  // Whether all that the tiles cover lies in the result: a branch costs as much as the write.
  const whole = resultFirst.every((place) => place === 0) && tiles[0] * size[0] === height &&
    tiles[1] * size[1] === width;
  const inside: Inside = {
    rows: insideAlong(first[0], tiles[0], step[0], sourceHeight, reach[0]),
    columns: insideAlong(first[1], tiles[1], step[1], sourceWidth, reach[1]),
  };
  return runProgram(backend, {
    operation,
    variant: [type, bias !== undefined, activation, whole, inside.rows, inside.columns]
      .concat(pass.variant).join("/"),
    leads: true,
    results: { y: pass.shape },
    inputs: { x: source, w: filter, ...(bias ? { bias } : {}) },
    vectors: wide ? ["y", ...names] : [],
    half: { names: ["y", "x", "w"], anyway: true },
    uniforms: {
      count,
      strips,
      tilesDown: tiles[0],
      tilesAcross: tiles[1],
      sourceHeight,
      sourceWidth,
      height,
      width,
      firstRow: first[0],
      firstColumn: first[1],
      resultRow: resultFirst[0],
      resultColumn: resultFirst[1],
    },
    code: () => {
      const all = tile();
      return `${finishText(type as "f32", activation)}
fn main(index: u32, local: u32) {
  if (index >= uniforms.count) { return; }
  let tile = index / uniforms.strips;
  let strip = index - tile * uniforms.strips;
  ${placeText(step)}
  ${sumsText(all, type, reader, inside, bias ? `bias_${reader}(strip)` : `${type}()`)}
  ${storeText(all, whole)}
}`;
    },
    invocations: count,
    workgroup: software ? 8 : 64,
  })[0]!;
}

/** WGSL of the sums `s0`, `s1`, …: a row of the source after another, each with the taps it meets. */
function sumsText(
  { rows, columns, terms }: Tile,
  type: string,
  reader: string,
  inside: Inside,
  initial: string,
): string {
  const lines = [
    `let initial = ${initial};`,
    ...range(rows * columns).map((at) => `var s${at} = initial;`),
    columnText(distinct(terms.map(({ column }) => column)), inside),
  ];
  const read = new Set<number>();
  for (const row of distinct(terms.map(({ row }) => row))) {
    const own = terms.filter((term) => term.row === row);
    const across = distinct(own.map(({ column }) => column));
    lines.push(rowText(row, across, type, inside, (at) => `x_${reader}(${at})`));
    for (const tap of distinct(own.map(({ tap }) => tap))) {
      if (read.has(tap)) continue;
      read.add(tap);
      lines.push(`let w${tap} = w_${reader}(${tap}u * uniforms.strips + strip);`);
    }
    for (const { at, column, tap } of own) {
      lines.push(`s${at} = fma(${sourceName(row, column)}, w${tap}, s${at});`);
    }
  }
  return lines.join("\n  ");
}

/**
 * WGSL that writes the sums that lie in the result.
 *
 * @param whole whether all do
 */
function storeText({ rows, columns }: Tile, whole: boolean): string {
  return `let top = i32(down * ${rows}u + uniforms.resultRow);
  let left = i32(across * ${columns}u + uniforms.resultColumn);
  ${
    range(rows * columns).map((at) => {
      const [row, column] = [Math.floor(at / columns), at % columns];
      const [y, x] = [`u32(top + ${row})`, `u32(left + ${column})`];
      const put = `y_put(((image * uniforms.height + ${y}) * uniforms.width + ${x}) *
    uniforms.strips + strip, finish(s${at}));`;
      return whole ? put : `if ((${y} < uniforms.height) & (${x} < uniforms.width)) { ${put} }`;
    }).join("\n  ")
  }`;
}
