// Colors in stages on the GPU: an invocation a pixel.
import { GRAY_SHARES, STAGE_SIZE } from "../../tensor/recolor.ts";
import type { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { runProgram } from "./program.ts";

/** A stage is four quads: three rows of the matrix, then the mean's share and the bounds. */
const QUADS = STAGE_SIZE / 4;

const STAGES = (channels: number): string => `
fn pixel_at(index: u32) -> vec3<f32> {
  ${
  channels === 1
    ? "return vec3<f32>(images_at(index), 0.0, 0.0);"
    : "return vec3<f32>(images_at(3u * index), images_at(3u * index + 1u), images_at(3u * index + 2u));"
}
}
fn first_stage(index: u32) -> u32 { return index / uniforms.size * uniforms.stages * ${QUADS}u; }
fn staged(v: vec3<f32>, stage: u32, mean: f32) -> vec3<f32> {
  let one = vec4<f32>(v, 1.0);
  let mixed = vec3<f32>(dot(stages_quad(stage), one), dot(stages_quad(stage + 1u), one),
    dot(stages_quad(stage + 2u), one));
  let rest = stages_quad(stage + 3u);
  return min(max(mixed + rest.x * mean, vec3<f32>(rest.y)), vec3<f32>(rest.z));
}`;

const RESULT = (channels: number, mean: string): string =>
  `${STAGES(channels)}
fn main(index: u32, local: u32) {
  if (index >= uniforms.count) { return; }
  var v = pixel_at(index);
  let first = first_stage(index);
  for (var s = 0u; s < uniforms.stages; s++) { v = staged(v, first + s * ${QUADS}u, ${mean}); }
  ${
    channels === 1
      ? "result_put(index, v.x);"
      : "for (var c = 0u; c < 3u; c++) { result_put(3u * index + c, v[c]); }"
  }
}`;

const GRAYS = (channels: number): string =>
  `${STAGES(channels)}
fn main(index: u32, local: u32) {
  if (index >= uniforms.count) { return; }
  var v = pixel_at(index);
  let first = first_stage(index);
  for (var s = 0u; s < uniforms.stages; s++) {
    let stage = first + s * ${QUADS}u;
    if (stages_quad(stage + 3u).x != 0.0) { break; }
    v = staged(v, stage, 0.0);
  }
  result_put(index, ${channels === 1 ? "v.x" : `dot(v, vec3<f32>(${GRAY_SHARES.join(", ")}))`});
}`;

/** The kernel function of the change, the same for any adapter. */
export function recolor(): tf.KernelConfig["kernelFunc"] {
  return ({ inputs, backend }) => {
    const mean = inputs.means ? "means_at(index / uniforms.size)" : "0.0";
    const text = (channels: number): string => RESULT(channels, mean);
    return run(backend as GuardedBackend, "Recolor", inputs as Inputs, inputs.images!.shape, text);
  };
}

/** The kernel function of the grays before a stage that wants their mean. */
export function recolorGrays(): tf.KernelConfig["kernelFunc"] {
  return ({ inputs, backend }) => {
    const [count, height, width] = inputs.images!.shape as [number, number, number];
    const shape = [count, height * width];
    return run(backend as GuardedBackend, "RecolorGrays", inputs as Inputs, shape, GRAYS);
  };
}

type Inputs = Record<string, tf.TensorInfo>;

function run(
  backend: GuardedBackend,
  operation: string,
  inputs: Inputs,
  result: readonly number[],
  text: (channels: number) => string,
): tf.TensorInfo {
  const [count, height, width, channels] = inputs.images!.shape as [number, number, number, number];
  const size = height * width;
  return runProgram(backend, {
    operation,
    variant: `${channels} channels`,
    results: { result },
    inputs,
    vectors: ["stages"],
    uniforms: { count: count * size, size, stages: inputs.stages!.shape[1]! },
    code: text(channels),
    invocations: count * size,
    workgroup: 64,
  })[0]!;
}
