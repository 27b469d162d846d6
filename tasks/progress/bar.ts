// The bar of every display, by cli-progress.
// deno-lint-ignore no-import-prefix -- the one place that names it
import cliProgress from "npm:cli-progress@3.12.0";
import { write } from "../command/say.ts";

/** A stream to draw on: stderr, or a test's. */
export type ProgressStream = {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
};

/** stderr, which may be closed while a task runs. */
export const stderr: ProgressStream = {
  isTTY: Deno.stderr.isTerminal(),
  get columns() {
    return Deno.stderr.isTerminal() ? Deno.consoleSize().columns : 80;
  },
  write,
};

/** The part of cli-progress's `SingleBar` that is used (the package has no types of its own). */
export type Bar = {
  start(total: number, value: number, payload: Record<string, string>): void;
  update(value: number, payload: Record<string, string>): void;
  stop(): void;
};

/**
 * A bar that is not drawn yet.
 *
 * @param stream where to draw
 * @param format cli-progress's format of its line
 */
export function makeBar(stream: ProgressStream, format: string): Bar {
  const columns = stream.columns || 80;
  return new cliProgress.SingleBar({
    stream,
    format,
    // The text beside the bar takes up to 80 columns; narrow terminals cut its end.
    barsize: Math.max(10, Math.min(30, columns - 80)),
    clearOnComplete: true,
    // Trims the line itself, so that a killed run leaves the terminal as it was.
    linewrap: true,
    // Ctrl-C is handled by the task: it ends the step and writes the checkpoint.
    gracefulExit: false,
  }) as Bar;
}

/**
 * Seconds as `8s`, `1m 5s` or `2h 3m`.
 *
 * @param seconds how many
 */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole}s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60
    ? `${minutes}m ${whole % 60}s`
    : `${Math.floor(minutes / 60)}h ${minutes % 60}m`;
}

/**
 * A number with four significant digits: `0.2214`, `12.35`, `4.057e+11`.
 *
 * @param value the number
 */
export function fourDigits(value: number): string {
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-3 || size >= 1e4) ? value.toExponential(3) : value.toPrecision(4);
}
