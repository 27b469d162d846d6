// How often the loops of a kernel turn: counted by some of its workgroups, on whatever adapter there is.

import type { Turns } from "./assembly.ts";

/** A kernel's text, the numbers that it is given, and its workgroups. */
export type Counted = {
  readonly text: string;
  readonly uniforms: Uint8Array<ArrayBuffer>;
  readonly workgroups: readonly [number, number, number];
};

/** Workgroups that count, evenly spread: of a strided convolution's slopes some have fewer taps. */
const SAMPLES = 8;

const LOOP = /\bfor \([^{]*\{/g;
const CONSTANT = /< (\d+u|[A-Z_]+);/;
const BINDING =
  /@group\(0\) @binding\((\d+)\) var<(storage, read_write|storage, read|uniform)> *(\w+)/g;

/** The text with a counter in each of its loops, which each workgroup's first invocation writes at last. */
function countingText(text: string, binding: number): string {
  let loop = 0;
  const counting = text.replaceAll(LOOP, (head) => `${head} turns[${loop++}] += 1u;`)
    .replaceAll("group.y * groups.x + group.x", "group.x * counted[0]");
  return `${counting.slice(0, counting.lastIndexOf("}"))}
  for (var i = 0u; i < ${loop}u && local == 0u; i++) { counted[1u + ${loop}u * group.x + i] = turns[i]; }
}
var<private> turns: array<u32, ${loop}>;
@group(0) @binding(${binding}) var<storage, read_write> counted: array<u32>;`;
}

/**
 * Counts the turns of the loops of kernels of this project, which depend on their numbers alone: some
 * workgroups run on tensors of zeros.
 *
 * @returns of a kernel, the mean turns of each loop, in the order of the text
 */
export async function turnCounter(): Promise<
  { readonly turnsOf: (kernel: Counted) => Promise<Turns[]>; readonly stop: () => void }
> {
  const adapter = (await navigator.gpu.requestAdapter())!;
  const device = await adapter.requestDevice({
    requiredFeatures: adapter.features.has("shader-f16") ? ["shader-f16"] : [],
    requiredLimits: {
      maxStorageBuffersPerShaderStage: adapter.limits.maxStorageBuffersPerShaderStage,
    },
  });
  const pipelines = new Map<string, GPUComputePipeline>();
  const { STORAGE, UNIFORM, COPY_DST, COPY_SRC, MAP_READ } = GPUBufferUsage;
  const turnsOf = async ({ text, uniforms, workgroups: [x, y, z] }: Counted): Promise<Turns[]> => {
    const heads = text.match(LOOP) ?? [];
    const count = heads.length;
    if (count === 0) return [];
    const samples = Math.min(SAMPLES, x * y * z);
    const bytes = 4 * (1 + count * samples);
    const bound = [...text.matchAll(BINDING)].map(([, binding, kind]) => ({
      binding: Number(binding),
      type: kind === "uniform"
        ? "uniform" as const
        : kind === "storage, read"
        ? "read-only-storage" as const
        : "storage" as const,
    }));
    const last = { binding: bound.length, type: "storage" as const };
    const entries = [...bound, last];
    const pipeline = pipelines.get(text) ?? device.createComputePipeline({
      layout: device.createPipelineLayout({
        bindGroupLayouts: [device.createBindGroupLayout({
          entries: entries.map(({ binding, type }) => ({
            binding,
            visibility: GPUShaderStage.COMPUTE,
            buffer: { type },
          })),
        })],
      }),
      compute: {
        module: device.createShaderModule({ code: countingText(text, last.binding) }),
        entryPoint: "start",
      },
    });
    pipelines.set(text, pipeline);
    const buffers = entries.map(({ type }) =>
      device.createBuffer({
        size: type === "uniform" ? Math.max(16, uniforms.byteLength) : 4096,
        usage: (type === "uniform" ? UNIFORM : STORAGE) | COPY_DST | COPY_SRC,
      })
    );
    device.queue.writeBuffer(
      buffers[entries.findIndex(({ type }) => type === "uniform")]!,
      0,
      uniforms,
    );
    device.queue.writeBuffer(
      buffers.at(-1)!,
      0,
      new Uint32Array([Math.floor(x * y * z / samples)]),
    );
    const staging = device.createBuffer({ size: bytes, usage: COPY_DST | MAP_READ });
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(
      0,
      device.createBindGroup({
        layout: pipeline.getBindGroupLayout(0),
        entries: buffers.map((buffer, i) => ({
          binding: entries[i]!.binding,
          resource: { buffer },
        })),
      }),
    );
    pass.dispatchWorkgroups(samples);
    pass.end();
    encoder.copyBufferToBuffer(buffers.at(-1)!, 0, staging, 0, bytes);
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(GPUMapMode.READ);
    const [, ...turns] = new Uint32Array(staging.getMappedRange().slice(0));
    for (const buffer of [...buffers, staging]) buffer.destroy();
    return heads.map((head, loop) => ({
      turns: turns.filter((_, i) => i % count === loop).reduce((sum, n) => sum + n) / samples,
      isConstant: CONSTANT.test(head),
    }));
  };
  return { turnsOf, stop: () => device.destroy() };
}
