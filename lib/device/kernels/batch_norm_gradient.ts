// Gradients of batch normalization: both sums a feature in one reading, then one pass for the slopes.
import type { NormalizeAttributes } from "../../tensor/batch_norm.ts";
import type { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { chainsOf, chainText, readsTexture } from "./chain_sums.ts";
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
    if (chains === 1) return sums;
    const [partial] = sums as [tf.TensorInfo];
    const totals = joinSums(backend, software, partial, chains);
    backend.disposeData(partial.dataId);
    return totals;
  };
}

/** The sums' names. */
const NAMES = ["slopes", "products"] as const;

/** The shapes of what is made of them: both, and each again. */
const resultsOf = (features: number): Record<string, number[]> => ({
  sums: [2, features],
  slopesAll: [features],
  productsAll: [features],
});

/** WGSL that writes it. */
const STORE = `sums[c] = slopes;
  sums[uniforms.strips + c] = products;
  slopesAll[c] = slopes;
  productsAll[c] = products;`;

/** Adds up what chains came to, `[chains, 2, C]`: both sums of each feature. */
function joinSums(
  backend: GuardedBackend,
  software: boolean,
  partial: tf.TensorInfo,
  chains: number,
): tf.TensorInfo[] {
  const features = partial.shape[2]!;
  const { wide, strips, type } = stripsOf(features);
  const of = { ...stretchesOf(chains, strips), each: chains, stretches: 1 };
  const results = resultsOf(features);
  const add = (n: string): string =>
    NAMES.map((name, i) => `${name} += partial[((${n}) * 2u + ${i}u) * uniforms.strips + c];`)
      .join(" ");
  const shared = software ? undefined : {
    uniforms: stretchUniforms(of, chains, strips),
    code: workgroupSumsText(of, type, NAMES, "", add, STORE),
    invocations: of.blocks * of.workgroup,
    workgroup: of.workgroup,
    isShared: true,
  };
  return runProgram(backend, {
    operation: "NormalizeSums",
    variant: `join/${type}/${software ? "" : of.across}`,
    results,
    inputs: { partial },
    vectors: wide ? [...Object.keys(results), "partial"] : [],
    uniforms: { strips, chains: 1, terms: chains },
    code: `
fn main(c: u32, local: u32) {
  if (c >= uniforms.strips) { return; }
  let chain = 0u;
  ${chainText(type, false, NAMES, add)}
  ${STORE}
}`,
    invocations: strips,
    workgroup: 64,
    ...shared,
  });
}

/** Of one chain what the kernel returns; of several both sums of each, `[chains, 2, C]`. */
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
): tf.TensorInfo[] {
  const { rows, chains, features, stretches } = sizes;
  const { wide, strips, type, reader } = stripsOf(features);
  const quads = wide && readsTexture(backend, software, rows * features);
  const read = (name: string, n: string): string =>
    `${name}_${reader}((${n}) * uniforms.strips + c)`;
  const add = (n: string): string =>
    `{ let d = ${read("dy", n)}; slopes += d; products += d * (${read("x", n)} - middle); }`;
  const results = chains === 1 ? resultsOf(features) : { sums: [chains, 2, features] };
  const store = (chain: string): string =>
    `products *= ${INVERSE};
  ${
      chains === 1 ? STORE : `sums[${chain} * 2u * uniforms.strips + c] = slopes;
  sums[(${chain} * 2u + 1u) * uniforms.strips + c] = products;`
    }`;
  const shared = stretches && {
    uniforms: { ...stretchUniforms(stretches, rows, strips), epsilon: floatBits(epsilon) },
    code: workgroupSumsText(
      stretches,
      type,
      NAMES,
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
    variant: `${type}/${stretches?.across}/${chains === 1}`,
    results,
    inputs: { dy: inputs.dy, x: inputs.x, mean: inputs.mean, variance: inputs.variance },
    vectors: wide
      ? [...Object.keys(results), "mean", "variance", ...(quads ? [] : ["dy", "x"])]
      : [],
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
  ${chainText(type, false, NAMES, add)}
  ${store("chain")}
}`,
    invocations: chains * strips,
    workgroup: 64,
    ...shared,
  });
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
