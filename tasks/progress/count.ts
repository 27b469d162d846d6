// The live display of work that is counted in examples, on stderr.
import process from "node:process";
import { type Bar, makeBar, type ProgressStream } from "./bar.ts";

/** The display of counted work. */
export type CountProgress = {
  /** Tells how many are done. */
  update(done: number, total: number): void;
  /** Takes the bar away. */
  stop(): void;
};

/**
 * Displays how much of some work is done: on a terminal alone, as a bar.
 *
 * @param what what is done, `Reading`
 * @param stream where to draw
 * @returns the display; `stop` it when the work ends or fails
 */
export function countProgress(
  what: string,
  stream: ProgressStream = process.stderr as ProgressStream,
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
