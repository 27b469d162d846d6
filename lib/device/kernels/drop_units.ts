// Dropout on the GPU: each invocation draws the random word of its own element.
import { tf } from "../../tensor/tf.ts";
import type { DropAttributes } from "../../tensor/drop_units.ts";
import type { GuardedBackend } from "../backend.ts";
import { runElementwise } from "./elementwise.ts";
import { THREEFRY } from "./threefry_text.ts";

const FUNCTIONS = `${THREEFRY}
fn kept(i: u32) -> bool {
  return word_of(vec2<u32>(uniforms.key0, uniforms.key1), i) >= uniforms.threshold;
}`;

/** Of a vector, each two neighbors share a block of two words, the first of which has an even number. */
const WIDE = `
  let at = index + uniforms.first;
  let first = threefry(vec2<u32>(uniforms.key0, uniforms.key1), vec2<u32>(0x80000000u, at));
  let second = threefry(vec2<u32>(uniforms.key0, uniforms.key1), vec2<u32>(0x80000000u, at + 2u));
  let words = vec4<u32>(first, second);
  y = select(V(0.0), x * bitcast<f32>(uniforms.scale), words >= vec4<u32>(uniforms.threshold));`;

const WIDE_ODD = `
  let at = index + uniforms.first;
  let keeps = vec4<bool>(kept(at), kept(at + 1u), kept(at + 2u), kept(at + 3u));
  y = select(V(0.0), x * bitcast<f32>(uniforms.scale), keeps);`;

const NARROW = "y = select(0.0, x * bitcast<f32>(uniforms.scale), kept(index + uniforms.first));";

const bits = new Uint32Array(new Float32Array(1).buffer);

/** The kernel function of dropout, the same for any adapter. */
export function dropUnits(): tf.KernelConfig["kernelFunc"] {
  return run;
}

function run(call: Parameters<tf.KernelConfig["kernelFunc"]>[0]): tf.TensorInfo {
  const { inputs, attrs, backend } = call;
  const x = inputs.x!;
  const { key, threshold, scale, first } = attrs as unknown as DropAttributes;
  new Float32Array(bits.buffer)[0] = scale;
  return runElementwise(backend as GuardedBackend, {
    operation: "Dropout",
    variant: first % 2 === 0 ? "threefry" : "threefry/odd",
    results: ["y"],
    inputs: { x },
    uniforms: { threshold, scale: bits[0]!, first },
    key,
    functions: () => FUNCTIONS,
    text: tf.util.sizeFromShape(x.shape) % 4 === 0 ? (first % 2 === 0 ? WIDE : WIDE_ODD) : NARROW,
    half: true,
    shape: x.shape,
  })[0]!;
}
