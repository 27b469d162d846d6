// Gradients of batch normalization: both sums a feature in one reading, then one pass for the slopes.
import type { NormalizeAttributes } from "../../tensor/batch_norm.ts";
import type { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { chainsOf, chainSums, chainText, readsTexture } from "./chain_sums.ts";
import { runFeatures, stripsOf } from "./features.ts";
import { floatBits } from "./float_bits.ts";
import { INVERSE } from "./normalize.ts";
import { runProgram } from "./program.ts";
import {
  type Stretches,
  stretchesOf,
  stretchUniforms,
  workgroupSumsText,
} from "./workgroup_sums.ts";

/**
 * The kernel function of Σ dy and Σ dy · x̂ of each feature.
 *
 * @param software whether the adapter computes on the CPU
 */
export function normalizeSums(software: boolean): tf.KernelConfig["kernelFunc"] {
  return (call) => {
    const backend = call.backend as GuardedBackend;
    const inputs = call.inputs as Record<"dy" | "x" | "mean" | "variance", tf.TensorInfo>;
    const { epsilon } = call.attrs as unknown as NormalizeAttributes;
    const features = inputs.x.shape.at(-1)!;
    const rows = inputs.x.shape.slice(0, -1).reduce((product, size) => product * size, 1);
    const { strips } = stripsOf(features);
    const stretches = software ? undefined : stretchesOf(rows, strips);
    const chains = stretches?.stretches ?? chainsOf(software, rows, strips);
    const sizes = { rows, chains, features, stretches };
    const sums = chainsOfSums(backend, software, inputs, sizes, epsilon);
    const shape = [2, features];
    if (chains === 1) return { ...sums, shape };
    const block = { outer: 1, length: chains, inner: 2 * features };
    const total = chainSums(backend, software, sums, block, 1);
    backend.disposeData(sums.dataId);
    return { ...total, shape };
  };
}

function chainsOfSums(
  backend: GuardedBackend,
  software: boolean,
  inputs: Readonly<Record<"dy" | "x" | "mean" | "variance", tf.TensorInfo>>,
  sizes: {
    readonly rows: number;
    readonly chains: number;
    readonly features: number;
    /** How workgroups share the chains, if they do. */
    readonly stretches: Stretches | undefined;
  },
  epsilon: number,
): tf.TensorInfo {
  const { rows, chains, features, stretches } = sizes;
  const { wide, strips, type, reader } = stripsOf(features);
  const quads = wide && readsTexture(backend, software, rows * features);
  const read = (name: string, n: string): string =>
    `${name}_${reader}((${n}) * uniforms.strips + c)`;
  const add = (n: string): string =>
    `{ let d = ${read("dy", n)}; slopes += d; products += d * (${read("x", n)} - middle); }`;
  const names = ["slopes", "products"];
  const store = (chain: string): string =>
    `sums[${chain} * 2u * uniforms.strips + c] = slopes;
  sums[(${chain} * 2u + 1u) * uniforms.strips + c] = products * ${INVERSE};`;
  const shared = stretches && {
    uniforms: { ...stretchUniforms(stretches, rows, strips), epsilon: floatBits(epsilon) },
    code: workgroupSumsText(
      stretches,
      type,
      names,
      "let middle = mean[min(c, uniforms.strips - 1u)];",
      add,
      store("stretch"),
    ),
    invocations: chains * stretches.blocks * stretches.workgroup,
    workgroup: stretches.workgroup,
    isShared: true,
  };
  return runProgram(backend, {
    operation: "NormalizeSums",
    variant: `${type}/${stretches?.across}`,
    results: { sums: [chains, 2, features] },
    inputs: { dy: inputs.dy, x: inputs.x, mean: inputs.mean, variance: inputs.variance },
    vectors: wide ? ["sums", "mean", "variance", ...(quads ? [] : ["dy", "x"])] : [],
    quads: quads ? ["dy", "x"] : [],
    half: { names: ["dy", "x"] },
    uniforms: {
      invocations: chains * strips,
      strips,
      chains,
      terms: rows,
      epsilon: floatBits(epsilon),
    },
    code: `
fn main(index: u32, local: u32) {
  if (index >= uniforms.invocations) { return; }
  let c = index % uniforms.strips;
  let chain = index / uniforms.strips;
  let middle = mean[c];
  ${chainText(type, false, names, add)}
  ${store("chain")}
}`,
    invocations: chains * strips,
    workgroup: 64,
    ...shared,
  })[0]!;
}

/**
 * The kernel function of the slopes by the input in training.
 *
 * @param software whether the adapter computes on the CPU
 */
export function batchNormGradient(software: boolean): tf.KernelConfig["kernelFunc"] {
  return ({ inputs, attrs, backend }) => {
    const { dy, x, ...features } = inputs as Record<
      "dy" | "x" | "mean" | "variance" | "scale" | "sums",
      tf.TensorInfo
    >;
    const { epsilon } = attrs as unknown as NormalizeAttributes;
    const rows = x.shape.slice(0, -1).reduce((product, size) => product * size, 1);
    return runFeatures(backend as GuardedBackend, software, {
      operation: "BatchNormGrad",
      inputs: { dy, x },
      features,
      uniforms: { epsilon: floatBits(epsilon), rows },
      once: {
        middle: "mean[c]",
        inverse: INVERSE,
        factor: `scale[c] * ${INVERSE}`,
        slopes: "sums[c]",
        products: "sums[c + uniforms.strips]",
      },
      text: `
  let place = (x - middle) * inverse;
  let borne = (slopes + place * products) / f32(uniforms.rows);
  y = factor * (dy - borne);`,
    });
  };
}
