// Depthwise convolution and its input gradient: tiles of pixels, four channels an invocation.
import type { Activation } from "../../tensor/activation.ts";
import type { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import type { Geometry } from "./convolution.ts";
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
  /** Distance of neighboring tiles' corners in the source, down and across. */
  readonly step: readonly [number, number];
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
  return { rows: height, columns: width, terms, step: [height * down, width * across] };
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
  return { rows: down * height, columns, terms, step: [height, width] };
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
  read: (at: string) => string,
): string {
  const r = named(row);
  return `let y_${r} = corner.x + ${row};
  let inside_${r} = u32(y_${r}) < uniforms.sourceHeight;
  let line_${r} = (image * uniforms.sourceHeight + u32(select(0, y_${r}, inside_${r}))) * uniforms.sourceWidth;
  ${
    columns.map((column) => {
      const place = `line_${r} + at_${named(column)}`;
      return `let ${sourceName(row, column)} = select(${type}(), ${
        read(`(${place}) * uniforms.strips + strip`)
      }, inside_${r} && inside_column_${named(column)});`;
    }).join("\n  ")
  }`;
}

/** WGSL that finds the columns of the source that {@linkcode rowText} reads. */
export function columnText(columns: readonly number[]): string {
  return columns.map((column) => {
    const c = named(column);
    return `let column_${c} = corner.y + ${column};
  let inside_column_${c} = u32(column_${c}) < uniforms.sourceWidth;
  let at_${c} = u32(select(0, column_${c}, inside_column_${c}));`;
  }).join("\n  ");
}

/**
 * WGSL that finds tile number `tile`: its image and its corner in the source.
 *
 * @param firstRow the expression of the first tile's row
 */
export function placeText({ step }: Tile, firstRow = "uniforms.firstRow"): string {
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
  readonly tile: Tile;
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
    tile: outputTile(g, height, width),
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
  const cell = (
    padding: number,
    length: number,
    stride: number,
  ): [first: number, count: number] => {
    const first = Math.floor(padding / stride);
    return [first, Math.floor((padding + length - 1) / stride) - first + 1];
  };
  const [firstRow, rows] = cell(top, g.inHeight, g.strideHeight);
  const [firstColumn, columns] = cell(left, g.inWidth, g.strideWidth);
  const most = mostOf(software, g.filterHeight * g.filterWidth);
  const [tilesDown, height] = tilesAlong(rows, Math.ceil(most[0] / g.strideHeight));
  const [tilesAcross, width] = tilesAlong(columns, Math.ceil(most[1] / g.strideWidth));
  return run(backend, software, {
    operation: "DepthwiseConv2DBackpropInput",
    tile: inputTile(g, height, width),
    tiles: [tilesDown, tilesAcross],
    first: [firstRow, firstColumn],
    resultFirst: [firstRow * g.strideHeight - top, firstColumn * g.strideWidth - left],
    source: dy,
    filter,
    shape: g.inShape,
  });
}

function run(backend: GuardedBackend, software: boolean, pass: Pass): tf.TensorInfo {
  const { operation, tile, tiles, first, resultFirst, source, filter, bias, activation } = pass;
  const [images, height, width, channels] = pass.shape;
  const { wide, strips, type, reader } = stripsOf(channels);
  const count = images * tiles[0] * tiles[1] * strips;
  const names = ["x", "w", ...(bias ? ["bias"] : [])];
  // Whether all that the tiles cover lies in the result: a branch costs as much as the write.
  const whole = resultFirst.every((place) => place === 0) && tiles[0] * tile.rows === height &&
    tiles[1] * tile.columns === width;
  return runProgram(backend, {
    operation,
    variant: [type, bias !== undefined, activation, whole, JSON.stringify(tile)].join("/"),
    results: { y: pass.shape },
    inputs: { x: source, w: filter, ...(bias ? { bias } : {}) },
    vectors: wide ? ["y", ...names] : [],
    uniforms: {
      count,
      strips,
      tilesDown: tiles[0],
      tilesAcross: tiles[1],
      sourceHeight: source.shape[1]!,
      sourceWidth: source.shape[2]!,
      height,
      width,
      firstRow: first[0],
      firstColumn: first[1],
      resultRow: resultFirst[0],
      resultColumn: resultFirst[1],
    },
    code: `${finishText(type as "f32", activation)}
fn main(index: u32, local: u32) {
  if (index >= uniforms.count) { return; }
  let tile = index / uniforms.strips;
  let strip = index - tile * uniforms.strips;
  ${placeText(tile)}
  ${sumsText(tile, type, reader, bias ? `bias_${reader}(strip)` : `${type}()`)}
  ${storeText(tile, whole)}
}`,
    invocations: count,
    workgroup: software ? 8 : 64,
  })[0]!;
}

/** WGSL of the sums `s0`, `s1`, …: a row of the source after another, each with the taps it meets. */
function sumsText(
  { rows, columns, terms }: Tile,
  type: string,
  reader: string,
  initial: string,
): string {
  const lines = [
    `let initial = ${initial};`,
    ...range(rows * columns).map((at) => `var s${at} = initial;`),
    columnText(distinct(terms.map(({ column }) => column))),
  ];
  const read = new Set<number>();
  for (const row of distinct(terms.map(({ row }) => row))) {
    const own = terms.filter((term) => term.row === row);
    const across = distinct(own.map(({ column }) => column));
    lines.push(rowText(row, across, type, (at) => `x_${reader}(${at})`));
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
      return whole ? put : `if (${y} < uniforms.height && ${x} < uniforms.width) { ${put} }`;
    }).join("\n  ")
  }`;
}
