// Numbers between the host and the GPU's buffers: written at once, read when they were computed.
import type { Encoding } from "./encoding.ts";
import type { ErrorScopes } from "./error_scopes.ts";
import { DeviceError } from "./errors.ts";
import type { FaultLedger } from "./faults.ts";
import type { OpenBackend } from "./webgpu_backend.ts";

/** The first bytes of a buffer. */
export type BufferPart = { readonly buffer: GPUBuffer; readonly bytes: number };

/** Writes and reads buffers. */
export type Transfers = {
  /** Writes numbers of the host to a buffer, before all commands that are not submitted yet. */
  write(buffer: GPUBuffer, bytes: Uint8Array<ArrayBuffer>, offset?: number): void;
  /** Writes bytes over the first of buffers, one after the other. */
  writeParts(parts: readonly BufferPart[], bytes: Uint8Array<ArrayBuffer>): void;
  /**
   * The first bytes of buffers, one after the other, as they are after all commands so far.
   *
   * @param action what they are read for, for errors
   * @throws {DeviceError} if they were not computed
   */
  read(parts: readonly BufferPart[], action: string): Promise<ArrayBuffer>;
};

/** Up to this size the queue writes buffers by itself. */
const SMALL_WRITE = 1 << 20;

/** Makes the transfers of a backend. */
export function transfers(
  backend: OpenBackend,
  { counted }: Encoding,
  faults: FaultLedger,
  scopes: ErrorScopes,
): Transfers {
  const { device, queue, bufferManager } = backend;

  /**
   * As the queue writes buffers. If there is no memory for the copy that it makes, wgpu loses the
   * device; of a buffer of ours it says so.
   */
  function writeStaged(
    parts: readonly BufferPart[],
    bytes: Uint8Array<ArrayBuffer>,
    offset: number,
  ): void {
    const size = bytes.byteLength;
    const usage = GPUBufferUsage.MAP_WRITE | GPUBufferUsage.COPY_SRC;
    const staging = device.createBuffer({ size, usage, mappedAtCreation: true });
    try {
      new Uint8Array(staging.getMappedRange()).set(bytes);
      staging.unmap();
    } catch (error) {
      // Its error scope says why.
      scopes.refuse(error as Error);
      return;
    }
    const encoder = device.createCommandEncoder();
    let at = 0;
    for (const part of parts) {
      encoder.copyBufferToBuffer(staging, at, part.buffer, offset, part.bytes);
      at += part.bytes;
    }
    queue.submit([encoder.finish()]);
    counted.submits++;
    staging.destroy();
  }

  /** Encodes copies of buffers into one that the host can map. */
  function stage(parts: readonly BufferPart[]): GPUBuffer {
    const staging = bufferManager.acquireBuffer(
      parts.reduce((sum, { bytes }) => sum + bytes, 0),
      GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ,
    );
    backend.ensureCommandEncoderReady();
    backend.endComputePassEncoder();
    let at = 0;
    for (const { buffer, bytes } of parts) {
      backend.commandEncoder!.copyBufferToBuffer(buffer, 0, staging, at, bytes);
      at += bytes;
    }
    return staging;
  }

  return {
    write(buffer, bytes, offset = 0): void {
      counted.uploadedBytes += bytes.byteLength;
      if (bytes.byteLength <= SMALL_WRITE) queue.writeBuffer(buffer, offset, bytes);
      else writeStaged([{ buffer, bytes: bytes.byteLength }], bytes, offset);
    },
    writeParts(parts, bytes): void {
      counted.uploadedBytes += bytes.byteLength;
      writeStaged(parts, bytes, 0);
    },
    async read(parts, action): Promise<ArrayBuffer> {
      const number = faults.current;
      const staging = scopes.watched(action, () => stage(parts));
      backend.submitQueue();
      try {
        await staging.mapAsync(GPUMapMode.READ);
        const bytes = staging.getMappedRange().slice(0);
        staging.unmap();
        await faults.settled();
        bufferManager.releaseBuffer(staging);
        faults.requireComputed(number, action);
        return bytes;
      } catch (error) {
        if (error instanceof DeviceError) throw error;
        // A device that is lost while a read waits rejects the read first and says so a moment later.
        await scopes.lossOr100ms();
        faults.requireAlive(action);
        await faults.settled();
        bufferManager.releaseBuffer(staging, false);
        faults.requireComputed(number, action);
        const { message } = error as Error;
        throw new DeviceError(
          "validation",
          `Cannot ${action}: the GPU refused it: ${message}`,
          action,
        );
      }
    },
  };
}
