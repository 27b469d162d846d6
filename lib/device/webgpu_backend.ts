// The one place that names tfjs's WebGPU backend: its class, the programs it runs, what its types hide.
// deno-lint-ignore no-import-prefix -- a remote user of mod.ts has no deno.json of ours
import type { WebGPUBackend, WebGPUProgram } from "npm:@tensorflow/tfjs-backend-webgpu@4.22.0";
import type { tf } from "../tensor/tf.ts";

export { WebGPUBackend, type WebGPUProgram } from "npm:@tensorflow/tfjs-backend-webgpu@4.22.0";

/** tfjs's WebGPU backend with the parts that its types hide. */
export type OpenBackend =
  & Pick<
    WebGPUBackend,
    | "device"
    | "queue"
    | "bufferManager"
    | "tensorMap"
    | "ensureCommandEncoderReady"
    | "endComputePassEncoder"
    | "submitQueue"
    | "uploadToGPU"
    | "getQueryTime"
  >
  & {
    /** Records a dispatch of tfjs's. */
    recordAndSubmit(
      program: WebGPUProgram,
      output: tf.TensorInfo,
      inputs: tf.TensorInfo[],
      own?: readonly { type: string; data: number[] }[],
    ): void;
    commandEncoder: GPUCommandEncoder | null;
    computePassEncoder: GPUComputePassEncoder | null;
    /** Tensors that the recorded commands use: their buffers are not recycled before the submit. */
    commandQueueOwnedIds: WeakSet<object>;
    dispatchCountInPass: number;
    uniformPendingDisposal: GPUBuffer[];
    /** Where `tf.time` listens: the programs run since, with their times to come. */
    activeTimers: { name: string; query: Promise<number> }[] | null;
    querySet: GPUQuerySet | null;
  };
