// Sum and mean pooling, and their gradients: each number is written once.
import type {
  SumWindowsAttributes,
  SumWindowsGradientAttributes,
} from "../../tensor/window_sums.ts";
import { type PoolAttributes, poolGrid, poolsNothing } from "../../tensor/pool_grid.ts";
import type { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { floatBits } from "./float_bits.ts";
import { runProgram } from "./program.ts";
import {
  eachTap,
  gradientText,
  gradientUnits,
  type WindowProgram,
  windowProgram,
  windowText,
  windowUniforms,
  windowVariant,
} from "./window_text.ts";

type Frame = SumWindowsAttributes["frame"];

/** WGSL: how many pixels window (i, j) covers, those of the frame around the image included; NaN for none. */
function coveredText(frame: Frame): string {
  return `
const FRAME_Y = ${frame[0]};
const FRAME_X = ${frame[1]};
fn covered(i: u32, j: u32) -> f32 {
  let top = i32(i * STRIDE_Y) - i32(uniforms.padTop);
  let left = i32(j * STRIDE_X) - i32(uniforms.padLeft);
  let bottom = min(top + i32(SIZE_Y), i32(uniforms.height) + FRAME_Y);
  let right = min(left + i32(SIZE_X), i32(uniforms.width) + FRAME_X);
  let count = f32(max(0, bottom - max(top, -FRAME_Y)) * max(0, right - max(left, -FRAME_X)));
  return select(count, bitcast<f32>(uniforms.nan), count == 0.0);
}`;
}

/** WGSL: the divisor of a window's sum, if there is one. */
function divisorText({ framed }: WindowProgram, mean: boolean, i: string, j: string): string {
  if (!mean) return "";
  return framed ? ` / covered(${i}, ${j})` : " / f32(SIZE_Y * SIZE_X)";
}

/** The part of a pipeline's key that the texts depend on. */
function variantOf(program: WindowProgram, frame: Frame): string {
  return `${windowVariant(program)}/${frame} around`;
}

const NAN = floatBits(NaN);

/** The kernel function of sums and means over windows, the same for any adapter. */
export function sumWindows(): tf.KernelConfig["kernelFunc"] {
  return ({ inputs, attrs, backend }) => {
    const x = inputs.x!;
    const { mean, frame, ...grid } = attrs as unknown as SumWindowsAttributes;
    const [images, , , channels] = x.shape as [number, number, number, number];
    const program = windowProgram(grid, channels);
    const count = images * grid.output[0] * grid.output[1] * program.strips;
    return runProgram(backend as GuardedBackend, {
      operation: mean ? "MeanPool" : "SumPool",
      variant: variantOf(program, frame),
      results: { y: [images, ...grid.output, channels] },
      inputs: { x },
      vectors: program.wide ? ["y", "x"] : [],
      half: { names: ["y", "x"] },
      uniforms: { count, nan: NAN, ...windowUniforms(program) },
      leads: true,
      code: `${windowText(program)}${coveredText(frame)}
fn main(index: u32, local: u32) {
  if (index >= uniforms.count) { return; }
  let p = placeOf(index, uniforms.outHeight, uniforms.outWidth);
  var sum = V(0.0);
  ${eachTap(program, `sum += x_${program.reader}(at);`)}
  y_put(index, sum${divisorText(program, mean, "p.row", "p.column")});
}`,
      invocations: count,
      workgroup: 64,
    })[0]!;
  };
}

/**
 * The kernel function of tfjs's `AvgPool`, whose own takes channels one by one, and gives zero for a
 * window that lies wholly in the padding; there is no mean of nothing: NaN, as on tfjs's CPU backend.
 *
 * @param _software whether the adapter computes on the CPU: it is the same program
 * @param stock tfjs's own kernel
 */
export function avgPool(
  _software: boolean,
  stock: tf.KernelConfig["kernelFunc"],
): tf.KernelConfig["kernelFunc"] {
  const means = sumWindows();
  return (call) => {
    const x = call.inputs.x!;
    const grid = poolGrid(x.shape, call.attrs as unknown as PoolAttributes);
    if (x.dtype !== "float32" || poolsNothing(grid)) return stock(call);
    const attrs = { ...grid, mean: true, frame: [0, 0] } as unknown as tf.NamedAttrMap;
    return means({ ...call, attrs });
  };
}

/** The kernel function of their gradient, the same for any adapter. */
export function sumWindowsGradient(): tf.KernelConfig["kernelFunc"] {
  return ({ inputs, attrs, backend }) => {
    const { shape, mean, frame, ...grid } = attrs as unknown as SumWindowsGradientAttributes;
    const program = windowProgram(grid, shape[3]!);
    const { units, unitsY, unitsX } = gradientUnits(program, shape[0]!);
    return runProgram(backend as GuardedBackend, {
      operation: mean ? "MeanPoolGrad" : "SumPoolGrad",
      variant: variantOf(program, frame),
      results: { dx: shape },
      inputs: { dy: inputs.dy! },
      vectors: program.wide ? ["dx", "dy"] : [],
      half: { names: ["dx", "dy"] },
      uniforms: { units, unitsY, unitsX, nan: NAN, ...windowUniforms(program) },
      leads: true,
      code: `${windowText(program)}${coveredText(frame)}
fn windowAt(p: Place, i: u32, j: u32) -> V {
  return dy_${program.reader}(outputAt(p, i, j))${divisorText(program, mean, "i", "j")};
}
fn share(window: V, tap: u32) -> V { return window; }
${gradientText(program)}`,
      invocations: units,
      workgroup: 64,
    })[0]!;
  };
}
