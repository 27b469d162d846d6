// Work that is done again if its device is lost.
import { requireOptions, requireWhole } from "../text/require.ts";
import { DeviceError } from "./errors.ts";
import { start, START_OPTIONS, type StartOptions } from "./start.ts";

/** Options of {@linkcode recover}. */
export type RecoverOptions = StartOptions & {
  /** How many lost devices are replaced, from 1. Default: 3. */
  readonly times?: number;
  /** Called when a device was lost, before another one is started, with the number of losses so far. */
  readonly onLost?: (error: DeviceError, count: number) => void;
};

/**
 * Does work that needs the device. If the device is lost meanwhile, another one is started, and the
 * work is done again from its beginning. Tensors of the lost device are gone, so the work must make
 * its own: a training run continues from its last checkpoint.
 *
 * @param work what to do; it is called again after each loss, with the number of losses so far
 * @param options how many losses, what to be told, and the options of {@linkcode start}
 * @returns what the work returned
 * @throws {DeviceError} of kind `lost` if the device is lost more often than `times`, and of kind
 * `missing` if there is no other one
 * @throws {RangeError} if `times` is not a whole number from 1
 * @throws {Error} what else the work throws
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { recover } from "@neocog/neocog/device";
 * import { DeviceError, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const sum = await recover(async (losses) => {
 *   if (losses === 0) throw new DeviceError("lost", "Cannot run Add: the device was lost");
 *   return await tf.add(1, 2).array();
 * }, { backend: "cpu" });
 * assertEquals(sum, 3);
 * ```
 */
export async function recover<T>(
  work: (losses: number) => Promise<T>,
  options: RecoverOptions = {},
): Promise<T> {
  requireOptions("recover", options, {
    ...START_OPTIONS,
    times: true,
    onLost: true,
  });
  const { times = 3, onLost, ...starting } = options;
  requireWhole("recover", "times", times);
  for (let losses = 0;; losses++) {
    try {
      return await work(losses);
    } catch (error) {
      if (!(error instanceof DeviceError) || error.kind !== "lost" || losses === times) throw error;
      onLost?.(error, losses + 1);
      await start(starting);
    }
  }
}
