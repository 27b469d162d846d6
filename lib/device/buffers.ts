// tfjs's keeper of buffers, with its allocations counted, and without the buffers that a fault spoilt.
import type { FaultLedger } from "./faults.ts";
import type { WebGPUBackend } from "./webgpu_backend.ts";

type Manager = WebGPUBackend["bufferManager"];

/** The part of tfjs's keeper that its types hide. */
type OpenManager = {
  freeBuffers: Map<string, GPUBuffer[]>;
  numFreeBuffers: number;
  numBytesAllocated: number;
};

/** What can be done with the keeper beside what tfjs does. */
export type GuardedBuffers = {
  /** Frees all buffers that are kept for use: among them may be some that were never made. */
  purge(): void;
};

/**
 * Guards tfjs's keeper of buffers. WebGPU returns a buffer also if there was no memory for it; tfjs
 * would keep it for the next tensor of its size, which would fail in turn, for ever.
 *
 * @param onMade called with the bytes of each buffer that is made
 */
export function guardBuffers(
  manager: Manager,
  faults: Pick<FaultLedger, "current" | "faultIn">,
  onMade: (bytes: number) => void,
): GuardedBuffers {
  const open = manager as unknown as OpenManager;
  const made = new WeakMap<GPUBuffer, number>();
  const acquire = manager.acquireBuffer.bind(manager);
  const release = manager.releaseBuffer.bind(manager);
  manager.acquireBuffer = (...order): GPUBuffer => {
    const before = manager.numBytesAllocated;
    const buffer = acquire(...order);
    const bytes = manager.numBytesAllocated - before;
    if (bytes > 0) made.set(buffer, faults.current);
    onMade(bytes);
    return buffer;
  };
  manager.releaseBuffer = (buffer, reuse = true): void => {
    const number = made.get(buffer);
    const isSpoilt = number !== undefined && faults.faultIn(number) !== undefined;
    release(buffer, reuse && !isSpoilt);
  };
  return {
    purge(): void {
      for (const list of open.freeBuffers.values()) {
        for (const buffer of list) {
          open.numBytesAllocated -= buffer.size;
          open.numFreeBuffers--;
          buffer.destroy();
        }
        list.length = 0;
      }
    },
  };
}
