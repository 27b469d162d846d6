// Sums of segments whose numbers are checked, which tfjs's own kernels do not do.
import { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { knownNumbers } from "./indices.ts";
import { runProgram } from "./program.ts";

type KernelFunction = tf.KernelConfig["kernelFunc"];

/**
 * The kernel function of `SparseSegmentSum` and `SparseSegmentMean`: tfjs's own reads and writes
 * beside its tensors where indices or segments are none.
 *
 * @param _software whether the adapter computes on the CPU
 * @param stock tfjs's own kernel
 */
export function sparseSegments(_software: boolean, stock: KernelFunction): KernelFunction {
  return (call) => {
    const { data, indices, segmentIds } = call.inputs as Record<string, tf.TensorInfo>;
    const backend = call.backend as GuardedBackend;
    const [rows, segments] = [indices!, segmentIds!].map((each) => {
      const known = knownNumbers(backend, each);
      if (known) return known;
      throw new TypeError(
        "Cannot sum segments: the host must know indices and segments, got those of the GPU alone. Await tensor.data() of them before",
      );
    });
    requireSegments(rows!, segments!, data!.shape[0]!);
    return stock(call);
  };
}

/** Refuses what tfjs's CPU backend does, by the same words. */
function requireSegments(rows: ArrayLike<number>, segments: ArrayLike<number>, size: number): void {
  const refuse = (message: string): never => {
    throw new RangeError(message);
  };
  const { backend_util: words } = tf;
  const count = rows.length > 0 ? segments[rows.length - 1]! + 1 : 0;
  if (count < 0 || (count === 0 && rows.length > 0)) {
    refuse(words.getSparseSegmentReductionNegativeSegmentIdsErrorMessage());
  }
  for (let i = 0; i < rows.length; i++) {
    const [row, segment] = [rows[i]!, segments[i]!];
    if (i > 0 && segment < segments[i - 1]!) {
      refuse(words.getSparseSegmentReductionNonIncreasingSegmentIdsErrorMessage());
    }
    if (segment < 0 || segment >= count) {
      refuse(words.getSparseSegmentReductionSegmentIdOutOfRangeErrorMessage(segment, count));
    }
    if (row < 0 || row >= size) {
      refuse(words.getSparseSegmentReductionIndicesOutOfRangeErrorMessage(i, row, size));
    }
  }
}

/**
 * The kernel function of `UnsortedSegmentSum`. tfjs's own adds segments beyond the last to others;
 * here those that the host knows are refused, and others are left out, as negative ones are.
 *
 * @param _software whether the adapter computes on the CPU
 * @param stock tfjs's own kernel
 */
export function unsortedSegments(_software: boolean, stock: KernelFunction): KernelFunction {
  return (call) => {
    const { x, segmentIds } = call.inputs as { x: tf.TensorInfo; segmentIds: tf.TensorInfo };
    const { numSegments } = call.attrs as { numSegments: number };
    const backend = call.backend as GuardedBackend;
    const known = knownNumbers(backend, segmentIds);
    const wrong = known && Array.from(known).find((segment) => segment >= numSegments);
    if (wrong !== undefined) {
      throw new RangeError(
        `Cannot sum segments: their numbers must be below ${numSegments}, got ${wrong}`,
      );
    }
    if (known) return stock(call);
    const inside = withoutBeyond(backend, segmentIds, numSegments);
    const sums = stock({ ...call, inputs: { x, segmentIds: inside } });
    backend.disposeData(inside.dataId);
    return sums;
  };
}

/** The segments with −1 in the place of those beyond the last. */
function withoutBeyond(
  backend: GuardedBackend,
  segments: tf.TensorInfo,
  count: number,
): tf.TensorInfo {
  const size = tf.util.sizeFromShape(segments.shape);
  return runProgram(backend, {
    operation: "SegmentsInside",
    variant: "",
    results: { y: segments.shape },
    inputs: { x: segments },
    types: { x: "int32", y: "int32" },
    uniforms: { size, count },
    code: `
fn main(index: u32, local: u32) {
  if (index >= uniforms.size) { return; }
  let segment = x_at(index);
  y_put(index, select(segment, -1, segment >= i32(uniforms.count)));
}`,
    invocations: size,
    workgroup: 64,
  })[0]!;
}
