// Sum and mean pooling, and their gradients: each number is written once.
import type {
  SumWindowsAttributes,
  SumWindowsGradientAttributes,
} from "../../tensor/window_sums.ts";
import type { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
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

/** WGSL: how many pixels window (i, j) covers. */
const COVERED = `
fn covered(i: u32, j: u32) -> f32 {
  let top = i32(i * STRIDE_Y) - i32(uniforms.padTop);
  let left = i32(j * STRIDE_X) - i32(uniforms.padLeft);
  let down = min(top + i32(SIZE_Y), i32(uniforms.height)) - max(top, 0);
  let across = min(left + i32(SIZE_X), i32(uniforms.width)) - max(left, 0);
  return f32(down * across);
}`;

/** WGSL: the divisor of a window's sum, where there is one. */
function divisor({ framed }: WindowProgram, mean: boolean, i: string, j: string): string {
  if (!mean) return "";
  return framed ? ` / covered(${i}, ${j})` : " / f32(SIZE_Y * SIZE_X)";
}

/** The kernel function of sums and means over windows, the same for any adapter. */
export function sumWindows(): tf.KernelConfig["kernelFunc"] {
  return ({ inputs, attrs, backend }) => {
    const x = inputs.x!;
    const { mean, ...grid } = attrs as unknown as SumWindowsAttributes;
    const [images, , , channels] = x.shape as [number, number, number, number];
    const program = windowProgram(grid, channels);
    const count = images * grid.output[0] * grid.output[1] * program.strips;
    return runProgram(backend as GuardedBackend, {
      operation: mean ? "MeanPool" : "SumPool",
      variant: windowVariant(program),
      results: { y: [images, ...grid.output, channels] },
      inputs: { x },
      vectors: program.wide ? ["y", "x"] : [],
      uniforms: { count, ...windowUniforms(program) },
      code: `${windowText(program)}${COVERED}
fn main(index: u32, local: u32) {
  if (index >= uniforms.count) { return; }
  let p = placeOf(index, uniforms.outHeight, uniforms.outWidth);
  var sum = V(0.0);
  ${eachTap(program, `sum += x_${program.reader}(at);`)}
  y_put(index, sum${divisor(program, mean, "p.row", "p.column")});
}`,
      invocations: count,
      workgroup: 64,
    })[0]!;
  };
}

/** The kernel function of their gradient, the same for any adapter. */
export function sumWindowsGradient(): tf.KernelConfig["kernelFunc"] {
  return ({ inputs, attrs, backend }) => {
    const { shape, mean, ...grid } = attrs as unknown as SumWindowsGradientAttributes;
    const program = windowProgram(grid, shape[3]!);
    const { units, unitsY, unitsX } = gradientUnits(program, shape[0]!);
    return runProgram(backend as GuardedBackend, {
      operation: mean ? "MeanPoolGrad" : "SumPoolGrad",
      variant: windowVariant(program),
      results: { dx: shape },
      inputs: { dy: inputs.dy! },
      vectors: program.wide ? ["dx", "dy"] : [],
      uniforms: { units, unitsY, unitsX, ...windowUniforms(program) },
      code: `${windowText(program)}${COVERED}
fn windowAt(p: Place, i: u32, j: u32) -> V {
  return dy_${program.reader}(outputAt(p, i, j))${divisor(program, mean, "i", "j")};
}
fn share(window: V, tap: u32) -> V { return window; }
${gradientText(program)}`,
      invocations: units,
      workgroup: 64,
    })[0]!;
  };
}
