// Dropout on the GPU: each invocation draws the random word of its own element.
import { tf } from "../../tensor/tf.ts";
import type { DropAttributes } from "../../tensor/drop_units.ts";
import type { GuardedBackend } from "../backend.ts";
import { runProgram } from "./program.ts";

/** Threefry-2x32 with 20 rounds: the same words as `lib/tensor/random.ts`. */
const CODE = `
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
fn main(i: u32, local: u32) {
  if (i >= uniforms.size) { return; }
  let words = threefry(vec2<u32>(uniforms.key0, uniforms.key1), vec2<u32>(0x80000000u, i & 0xfffffffeu));
  let kept = select(words.x, words.y, (i & 1u) == 1u) >= uniforms.threshold;
  result[i] = select(0.0, x[i] * bitcast<f32>(uniforms.scale), kept);
}`;

const bits = new Uint32Array(new Float32Array(1).buffer);

/** The kernel function of dropout, the same for any adapter. */
export function dropUnits(): tf.KernelConfig["kernelFunc"] {
  return run;
}

function run(call: Parameters<tf.KernelConfig["kernelFunc"]>[0]): tf.TensorInfo {
  const { inputs, attrs, backend } = call;
  const x = inputs.x!;
  const { key, threshold, scale } = attrs as unknown as DropAttributes;
  const size = tf.util.sizeFromShape(x.shape);
  new Float32Array(bits.buffer)[0] = scale;
  return runProgram(backend as GuardedBackend, {
    operation: "Dropout",
    variant: "threefry",
    inputs: { x },
    uniforms: { size, key0: key[0], key1: key[1], threshold, scale: bits[0]! },
    code: CODE,
    invocations: size,
    workgroup: 64,
    shape: x.shape,
  });
}
