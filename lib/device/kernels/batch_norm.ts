// Batch normalization in training: statistics of chains of rows, the batch's from these, one pass.
import type { BatchNormAttributes } from "../../tensor/batch_norm.ts";
import type { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { chainsOf, readsTexture } from "./chain_sums.ts";
import { stripsOf } from "./features.ts";
import { floatBits } from "./float_bits.ts";
import { normalizeBy, type NormalizeInputs } from "./normalize.ts";
import { runProgram } from "./program.ts";
import { joinedText, stretchStatistics } from "./workgroup_statistics.ts";
import { stretchesOf, stretchUniforms } from "./workgroup_sums.ts";

/** Rows whose statistics are taken together: the more, the more an outlier in the first costs. */
const LINK = 64;

/**
 * The kernel function of batch normalization in training.
 *
 * @param software whether the adapter computes on the CPU
 */
export function batchNorm(software: boolean): tf.KernelConfig["kernelFunc"] {
  return (call) => {
    const backend = call.backend as GuardedBackend;
    const { x, scale, shift, ...running } = call.inputs as unknown as NormalizeInputs;
    const { epsilon, momentum } = call.attrs as unknown as BatchNormAttributes;
    const rows = x.shape.slice(0, -1).reduce((product, size) => product * size, 1);
    const { strips } = stripsOf(x.shape.at(-1)!);
    const each = Math.ceil(rows / chainsOf(software, rows, strips));
    const stretches = stretchesOf(rows, strips);
    const chains = software
      ? { rows, each, chains: Math.ceil(rows / each) }
      : { rows, each: stretches.each, chains: stretches.stretches };
    const partial = software
      ? chainStatistics(backend, software, x, chains)
      : stretchStatistics(backend, x, rows, stretches);
    const [mean, variance, ...next] = merge(backend, software, partial, running, chains, momentum);
    backend.disposeData(partial.dataId);
    const inputs = { x, scale, shift, mean: mean!, variance: variance! };
    return [normalizeBy(backend, software, inputs, epsilon), mean!, variance!, ...next];
  };
}

type Chains = { readonly rows: number; readonly each: number; readonly chains: number };

/**
 * Mean and sum of squared distances from it, of each chain of rows. Each link's
 * numbers are taken relative to its first, one of them: the sum of squares is then
 * at most as many times that about the mean as there are numbers, so that little
 * is lost when the mean is taken off, wherever the numbers lie. Links are joined
 * as Chan, Golub and LeVeque do (1979).
 */
function chainStatistics(
  backend: GuardedBackend,
  software: boolean,
  x: tf.TensorInfo,
  { rows, each, chains }: Chains,
): tf.TensorInfo {
  const features = x.shape.at(-1)!;
  const { wide, strips, type, reader } = stripsOf(features);
  const quads = wide && readsTexture(backend, software, rows * features);
  const read = (row: string): string => `x_${reader}((${row}) * uniforms.strips + c)`;
  const add = (row: string): string =>
    `{ let d = ${read(row)} - first; sum += d; square += d * d; }`;
  return runProgram(backend, {
    operation: "BatchStatistics",
    variant: type,
    results: { partial: [chains, 2, features] },
    inputs: { x },
    vectors: wide ? ["partial", ...(quads ? [] : ["x"])] : [],
    quads: quads ? ["x"] : [],
    half: { names: ["x"] },
    uniforms: { invocations: chains * strips, strips, rows, each },
    code: `
alias V = ${type};
fn main(index: u32, local: u32) {
  if (index >= uniforms.invocations) { return; }
  let c = index % uniforms.strips;
  let chain = index / uniforms.strips;
  let begin = chain * uniforms.each;
  let end = min(begin + uniforms.each, uniforms.rows);
  var mean = V();
  var spread = V();
  for (var link = begin; link < end; link += ${LINK}u) {
    let last = min(link + ${LINK}u, end);
    let first = ${read("link")};
    var sum = V();
    var square = V();
    var n = link + 1u;
    for (; n + 3u < last; n += 4u) {
      ${["n", "n + 1u", "n + 2u", "n + 3u"].map(add).join("\n      ")}
    }
    for (; n < last; n++) ${add("n")}
    let count = f32(last - link);
    let before = f32(link - begin);
    let distance = first + sum / count - mean;
    let own = square - sum * sum / count;
    mean += distance * (count / (before + count));
    // Rounding may leave less than nothing; NaN is not less.
    spread += select(own, V(0.0), own < V(0.0)) + distance * distance * (before * count / (before + count));
  }
  partial[chain * 2u * uniforms.strips + c] = mean;
  partial[(chain * 2u + 1u) * uniforms.strips + c] = spread;
}`,
    invocations: chains * strips,
    workgroup: 64,
  })[0]!;
}

/** The batch's mean and variance from those of chains, and the next running ones. */
function merge(
  backend: GuardedBackend,
  software: boolean,
  partial: tf.TensorInfo,
  running: Pick<NormalizeInputs, "mean" | "variance">,
  { rows, each, chains }: Chains,
  momentum: number,
): tf.TensorInfo[] {
  const features = partial.shape[2]!;
  const { wide, strips, type } = stripsOf(features);
  const results = ["mean", "variance", "nextMean", "nextVariance"];
  const inputs = { partial, runningMean: running.mean, runningVariance: running.variance };
  const finish = `mean[c] = middle;
  variance[c] = spread / all;
  let share = bitcast<f32>(uniforms.momentum);
  nextMean[c] = runningMean[c] * (1.0 - share) + middle * share;
  nextVariance[c] = runningVariance[c] * (1.0 - share) + spread / max(1.0, all - 1.0) * share;`;
  const of = { ...stretchesOf(chains, strips), each: chains, stretches: 1 };
  const shared = software ? undefined : {
    uniforms: {
      ...stretchUniforms(of, chains, strips),
      all: rows,
      length: each,
      momentum: floatBits(momentum),
    },
    code: `alias V = ${type}; ${joinedText(of, finish)}`,
    invocations: of.blocks * of.workgroup,
    workgroup: of.workgroup,
    isShared: true,
  };
  return runProgram(backend, {
    operation: "BatchStatistics",
    variant: `merge/${type}/${software ? "" : of.across}`,
    results: Object.fromEntries(results.map((name) => [name, [features]])),
    inputs,
    vectors: wide ? [...results, ...Object.keys(inputs)] : [],
    uniforms: { strips, rows, each, chains, momentum: floatBits(momentum) },
    code: `
alias V = ${type};
fn meanOf(chain: u32, c: u32) -> V { return partial[chain * 2u * uniforms.strips + c]; }
fn countOf(chain: u32) -> f32 {
  return f32(min(uniforms.each, uniforms.rows - chain * uniforms.each));
}
fn main(c: u32, local: u32) {
  if (c >= uniforms.strips) { return; }
  let all = f32(uniforms.rows);
  let first = meanOf(0u, c);
  var sum = V();
  for (var i = 1u; i < uniforms.chains; i++) { sum += countOf(i) * (meanOf(i, c) - first); }
  let middle = first + sum / all;
  var spread = V();
  for (var i = 0u; i < uniforms.chains; i++) {
    let distance = meanOf(i, c) - middle;
    spread += partial[(i * 2u + 1u) * uniforms.strips + c] + countOf(i) * distance * distance;
  }
  ${finish}
}`,
    invocations: strips,
    workgroup: 64,
    ...shared,
  });
}
