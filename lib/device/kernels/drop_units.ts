// Dropout on the GPU: each invocation draws the random word of its own element.
import { tf } from "../../tensor/tf.ts";
import type { DropAttributes } from "../../tensor/drop_units.ts";
import type { GuardedBackend } from "../backend.ts";
import { runElementwise } from "./elementwise.ts";

/** Threefry-2x32 with 20 rounds: the same words as `lib/tensor/random.ts`. */
const THREEFRY = `
fn turn(x: u32, distance: u32) -> u32 { return (x << distance) | (x >> (32u - distance)); }
fn quarter(v: vec2<u32>, d: vec4<u32>) -> vec2<u32> {
  var x = v;
  x.x += x.y; x.y = turn(x.y, d.x) ^ x.x;
  x.x += x.y; x.y = turn(x.y, d.y) ^ x.x;
  x.x += x.y; x.y = turn(x.y, d.z) ^ x.x;
  x.x += x.y; x.y = turn(x.y, d.w) ^ x.x;
  return x;
}
fn threefry(k: vec2<u32>, counter: vec2<u32>) -> vec2<u32> {
  let k2 = k.x ^ k.y ^ 0x1bd11bdau;
  let even = vec4<u32>(13u, 15u, 26u, 6u);
  let odd = vec4<u32>(17u, 29u, 16u, 24u);
  var x = counter + k;
  x = quarter(x, even) + vec2<u32>(k.y, k2 + 1u);
  x = quarter(x, odd) + vec2<u32>(k2, k.x + 2u);
  x = quarter(x, even) + vec2<u32>(k.x, k.y + 3u);
  x = quarter(x, odd) + vec2<u32>(k.y, k2 + 4u);
  return quarter(x, even) + vec2<u32>(k2, k.x + 5u);
}
fn kept(i: u32) -> bool {
  let words = threefry(vec2<u32>(uniforms.key0, uniforms.key1), vec2<u32>(0x80000000u, i & 0xfffffffeu));
  return select(words.x, words.y, (i & 1u) == 1u) >= uniforms.threshold;
}`;

/** Of a vector, each two neighbours share a block of two words. */
const WIDE = `
  let first = threefry(vec2<u32>(uniforms.key0, uniforms.key1), vec2<u32>(0x80000000u, index));
  let second = threefry(vec2<u32>(uniforms.key0, uniforms.key1), vec2<u32>(0x80000000u, index + 2u));
  let words = vec4<u32>(first, second);
  y = select(V(0.0), x * bitcast<f32>(uniforms.scale), words >= vec4<u32>(uniforms.threshold));`;

const NARROW = "y = select(0.0, x * bitcast<f32>(uniforms.scale), kept(index));";

const bits = new Uint32Array(new Float32Array(1).buffer);

/** The kernel function of dropout, the same for any adapter. */
export function dropUnits(): tf.KernelConfig["kernelFunc"] {
  return run;
}

function run(call: Parameters<tf.KernelConfig["kernelFunc"]>[0]): tf.TensorInfo {
  const { inputs, attrs, backend } = call;
  const x = inputs.x!;
  const { key, threshold, scale } = attrs as unknown as DropAttributes;
  new Float32Array(bits.buffer)[0] = scale;
  return runElementwise(backend as GuardedBackend, {
    operation: "Dropout",
    variant: "threefry",
    results: ["y"],
    inputs: { x },
    uniforms: { threshold, scale: bits[0]! },
    key,
    functions: THREEFRY,
    text: tf.util.sizeFromShape(x.shape) % 4 === 0 ? WIDE : NARROW,
    shape: x.shape,
  })[0]!;
}
