// The gradient of sums and means: each slope to all that it was summed from, in one pass.
import { blockOf, type SpreadAttributes } from "../../tensor/spread.ts";
import type { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { floatBits } from "./float_bits.ts";
import { runProgram } from "./program.ts";

/** The kernel function of repeating numbers along axes, the same for any adapter. */
export function spread(): tf.KernelConfig["kernelFunc"] {
  return ({ inputs, attrs, backend }) => {
    const { shape, axes, divisor } = attrs as unknown as SpreadAttributes;
    const { outer, length, inner } = blockOf(shape, axes);
    // Four at a time where four neighbors lie in one row, or repeat one number.
    const rows = inner % 4 === 0;
    const wide = rows || (inner === 1 && length % 4 === 0);
    const width = wide ? 4 : 1;
    const count = outer * length * inner / width;
    return runProgram(backend as GuardedBackend, {
      operation: "Spread",
      variant: `${wide}/${rows}`,
      results: { dx: shape },
      inputs: { dy: inputs.dy! },
      vectors: [...(wide ? ["dx"] : []), ...(rows ? ["dy"] : [])],
      half: { names: ["dx", "dy"] },
      uniforms: {
        count,
        inner: rows ? inner / 4 : inner,
        block: length * inner / width,
        divisor: floatBits(divisor),
      },
      code: `
fn main(index: u32, local: u32) {
  if (index >= uniforms.count) { return; }
  let source = index / uniforms.block * uniforms.inner + index % uniforms.inner;
  dx_put(index, ${
        rows ? "dy_quad(source)" : wide ? "vec4<f32>(dy_at(source))" : "dy_at(source)"
      } / bitcast<f32>(uniforms.divisor));
}`,
      invocations: count,
      workgroup: 64,
    })[0]!;
  };
}
