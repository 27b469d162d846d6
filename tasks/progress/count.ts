// The live display of work that is counted in examples, on stderr.
import { type Bar, makeBar, type ProgressStream, stderr } from "./bar.ts";

/** The display of counted work. */
export type CountProgress = {
  /** Shows how many are done. */
  update(done: number, total: number): void;
  /** Removes the bar. */
  stop(): void;
};

/**
 * Displays how much of some work is done, as a bar, on a terminal only.
 *
 * @param what the work, such as `Reading`
 * @param stream where to draw
 * @returns the display; `stop` it when the work ends or fails
 */
export function countProgress(
  what: string,
  stream: ProgressStream = stderr,
): CountProgress {
  let bar: Bar | undefined;
  return {
    update(done, total): void {
      if (stream.isTTY !== true) return;
      if (!bar) {
        bar = makeBar(stream, "{what} [{bar}] {value}/{total}");
        bar.start(total, done, { what });
      } else bar.update(done, { what });
    },
    stop(): void {
      bar?.stop();
      bar = undefined;
    },
  };
}
