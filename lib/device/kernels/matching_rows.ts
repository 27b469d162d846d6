// Counts the rows of two matrices whose largest numbers are at the same place: an invocation a row.
import { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { runRowTotal } from "./row_totals.ts";

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

/** The kernel function of the count, the same for any adapter. */
export function matchingRows(): tf.KernelConfig["kernelFunc"] {
  return ({ inputs, backend }) => {
    const { a, b } = inputs as { a: tf.TensorInfo; b: tf.TensorInfo };
    const gpu = backend as GuardedBackend;
    if (tf.util.sizeFromShape(a.shape) === 0) {
      return gpu.makeTensorInfo([], "float32", Float32Array.of(a.shape[0]!));
    }
    return runRowTotal(gpu, {
      operation: "MatchingRows",
      inputs: { a, b },
      functions: ROW,
      divisor: 1,
    })[0]!;
  };
}
