// Ends a run after some time.
import type { Callback } from "./callback.ts";

/** What {@linkcode timeLimit} remembers. */
type Spent = {
  /** Seconds of training before the run was taken up here. */
  readonly before: number;
  /** Seconds of training in all. */
  readonly seconds: number;
};

/**
 * Ends a run after the step under way when a time is over, that of the same run before it
 * was taken up again included. An epoch that is cut is not validated, and a schedule of
 * the learning rate is cut where it stands.
 *
 * @param seconds the time, above 0
 * @returns the callback
 * @throws {RangeError} where the time is not a finite number above 0
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
  if (!(seconds > 0 && seconds < Infinity)) {
    throw new RangeError(
      `Cannot make timeLimit: the seconds must be a finite number above 0, got ${seconds}`,
    );
  }
  const name = "timeLimit";
  return {
    name,
    onBegin(_, { state }) {
      const before = (state as Spent | null)?.seconds ?? 0;
      return { state: { before, seconds: before } };
    },
    onStep(report, { state }) {
      const { before } = state as Spent;
      const spent = { before, seconds: before + report.seconds };
      if (spent.seconds < seconds) return { state: spent };
      return { state: spent, stop: `${name}: ${seconds} seconds are over` };
    },
  };
}
