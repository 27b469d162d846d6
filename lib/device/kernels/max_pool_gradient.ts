// Gradient of max pooling: each window's slope goes to its largest input, to the first of equals.
import { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { runProgram } from "./program.ts";

/** The attributes tfjs hands to its pooling kernels. */
type PoolAttributes = {
  readonly filterSize: number | [number, number];
  readonly strides: number | [number, number];
  readonly pad: "same" | "valid" | number | tf.backend_util.ExplicitPadding;
  readonly dimRoundingMode?: "floor" | "round" | "ceil";
};

/**
 * Windows that do not overlap lie in cells as large as the stride: an invocation
 * finds the largest of its cell's window and writes the whole cell, so that each
 * input is read once and no place of it is kept. Cells at the end may have no
 * window, and any cell may have inputs that no window covers: these get zero.
 */
const CODE = `
fn main(index: u32, local: u32) {
  if (index >= uniforms.cells) { return; }
  let c = index % uniforms.channels;
  let j = (index / uniforms.channels) % uniforms.cellsX;
  let i = (index / (uniforms.channels * uniforms.cellsX)) % uniforms.cellsY;
  let image = index / (uniforms.channels * uniforms.cellsX * uniforms.cellsY);
  let y0 = i32(i * uniforms.strideY) - i32(uniforms.padTop);
  let x0 = i32(j * uniforms.strideX) - i32(uniforms.padLeft);
  let hasWindow = i < uniforms.outHeight && j < uniforms.outWidth;
  var largest = 0.0;
  var winner = uniforms.strideY * uniforms.strideX; // none yet
  for (var u = 0u; u < uniforms.sizeY; u++) {
    for (var v = 0u; v < uniforms.sizeX; v++) {
      let y = y0 + i32(u);
      let x = x0 + i32(v);
      let inside = hasWindow && u32(y) < uniforms.height && u32(x) < uniforms.width;
      let at = ((i32(image * uniforms.height) + y) * i32(uniforms.width) + x) * i32(uniforms.channels) + i32(c);
      let value = input_[select(0, at, inside)];
      let first = winner == uniforms.strideY * uniforms.strideX;
      // A NaN is the largest of all: it must not be lost.
      let wins = inside && (first || value > largest || (value != value && largest == largest));
      largest = select(largest, value, wins);
      winner = select(winner, u * uniforms.strideX + v, wins);
    }
  }
  let source = ((image * uniforms.outHeight + i) * uniforms.outWidth + j) * uniforms.channels + c;
  let slope = select(0.0, dy[select(0u, source, hasWindow)], hasWindow);
  for (var u = 0u; u < uniforms.strideY; u++) {
    for (var v = 0u; v < uniforms.strideX; v++) {
      let y = y0 + i32(u);
      let x = x0 + i32(v);
      if (u32(y) < uniforms.height && u32(x) < uniforms.width) {
        let to = ((i32(image * uniforms.height) + y) * i32(uniforms.width) + x) * i32(uniforms.channels) + i32(c);
        result[to] = select(0.0, slope, winner == u * uniforms.strideX + v);
      }
    }
  }
}`;

/**
 * The kernel function of `MaxPoolGrad`. Windows that overlap are left to tfjs.
 *
 * @param _software whether the adapter computes on the CPU: it is the same program
 * @param stock tfjs's own kernel
 */
export function maxPoolGradient(
  _software: boolean,
  stock: tf.KernelConfig["kernelFunc"],
): tf.KernelConfig["kernelFunc"] {
  return (call) => {
    const { dy, input } = call.inputs as { dy: tf.TensorInfo; input: tf.TensorInfo };
    const { filterSize, strides, pad, dimRoundingMode } = call.attrs as unknown as PoolAttributes;
    const shape = input.shape as [number, number, number, number];
    const g = tf.backend_util.computePool2DInfo(
      shape,
      filterSize,
      strides,
      1,
      pad,
      dimRoundingMode,
    );
    if (g.filterHeight > g.strideHeight || g.filterWidth > g.strideWidth) return stock(call);
    const cellsY = Math.ceil((g.inHeight + g.padInfo.top) / g.strideHeight);
    const cellsX = Math.ceil((g.inWidth + g.padInfo.left) / g.strideWidth);
    const cells = g.batchSize * cellsY * cellsX * g.inChannels;
    return runProgram(call.backend as GuardedBackend, {
      operation: "MaxPoolGrad",
      variant: "cells",
      inputs: { dy, input_: input },
      uniforms: {
        cells,
        cellsY,
        cellsX,
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
      code: CODE,
      invocations: cells,
      workgroup: 64,
      shape: g.inShape,
    });
  };
}
