// Rows of mean 0 and variance 1, and their gradient: an invocation a row, in one pass.
import type { StandardizeAttributes } from "../../tensor/standardize.ts";
import type { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { stripsOf } from "./features.ts";
import { floatBits } from "./float_bits.ts";
import { runProgram } from "./program.ts";

/** WGSL that runs for each strip `k` of the row, four at a time: of a loop so short, half the time is the loop's. */
function eachStrip(body: string): string {
  const at = (k: string): string => `{ let k = ${k}; ${body} }`;
  return `
  var i = begin;
  for (; i + 3u < end; i += 4u) { ${["i", "i + 1u", "i + 2u", "i + 3u"].map(at).join(" ")} }
  for (; i < end; i++) ${at("i")}`;
}

/** Mean and factor of the row, from the numbers' distances to their mean. */
const statistics = (read: string): string => `
  var sum = V();
  { ${eachStrip(`sum += ${read};`)} }
  let mean = total(sum) / f32(uniforms.length);
  var square = V();
  { ${eachStrip(`let d = ${read} - mean; square += d * d;`)} }
  let factor = inverseSqrt(total(square) / f32(uniforms.length) + bitcast<f32>(uniforms.epsilon));`;

function run(
  call: Parameters<tf.KernelConfig["kernelFunc"]>[0],
  operation: string,
  result: string,
  text: (reader: "quad" | "at") => string,
): tf.TensorInfo {
  const { x, dy } = call.inputs as { x: tf.TensorInfo; dy?: tf.TensorInfo };
  const { epsilon } = call.attrs as unknown as StandardizeAttributes;
  const length = x.shape.at(-1)!;
  const rows = x.shape.slice(0, -1).reduce((product, size) => product * size, 1);
  const { wide, strips, type, reader } = stripsOf(length);
  const names = [result, "x", ...(dy ? ["dy"] : [])];
  return runProgram(call.backend as GuardedBackend, {
    operation,
    variant: type,
    results: { [result]: x.shape },
    inputs: { x, ...(dy ? { dy } : {}) },
    vectors: wide ? names : [],
    half: { names },
    uniforms: { rows, strips, length, epsilon: floatBits(epsilon) },
    code: `
alias V = ${type};
fn total(x: V) -> f32 { return ${wide ? "(x.x + x.y) + (x.z + x.w)" : "x"}; }
fn main(row: u32, local: u32) {
  if (row >= uniforms.rows) { return; }
  let begin = row * uniforms.strips;
  let end = begin + uniforms.strips;
  ${statistics(`x_${reader}(k)`)}
  ${text(reader)}
}`,
    invocations: rows,
    workgroup: 64,
  })[0]!;
}

/** The kernel function, the same for any adapter. */
export function standardize(): tf.KernelConfig["kernelFunc"] {
  return (call) =>
    run(
      call,
      "Standardize",
      "y",
      (reader) => eachStrip(`y_put(k, (x_${reader}(k) - mean) * factor);`),
    );
}

/** The kernel function of its gradient, factor · (dy − mean(dy) − y · mean(dy · y)). */
export function standardizeGradient(): tf.KernelConfig["kernelFunc"] {
  return (call) =>
    run(call, "StandardizeGrad", "dx", (reader) => `
  var slopes = V();
  var along = V();
  { ${
      eachStrip(
        `let dy = dy_${reader}(k); slopes += dy; along += dy * (x_${reader}(k) - mean) * factor;`,
      )
    } }
  let shift = total(slopes) / f32(uniforms.length);
  let share = total(along) / f32(uniforms.length);
  ${
      eachStrip(
        `let y = (x_${reader}(k) - mean) * factor; dx_put(k, factor * (dy_${reader}(k) - shift - y * share));`,
      )
    }`);
}
