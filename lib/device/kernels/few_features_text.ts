// What both forms of convolutions to few features share: what they are told, and the text of the sums.
import type { Activation } from "../../tensor/activation.ts";
import type { tf } from "../../tensor/tf.ts";
import { finishText } from "./epilogue.ts";
import { component } from "./load.ts";
import { each } from "./tiles.ts";

/**
 * A convolution as a correlation: a pixel of the result is the sum over a window of the source. The
 * text defines, of phase `batch`, by which the result's pixels fall into independent grids,
 *
 * ```wgsl
 * fn origin(batch: u32, y: u32, x: u32) -> vec2<i32>   // first row and column of a pixel's window
 * fn tapsOf(batch: u32) -> vec2<u32>                   // rows and columns of its taps
 * fn weightsOf(batch: u32, t: u32) -> u32              // where the filter's row t of taps begins
 * fn weightSteps() -> vec3<u32>                        // from there to the next tap, feature and depth
 * fn destination(batch: u32, image: u32, y: u32, x: u32) -> i32 // the pixel's number, −1 if it isn't there
 * ```
 */
export type FewFeatures = {
  readonly operation: string;
  /** What tells this text from others of the same operation. */
  readonly variant: string;
  /** `[N, height, width, depth]` */
  readonly source: tf.TensorInfo;
  readonly filter: tf.TensorInfo;
  /** Features of the result. */
  readonly features: number;
  /** Rows and columns of pixels of a phase. */
  readonly pixels: readonly [rows: number, columns: number];
  readonly phases: number;
  /** Rows and columns of taps, of the phase that has the most. */
  readonly taps: readonly [rows: number, columns: number];
  /** Columns of taps, of the phase that has the fewest. */
  readonly sureTaps: number;
  /** How far apart the windows of neighbors are. */
  readonly stride: readonly [y: number, x: number];
  /** How far apart taps are. */
  readonly dilation: readonly [y: number, x: number];
  /** Whether tap (0, 0) is the window's last pixel, as of gradients, or its first. */
  readonly backward: boolean;
  readonly bias?: tf.TensorInfo | undefined;
  readonly activation?: Activation | undefined;
  readonly uniforms: Readonly<Record<string, number>>;
  readonly functions: string;
  readonly shape: readonly number[];
};

/** How a convolution is laid over invocations. */
export type Form = {
  /** What the text depends on. */
  readonly name: string;
  readonly uniforms: Readonly<Record<string, number>>;
  readonly code: () => string;
  readonly invocations: number;
  readonly workgroup: number;
  /** Names of what is read from textures. */
  readonly texture: readonly string[];
  /** Names of what is read and written by fours. */
  readonly inFours: readonly string[];
  /** Whether the text calls functions of subgroups. */
  readonly isSubgroup?: boolean;
};

/** What invocations by themselves read and write by fours. */
export function foursOf({ source, features, backward }: FewFeatures): string[] {
  const inFours = source.shape[3]! % 4 === 0;
  return [
    ...(inFours ? ["source"] : []),
    ...(inFours && backward ? ["filter_"] : []),
    ...(features % 4 === 0 ? ["result"] : []),
  ];
}

/** The most sums of an invocation. */
export const MOST_SUMS = 48;

/** Numbers of the depth that are summed in a turn: as many as are loaded together. */
export function turnOf(depth: number): 1 | 2 | 3 | 4 {
  return depth % 4 === 0 ? 4 : depth % 3 === 0 ? 3 : depth % 2 === 0 ? 2 : 1;
}

/** Numbers that a window's row needs, of a block. */
export function windowColumns({ taps, stride, dilation }: FewFeatures, run: number): number {
  return (run - 1) * stride[1] + (taps[1] - 1) * dilation[1] + 1;
}

/**
 * What both forms' WGSL has: functions, sums as they begin, the products of a row of taps `t` and a
 * turn of the depth `d`, and the stores of all pixels. The window's columns are `x0`, `x1`, …, the sums
 * `s0`, `s1`, ….
 */
export function sumTexts(
  of: FewFeatures,
  run: number,
): {
  readonly head: string;
  readonly sums: string;
  readonly products: string;
  readonly store: string;
  readonly weights: string;
  readonly steps: string;
} {
  const { features, taps, stride, dilation, backward, bias, activation } = of;
  const turn = turnOf(of.source.shape[3]!);
  const fours = features % 4 === 0;
  const sums = run * features;
  /** Weight (v, e, g) of the row of taps: along the depth, gradients have neighbors. */
  const fourWeights = turn === 4 && backward;
  const weight = (v: number, e: number, g: number): string =>
    fourWeights ? `w${v}_${e}[${g}]` : `w${v}_${e}_${g}`;
  const read = (v: number, e: number): string => {
    const at = `weights + ${v}u * steps.x + ${e}u * steps.y`;
    if (fourWeights) return `let w${v}_${e} = filter__quad(${at});`;
    return each(turn, (g) => `let ${weight(v, e, g)} = filter__at(${at} + ${g}u * steps.z);`);
  };
  /** The window's column of pixel `i` under tap `v`. */
  const column = (i: number, v: number): number =>
    i * stride[1] + (backward ? taps[1] - 1 - v : v) * dilation[1];
  const products = each(taps[1], (v) =>
    `${v < of.sureTaps ? "" : `if (${v}u < taps.y)`} {
      ${each(features, (e) => read(v, e))}
      ${
      each(turn, (g) =>
        each(sums, (s) => {
          const [i, e] = [Math.floor(s / features), s % features];
          return `s${s} = fma(${component(`x${column(i, v)}`, turn, g)}, ${
            weight(v, e, g)
          }, s${s});`;
        }))
    }
      }`);
  const last = fours ? 4 : 1;
  const store = each(run, (i) =>
    `if (x + ${i}u < uniforms.columns) {
      let pixel = destination(batch, image, y, x + ${i}u);
      if (pixel >= 0) {
        ${
      each(features / last, (q) => {
        const names = Array.from({ length: last }, (_, j) => `s${i * features + last * q + j}`);
        const value = fours ? `vec4<f32>(${names.join(", ")})` : names[0];
        return `result_put(u32(pixel) * ${features / last}u + ${q}u, finish(${value}));`;
      })
    }
      }
    }`);
  return {
    head: `${of.functions}
${finishText(fours ? "vec4<f32>" : "f32", activation)}
const TAP_ROWS = ${taps[0]}u;
const TAP_COLUMNS = ${taps[1]}u;`,
    sums: each(sums, (s) => `var s${s} = ${bias ? `bias_at(${s % features}u)` : "0.0"};`),
    products,
    store,
    weights: fourWeights ? "(weightsOf(batch, t) + d) / 4u" : "weightsOf(batch, t) + d * steps.z",
    steps: `weightSteps()${fourWeights ? " / vec3<u32>(4u, 4u, 1u)" : ""}`,
  };
}
