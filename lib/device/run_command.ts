// Runs a dispatch: puts its tensors on the GPU, binds and encodes it, and submits when it is time to.
import { tf } from "../tensor/tf.ts";
import type { Command } from "./command.ts";
import type { Encoding } from "./encoding.ts";
import type { Texels, TexturePool } from "./textures.ts";
import type { Transfers } from "./transfers.ts";
import type { OpenBackend } from "./webgpu_backend.ts";

/**
 * Makes what runs the commands of a backend.
 *
 * @param parts of the backend
 */
export function commandRunner(
  backend: OpenBackend,
  { encoding, textures, transfers }: {
    readonly encoding: Encoding;
    readonly textures: TexturePool;
    readonly transfers: Transfers;
  },
): (command: Command) => void {
  const { device, bufferManager, tensorMap } = backend;
  const bufferOf = ({ dataId }: tf.TensorInfo): GPUBuffer =>
    tensorMap.get(dataId).resource as GPUBuffer;

  function holdTensor(info: tf.TensorInfo, texels: Texels): ReturnType<TexturePool["take"]> {
    const buffer = bufferOf(info);
    const held = textures.take(buffer.size, texels);
    encoding.fill(buffer, buffer.size, held.texture);
    return held;
  }

  function uniformBuffer(bytes: Uint8Array<ArrayBuffer>): GPUBuffer {
    const usage = GPUBufferUsage.COPY_DST | GPUBufferUsage.UNIFORM;
    const buffer = bufferManager.acquireBuffer(bytes.byteLength, usage);
    transfers.write(buffer, bytes);
    backend.uniformPendingDisposal.push(buffer);
    return buffer;
  }

  /** Submits what is recorded when it is time to, as tfjs does after its own dispatches. */
  function finish(operation: string): void {
    backend.dispatchCountInPass++;
    if (backend.activeTimers) {
      backend.endComputePassEncoder();
      backend.activeTimers.push({ name: operation, query: backend.getQueryTime() });
    } else if (
      backend.dispatchCountInPass >= tf.env().getNumber("WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE")
    ) {
      backend.submitQueue();
    }
  }

  return ({ operation, pipeline, bound, uniforms, workgroups }): void => {
    for (const { info } of bound) backend.uploadToGPU(info.dataId);
    const held = bound.map(({ info, texels }) => texels && holdTensor(info, texels));
    const resources = bound.map(({ info, range }, i) =>
      held[i]?.view ?? { buffer: bufferOf(info), ...range }
    );
    const compiled = pipeline();
    const uniform = { buffer: uniformBuffer(uniforms) };
    const group = bindGroup(device, compiled, [...resources, uniform]);
    for (const { info } of bound) backend.commandQueueOwnedIds.add(info.dataId);
    const shapes = bound.map(({ info }) => info.shape);
    encoding.dispatch(operation, shapes, compiled, group, workgroups);
    // Commands run in their order: the next dispatch may fill the same textures anew.
    for (const each of held) if (each) textures.release(each);
    finish(operation);
  };
}

/** A bind group of resources in order. */
export function bindGroup(
  device: GPUDevice,
  pipeline: GPUComputePipeline,
  resources: readonly GPUBindingResource[],
): GPUBindGroup {
  return device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: resources.map((resource, binding) => ({ binding, resource })),
  });
}
