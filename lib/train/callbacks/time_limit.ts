// Stops a run after some time.
import { requirePositive } from "../../text/require.ts";
import type { Callback } from "./callback.ts";

/** What {@linkcode timeLimit} remembers. */
type TimeState = {
  /** Seconds of training before the run was taken up here. */
  readonly before: number;
  /** Seconds of training in all. */
  readonly seconds: number;
};

/**
 * Stops a run at the first step after a time limit. The time before the run was resumed counts too.
 * An incomplete epoch is not validated, and a learning-rate schedule ends where it is.
 *
 * @param seconds the limit, above 0
 * @returns the callback
 * @throws {RangeError} if the limit is not a finite number above 0
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { timeLimit } from "@neocog/neocog/callbacks";
 *
 * assertEquals(timeLimit(60).name, "timeLimit");
 * assertThrows(() => timeLimit(-1), RangeError, "got -1");
 * ```
 */
export function timeLimit(seconds: number): Callback {
  requirePositive("make timeLimit", "the seconds", seconds);
  const name = "timeLimit";
  return {
    name,
    onBegin(_, { state }) {
      const before = (state as TimeState | null)?.seconds ?? 0;
      return { state: { before, seconds: before } };
    },
    onStep(report, { state }) {
      const { before } = state as TimeState;
      const spent = { before, seconds: before + report.seconds };
      if (spent.seconds < seconds) return { state: spent };
      return { state: spent, stop: `${name}: ${seconds} seconds are over` };
    },
  };
}
