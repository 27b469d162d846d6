// WebGPU's error scopes, whose returns go to the ledger of faults.
import type { FaultLedger } from "./faults.ts";

/** Watches what is given to a device. */
export type ErrorScopes = {
  /**
   * Opens error scopes around `record` and hands their returns to the ledger.
   *
   * @param action what is done, such as `run Add([2000])`
   */
  watched<T>(action: string, record: () => T): T;
  /** Notes what was thrown instead of being told to the error scope that is open. */
  refuse(error: Error): void;
  /** Waits for what a lost device says: a moment later than what fails for it. */
  lossOr100ms(): Promise<unknown>;
};

/**
 * Makes the error scopes of a device.
 *
 * @param faults the ledger that is told
 */
export function errorScopes(device: GPUDevice, faults: FaultLedger): ErrorScopes {
  let refused: Error | undefined;
  const lossOr100ms = (): Promise<unknown> =>
    Promise.race([device.lost, new Promise((done) => setTimeout(done, 100))]);
  /** An error for the ledger, unless it came of the device's loss. */
  async function unlessLost(error: Error): Promise<GPUError | null> {
    await lossOr100ms();
    return faults.isLost ? null : error;
  }
  return {
    watched<T>(action: string, record: () => T): T {
      const buffer = faults.current;
      device.pushErrorScope("out-of-memory");
      device.pushErrorScope("validation");
      try {
        return record();
      } finally {
        const validation = device.popErrorScope();
        // Without memory for a buffer, also what would use the buffer is refused.
        const scopes = [device.popErrorScope(), validation];
        if (refused) scopes.push(unlessLost(refused));
        refused = undefined;
        faults.watch(action, buffer, scopes);
      }
    },
    refuse: (error): void => void (refused = error),
    lossOr100ms,
  };
}
