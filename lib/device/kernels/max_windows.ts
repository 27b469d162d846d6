// Max pooling: the largest of each window, and, for the gradient, which one that was.
import type { MaxWindowsAttributes } from "../../tensor/max_windows.ts";
import type { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { type PoolAttributes, poolGrid } from "./pool_grid.ts";
import { runProgram } from "./program.ts";
import {
  eachTap,
  type WindowProgram,
  windowProgram,
  windowText,
  windowUniforms,
  windowVariant,
} from "./window_text.ts";

type KernelFunction = tf.KernelConfig["kernelFunc"];

/**
 * Whether the switches of four channels are written as one number, s₀ + n (s₁ + n (s₂ + n s₃))
 * of windows of n inputs: a store costs software adapters as much as eight loads of four.
 *
 * @param program the windows
 */
export function packsSwitches({ grid: { size }, wide }: WindowProgram): boolean {
  return wide && (size[0] * size[1]) ** 4 <= 2 ** 24;
}

/** The kernel function of max pooling with switches, the same for any adapter. */
export function maxWindows(): KernelFunction {
  return ({ inputs, attrs, backend }) => {
    const { switches, ...grid } = attrs as unknown as MaxWindowsAttributes;
    const results = run(backend as GuardedBackend, inputs.x!, grid, switches);
    return switches ? results : results[0]!;
  };
}

/**
 * The kernel function of tfjs's `MaxPool`. Whole numbers are left to tfjs.
 *
 * @param _software whether the adapter computes on the CPU: it is the same program
 * @param stock tfjs's own kernel
 */
export function maxPool(_software: boolean, stock: KernelFunction): KernelFunction {
  return (call) => {
    const x = call.inputs.x!;
    if (x.dtype !== "float32") return stock(call);
    const grid = poolGrid(x.shape, call.attrs as unknown as PoolAttributes);
    return run(call.backend as GuardedBackend, x, grid, false)[0]!;
  };
}

function run(
  backend: GuardedBackend,
  x: tf.TensorInfo,
  grid: WindowProgram["grid"],
  switches: boolean,
): tf.TensorInfo[] {
  const [images, , , channels] = x.shape as [number, number, number, number];
  const program = windowProgram(grid, channels);
  const packed = packsSwitches(program);
  // Switches that are not packed are written number by number.
  const narrow = switches && program.wide && !packed
    ? windowProgram(grid, channels, false)
    : program;
  const shape = [images, ...grid.output, channels];
  const count = images * grid.output[0] * grid.output[1] * narrow.strips;
  return runProgram(backend, {
    operation: "MaxPool",
    variant: `${windowVariant(narrow)}/${switches ? "switches" : ""}`,
    results: {
      y: shape,
      ...(switches ? { switches: packed ? [...shape.slice(0, 3), narrow.strips] : shape } : {}),
    },
    inputs: { x },
    vectors: narrow.wide ? ["y", "x"] : [],
    uniforms: { count, ...windowUniforms(narrow) },
    code: textOf(narrow, switches),
    invocations: count,
    workgroup: 64,
  });
}

function textOf(program: WindowProgram, switches: boolean): string {
  const { wide } = program;
  const winner = wide ? "vec4<u32>" : "u32";
  return `${windowText(program)}
// By its bits: of vectors, Mesa's software driver loses NaN in value != value.
fn isNaN(value: V) -> ${wide ? "vec4<bool>" : "bool"} {
  return (bitcast<${winner}>(value) & ${winner}(0x7fffffffu)) > ${winner}(0x7f800000u);
}
fn main(index: u32, local: u32) {
  if (index >= uniforms.count) { return; }
  let p = placeOf(index, uniforms.outHeight, uniforms.outWidth);
  var largest = V(0.0);
  var winner = ${winner}(SIZE_Y * SIZE_X);
  ${
    eachTap(
      program,
      `let value = x[at];
      // A NaN is the largest of all: it must not be lost.
      let wins = (winner == ${winner}(SIZE_Y * SIZE_X)) | (value > largest)
        | (isNaN(value) & !isNaN(largest));
      largest = select(largest, value, wins);
      winner = select(winner, ${winner}(tap), wins);`,
    )
  }
  y[index] = largest;
  ${switches ? `switches[index] = ${switchText(wide)};` : ""}
}`;
}

function switchText(wide: boolean): string {
  return wide
    ? "f32(winner.x + SIZE_Y * SIZE_X * (winner.y + SIZE_Y * SIZE_X * (winner.z + SIZE_Y * SIZE_X * winner.w)))"
    : "f32(winner)";
}
