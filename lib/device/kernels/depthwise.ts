// Depthwise convolution and its input gradient: tiles of pixels, four channels an invocation.
import type { Activation } from "../../tensor/activation.ts";
import { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { fitsTexture, paysToCopy } from "../textures.ts";
import { cellsAlong, type Geometry } from "./convolution.ts";
import { finishText } from "./epilogue.ts";
import {
  inputTile,
  type Inside,
  insideAlong,
  type Loop,
  looped,
  NONE,
  outputTile,
  placeText,
  range,
  sumsText,
  type Tile,
  tilesAlong,
} from "./depthwise_tiles.ts";
import { stripsOf } from "./features.ts";
import { runProgram } from "./program.ts";

/** Filters of more taps, and gradients of longer strides, make texts too long to compile. */
const MOST_TAPS = 64;
const MOST_PHASES = 16;

/** Whether each channel has one filter, small enough for the programs here. */
export function isDepthwise(g: Geometry): boolean {
  return g.groups > 1 && g.groups === g.inChannels && g.groups === g.outChannels &&
    g.filterHeight * g.filterWidth <= MOST_TAPS &&
    g.strideHeight * g.strideWidth <= MOST_PHASES;
}

/** A pass over one image of a convolution to get the other. */
type Pass = {
  readonly operation: string;
  /** How many rows of taps the text has, one after another by a loop, if not all are written out. */
  readonly loop?: Loop | undefined;
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

/** Products of a text: more of them take long to compile. */
const MOST_TERMS = 320;

/** Taps up to which all products are written out on software adapters; of more, those of a row of taps. */
const WRITTEN_OUT = 25;

/** The loop over a filter's rows, if one is worth it. */
function loopOf(software: boolean, g: Geometry, backward: boolean): Loop | undefined {
  const [rows, taps] = [g.filterHeight, g.filterWidth];
  const isDense = g.strideHeight === 1 && g.dilationHeight === 1;
  return software && isDense && rows * taps > WRITTEN_OUT ? { rows, taps, backward } : undefined;
}

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
  const loop = loopOf(software, g, false);
  const most = mostOf(software, loop?.taps ?? g.filterHeight * g.filterWidth);
  const [tilesDown, height] = tilesAlong(g.outHeight, most[0]);
  const [tilesAcross, width] = tilesAlong(g.outWidth, most[1]);
  return run(backend, software, {
    operation: "DepthwiseConv2D",
    loop,
    variant: variantOf(g, height, width),
    tile: () => looped(outputTile(g, height, width), loop),
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
  const loop = loopOf(software, g, true);
  const most = mostOf(software, loop?.taps ?? g.filterHeight * g.filterWidth);
  const [tilesDown, height] = tilesAlong(rows, Math.ceil(most[0] / g.strideHeight));
  const [tilesAcross, width] = tilesAlong(columns, Math.ceil(most[1] / g.strideWidth));
  return run(backend, software, {
    operation: "DepthwiseConv2DBackpropInput",
    loop,
    variant: variantOf(g, height, width),
    tile: () => looped(inputTile(g, height, width), loop),
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
  const { operation, loop, tile, size, tiles, step, reach, first, resultFirst, activation } = pass;
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
    rows: loop ? NONE : insideAlong(first[0], tiles[0], step[0], sourceHeight, reach[0]),
    columns: insideAlong(first[1], tiles[1], step[1], sourceWidth, reach[1]),
  };
  const [down, across] = reach.map(([least, most]) => most - least + 1) as [number, number];
  const reads = count * (down * across + filter.shape[0]! * filter.shape[1]!);
  const quads = wide ? quadsOf(backend, software, { x: source, w: filter }, reads) : [];
  return runProgram(backend, {
    operation,
    variant: [
      type,
      bias !== undefined,
      activation,
      whole,
      inside.rows,
      inside.columns,
      loop?.backward,
    ]
      .concat(pass.variant).join("/"),
    leads: true,
    results: { y: pass.shape },
    inputs: { x: source, w: filter, ...(bias ? { bias } : {}) },
    vectors: wide ? ["y", ...names.filter((name) => !quads.includes(name))] : [],
    quads,
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
  ${sumsText(all, type, reader, inside, bias ? `bias_${reader}(strip)` : `${type}()`, loop)}
  ${storeText(all, whole)}
}`;
    },
    invocations: count,
    workgroup: software ? 8 : 64,
  })[0]!;
}

/**
 * What a software adapter reads from textures, four numbers at a time, if that pays.
 *
 * @param tensors their WGSL names
 * @param reads how many fours all invocations read of them
 */
export function quadsOf(
  backend: GuardedBackend,
  software: boolean,
  tensors: Readonly<Record<string, tf.TensorInfo>>,
  reads: number,
): string[] {
  const sizes = Object.values(tensors).map(({ shape }) => tf.util.sizeFromShape(shape));
  const fit = sizes.every((size) => fitsTexture(size, backend.device.limits));
  const size = sizes.reduce((sum, own) => sum + own, 0);
  return software && fit && paysToCopy(size, 4 * reads) ? Object.keys(tensors) : [];
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
