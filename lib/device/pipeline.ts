// A compute pipeline of a text of ours.

/** What is bound in a place: a buffer, or a texture. */
export type BoundKind = Omit<GPUBindGroupLayoutEntry, "binding" | "visibility">;

/** A text, and what it binds. */
export type PipelineText = {
  readonly label: string;
  /** WGSL whose entry point is `start`. */
  readonly code: string;
  /** What it binds in group 0, from binding 0 on. */
  readonly bound: readonly BoundKind[];
};

/** Makes the pipeline of a text. Mesa's software driver compiles it when it first runs. */
export function makePipeline(
  device: GPUDevice,
  { label, code, bound }: PipelineText,
): GPUComputePipeline {
  const module = device.createShaderModule({ label, code });
  const entries = bound.map((kind, binding) => ({
    binding,
    visibility: GPUShaderStage.COMPUTE,
    ...kind,
  }));
  const layout = device.createPipelineLayout({
    bindGroupLayouts: [device.createBindGroupLayout({ entries })],
  });
  return device.createComputePipeline({ label, layout, compute: { module, entryPoint: "start" } });
}
