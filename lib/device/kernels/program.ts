// Runs one of our own WGSL programs on the guarded backend.
import type { tf } from "../../tensor/tf.ts";
import type { GuardedBackend } from "../backend.ts";
import { WIDTH_BITS } from "../textures.ts";

/** A program over flat float32 arrays. */
export type Program = {
  /** The operation's name, for errors and profiles. */
  readonly operation: string;
  /** What tells this program's text from others of the same operation. */
  readonly variant: string;
  /** The inputs by their WGSL names: arrays `array<f32>`. */
  readonly inputs: Readonly<Record<string, tf.TensorInfo>>;
  /**
   * Names of inputs to be read four numbers at a time from a texture: not the
   * array `x`, but the function `x_quad(i: u32) -> vec4<f32>`, numbers 4 i to 4 i + 3.
   */
  readonly quads?: readonly string[];
  /** Numbers in the WGSL struct `uniforms`, each a `u32`. */
  readonly uniforms: Readonly<Record<string, number>>;
  /**
   * WGSL with `fn main(index: u32, local: u32)`, given the invocation's number and
   * its number in the workgroup; it writes to the array `result`.
   */
  readonly code: string;
  /** Invocations wanted; more may run, so `main` has to check `index`. */
  readonly invocations: number;
  /** Invocations of a workgroup. */
  readonly workgroup: number;
  /** The result's shape. */
  readonly shape: readonly number[];
};

/** Pipelines by device and key, which names all that changes the text. */
const pipelines = new WeakMap<GPUDevice, Map<string, GPUComputePipeline>>();

/**
 * Records a program, all of whose tensors are float32.
 *
 * @param backend where to run
 * @param program what to run
 * @returns the result, of `program.shape`
 */
export function runProgram(backend: GuardedBackend, program: Program): tf.TensorInfo {
  const { operation, inputs, quads = [], uniforms, invocations, workgroup, shape } = program;
  const names = Object.keys(inputs);
  return backend.runDispatch({
    operation,
    pipeline: (): GPUComputePipeline => pipelineOf(backend.device, program),
    inputs: Object.values(inputs),
    asTexture: names.map((name) => quads.includes(name)),
    uniforms: uniformBlock(Object.values(uniforms)),
    workgroups: grid(Math.ceil(invocations / workgroup), backend.device.limits),
    shape,
  });
}

function pipelineOf(device: GPUDevice, program: Program): GPUComputePipeline {
  const { operation, variant, quads = [], workgroup } = program;
  const key = `${operation}/${variant}/${quads}/${workgroup}`;
  const known = pipelines.get(device) ?? new Map<string, GPUComputePipeline>();
  pipelines.set(device, known);
  const held = known.get(key) ?? compile(device, program);
  known.set(key, held);
  return held;
}

/** Uniform structs are as long as a multiple of 16 bytes. */
function uniformBlock(values: readonly number[]): Uint32Array<ArrayBuffer> {
  const block = new Uint32Array(4 * Math.ceil(Math.max(1, values.length) / 4));
  block.set(values);
  return block;
}

/** Lays workgroups over two dimensions where one is too short for them. */
function grid(count: number, limits: GPUSupportedLimits): [number, number, number] {
  const most = limits.maxComputeWorkgroupsPerDimension;
  if (count <= most) return [count, 1, 1];
  const rows = Math.ceil(count / most);
  return [Math.ceil(count / rows), rows, 1];
}

function compile(device: GPUDevice, program: Program): GPUComputePipeline {
  const { operation: label, inputs, quads = [], uniforms, code, workgroup } = program;
  const names = Object.keys(inputs);
  const bindings = names.map((name, i) =>
    quads.includes(name)
      ? `@group(0) @binding(${i + 1}) var ${name}_texture: texture_2d<f32>;
fn ${name}_quad(i: u32) -> vec4<f32> {
  return textureLoad(${name}_texture, vec2<u32>(i & ${
        (1 << WIDTH_BITS) - 1
      }u, i >> ${WIDTH_BITS}u), 0);
}`
      : `@group(0) @binding(${i + 1}) var<storage, read> ${name}: array<f32>;`
  );
  const text = `
@group(0) @binding(0) var<storage, read_write> result: array<f32>;
${bindings.join("\n")}
struct Uniforms { ${Object.keys(uniforms).map((name) => `${name}: u32`).join(", ")} }
@group(0) @binding(${names.length + 1}) var<uniform> uniforms: Uniforms;
${code}
@compute @workgroup_size(${workgroup})
fn start(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32) {
  main((group.y * groups.x + group.x) * ${workgroup}u + local, local);
}`;
  const module = device.createShaderModule({ label, code: text });
  const layout = device.createPipelineLayout({
    bindGroupLayouts: [bindGroupLayout(device, program)],
  });
  return device.createComputePipeline({ label, layout, compute: { module, entryPoint: "start" } });
}

/** Spelt out, as the automatic one takes textures for filterable, which 32-bit ones need not be. */
function bindGroupLayout(device: GPUDevice, { inputs, quads = [] }: Program): GPUBindGroupLayout {
  const names = Object.keys(inputs);
  const visibility = GPUShaderStage.COMPUTE;
  return device.createBindGroupLayout({
    entries: [
      { binding: 0, visibility, buffer: { type: "storage" } },
      ...names.map((name, i): GPUBindGroupLayoutEntry => ({
        binding: i + 1,
        visibility,
        ...(quads.includes(name)
          ? { texture: { sampleType: "unfilterable-float" } }
          : { buffer: { type: "read-only-storage" } }),
      })),
      { binding: names.length + 1, visibility, buffer: { type: "uniform" } },
    ],
  });
}
