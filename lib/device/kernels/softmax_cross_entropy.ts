// Softmax cross-entropy: an invocation a row, on GPUs a workgroup, which writes the row's slope as it goes.
import { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { runElementwise } from "./elementwise.ts";
import { runRowTotal } from "./row_totals.ts";
import { eachRowText, treeText } from "./workgroup_sums.ts";

const IS_NAN = `
fn is_nan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }`;

/**
 * With eᵢ = exp(zᵢ − max z), Z = Σe and T = Σt, the slope softmax(z)·T − t is written
 * (eᵢ (T − tᵢ) − tᵢ (Z − eᵢ)) / Z, and Z − eᵢ as (Z − 1) + (1 − eᵢ), with Z − 1 summed without the
 * largest: where the network is sure and right, all would be lost in the differences otherwise, and
 * in log Z.
 */
const SLOPE = `
fn slopeOf(e: f32, total: f32, rest: f32, weight: f32, wanted: f32) -> f32 {
  return (e * (weight - wanted) - wanted * (rest + (1.0 - e))) / total / f32(uniforms.divisor);
}
fn logarithm(total: f32, rest: f32) -> f32 {
  // The logarithm of a NaN is a number on some drivers.
  if (is_nan(total)) { return total; }
  if (rest < 0.01) { return rest * (1.0 - rest * (0.5 - rest * (1.0 / 3.0 - rest * 0.25))); }
  return log(total);
}`;

/** A NaN is the largest of a row: it must not be lost. */
const ROW = `${IS_NAN}${SLOPE}
fn row(n: u32) -> f32 {
  let begin = n * uniforms.classes;
  let end = begin + uniforms.classes;
  var largest = logits_at(begin);
  for (var i = begin + 1u; i < end; i++) {
    let value = logits_at(i);
    if (value > largest || is_nan(value)) { largest = value; }
  }
  var total = 0.0;
  var smaller = 0.0;
  var largests = 0.0;
  var weight = 0.0;
  for (var i = begin; i < end; i++) {
    let e = exp(logits_at(i) - largest);
    total += e;
    smaller += select(e, 0.0, e == 1.0);
    largests += select(0.0, 1.0, e == 1.0);
    weight += targets_at(i);
  }
  let rest = smaller + (largests - 1.0);
  let surprise = logarithm(total, rest);
  var loss = 0.0;
  for (var i = begin; i < end; i++) {
    let shifted = logits_at(i) - largest;
    let wanted = targets_at(i);
    slope_put(i, slopeOf(exp(shifted), total, rest, weight, wanted));
    loss += wanted * (surprise - shifted);
  }
  return loss;
}`;

/** The same of a workgroup, whose invocations take every so many numbers: the largest, sums and loss by trees. */
const sharedRow = (workgroup: number): string => {
  const tree = (join: (i: string, j: string) => string): string =>
    treeText({ across: 1, down: workgroup }, join);
  const sum = tree((i, j) => `parts[${i}] += parts[${j}];`);
  const loop = (add: (i: string) => string): string => `{ ${eachRowText("begin + d", add)} }`;
  return `${IS_NAN}${SLOPE}
fn larger(x: f32, y: f32) -> f32 { return select(x, y, y > x || is_nan(y)); }
var<workgroup> parts: array<vec4<f32>, ${workgroup}>;
fn row(n: u32, local: u32) -> f32 {
  let d = local;
  let begin = n * uniforms.classes;
  let end = begin + uniforms.classes;
  let step = ${workgroup}u;
  var most = logits_at(begin);
  ${loop((i) => `most = larger(most, logits_at(${i}));`)}
  parts[local].x = most;
  ${tree((i, j) => `parts[${i}].x = larger(parts[${i}].x, parts[${j}].x);`)}
  let largest = parts[0].x;
  workgroupBarrier();
  var sums = vec4<f32>();
  ${
    loop((i) =>
      `{ let e = exp(logits_at(${i}) - largest);
      sums += vec4<f32>(e, targets_at(${i}), select(e, 0.0, e == 1.0), select(0.0, 1.0, e == 1.0)); }`
    )
  }
  parts[local] = sums;
  ${sum}
  let total = parts[0].x;
  let weight = parts[0].y;
  let rest = parts[0].z + (parts[0].w - 1.0);
  let surprise = logarithm(total, rest);
  workgroupBarrier();
  var loss = 0.0;
  ${
    loop((i) =>
      `{ let i = ${i};
      let shifted = logits_at(i) - largest;
      let wanted = targets_at(i);
      slope_put(i, slopeOf(exp(shifted), total, rest, weight, wanted));
      loss += wanted * (surprise - shifted); }`
    )
  }
  parts[local].x = loss;
  ${sum}
  return parts[0].x;
}`;
};

/**
 * The kernel function of the loss.
 *
 * @param software whether the adapter computes on the CPU
 */
export function softmaxCrossEntropy(software: boolean): tf.KernelConfig["kernelFunc"] {
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
    return runRowTotal(gpu, software, {
      operation: "SoftmaxCrossEntropy",
      results: { slope: logits.shape },
      inputs: { logits, targets },
      functions: ROW,
      shared: sharedRow,
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
