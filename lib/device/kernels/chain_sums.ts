// Sums along the middle of a block, y[a, b] = Σₘ x[a, m, b], a chain of numbers an invocation.
import type { Block } from "../../tensor/spread.ts";
import type { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { fitsTexture } from "../textures.ts";
import { floatBits } from "./float_bits.ts";
import { runProgram } from "./program.ts";
import {
  type Stretches,
  stretchesOf,
  stretchUniforms,
  workgroupSumsText,
} from "./workgroup_sums.ts";

/** Numbers added one after another within a chain: sums of sums keep the rounding error down. */
const LINK = 64;

/** Numbers that one invocation adds up in less time than a further dispatch takes. */
const SHORT = 1024;

/** The fewest numbers of a chain. */
const LEAST_CHAIN = 64;

/** The longest chain: what its links come to is added one after another as well. */
const LONGEST_CHAIN = LINK * LINK;

/** Invocations that keep an adapter busy: a few vectors a core, or some thousand lanes. */
const BUSY = { software: 512, gpu: 16384 } as const;

/**
 * Into how many chains a sum is cut so that there is enough to do at a time.
 *
 * @param software whether the adapter computes on the CPU
 * @param length terms to be summed, numbers or vectors
 */
export function chainsOf(software: boolean, length: number, sums: number): number {
  if (length <= SHORT) return 1;
  const wanted = Math.ceil((software ? BUSY.software : BUSY.gpu) / sums);
  const most = Math.ceil(length / LEAST_CHAIN);
  return Math.max(Math.ceil(length / LONGEST_CHAIN), Math.min(wanted, most));
}

/**
 * Whether numbers are read from a texture, which software adapters do four times
 * as fast; beginning a pass after the copy costs 0.1 ms.
 *
 * @param software whether the adapter computes on the CPU
 * @param size how many numbers
 */
export function readsTexture(backend: GuardedBackend, software: boolean, size: number): boolean {
  return software && size >= 2 ** 17 && fitsTexture(size, backend.device.limits);
}

/**
 * WGSL that adds up a chain of terms, from `uniforms.terms` in `uniforms.chains`
 * chains: the sums are variables when it is through.
 *
 * @param interleaved whether neighboring chains take neighboring terms, so that neighboring
 *   invocations read neighbors; else a chain's terms follow one another
 * @param add a statement that adds term `n`, an expression, to all of them
 */
export function chainText(
  type: string,
  interleaved: boolean,
  sums: readonly string[],
  add: (n: string) => string,
): string {
  const begin = interleaved ? "chain" : "min(chain * each, uniforms.terms)";
  const end = interleaved ? "uniforms.terms" : "min(begin + each, uniforms.terms)";
  return `
  let each = (uniforms.terms + uniforms.chains - 1u) / uniforms.chains;
  let begin = ${begin};
  let end = ${end};
  let step = ${interleaved ? "uniforms.chains" : "1u"};
  ${sums.map((name) => `var ${name} = ${type}();`).join(" ")}
  for (var link = begin; link < end; link += ${LINK}u * step) {
    ${sums.map((name) => `let ${name}Before = ${name}; ${name} = ${type}();`).join(" ")}
    let last = min(link + ${LINK}u * step, end);
    var n = link;
    // Four at a time: of a loop so short, half the time is the loop's.
    for (; n + 3u * step < last; n += 4u * step) {
      ${["n", "n + step", "n + 2u * step", "n + 3u * step"].map(add).join("\n      ")}
    }
    for (; n < last; n += step) { ${add("n")} }
    ${sums.map((name) => `${name} += ${name}Before;`).join(" ")}
  }`;
}

/**
 * Sums a block along its middle, in one dispatch, or more where it is long.
 *
 * @param software whether the adapter computes on the CPU
 * @returns `[outer · inner]`
 */
export function chainSums(
  backend: GuardedBackend,
  software: boolean,
  x: tf.TensorInfo,
  block: Block,
  divisor: number,
): tf.TensorInfo {
  const joined = software ? rowsAsOne(block) : 1;
  const { outer, length, inner } = {
    ...block,
    length: block.length / joined,
    inner: block.inner * joined,
  };
  const strips = inner % 4 === 0 ? inner / 4 : inner;
  const terms = inner === 1 && length % 4 === 0 ? length / 4 : length;
  const stretches = software || isShort(terms, outer * strips)
    ? undefined
    : stretchesOf(terms, strips, outer);
  const chains = stretches?.stretches ?? chainsOf(software, terms, outer * strips);
  const isWhole = chains * joined === 1;
  const sums = pass(backend, software, x, { outer, length, inner }, {
    chains,
    stretches,
    divisor: isWhole ? divisor : 1,
  });
  if (isWhole) return sums;
  const rest = { outer, length: chains * joined, inner: block.inner };
  const total = chainSums(backend, software, sums, rest, divisor);
  backend.disposeData(sums.dataId);
  return total;
}

/**
 * How many rows of a block are taken as one, so that it comes in fours: where the sums are few and
 * long, so that there is a second pass anyway.
 */
function rowsAsOne({ length, inner }: Block): number {
  const rows = inner % 4 === 0 || inner === 1 ? 1 : inner % 2 === 0 ? 2 : 4;
  return length > SHORT * rows && length % rows === 0 ? rows : 1;
}

/** Whether sums are so short, or so many, that each is best left to one invocation. */
function isShort(terms: number, sums: number): boolean {
  return terms <= 16 || (terms <= LINK && sums >= BUSY.gpu / 4);
}

function pass(
  backend: GuardedBackend,
  software: boolean,
  x: tf.TensorInfo,
  { outer, length, inner }: Block,
  { chains, stretches, divisor }: {
    readonly chains: number;
    /** How workgroups share the sums, if they do. */
    readonly stretches: Stretches | undefined;
    readonly divisor: number;
  },
): tf.TensorInfo {
  const rows = inner % 4 === 0;
  // Along rows of one number a chain reads four neighbors at a time, and adds them up at last.
  const along = inner === 1 && length % 4 === 0;
  const fours = rows || along;
  const quads = fours && readsTexture(backend, software, outer * length * inner);
  const strips = rows ? inner / 4 : inner;
  const invocations = outer * chains * strips;
  const read = (n: string): string => {
    const at = `base + (${n}) * uniforms.strips`;
    return `x_${fours ? "quad" : "at"}(${at})`;
  };
  const terms = along ? length / 4 : length;
  const type = fours ? "vec4<f32>" : "f32";
  const result = `${
    along ? "(sum.x + sum.y + sum.z + sum.w)" : "sum"
  } / bitcast<f32>(uniforms.divisor)`;
  const add = (n: string): string => `sum += ${read(n)};`;
  const base = "let base = outer * uniforms.rows * uniforms.strips + c;";
  const place = "(outer * uniforms.stretches + stretch) * uniforms.strips + c";
  const shared = stretches && {
    uniforms: { ...stretchUniforms(stretches, terms, strips), divisor: floatBits(divisor) },
    code: workgroupSumsText(stretches, type, ["sum"], base, add, `y_put(${place}, ${result});`),
    invocations: outer * chains * stretches.blocks * stretches.workgroup,
    workgroup: stretches.workgroup,
    isShared: true,
  };
  return runProgram(backend, {
    operation: "Sum",
    variant: `${rows}/${along}/${inner === 1}/${stretches?.across}`,
    results: { y: [outer * chains * inner] },
    inputs: { x },
    vectors: [...(fours && !quads ? ["x"] : []), ...(rows ? ["y"] : [])],
    quads: quads ? ["x"] : [],
    half: { names: ["x"] },
    uniforms: {
      invocations,
      strips,
      chains,
      terms,
      divisor: floatBits(divisor),
    },
    code: `
fn main(index: u32, local: u32) {
  if (index >= uniforms.invocations) { return; }
  let strip = index % uniforms.strips;
  let chain = (index / uniforms.strips) % uniforms.chains;
  let outer = index / (uniforms.strips * uniforms.chains);
  let base = outer * uniforms.terms * uniforms.strips + strip;
  ${chainText(type, inner === 1, ["sum"], add)}
  y_put(index, ${result});
}`,
    invocations,
    workgroup: 64,
    ...shared,
  })[0]!;
}
