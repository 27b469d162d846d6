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
  /**
   * Watches the error scopes that were open while something was recorded into `buffer`.
   *
   * @param action what was done, such as `run Add([2000])`
   * @param scopes the first that has an error tells the cause
   */
  watch(action: string, buffer: number, scopes: readonly Promise<GPUError | null>[]): void;
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
  /** The fault that spoilt a command buffer; `undefined` if none did. */
  faultIn(buffer: number): DeviceError | undefined;
  /** @throws {DeviceError} if the device is lost */
  requireAlive(action: string): void;
  /** @throws {DeviceError} if the data of `id` cannot be trusted */
  requireTrusted(id: DataId, action: string): void;
  /** @throws {DeviceError} if a command buffer was spoilt, in which data lay that `action` needs */
  requireComputed(buffer: number, action: string): void;
  /** Throws the first fault that nobody was told of yet. */
  raise(): void;
};

/** A half-open range of command buffers whose results are void. */
type Spoilt = { readonly from: number; readonly until: number; readonly error: DeviceError };

/**
 * Makes an empty ledger.
 *
 * @param onFault called with each fault and the number of the first command buffer that it spoilt
 */
export function faultLedger(onFault: (fault: DeviceError, from: number) => void): FaultLedger {
  const writes = new WeakMap<DataId, number>();
  const spoilt: Spoilt[] = [];
  const scopes = new Set<Promise<void>>();
  let current = 0;
  let lost: string | undefined;
  let untold: DeviceError | undefined;

  function record(action: string, from: number, error: GPUError): void {
    const fault = describeFault(action, error);
    const one = { from, until: current + 1, error: fault };
    // Without memory for a buffer, also what uses the buffer is refused, which may be known first.
    if (fault.kind === "out-of-memory") spoilt.unshift(one);
    else spoilt.push(one);
    current++;
    onFault(fault, from);
    untold = fault.kind === "out-of-memory" ? fault : untold ?? fault;
  }

  function faultIn(buffer: number): DeviceError | undefined {
    return spoilt.find((one) => buffer >= one.from && buffer < one.until)?.error;
  }

  function requireComputed(buffer: number, action: string): void {
    const error = faultIn(buffer);
    if (!error) return;
    untold = undefined;
    throw new DeviceError(
      error.kind,
      `Cannot ${action}: its data was never computed: ${error.message}`,
      error.operation,
    );
  }

  return {
    get current(): number {
      return current;
    },
    submitted: (): void => void current++,
    wrote: (id, buffer): void => void writes.set(id, buffer),
    watch(action, buffer, opened): void {
      const seen = Promise.all(opened).then(
        (errors) => {
          const error = errors.find((each) => each !== null);
          if (error) record(action, buffer, error);
        },
        () => {}, // A scope is rejected only when the device is lost, which is known otherwise.
      ).then(() => void scopes.delete(seen));
      scopes.add(seen);
    },
    report: (error): void => record("run an operation", current, error),
    lose: (reason): void => void (lost ??= reason),
    get isLost(): boolean {
      return lost !== undefined;
    },
    get count(): number {
      return spoilt.length;
    },
    async settled(): Promise<void> {
      await Promise.all(scopes);
    },
    faultIn,
    requireAlive(action): void {
      if (lost === undefined) return;
      throw new DeviceError(
        "lost",
        `Cannot ${action}: the GPU device was lost: ${lost}. Call start() for a new one; tensors of the old one are gone`,
        operationIn(action),
      );
    },
    requireTrusted(id, action): void {
      const written = writes.get(id);
      if (written !== undefined) requireComputed(written, action);
    },
    requireComputed,
    raise(): void {
      const error = untold;
      untold = undefined;
      if (error) throw error;
    },
  };
}

/** The operation of an action: `Add([2000])` of `run Add([2000])`. */
function operationIn(action: string): string {
  return action.replace(/^run /, "");
}

/** The exception for a fault. */
function describeFault(action: string, error: GPUError): DeviceError {
  const kind: DeviceErrorKind = error.constructor.name === "GPUOutOfMemoryError"
    ? "out-of-memory"
    : "validation";
  const cause = kind === "out-of-memory" ? "ran out of memory" : "refused it";
  return new DeviceError(
    kind,
    `Cannot ${action}: the GPU ${cause}: ${error.message}`,
    operationIn(action),
  );
}
