// Gradient of max pooling: each window's slope goes to its largest input, to the first of equals.
import type { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import type { WindowGrid } from "../../tensor/windows.ts";
import { maxWindows } from "./max_windows.ts";
import { maxWindowsGradient } from "./max_windows_gradient.ts";
import {
  geometryOf,
  gridOf,
  type PoolAttributes,
  poolGrid,
  poolsNothing,
  sameNumbers,
} from "./pool_grid.ts";
import { runProgram } from "./program.ts";

/** The largest input of a window, by its number `u · sizeX + v`, and the slope that comes to it. */
const WINDOW = `
fn placeOf(image: u32, y: i32, x: i32, c: u32) -> i32 {
  let line = i32(image * uniforms.height) + y;
  return (line * i32(uniforms.width) + x) * i32(uniforms.channels) + i32(c);
}
fn winnerOf(image: u32, i: u32, j: u32, c: u32) -> u32 {
  let none = uniforms.sizeY * uniforms.sizeX;
  var largest = 0.0;
  var winner = none;
  for (var u = 0u; u < uniforms.sizeY; u++) {
    for (var v = 0u; v < uniforms.sizeX; v++) {
      let y = i32(i * uniforms.strideY + u) - i32(uniforms.padTop);
      let x = i32(j * uniforms.strideX + v) - i32(uniforms.padLeft);
      let inside = u32(y) < uniforms.height && u32(x) < uniforms.width;
      let value = input__at(u32(select(0, placeOf(image, y, x, c), inside)));
      // A NaN is the largest of all: it must not be lost.
      let larger = value > largest || (value != value && largest == largest);
      let wins = inside && (winner == none || larger);
      largest = select(largest, value, wins);
      winner = select(winner, u * uniforms.sizeX + v, wins);
    }
  }
  return winner;
}
fn slopeOf(image: u32, i: u32, j: u32, c: u32) -> f32 {
  return dy_at(((image * uniforms.outHeight + i) * uniforms.outWidth + j) * uniforms.channels + c);
}
`;

/**
 * Windows that do not overlap lie in cells as large as the stride: an invocation
 * finds the largest of its cell's window and writes the whole cell, so that each
 * input is read once. Cells at the end may have no window, and any cell may have
 * inputs that no window covers: these get zero.
 */
const CELLS = `${WINDOW}
fn main(index: u32, local: u32) {
  if (index >= uniforms.units) { return; }
  let c = index % uniforms.channels;
  let j = (index / uniforms.channels) % uniforms.unitsX;
  let i = (index / (uniforms.channels * uniforms.unitsX)) % uniforms.unitsY;
  let image = index / (uniforms.channels * uniforms.unitsX * uniforms.unitsY);
  let hasWindow = i < uniforms.outHeight && j < uniforms.outWidth;
  let windowI = min(i, uniforms.outHeight - 1u);
  let windowJ = min(j, uniforms.outWidth - 1u);
  let winner = winnerOf(image, windowI, windowJ, c);
  let slope = select(0.0, slopeOf(image, windowI, windowJ, c), hasWindow);
  for (var u = 0u; u < uniforms.strideY; u++) {
    for (var v = 0u; v < uniforms.strideX; v++) {
      let y = i32(i * uniforms.strideY + u) - i32(uniforms.padTop);
      let x = i32(j * uniforms.strideX + v) - i32(uniforms.padLeft);
      if (u32(y) < uniforms.height && u32(x) < uniforms.width) {
        let wins = u < uniforms.sizeY && v < uniforms.sizeX && winner == u * uniforms.sizeX + v;
        result_put(u32(placeOf(image, y, x, c)), select(0.0, slope, wins));
      }
    }
  }
}`;

/** Windows that overlap: an invocation adds up what its input gets from each window it is in. */
const INPUTS = `${WINDOW}
fn main(index: u32, local: u32) {
  if (index >= uniforms.units) { return; }
  let c = index % uniforms.channels;
  let x = (index / uniforms.channels) % uniforms.width + uniforms.padLeft;
  let y = (index / (uniforms.channels * uniforms.width)) % uniforms.height + uniforms.padTop;
  let image = index / (uniforms.channels * uniforms.width * uniforms.height);
  let firstI = (max(y + 1u, uniforms.sizeY) - uniforms.sizeY + uniforms.strideY - 1u) / uniforms.strideY;
  let firstJ = (max(x + 1u, uniforms.sizeX) - uniforms.sizeX + uniforms.strideX - 1u) / uniforms.strideX;
  var sum = 0.0;
  for (var i = firstI; i < uniforms.outHeight && i * uniforms.strideY <= y; i++) {
    for (var j = firstJ; j < uniforms.outWidth && j * uniforms.strideX <= x; j++) {
      let own = (y - i * uniforms.strideY) * uniforms.sizeX + x - j * uniforms.strideX;
      sum += select(0.0, slopeOf(image, i, j, c), winnerOf(image, i, j, c) == own);
    }
  }
  result_put(index, sum);
}`;

/**
 * The kernel function of `MaxPoolGrad`. Whole numbers are left to tfjs. GPUs find the largest of each
 * window once, four channels an invocation, and hand its slope on in a second pass.
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
    if (poolsNothing(poolGrid(input.shape, attributes))) return sameNumbers(backend, dy);
    const g = geometryOf("max pooling", input.shape, dy.shape, attributes);
    if (!software) return bySwitches(backend, dy, input, gridOf(g));
    const apart = g.filterHeight <= g.strideHeight && g.filterWidth <= g.strideWidth;
    const unitsY = apart ? Math.ceil((g.inHeight + g.padInfo.top) / g.strideHeight) : g.inHeight;
    const unitsX = apart ? Math.ceil((g.inWidth + g.padInfo.left) / g.strideWidth) : g.inWidth;
    const units = g.batchSize * unitsY * unitsX * g.inChannels;
    return runProgram(backend, {
      operation: "MaxPoolGrad",
      variant: apart ? "apart" : "overlapping",
      results: { result: g.inShape },
      inputs: { dy, input_: input },
      half: { names: ["result", "dy", "input_"] },
      uniforms: {
        units,
        unitsY,
        unitsX,
        channels: g.inChannels,
        height: g.inHeight,
        width: g.inWidth,
        outHeight: g.outHeight,
        outWidth: g.outWidth,
        sizeY: g.filterHeight,
        sizeX: g.filterWidth,
        strideY: g.strideHeight,
        strideX: g.strideWidth,
        padTop: g.padInfo.top,
        padLeft: g.padInfo.left,
      },
      leads: true,
      code: apart ? CELLS : INPUTS,
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
  const [y, switches] = run(maxWindows(), { x: input }, forward) as tf.TensorInfo[];
  const backward = { ...grid, shape: input.shape };
  const dx = run(maxWindowsGradient(), { dy, switches: switches! }, backward) as tf.TensorInfo;
  for (const { dataId } of [y!, switches!]) backend.disposeData(dataId);
  return dx;
}
