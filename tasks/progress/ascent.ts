// The live display of work on a picture: steps, time, and the score if there is one.
import { type Bar, duration, fourDigits, makeBar, type ProgressStream, stderr } from "./bar.ts";

/** The display of work on one picture. */
export type AscentProgress = {
  /**
   * Shows how many steps are done.
   *
   * @param done steps, from 0
   * @param score the value that is maximized, if there is one
   */
  step(done: number, score?: number): void;
  /** Prints a line without disturbing the bar. */
  note(line: string): void;
  /** Removes the bar; nothing is drawn until the next step. */
  stop(): void;
};

/**
 * Displays work that goes step by step: on a terminal a bar with steps, elapsed and remaining
 * time and score; elsewhere a line when the first step is done (it compiles the shaders), and
 * one at each tenth of the way.
 *
 * @param name what is made, such as a layer
 * @param steps how many steps there are
 * @param stream where to draw; stderr by default
 * @returns the display; `stop` it when the work ends or fails
 */
export function ascentProgress(
  name: string,
  steps: number,
  stream: ProgressStream = stderr,
): AscentProgress {
  const began = performance.now();
  let bar: Bar | undefined;
  let first: { readonly done: number; readonly at: number } | undefined;
  let last = { done: 0, score: "" };
  let said = 0;
  const times = (): string => {
    const now = performance.now();
    const elapsed = duration((now - began) / 1000);
    if (!first || last.done === first.done) return elapsed;
    const each = (now - first.at) / 1000 / (last.done - first.done);
    return `${elapsed} - ETA: ${duration(each * (steps - last.done))}`;
  };
  const stop = (): void => {
    bar?.stop();
    bar = undefined;
  };
  const draw = (): void => {
    const payload = { name, times: times(), score: last.score };
    if (bar) return bar.update(last.done, payload);
    bar = makeBar(stream, "{name} [{bar}] {value}/{total} - {times}{score}");
    bar.start(steps, last.done, payload);
  };
  const line = (text: string): void => {
    const shown = bar !== undefined;
    stop();
    stream.write(`${text}\n`);
    if (shown) draw();
  };
  return {
    step(done, score): void {
      last = { done, score: score === undefined ? "" : ` - score: ${fourDigits(score)}` };
      if (done > 0) first ??= { done, at: performance.now() };
      if (stream.isTTY === true) return draw();
      const tenth = Math.floor(10 * done / steps);
      if (done === 0 || (said > 0 && tenth < said)) return;
      line(`${name}: ${done}/${steps} - ${times()}${last.score}`);
      said = tenth + 1;
    },
    note: line,
    stop,
  };
}
