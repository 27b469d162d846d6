// Statistics of features on GPUs: of stretches of rows, and of the batch from these.
import type { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { stripsOf } from "./features.ts";
import { runProgram } from "./program.ts";
import {
  eachRowText,
  placeText,
  type Stretches,
  stretchUniforms,
  treeText,
} from "./workgroup_sums.ts";

/** Joins the statistics of two sets of rows, as Chan, Golub and LeVeque do (1979); the second may be empty. */
const join = (i: string, j: string): string =>
  `if (counts[${j}] > 0.0) {
      let count = counts[${i}] + counts[${j}];
      let share = counts[${j}] / count;
      let distance = means[${j}] - means[${i}];
      means[${i}] += distance * share;
      spreads[${i}] += spreads[${j}] + distance * distance * (counts[${i}] * share);
      counts[${i}] = count;
    }`;

/**
 * Mean and sum of squared distances from it, of each stretch of rows. An invocation takes those of
 * its rows relative to the first of them.
 *
 * @returns `[stretches, 2, features]`
 */
export function stretchStatistics(
  backend: GuardedBackend,
  x: tf.TensorInfo,
  rows: number,
  of: Stretches,
): tf.TensorInfo {
  const features = x.shape.at(-1)!;
  const { wide, strips, type, reader } = stripsOf(features);
  const read = (row: string): string => `x_${reader}((${row}) * uniforms.strips + c)`;
  return runProgram(backend, {
    operation: "BatchStatistics",
    variant: `${type}/${of.across}/${of.down}`,
    results: { partial: [of.stretches, 2, features] },
    inputs: { x },
    vectors: wide ? ["partial", "x"] : [],
    half: { names: ["x"] },
    uniforms: stretchUniforms(of, rows, strips),
    code: `
alias V = ${type};
var<workgroup> means: array<V, ${of.workgroup}>;
var<workgroup> spreads: array<V, ${of.workgroup}>;
var<workgroup> counts: array<f32, ${of.workgroup}>;
fn main(group: u32, local: u32) {
  ${placeText(of)}
  let row = ${read("begin")};
  // Means are held relative to a number of the stretch: joined as they are, each join would round them.
  let base = select(V(0.0), row, abs(row) <= V(3.0e38));
  var mean = V();
  var spread = V();
  var count = 0.0;
  if (begin + d < end) {
    let first = ${read("begin + d")};
    var sum = V();
    var square = V();
    ${
      eachRowText(
        "begin + d + step",
        (n) => `{ let e = ${read(n)} - first; sum += e; square += e * e; }`,
      )
    }
    count = f32((end - begin - d + step - 1u) / step);
    let own = square - sum * sum / count;
    mean = first - base + sum / count;
    // Rounding may leave less than nothing; NaN is not less.
    spread = select(own, V(0.0), own < V(0.0));
  }
  means[local] = mean;
  spreads[local] = spread;
  counts[local] = count;
  ${treeText(of, join)}
  if (local < ${of.across}u && c < uniforms.strips) {
    partial[stretch * 2u * uniforms.strips + c] = base + means[local];
    partial[(stretch * 2u + 1u) * uniforms.strips + c] = spreads[local];
  }
}`,
    invocations: of.stretches * of.blocks * of.workgroup,
    workgroup: of.workgroup,
    isShared: true,
  })[0]!;
}

/**
 * WGSL of the batch's `middle` and `spread` from those of stretches, of `uniforms.length` of
 * `uniforms.all` rows each: workgroups share them as rows.
 *
 * @param of how
 * @param finish statements that write what comes of them for strip `c`
 */
export function joinedText(of: Stretches, finish: string): string {
  const total = (name: string): string =>
    `shared_[local] = ${name};
  ${treeText(of, (i, j) => `shared_[${i}] += shared_[${j}];`)}
  let ${name}Total = shared_[local % ${of.across}u];
  workgroupBarrier();`;
  return `
var<workgroup> shared_: array<V, ${of.workgroup}>;
fn countOf(i: u32) -> f32 { return f32(min(uniforms.length, uniforms.all - i * uniforms.length)); }
fn main(group: u32, local: u32) {
  ${placeText(of)}
  let all = f32(uniforms.all);
  let first = partial[min(c, uniforms.strips - 1u)];
  var sum = V();
  { ${
    eachRowText(
      "d",
      (n) => `sum += countOf(${n}) * (partial[(${n}) * 2u * uniforms.strips + c] - first);`,
    )
  } }
  ${total("sum")}
  let middle = first + sumTotal / all;
  var spreads = V();
  { ${
    eachRowText(
      "d",
      (n) =>
        `{ let i = ${n}; let distance = partial[i * 2u * uniforms.strips + c] - middle;
      spreads += partial[(i * 2u + 1u) * uniforms.strips + c] + countOf(i) * distance * distance; }`,
    )
  } }
  ${total("spreads")}
  let spread = spreadsTotal;
  if (local < ${of.across}u && c < uniforms.strips) {
    ${finish}
  }
}`;
}
