// Softmax cross-entropy on the GPU: an invocation a row, which writes the row's slope as it goes.
import { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { runElementwise } from "./elementwise.ts";
import { runRowTotal } from "./row_totals.ts";

/** A NaN is the largest of a row: it must not be lost. */
const ROW = `
fn is_nan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }
fn row(n: u32) -> f32 {
  let begin = n * uniforms.classes;
  let end = begin + uniforms.classes;
  var largest = logits_at(begin);
  for (var i = begin + 1u; i < end; i++) {
    let value = logits_at(i);
    if (value > largest || is_nan(value)) { largest = value; }
  }
  var total = 0.0;
  var weight = 0.0;
  for (var i = begin; i < end; i++) {
    total += exp(logits_at(i) - largest);
    weight += targets_at(i);
  }
  var surprise = total;
  // The logarithm of a NaN is a number on some drivers.
  if (!is_nan(total)) { surprise = log(total); }
  var loss = 0.0;
  for (var i = begin; i < end; i++) {
    let shifted = logits_at(i) - largest;
    let wanted = targets_at(i);
    slope_put(i, (exp(shifted) / total * weight - wanted) / f32(uniforms.divisor));
    loss += wanted * (surprise - shifted);
  }
  return loss;
}`;

/** The kernel function of the loss, the same for any adapter. */
export function softmaxCrossEntropy(): tf.KernelConfig["kernelFunc"] {
  return ({ inputs, backend }) => {
    const { logits, targets } = inputs as { logits: tf.TensorInfo; targets: tf.TensorInfo };
    const gpu = backend as GuardedBackend;
    const [rows] = logits.shape as [number, number];
    if (tf.util.sizeFromShape(logits.shape) === 0) {
      return [
        gpu.makeTensorInfo([], "float32", Float32Array.of(rows === 0 ? NaN : 0)),
        gpu.makeTensorInfo([...logits.shape], "float32", new Float32Array(0)),
      ];
    }
    return runRowTotal(gpu, {
      operation: "SoftmaxCrossEntropy",
      results: { slope: logits.shape },
      inputs: { logits, targets },
      functions: ROW,
      divisor: rows,
    });
  };
}

/**
 * The kernel function of its gradient by the logits, the same for any adapter. Where the host
 * knows that `dy` is 1, as of a loss that is differentiated itself, that is the slope as it is.
 */
export function softmaxCrossEntropyGradient(): tf.KernelConfig["kernelFunc"] {
  return ({ inputs, backend }) => {
    const { dy, slope } = inputs as { dy: tf.TensorInfo; slope: tf.TensorInfo };
    const gpu = backend as GuardedBackend;
    if (gpu.shouldExecuteOnCPU([dy]) && gpu.tensorMap.get(dy.dataId).values?.[0] === 1) {
      gpu.incRef(slope.dataId);
      // Another tensor: the engine disposes of the one that it saved.
      return { dataId: slope.dataId, shape: slope.shape, dtype: slope.dtype };
    }
    return runElementwise(gpu, {
      operation: "SoftmaxCrossEntropyGrad",
      variant: "",
      results: ["dx"],
      inputs: { slope },
      scalars: { dy },
      text: "dx = slope * dy;",
      shape: slope.shape,
    })[0]!;
  };
}
