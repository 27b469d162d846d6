// Normally distributed numbers on the GPU: each two neighbors are made of a block of random words.
import { tf } from "../../tensor/tf.ts";
import type { RandomAttributes } from "../../tensor/random_tensors.ts";
import type { GuardedBackend } from "../backend.ts";
import { runElementwise } from "./elementwise.ts";
import { functionText, SPECIAL } from "./functions_text.ts";
import { THREEFRY } from "./threefry_text.ts";

/**
 * The radius √(−2 log u) of u = (word + 1) / 2³². Near 1 a float has no digits left for what u lacks
 * of it, of which the radius is nearly the root: the logarithm is taken of that.
 */
const FUNCTIONS = `${THREEFRY}
${functionText("log", "cos", "sin")}
fn normals(block: u32) -> vec2<f32> {
  let words = threefry(vec2<u32>(uniforms.key0, uniforms.key1), vec2<u32>(0x80000000u, block));
  let lack = f32(0xffffffffu - words.x) * 2.3283064365386963e-10;
  let logarithm = select(log_of((f32(words.x) + 1.0) * 2.3283064365386963e-10), log1p_of(-lack),
    words.x >= 0x80000000u);
  let angle = f32(words.y) * 1.4629180792671596e-9;
  return sqrt(-2.0 * logarithm) * vec2<f32>(cos_of(angle), sin_of(angle));
}`;

/** The kernel function, the same for any adapter. */
export function normal(): tf.KernelConfig["kernelFunc"] {
  return ({ attrs, backend }) => {
    const { key, shape } = attrs as unknown as RandomAttributes;
    return runElementwise(backend as GuardedBackend, {
      operation: "Normal",
      variant: "threefry",
      results: ["y"],
      inputs: {},
      uniforms: { ...SPECIAL },
      key,
      functions: () => FUNCTIONS,
      text: tf.util.sizeFromShape([...shape]) % 4 === 0
        ? "y = vec4<f32>(normals(index), normals(index + 2u));"
        : "let both = normals(index & 0xfffffffeu); y = select(both.x, both.y, (index & 1u) == 1u);",
      shape,
    })[0]!;
  };
}
