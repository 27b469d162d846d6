// Counts the rows of two matrices whose largest numbers are at the same place.
import { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { runRowTotal } from "./row_totals.ts";
import { eachRowText, treeText } from "./workgroup_sums.ts";

const placeIn = (name: string): string => `
fn place_in_${name}(n: u32) -> u32 {
  let begin = n * uniforms.classes;
  var place = 0u;
  var largest = ${name}_at(begin);
  for (var c = 1u; c < uniforms.classes; c++) {
    let value = ${name}_at(begin + c);
    if (value > largest) { largest = value; place = c; }
  }
  return place;
}`;

const ROW = `${placeIn("a")} ${placeIn("b")}
fn row(n: u32) -> f32 { return select(0.0, 1.0, place_in_a(n) == place_in_b(n)); }`;

/** The same of a workgroup: every invocation begins from the row's first, which a NaN in its place stays. */
const sharedRow = (workgroup: number): string => {
  const place = (name: string): string => `
fn place_in_${name}(n: u32, local: u32) -> u32 {
  let d = local;
  let begin = n * uniforms.classes;
  var place = 0u;
  var largest = ${name}_at(begin);
  let end = uniforms.classes;
  let step = ${workgroup}u;
  { ${
    eachRowText("d", (c) =>
      `{ let value = ${name}_at(begin + ${c});
      if (value > largest) { largest = value; place = ${c}; } }`)
  } }
  values[local] = largest;
  places[local] = place;
  ${
    treeText(
      { across: 1, down: workgroup },
      (i, j) =>
        `let x = values[${i}];
      let y = values[${j}];
      if (y > x || (y == x && places[${j}] < places[${i}])) { values[${i}] = y; places[${i}] = places[${j}]; }`,
    )
  }
  let found = places[0];
  workgroupBarrier();
  return found;
}`;
  return `
var<workgroup> values: array<f32, ${workgroup}>;
var<workgroup> places: array<u32, ${workgroup}>;
${place("a")} ${place("b")}
fn row(n: u32, local: u32) -> f32 {
  let one = place_in_a(n, local);
  return select(0.0, 1.0, one == place_in_b(n, local));
}`;
};

/**
 * The kernel function of the count.
 *
 * @param software whether the adapter computes on the CPU
 */
export function matchingRows(software: boolean): tf.KernelConfig["kernelFunc"] {
  return ({ inputs, backend }) => {
    const { a, b } = inputs as { a: tf.TensorInfo; b: tf.TensorInfo };
    const gpu = backend as GuardedBackend;
    if (tf.util.sizeFromShape(a.shape) === 0) {
      return gpu.makeTensorInfo([], "float32", Float32Array.of(a.shape[0]!));
    }
    return runRowTotal(gpu, software, {
      operation: "MatchingRows",
      inputs: { a, b },
      functions: ROW,
      shared: sharedRow,
      divisor: 1,
    })[0]!;
  };
}
