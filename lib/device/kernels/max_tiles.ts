// Max pooling on software adapters, without switches: windows side by side share what they read.
import type { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import type { ProgramType } from "../dispatch.ts";
import { tilesAlong } from "./depthwise_tiles.ts";
import { runProgram } from "./program.ts";
import { each } from "./tiles.ts";
import {
  type WindowProgram,
  windowProgram,
  windowText,
  windowUniforms,
  windowVariant,
} from "./window_text.ts";

/** The most windows of a tile, down and across: more would not read much less a window. */
const MOST = [2, 4] as const;

/** The most inputs of a tile, so that its text compiles in good time. */
const MOST_INPUTS = 64;

/** Windows side by side, `counts` tiles of them down and across, of `sizes` windows each. */
type Tiles = {
  readonly counts: readonly [down: number, across: number];
  readonly sizes: readonly [down: number, across: number];
  /** How many inputs they lie over. */
  readonly inputs: readonly [down: number, across: number];
};

/**
 * The tiles over a grid; none if windows share nothing, if one lies wholly beside the image, where it
 * has no nearest input, or if texts would be long.
 */
function tilesOf({ grid, apart }: WindowProgram): Tiles | undefined {
  const { size, stride, before, input, output } = grid;
  const overlap = ([0, 1] as const).every((axis) =>
    before[axis] < size[axis] && (output[axis] - 1) * stride[axis] - before[axis] < input[axis]
  );
  if (apart || !overlap) return undefined;
  const [down, across] = [tilesAlong(output[0], MOST[0]), tilesAlong(output[1], MOST[1])];
  const sizes = [down[1], across[1]] as const;
  const inputs = [0, 1].map((axis) => (sizes[axis]! - 1) * stride[axis]! + size[axis]!);
  const [rows, columns] = inputs as [number, number];
  if (rows * columns > MOST_INPUTS) return undefined;
  return { counts: [down[0], across[0]], sizes, inputs: [rows, columns] };
}

/**
 * Runs max pooling in tiles.
 *
 * @param rectify whether a ReLU comes first
 * @returns the maxima; `undefined` where tiles do not pay
 */
export function runMaxTiles(
  backend: GuardedBackend,
  x: tf.TensorInfo,
  grid: WindowProgram["grid"],
  rectify: boolean,
): tf.TensorInfo | undefined {
  const [images, , , channels] = x.shape as [number, number, number, number];
  const program = windowProgram(grid, channels);
  const tiles = tilesOf(program);
  if (!tiles) return undefined;
  const isWhole = x.dtype !== "float32";
  const [tilesY, tilesX] = tiles.counts;
  const units = images * tilesY * tilesX * program.strips;
  return runProgram(backend, {
    operation: "MaxPool",
    variant: `tiles of ${tiles.sizes}/${isWhole ? "whole/" : ""}${windowVariant(program)}/${
      rectify ? "relu" : ""
    }`,
    results: { y: [images, ...grid.output, channels] },
    inputs: { x },
    vectors: program.wide ? ["y", "x"] : [],
    types: { x: x.dtype as ProgramType, y: x.dtype as ProgramType },
    half: { names: isWhole ? [] : ["x", "y"] },
    uniforms: { units, tilesY, tilesX, ...windowUniforms(program) },
    code: () => textOf(program, tiles, isWhole, rectify),
    leads: !isWhole,
    invocations: units,
    workgroup: 64,
  })[0]!;
}

/**
 * WGSL: the larger of two, the first of equals, NaN before any number: by its bits, as Mesa's software
 * driver loses NaN in value != value of vectors.
 */
function largerText(wide: boolean, isWhole: boolean): string {
  const bits = wide ? "vec4<u32>" : "u32";
  return `fn larger(a: V, b: V) -> V {
  return ${
    isWhole
      ? "max(a, b)"
      : `select(a, b, (b > a) | ((bitcast<${bits}>(b) & ${bits}(0x7fffffffu)) > ${bits}(0x7f800000u)))`
  };
}`;
}

/**
 * The largest of each line's windows first, then of the lines. What lies beside the image is replaced
 * by the nearest input, which lies in the same windows.
 */
function textOf(
  program: WindowProgram,
  { sizes: [down, across], inputs: [rows, columns] }: Tiles,
  isWhole: boolean,
  rectify: boolean,
): string {
  const { grid: { size, stride }, wide, reader } = program;
  const largest = (count: number, one: (i: number) => string): string =>
    Array.from({ length: count }, (_, i) => one(i)).reduce((a, b) => `larger(${a}, ${b})`);
  const line = (r: number): string =>
    `let line${r} = (base + nearest(fromY + ${r}, uniforms.height)) * uniforms.width * uniforms.strips + p.strip;
  ${each(columns, (k) => `let x${r}_${k} = x_${reader}(line${r} + column${k});`)}
  ${
      each(across, (j) =>
        `let h${r}_${j} = ${largest(size[1], (v) => `x${r}_${j * stride[1] + v}`)};`)
    }`;
  const put = (i: number, j: number): string => {
    const made = largest(size[0], (u) => `h${i * stride[0] + u}_${j}`);
    return `if (y < uniforms.outHeight && x + ${j}u < uniforms.outWidth) {
      let made = ${made};
      y_put(to + ${j}u * uniforms.strips, ${rectify ? "select(made, V(0), made <= V(0))" : "made"});
    }`;
  };
  return `${windowText(program, isWhole ? "i32" : "f32")}
${largerText(wide, isWhole)}
fn nearest(at: i32, length: u32) -> u32 { return u32(clamp(at, 0, i32(length) - 1)); }
fn main(index: u32, local: u32) {
  if (index >= uniforms.units) { return; }
  let p = placeOf(index, uniforms.tilesY, uniforms.tilesX);
  let fromY = i32(p.row * ${down}u * STRIDE_Y) - i32(uniforms.padTop);
  let fromX = i32(p.column * ${across}u * STRIDE_X) - i32(uniforms.padLeft);
  let base = p.image * uniforms.height;
  ${
    each(columns, (k) =>
      `let column${k} = nearest(fromX + ${k}, uniforms.width) * uniforms.strips;`)
  }
  ${each(rows, line)}
  let x = p.column * ${across}u;
  ${
    each(down, (i) =>
      `{
    let y = p.row * ${down}u + ${i}u;
    let to = outputAt(p, y, x);
    ${each(across, (j) => put(i, j))}
  }`)
  }
}`;
}
