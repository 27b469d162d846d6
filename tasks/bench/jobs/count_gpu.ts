// Counts what a library asks of WebGPU, by wrapping WebGPU's methods.
import type { GpuCounts } from "./job.ts";

type Method = (...args: never[]) => unknown;

/** Has `see` look at the arguments of every call of a method. */
function watch<T extends object, Name extends keyof T & string>(
  prototype: T,
  name: Name,
  see: (args: readonly unknown[]) => void,
): void {
  const original = prototype[name] as Method;
  Object.defineProperty(prototype, name, {
    configurable: true,
    writable: true,
    value(this: T, ...args: never[]) {
      see(args);
      return original.apply(this, args);
    },
  });
}

/** Bytes that `queue.writeBuffer` writes. */
function written([, , data, offset, size]: readonly unknown[]): number {
  const source = data as ArrayBuffer | ArrayBufferView;
  const unit = ArrayBuffer.isView(source) && "BYTES_PER_ELEMENT" in source
    ? source.BYTES_PER_ELEMENT as number
    : 1;
  if (size !== undefined) return unit * (size as number);
  return source.byteLength - unit * (offset as number ?? 0);
}

/** Bytes of a texture; what is bound here has 16 a texel. */
function textureBytes({ size, format }: GPUTextureDescriptor): number {
  const lengths = Symbol.iterator in size
    ? [...size]
    : [size.width, size.height ?? 1, size.depthOrArrayLayers ?? 1];
  const texel = format.includes("32float") ? 4 * (format.startsWith("rgba") ? 4 : 1) : 4;
  return lengths.reduce((product, length) => product * length, texel);
}

/**
 * Begins to count, in this process.
 *
 * @returns a function that returns the counts so far
 */
export function countGpu(): () => GpuCounts {
  const counts = { dispatches: 0, copies: 0, submits: 0, uploadedBytes: 0, allocatedBytes: 0 };
  watch(GPUComputePassEncoder.prototype, "dispatchWorkgroups", () => counts.dispatches++);
  watch(GPUComputePassEncoder.prototype, "dispatchWorkgroupsIndirect", () => counts.dispatches++);
  for (
    const name of ["copyBufferToBuffer", "copyBufferToTexture", "copyTextureToBuffer"] as const
  ) {
    watch(GPUCommandEncoder.prototype, name, () => counts.copies++);
  }
  watch(GPUQueue.prototype, "submit", () => counts.submits++);
  watch(GPUQueue.prototype, "writeBuffer", (args) => counts.uploadedBytes += written(args));
  watch(GPUDevice.prototype, "createBuffer", ([descriptor]) => {
    const { size, mappedAtCreation } = descriptor as GPUBufferDescriptor;
    counts.allocatedBytes += size;
    if (mappedAtCreation) counts.uploadedBytes += size;
  });
  watch(GPUDevice.prototype, "createTexture", ([descriptor]) => {
    counts.allocatedBytes += textureBytes(descriptor as GPUTextureDescriptor);
  });
  return () => ({ ...counts });
}
