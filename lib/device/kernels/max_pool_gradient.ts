// Gradient of tfjs's max pooling: each window's slope goes to its largest input, to the first of equals.
import { type PoolAttributes, poolGrid, poolsNothing } from "../../tensor/pool_grid.ts";
import type { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import type { WindowGrid } from "../../tensor/windows.ts";
import { maxWindows } from "./max_windows.ts";
import { maxWindowsGradient } from "./max_windows_gradient.ts";
import { sameNumbers } from "./same_numbers.ts";
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

/** WGSL: the largest input of a window, and the slope that comes to it; strips by strips. */
function windowsText(program: WindowProgram): string {
  const { wide, reader } = program;
  const bits = wide ? "vec4<u32>" : "u32";
  return `
const NONE = SIZE_Y * SIZE_X;
struct Window { slope: V, winner: ${bits} }
// By its bits: of vectors, Mesa's software driver loses NaN in value != value.
fn isNaN(value: V) -> ${wide ? "vec4<bool>" : "bool"} {
  return (bitcast<${bits}>(value) & ${bits}(0x7fffffffu)) > ${bits}(0x7f800000u);
}
fn windowAt(cell: Place, i: u32, j: u32) -> Window {
  let p = Place(cell.image, i, j, cell.strip);
  var largest = V(0.0);
  var winner = ${bits}(NONE);
  ${
    eachTap(
      program,
      `let value = input__${reader}(at);
      // A NaN is the largest of all: it must not be lost.
      let wins = (winner == ${bits}(NONE)) | (value > largest) | (isNaN(value) & !isNaN(largest));
      largest = select(largest, value, wins);
      winner = select(winner, ${bits}(tap), wins);`,
    )
  }
  return Window(dy_${reader}(outputAt(p, i, j)), winner);
}
fn share(window: Window, tap: u32) -> V {
  return select(V(0.0), window.slope, window.winner == ${bits}(tap));
}`;
}

/**
 * The kernel function of `MaxPoolGrad`. Whole numbers are left to tfjs. GPUs find the largest of each
 * window once, and hand its slope on in a second pass; software adapters do both in one.
 *
 * @param software whether the adapter computes on the CPU
 * @param stock tfjs's own kernel
 */
export function maxPoolGradient(
  software: boolean,
  stock: tf.KernelConfig["kernelFunc"],
): tf.KernelConfig["kernelFunc"] {
  return (call) => {
    const { dy, input } = call.inputs as { dy: tf.TensorInfo; input: tf.TensorInfo };
    if (input.dtype !== "float32") return stock(call);
    const attributes = call.attrs as unknown as PoolAttributes;
    const backend = call.backend as GuardedBackend;
    const grid = poolGrid(input.shape, attributes);
    if (poolsNothing(grid)) return sameNumbers(backend, dy);
    if (!software) return bySwitches(backend, dy, input, grid);
    const program = windowProgram(grid, input.shape[3]!);
    const { units, unitsY, unitsX } = gradientUnits(program, input.shape[0]!);
    return runProgram(backend, {
      operation: "MaxPoolGrad",
      variant: `input/${windowVariant(program)}`,
      results: { dx: input.shape },
      inputs: { dy, input_: input },
      vectors: program.wide ? ["dx", "dy", "input_"] : [],
      half: { names: ["dx", "dy", "input_"] },
      uniforms: { units, unitsY, unitsX, ...windowUniforms(program) },
      leads: true,
      code: `${windowText(program)}${windowsText(program)}${gradientText(program)}`,
      invocations: units,
      workgroup: 64,
    })[0]!;
  };
}

/** The gradient in two passes: which number of a window is its largest, and its slope to that. */
function bySwitches(
  backend: GuardedBackend,
  dy: tf.TensorInfo,
  input: tf.TensorInfo,
  grid: WindowGrid,
): tf.TensorInfo {
  const run = (
    kernel: tf.KernelConfig["kernelFunc"],
    inputs: tf.NamedTensorInfoMap,
    attrs: object,
  ) => kernel({ inputs, attrs: attrs as tf.NamedAttrMap, backend });
  const forward = { ...grid, switches: true, rectify: false };
  const [y, switches] = run(maxWindows(false), { x: input }, forward) as tf.TensorInfo[];
  const backward = { ...grid, shape: input.shape };
  const dx = run(maxWindowsGradient(), { dy, switches: switches! }, backward) as tf.TensorInfo;
  for (const { dataId } of [y!, switches!]) backend.disposeData(dataId);
  return dx;
}
