// Slices along an axis, chosen by indices.
import { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import type { ProgramType } from "../dispatch.ts";
import { floatBits } from "./float_bits.ts";
import { requireIndices } from "./indices.ts";
import { runProgram } from "./program.ts";

type KernelFunction = tf.KernelConfig["kernelFunc"];

/** What an index that only the GPU knows, and that is beyond the axis, chooses. */
const NOTHING: Readonly<Record<ProgramType, number>> = {
  float32: floatBits(NaN),
  int32: 2 ** 31,
  bool: 0,
};

/**
 * The kernel function of `GatherV2`. tfjs's own takes whole numbers through float32, and gives
 * zeros for indices beyond the axis. Here those that the host knows are refused; another one
 * chooses NaN, of int32 the least number, of bool false. Small tensors that the host knows are
 * left to tfjs.
 *
 * @param _software whether the adapter computes on the CPU
 * @param stock tfjs's own kernel
 */
export function gather(_software: boolean, stock: KernelFunction): KernelFunction {
  return (call) => {
    const { x, indices } = call.inputs as { x: tf.TensorInfo; indices: tf.TensorInfo };
    const { axis, batchDims } = call.attrs as { axis: number; batchDims: number };
    const backend = call.backend as GuardedBackend;
    const [place] = tf.util.parseAxisParam(axis, x.shape);
    requireIndices(backend, "GatherV2", indices, x.shape[place!]!);
    const dtype = x.dtype as ProgramType;
    if (!(dtype in NOTHING) || backend.shouldExecuteOnCPU([x, indices])) return stock(call);
    const { batchSize, outerSize, dimSize, sliceSize, outputShape } = tf.backend_util.segment_util
      .collectGatherOpShapeInfo(
        x as tf.Tensor,
        indices as tf.Tensor,
        place!,
        batchDims,
      );
    const count = tf.util.sizeFromShape(outputShape);
    return runProgram(backend, {
      operation: "GatherV2",
      variant: "",
      results: { y: outputShape },
      inputs: { x, indices },
      types: { y: dtype, x: dtype, indices: "int32" },
      uniforms: {
        count,
        outer: outerSize,
        size: dimSize,
        inner: sliceSize,
        chosen: tf.util.sizeFromShape(indices.shape) / batchSize,
        nothing: NOTHING[dtype],
      },
      code: `
fn main(index: u32, local: u32) {
  if (index >= uniforms.count) { return; }
  let inner = index % uniforms.inner;
  let which = (index / uniforms.inner) % uniforms.chosen;
  let outer = index / (uniforms.inner * uniforms.chosen);
  let at = u32(indices_at(outer / uniforms.outer * uniforms.chosen + which));
  if (at >= uniforms.size) {
    y_put(index, bitcast<${dtype === "float32" ? "f32" : "i32"}>(uniforms.nothing));
  } else {
    y_put(index, x_at((outer * uniforms.size + at) * uniforms.inner + inner));
  }
}`,
      invocations: count,
      workgroup: 64,
    })[0]!;
  };
}

/**
 * The kernel function of `GatherNd`: tfjs's own reads anything where indices that the host
 * knows are beyond the tensor.
 *
 * @param _software whether the adapter computes on the CPU
 * @param stock tfjs's own kernel
 */
export function gatherNd(_software: boolean, stock: KernelFunction): KernelFunction {
  return (call) => {
    const { params, indices } = call.inputs as { params: tf.TensorInfo; indices: tf.TensorInfo };
    const depth = indices.shape.at(-1)!;
    const sizes = params.shape.slice(0, depth);
    requireIndices(call.backend as GuardedBackend, "GatherNd", indices, ...sizes);
    return stock(call);
  };
}
