// The book of what failed on the device, and of which tensors can no longer be trusted for it.
import { DeviceError, type DeviceErrorKind } from "./errors.ts";

/** The handle by which a backend knows a tensor's data. */
type DataId = object;

/**
 * WebGPU tells of a failed operation later than the call that caused it, and a
 * failed operation spoils the whole command buffer it was recorded into. The
 * ledger numbers command buffers, remembers into which one each tensor was
 * written, and on a fault distrusts all that was written from the failing one
 * on until the fault became known: whatever was computed from spoilt data in
 * between is among it.
 */
export type FaultLedger = {
  /** The number of the command buffer that is being recorded. */
  readonly current: number;
  /** A command buffer was handed to the queue; the next one begins. */
  submitted(): void;
  /** The data of `id` is written in command buffer `buffer`. */
  wrote(id: DataId, buffer: number): void;
  /** Watches an error scope that was open while `operation` was recorded into `buffer`. */
  watch(operation: string, buffer: number, scope: Promise<GPUError | null>): void;
  /** Takes a fault whose operation is not known. */
  report(error: GPUError): void;
  /** The device is gone. */
  lose(reason: string): void;
  /** Whether the device is gone. */
  readonly isLost: boolean;
  /** How many operations failed so far. */
  readonly count: number;
  /** Waits until every watched scope has returned. */
  settled(): Promise<void>;
  /** @throws {DeviceError} if the device is lost */
  requireAlive(operation: string): void;
  /** @throws {DeviceError} if the data of `id` cannot be trusted */
  requireTrusted(id: DataId, operation: string): void;
  /** Throws the first fault that nobody was told of yet. */
  raise(): void;
};

/** A half-open range of command buffers whose results are void. */
type Spoilt = { readonly from: number; readonly until: number; readonly error: DeviceError };

/** Makes an empty ledger. */
export function faultLedger(abandon: () => void): FaultLedger {
  const writes = new WeakMap<DataId, number>();
  const spoilt: Spoilt[] = [];
  const scopes = new Set<Promise<void>>();
  let current = 0;
  let lost: DeviceError | undefined;
  let untold: DeviceError | undefined;

  function record(operation: string, from: number, error: GPUError): void {
    const fault = describeFault(operation, error);
    spoilt.push({ from, until: current + 1, error: fault });
    current++;
    abandon();
    untold ??= fault;
  }

  return {
    get current(): number {
      return current;
    },
    submitted: (): void => void current++,
    wrote: (id, buffer): void => void writes.set(id, buffer),
    watch(operation, buffer, scope): void {
      const seen = scope.then(
        (error) => error && record(operation, buffer, error),
        () => {}, // A scope is rejected only when the device is lost, which is known otherwise.
      ).then(() => void scopes.delete(seen));
      scopes.add(seen);
    },
    report: (error): void => record("an operation", current, error),
    lose(reason): void {
      lost ??= new DeviceError(
        "lost",
        `Cannot go on: the GPU device was lost: ${reason}. Call start() for a new one; tensors of the old one are gone`,
      );
    },
    get isLost(): boolean {
      return lost !== undefined;
    },
    get count(): number {
      return spoilt.length;
    },
    async settled(): Promise<void> {
      await Promise.all(scopes);
    },
    requireAlive(operation): void {
      if (lost) throw new DeviceError("lost", lost.message, operation);
    },
    requireTrusted(id, operation): void {
      const written = writes.get(id);
      if (written === undefined) return;
      const range = spoilt.find((one) => written >= one.from && written < one.until);
      if (!range) return;
      untold = undefined;
      throw new DeviceError(
        range.error.kind,
        `Cannot ${operation}: its data was never computed: ${range.error.message}`,
        range.error.operation,
      );
    },
    raise(): void {
      const error = untold;
      untold = undefined;
      if (error) throw error;
    },
  };
}

/** The exception for a fault. */
function describeFault(operation: string, error: GPUError): DeviceError {
  const kind: DeviceErrorKind = error.constructor.name === "GPUOutOfMemoryError"
    ? "out-of-memory"
    : "validation";
  const cause = kind === "out-of-memory" ? "ran out of memory" : "refused it";
  return new DeviceError(
    kind,
    `Cannot run ${operation}: the GPU ${cause}: ${error.message}`,
    operation,
  );
}
