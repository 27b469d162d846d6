// Local response normalization on the GPU: an invocation a channel of a pixel, or four of them.
import type { ResponseAttributes } from "../../tensor/local_response_norm.ts";
import { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { floatBits } from "./float_bits.ts";
import { runProgram } from "./program.ts";

/** Channels up to which a window's sum is written out for four channels at once. */
const LONGEST_WRITTEN_OUT = 16;

/** The base's power, which drivers get wrong at NaN and infinity. */
const POWER = `
fn base_at(i: u32) -> V {
  return V(bitcast<f32>(uniforms.k)) + bitcast<f32>(uniforms.share) * squares(i);
}
fn power(base: V) -> V {
  let bits = bitcast<B>(base) & B(0x7fffffffu);
  let power = pow(base, V(-bitcast<f32>(uniforms.beta)));
  return select(select(power, V(0.0), bits == B(0x7f800000u)), base, bits > B(0x7f800000u));
}`;

/** WGSL functions that sum `term` over the channels around a place. */
type Window = { readonly name: string; readonly term: string; before: number; after: number };

function windowText(wide: boolean, { name, term, before, after }: Window): string {
  const at = `fn ${name}_term(i: u32) -> V { ${term} }`;
  return `${at}\n${wide ? quadWindow(name, before, after) : plainWindow(name, before, after)}`;
}

function plainWindow(name: string, before: number, after: number): string {
  return `
fn ${name}(i: u32) -> f32 {
  let channel = i % uniforms.width;
  let last = i + min(${after}u, uniforms.width - 1u - channel);
  var sum = 0.0;
  for (var j = i - min(${before}u, channel); j <= last; j++) { sum += ${name}_term(j); }
  return sum;
}`;
}

/** The quads that the four windows reach into, each read once, and of each its numbers in reach. */
function quadWindow(name: string, before: number, after: number): string {
  const first = -Math.ceil(before / 4);
  const last = Math.ceil(after / 4);
  const quads = Array.from({ length: last - first + 1 }, (_, n) => first + n);
  const inside = (n: number): string => n < 0 ? `quad >= ${-n}u` : `quad + ${n}u < uniforms.width`;
  const reads = quads.map((n) => `
  var part${n - first} = V();
  if (${inside(n)}) { part${n - first} = ${name}_term(i ${n < 0 ? "-" : "+"} ${Math.abs(n)}u); }`);
  const number = (place: number): string =>
    `part${Math.floor(place / 4) - first}.${"xyzw"[place & 3]}`;
  const sums = [0, 1, 2, 3].map((lane) =>
    Array.from({ length: before + after + 1 }, (_, o) => number(lane - before + o)).join(" + ")
  );
  return `
fn ${name}(i: u32) -> V {
  let quad = i % uniforms.width;
  ${reads.join("")}
  return V(${sums.join(",\n    ")});
}`;
}

/** One pass over all numbers: what it sums, and the text that makes its result of them. */
type Pass = {
  readonly operation: string;
  readonly inputs: Readonly<Record<string, tf.TensorInfo>>;
  readonly windows: readonly Window[];
  readonly value: string;
};

function runPass(
  backend: GuardedBackend,
  { operation, inputs, windows, value }: Pass,
  { before, after, share, beta, k }: ResponseAttributes,
): tf.TensorInfo {
  const { shape } = inputs.x!;
  const channels = shape.at(-1)!;
  const wide = channels % 4 === 0 && before + after < LONGEST_WRITTEN_OUT;
  const reader = wide ? "quad" : "at";
  const invocations = tf.util.sizeFromShape(shape) / (wide ? 4 : 1);
  return runProgram(backend, {
    operation,
    variant: `${before} ${after} ${reader}`,
    results: { result: shape },
    inputs,
    vectors: wide ? ["result", ...Object.keys(inputs)] : [],
    half: { names: ["result", ...Object.keys(inputs)] },
    uniforms: {
      count: invocations,
      width: channels / (wide ? 4 : 1),
      share: floatBits(share),
      beta: floatBits(beta),
      k: floatBits(k),
    },
    code: `
alias V = ${wide ? "vec4<f32>" : "f32"};
alias B = ${wide ? "vec4<u32>" : "u32"};
${
      Object.keys(inputs).map((name) =>
        `fn read_${name}(i: u32) -> V { return ${name}_${reader}(i); }`
      ).join("\n")
    }
${windows.map((window) => windowText(wide, window)).join("\n")}
${POWER}
fn main(i: u32, local: u32) {
  if (i >= uniforms.count) { return; }
  let base = base_at(i);
  let x = read_x(i);
  result_put(i, ${value});
}`,
    invocations,
    workgroup: 64,
  })[0]!;
}

function squares({ before, after }: ResponseAttributes): Window {
  return { name: "squares", term: "let x = read_x(i); return x * x;", before, after };
}

/** The kernel function of the normalization, the same for any adapter. */
export function localResponseNorm(): tf.KernelConfig["kernelFunc"] {
  return ({ inputs, attrs, backend }) => {
    const attributes = attrs as unknown as ResponseAttributes;
    return runPass(backend as GuardedBackend, {
      operation: "LocalResponseNorm",
      inputs: { x: inputs.x! },
      windows: [squares(attributes)],
      value: "x * power(base)",
    }, attributes);
  };
}

/** The kernel function of its gradient: first what each number's divisor pulls, then the slopes. */
export function localResponseNormGradient(): tf.KernelConfig["kernelFunc"] {
  return ({ inputs, attrs, backend }) => {
    const { dy, x } = inputs as { dy: tf.TensorInfo; x: tf.TensorInfo };
    const gpu = backend as GuardedBackend;
    const attributes = attrs as unknown as ResponseAttributes;
    const pulls = runPass(gpu, {
      operation: "LocalResponseNormPulls",
      inputs: { dy, x },
      windows: [squares(attributes)],
      value: "read_dy(i) * x * power(base) / base",
    }, attributes);
    const { before, after } = attributes;
    const summed = { name: "pulled", term: "return read_pulls(i);", before: after, after: before };
    const slopes = runPass(gpu, {
      operation: "LocalResponseNormGrad",
      inputs: { dy, x, pulls },
      windows: [squares(attributes), summed],
      value: "read_dy(i) * power(base) - " +
        "2.0 * bitcast<f32>(uniforms.share) * bitcast<f32>(uniforms.beta) * x * pulled(i)",
    }, attributes);
    gpu.disposeData(pulls.dataId);
    return slopes;
  };
}
