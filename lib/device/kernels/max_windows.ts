// Max pooling: the largest of each window, and, for the gradient, which one that was.
import type { MaxWindowsAttributes } from "../../tensor/max_windows.ts";
import type { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import type { ProgramType } from "../dispatch.ts";
import { floatBits } from "./float_bits.ts";
import { runMaxTiles } from "./max_tiles.ts";
import {
  packedInput,
  packedInputs,
  packedText,
  packedUniforms,
  packedVariant,
  type PackedWindows,
  packedWindows,
} from "./packed_windows.ts";
import { type PoolAttributes, poolGrid, poolsNothing } from "../../tensor/pool_grid.ts";
import { sameNumbers } from "./same_numbers.ts";
import { runProgram } from "./program.ts";
import { each } from "./tiles.ts";
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
 * Whether the switches of four channels are written as one number, s₀ + m (s₁ + m (s₂ + m s₃))
 * of m = n + 1 for windows of n inputs, where n is none of them: a store costs software adapters
 * as much as eight loads of four.
 */
export function packsSwitches({ grid: { size }, wide }: WindowProgram): boolean {
  return wide && (size[0] * size[1] + 1) ** 4 <= 2 ** 24;
}

/**
 * The kernel function of max pooling with switches.
 *
 * @param software whether the adapter computes on the CPU
 */
export function maxWindows(software: boolean): KernelFunction {
  return ({ inputs, attrs, backend }) => {
    const { switches, rectify, ...grid } = attrs as unknown as MaxWindowsAttributes;
    const results = run(backend as GuardedBackend, software, inputs.x!, grid, {
      switches,
      rectify,
    });
    return switches ? results : results[0]!;
  };
}

/**
 * The kernel function of tfjs's `MaxPool`, also of whole numbers. Unlike tfjs's,
 * it passes NaN on: the largest of numbers of which one is unknown is unknown, as in PyTorch.
 *
 * @param software whether the adapter computes on the CPU
 */
export function maxPool(software: boolean): KernelFunction {
  return (call) => {
    const x = call.inputs.x!;
    const grid = poolGrid(x.shape, call.attrs as unknown as PoolAttributes);
    const backend = call.backend as GuardedBackend;
    if (poolsNothing(grid)) return sameNumbers(backend, x);
    return run(backend, software, x, grid, { switches: false, rectify: false })[0]!;
  };
}

function run(
  backend: GuardedBackend,
  software: boolean,
  x: tf.TensorInfo,
  grid: WindowProgram["grid"],
  { switches, rectify }: Pick<MaxWindowsAttributes, "switches" | "rectify">,
): tf.TensorInfo[] {
  const [images, , , channels] = x.shape as [number, number, number, number];
  const together = x.dtype === "float32" ? packedWindows(grid, channels) : undefined;
  if (together) return runPacked(backend, x, together, switches, rectify);
  const tiled = software && !switches ? runMaxTiles(backend, x, grid, rectify) : undefined;
  if (tiled) return [tiled];
  const program = windowProgram(grid, channels);
  const packed = packsSwitches(program);
  // Switches that are not packed are written number by number.
  const narrow = switches && program.wide && !packed
    ? windowProgram(grid, channels, false)
    : program;
  const isWhole = x.dtype !== "float32";
  const shape = [images, ...grid.output, channels];
  const count = images * grid.output[0] * grid.output[1] * narrow.strips;
  return runProgram(backend, {
    operation: "MaxPool",
    variant: `${isWhole ? "whole/" : ""}${windowVariant(narrow)}/${switches ? "switches" : ""}/${
      rectify ? "relu" : ""
    }`,
    results: {
      y: shape,
      ...(switches ? { switches: packed ? [...shape.slice(0, 3), narrow.strips] : shape } : {}),
    },
    inputs: { x },
    vectors: narrow.wide ? ["y", "x"] : [],
    types: { x: x.dtype as ProgramType, y: x.dtype as ProgramType },
    half: { names: isWhole ? [] : ["x", "y"] },
    uniforms: {
      count,
      lowest: isWhole ? 2 ** 31 : floatBits(-Infinity),
      ...windowUniforms(narrow),
    },
    code: textOf(narrow, isWhole ? "i32" : "f32", switches, rectify),
    leads: !switches && !isWhole,
    invocations: count,
    workgroup: 64,
  });
}

/** Windows of several pixels an invocation, whose switches are written as of four channels. */
function runPacked(
  backend: GuardedBackend,
  x: tf.TensorInfo,
  windows: PackedWindows,
  switches: boolean,
  rectify: boolean,
): tf.TensorInfo[] {
  const { grid: { size, output }, channels, quads } = windows;
  const [images] = x.shape as [number];
  const { units, ...uniforms } = packedUniforms(windows, images);
  const [height, width] = size;
  const one = (q: number): string =>
    `{
  var largest = V(bitcast<f32>(uniforms.lowest));
  var winner = vec4<u32>(NONE);
  ${
      each(
        height * width,
        (n) =>
          `{ let tap = ${n}u; let value = ${
            packedInput(windows, q, Math.floor(n / width), n % width)
          };
  ${takeLarger("vec4<u32>")} }`,
      )
    }
  ${rectify ? restText("vec4<u32>") : ""}
  y_put(to + ${q}u, largest);
  ${switches ? `switches_put(to + ${q}u, ${switchText(true)});` : ""}
  }`;
  return runProgram(backend, {
    operation: "MaxPool",
    variant: `${packedVariant(windows)}/${switches ? "switches" : ""}/${rectify ? "relu" : ""}`,
    results: {
      y: [images, ...output, channels],
      ...(switches ? { switches: [images, output[0], output[1] * channels / 4, 1] } : {}),
    },
    inputs: { x },
    vectors: ["y", "x"],
    half: { names: ["x", "y"] },
    uniforms: { units, lowest: floatBits(-Infinity), ...uniforms },
    code: `const NONE = ${height * width}u;
const SWITCHES = NONE + 1u;
${nanText("vec4<u32>", "f32")}
${packedText(windows, `${packedInputs(windows)}\n${each(quads, one)}`)}`,
    invocations: units,
    workgroup: 64,
  });
}

/** By its bits: of vectors, Mesa's software driver loses NaN in value != value. */
function nanText(bits: "u32" | "vec4<u32>", number: "f32" | "i32"): string {
  const wide = bits !== "u32";
  return `fn isNaN(value: V) -> ${wide ? "vec4<bool>" : "bool"} {
  return ${
    number === "i32"
      ? wide ? "vec4<bool>()" : "false"
      : `(bitcast<${bits}>(value) & ${bits}(0x7fffffffu)) > ${bits}(0x7f800000u)`
  };
}`;
}

/** A NaN is the largest of all: it must not be lost. */
function takeLarger(bits: "u32" | "vec4<u32>"): string {
  return `let wins = (winner == ${bits}(NONE)) | (value > largest) | (isNaN(value) & !isNaN(largest));
      largest = select(largest, value, wins);
      winner = select(winner, ${bits}(tap), wins);`;
}

function restText(bits: "u32" | "vec4<u32>"): string {
  return `let rests = largest <= V(0.0);
  largest = select(largest, V(0.0), rests);
  winner = select(winner, ${bits}(NONE), rests);`;
}

function textOf(
  program: WindowProgram,
  number: "f32" | "i32",
  switches: boolean,
  rectify: boolean,
): string {
  const { wide, reader } = program;
  const winner = wide ? "vec4<u32>" : "u32";
  return `${windowText(program, number)}
const NONE = SIZE_Y * SIZE_X;
const SWITCHES = NONE + 1u;
${nanText(winner, number)}
fn main(index: u32, local: u32) {
  if (index >= uniforms.count) { return; }
  let p = placeOf(index, uniforms.outHeight, uniforms.outWidth);
  var largest = V(bitcast<${number}>(uniforms.lowest));
  var winner = ${winner}(NONE);
  ${eachTap(program, `let value = x_${reader}(at);\n      ${takeLarger(winner)}`)}
  ${rectify ? restText(winner) : ""}
  y_put(index, largest);
  ${switches ? `switches_put(index, ${switchText(wide)});` : ""}
}`;
}

function switchText(wide: boolean): string {
  return wide
    ? "f32(winner.x + SWITCHES * (winner.y + SWITCHES * (winner.z + SWITCHES * winner.w)))"
    : "f32(winner)";
}
