// Rows of mean 0 and variance 1, and their gradient, in one pass: an invocation a row, on GPUs a workgroup.
import type { StandardizeAttributes } from "../../tensor/standardize.ts";
import type { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { readsTexture } from "./chain_sums.ts";
import { stripsOf } from "./features.ts";
import { floatBits } from "./float_bits.ts";
import { runProgram } from "./program.ts";
import { each } from "./tiles.ts";
import { treeText } from "./workgroup_sums.ts";

/** Runs a statement for each strip `k` of a row. */
type EachStrip = (body: string) => string;

/**
 * WGSL that runs for every so many strips of the row, from the invocation's first on, four at a
 * time: of a loop so short, half the time is the loop's.
 */
function eachStripOf(sharing: number): EachStrip {
  const place = (n: number): string => n === 0 ? "i" : `i + ${n * sharing}u`;
  return (body) => {
    const at = (k: string): string => `{ let k = ${k}; ${body} }`;
    return `
  var i = first;
  for (; ${place(3)} < end; i += ${4 * sharing}u) { ${each(4, (n) => at(place(n)))} }
  for (; i < end; i += ${sharing}u) ${at("i")}`;
  };
}

/** Mean and factor of the row, from the numbers' distances to their mean. */
const statistics = (eachStrip: EachStrip, read: string): string => `
  var sum = V();
  { ${eachStrip(`sum += ${read};`)} }
  let mean = total(sum, local) / f32(uniforms.length);
  var square = V();
  { ${eachStrip(`let d = ${read} - mean; square += d * d;`)} }
  let factor = inverseSqrt(total(square, local) / f32(uniforms.length) + bitcast<f32>(uniforms.epsilon));`;

/** Strips of a row that are left to one invocation on GPUs as well. */
const SHORT = 16;

/** Invocations that share a row: one, or on GPUs a workgroup. */
function sharingOf(software: boolean, strips: number): number {
  if (software || strips <= SHORT) return 1;
  return strips > 1024 ? 256 : 64;
}

/** WGSL of the sum over a row of what its invocations have, told to all of them. */
function totalText(sharing: number, wide: boolean): string {
  const own = wide ? "(x.x + x.y) + (x.z + x.w)" : "x";
  if (sharing === 1) return `fn total(x: V, local: u32) -> f32 { return ${own}; }`;
  return `var<workgroup> parts: array<f32, ${sharing}>;
fn total(x: V, local: u32) -> f32 {
  let d = local;
  parts[local] = ${own};
  ${treeText({ across: 1, down: sharing }, (i, j) => `parts[${i}] += parts[${j}];`)}
  let all = parts[0];
  workgroupBarrier();
  return all;
}`;
}

function run(
  software: boolean,
  call: Parameters<tf.KernelConfig["kernelFunc"]>[0],
  operation: string,
  result: string,
  text: (eachStrip: EachStrip, reader: "quad" | "at") => string,
): tf.TensorInfo {
  const { x, dy } = call.inputs as { x: tf.TensorInfo; dy?: tf.TensorInfo };
  const { epsilon } = call.attrs as unknown as StandardizeAttributes;
  const length = x.shape.at(-1)!;
  const rows = x.shape.slice(0, -1).reduce((product, size) => product * size, 1);
  const { wide, strips, type, reader } = stripsOf(length);
  const sharing = sharingOf(software, strips);
  const isShared = sharing > 1;
  const eachStrip = eachStripOf(sharing);
  const read = ["x", ...(dy ? ["dy"] : [])];
  const backend = call.backend as GuardedBackend;
  // Each number is read three times.
  const quads = wide && readsTexture(backend, software, rows * length);
  return runProgram(backend, {
    operation,
    variant: `${type}/${sharing}`,
    results: { [result]: x.shape },
    inputs: { x, ...(dy ? { dy } : {}) },
    vectors: wide ? [result, ...(quads ? [] : read)] : [],
    quads: quads ? read : [],
    half: { names: [result, ...read] },
    uniforms: { rows, strips, length, epsilon: floatBits(epsilon) },
    code: `
alias V = ${type};
${totalText(sharing, wide)}
fn main(row: u32, local: u32) {
  if (row >= uniforms.rows) { return; }
  let begin = row * uniforms.strips;
  let end = begin + uniforms.strips;
  let first = begin${isShared ? " + local" : ""};
  ${statistics(eachStrip, `x_${reader}(k)`)}
  ${text(eachStrip, reader)}
}`,
    invocations: rows * sharing,
    workgroup: isShared ? sharing : 64,
    isShared,
  })[0]!;
}

/**
 * The kernel function.
 *
 * @param software whether the adapter computes on the CPU
 */
export function standardize(software: boolean): tf.KernelConfig["kernelFunc"] {
  return (call) =>
    run(
      software,
      call,
      "Standardize",
      "y",
      (eachStrip, reader) => eachStrip(`y_put(k, (x_${reader}(k) - mean) * factor);`),
    );
}

/**
 * The kernel function of its gradient, factor · (dy − mean(dy) − y · mean(dy · y)).
 *
 * @param software whether the adapter computes on the CPU
 */
export function standardizeGradient(software: boolean): tf.KernelConfig["kernelFunc"] {
  return (call) =>
    run(software, call, "StandardizeGrad", "dx", (eachStrip, reader) => `
  var slopes = V();
  var along = V();
  { ${
      eachStrip(
        `let dy = dy_${reader}(k); slopes += dy; along += dy * (x_${reader}(k) - mean) * factor;`,
      )
    } }
  let shift = total(slopes, local) / f32(uniforms.length);
  let share = total(along, local) / f32(uniforms.length);
  ${
      eachStrip(
        `let y = (x_${reader}(k) - mean) * factor; dx_put(k, factor * (dy_${reader}(k) - shift - y * share));`,
      )
    }`);
}
