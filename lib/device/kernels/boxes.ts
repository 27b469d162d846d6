// What is done inside and outside a rectangle of each image on the GPU: an invocation a pixel.
import { BLEND_ROW } from "../../tensor/blend.ts";
import { ERASE_ROW, type EraseAttributes } from "../../tensor/erase.ts";
import type { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { floatBits } from "./float_bits.ts";
import { runProgram } from "./program.ts";
import { THREEFRY } from "./threefry_text.ts";

/** An invocation's pixel, and whether it is in the rectangle whose numbers begin in a row. */
const BOX = `
fn is_in_box(index: u32, row: u32) -> bool {
  let x = f32(index % uniforms.width);
  let y = f32(index / uniforms.width % uniforms.height);
  let corner = vec2<f32>(rows_at(row), rows_at(row + 1u));
  let end = corner + vec2<f32>(rows_at(row + 2u), rows_at(row + 3u));
  return (x >= corner.x) & (x < end.x) & (y >= corner.y) & (y < end.y);
}`;

const BLEND = `${BOX}
fn main(index: u32, local: u32) {
  if (index >= uniforms.count) { return; }
  let size = uniforms.width * uniforms.height;
  let row = index / size * ${BLEND_ROW}u;
  let partner = u32(rows_at(row)) * size + index % size;
  let share = select(rows_at(row + 6u), rows_at(row + 5u), is_in_box(index, row + 1u));
  for (var c = 0u; c < uniforms.channels; c++) {
    let own = images_at(index * uniforms.channels + c);
    let other = images_at(partner * uniforms.channels + c);
    result_put(index * uniforms.channels + c, (1.0 - share) * own + share * other);
  }
}`;

const ERASE = (noise: boolean): string =>
  `${noise ? THREEFRY : ""} ${BOX}
fn fill(row: u32, place: u32) -> f32 {
  ${
    noise
      ? `return f32(word_of(vec2<u32>(u32(rows_at(row + 4u)), u32(rows_at(row + 5u))), place) >> 8u)
    / 16777216.0;`
      : "return bitcast<f32>(uniforms.fill);"
  }
}
fn main(index: u32, local: u32) {
  if (index >= uniforms.count) { return; }
  let size = uniforms.width * uniforms.height;
  let row = index / size * ${ERASE_ROW}u;
  let inside = is_in_box(index, row);
  for (var c = 0u; c < uniforms.channels; c++) {
    var value = images_at(index * uniforms.channels + c);
    if (inside) { value = fill(row, index % size * uniforms.channels + c); }
    result_put(index * uniforms.channels + c, value);
  }
}`;

/** The kernel function that blends, the same for any adapter. */
export function blendImages(): tf.KernelConfig["kernelFunc"] {
  return ({ inputs, backend }) =>
    run(backend as GuardedBackend, "Blend", "", inputs as Inputs, 0, BLEND);
}

/** The kernel function that erases, the same for any adapter. */
export function eraseBoxes(): tf.KernelConfig["kernelFunc"] {
  return ({ inputs, attrs, backend }) => {
    const { fill } = attrs as unknown as EraseAttributes;
    const noise = fill === "noise";
    const variant = noise ? "noise" : "number";
    const number = floatBits(noise ? 0 : fill);
    return run(backend as GuardedBackend, "Erase", variant, inputs as Inputs, number, ERASE(noise));
  };
}

type Inputs = Record<string, tf.TensorInfo>;

function run(
  backend: GuardedBackend,
  operation: string,
  variant: string,
  inputs: Inputs,
  fill: number,
  code: string,
): tf.TensorInfo {
  const { shape } = inputs.images!;
  const [images, height, width, channels] = shape as [number, number, number, number];
  const count = images * height * width;
  return runProgram(backend, {
    operation,
    variant,
    results: { result: shape },
    inputs,
    uniforms: { count, height, width, channels, fill },
    code,
    invocations: count,
    workgroup: 64,
  })[0]!;
}
