// The one place where commands are encoded, counted and timed.
import { fillTexture } from "./textures.ts";
import type { OpenBackend } from "./webgpu_backend.ts";

/** Sums since the device was started. */
export type Counters = {
  /** Dispatches of compute programs. */
  readonly dispatches: number;
  /** Copies from buffer to buffer or to texture. */
  readonly copies: number;
  /** Submits to the queue. */
  readonly submits: number;
  /** Bytes handed from the host to the GPU: tensors, numbers of programs. */
  readonly uploadedBytes: number;
  /** Bytes of GPU memory asked of the driver; what is used again counts once. */
  readonly allocatedBytes: number;
};

/** Listens to dispatches. */
export type Profiler = {
  /** Notes a dispatch; where its pass is to write the times of its beginning and end. */
  begin(
    operation: string,
    shapes: readonly (readonly number[])[],
  ): GPUComputePassTimestampWrites | undefined;
};

/** Encodes commands into the command buffer that tfjs's backend is recording. */
export type Encoding = {
  /** What was given to the GPU so far. */
  readonly counted: { -readonly [Name in keyof Counters]: Counters[Name] };
  /** Times each dispatch from here on, in a pass of its own; `undefined` ends that. */
  profileWith(profiler: Profiler | undefined): void;
  /**
   * Encodes a dispatch.
   *
   * @param operation its name, for profiles
   * @param shapes of the tensors bound, for profiles
   */
  dispatch(
    operation: string,
    shapes: readonly (readonly number[])[],
    pipeline: GPUComputePipeline,
    group: GPUBindGroup,
    workgroups: readonly [x: number, y: number, z: number],
  ): void;
  /** Encodes a copy of a buffer's first bytes. */
  copy(from: GPUBuffer, to: GPUBuffer, bytes: number): void;
  /** Encodes a copy of a buffer's first bytes into a texture. */
  fill(buffer: GPUBuffer, bytes: number, texture: GPUTexture): void;
  /** Forgets which pipeline is set: the pass is over, or somebody else set one. */
  forgetPipeline(): void;
};

/** Makes the encoding of a backend. */
export function encoding(backend: OpenBackend): Encoding {
  const counted = { dispatches: 0, copies: 0, submits: 0, uploadedBytes: 0, allocatedBytes: 0 };
  let profiler: Profiler | undefined;
  let current: GPUComputePipeline | undefined;
  /** The command encoder, outside any pass. */
  const outside = (): GPUCommandEncoder => {
    backend.ensureCommandEncoderReady();
    backend.endComputePassEncoder();
    return backend.commandEncoder!;
  };
  /** The pass that is being recorded, or a new one; a timed one where somebody listens. */
  const pass = (
    operation: string,
    shapes: readonly (readonly number[])[],
  ): GPUComputePassEncoder => {
    const timestampWrites = profiler?.begin(operation, shapes) ?? timerWrites(backend);
    if (timestampWrites) {
      return backend.computePassEncoder = outside().beginComputePass({ timestampWrites });
    }
    backend.ensureCommandEncoderReady();
    return backend.computePassEncoder ??= backend.commandEncoder!.beginComputePass();
  };
  return {
    counted,
    profileWith: (next) => void (profiler = next),
    dispatch(operation, shapes, pipeline, group, [x, y, z]): void {
      const encoder = pass(operation, shapes);
      if (current !== pipeline) encoder.setPipeline(pipeline);
      current = pipeline;
      encoder.setBindGroup(0, group);
      encoder.dispatchWorkgroups(x, y, z);
      counted.dispatches++;
    },
    copy(from, to, bytes): void {
      outside().copyBufferToBuffer(from, 0, to, 0, bytes);
      counted.copies++;
    },
    fill(buffer, bytes, texture): void {
      fillTexture(outside(), buffer, bytes, texture);
      counted.copies++;
    },
    forgetPipeline: () => void (current = undefined),
  };
}

/** Where `tf.time` listens: where the times of the next pass go. */
function timerWrites(backend: OpenBackend): GPUComputePassTimestampWrites | undefined {
  const { activeTimers, device } = backend;
  if (!activeTimers || !device.features.has("timestamp-query")) return undefined;
  const querySet = backend.querySet ??= device.createQuerySet({ type: "timestamp", count: 2 });
  return { querySet, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 };
}
