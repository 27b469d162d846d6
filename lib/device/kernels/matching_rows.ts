// Counts the rows of two matrices whose largest numbers are at the same place.
import { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { runRowTotal } from "./row_totals.ts";
import { eachRowText, treeText } from "./workgroup_sums.ts";

/** The place of a row with a NaN, told by its bits, as some drivers lose NaN in comparisons. */
const NOWHERE = `const NOWHERE = 0xffffffffu;
fn isNaN(value: f32) -> bool { return (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u; }
fn matches(one: u32, other: u32) -> f32 {
  return select(0.0, 1.0, one == other && one != NOWHERE);
}`;

const placeIn = (name: string): string => `
fn place_in_${name}(n: u32) -> u32 {
  let begin = n * uniforms.classes;
  var place = 0u;
  var largest = ${name}_at(begin);
  for (var c = 0u; c < uniforms.classes; c++) {
    let value = ${name}_at(begin + c);
    if (isNaN(value)) { return NOWHERE; }
    if (value > largest) { largest = value; place = c; }
  }
  return place;
}`;

const ROW = `${NOWHERE} ${placeIn("a")} ${placeIn("b")}
fn row(n: u32) -> f32 { return matches(place_in_a(n), place_in_b(n)); }`;

/** The same of a workgroup: every invocation begins from the row's first. */
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
      if (isNaN(value)) { place = NOWHERE; }
      if (place != NOWHERE && value > largest) { largest = value; place = ${c}; } }`)
  } }
  values[local] = largest;
  places[local] = place;
  ${
    treeText(
      { across: 1, down: workgroup },
      (i, j) =>
        `let x = values[${i}];
      let y = values[${j}];
      let isFirst = y > x || (y == x && places[${j}] < places[${i}]);
      if (places[${j}] == NOWHERE || (places[${i}] != NOWHERE && isFirst)) {
        values[${i}] = y;
        places[${i}] = places[${j}];
      }`,
    )
  }
  let found = places[0];
  workgroupBarrier();
  return found;
}`;
  return `
${NOWHERE}
var<workgroup> values: array<f32, ${workgroup}>;
var<workgroup> places: array<u32, ${workgroup}>;
${place("a")} ${place("b")}
fn row(n: u32, local: u32) -> f32 {
  let one = place_in_a(n, local);
  return matches(one, place_in_b(n, local));
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
