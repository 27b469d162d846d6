// The bar under every display, by cli-progress.
// deno-lint-ignore no-import-prefix -- the one place that names it
import cliProgress from "npm:cli-progress@3.12.0";

/** A stream to draw on: `node:process`'s stderr, or a test's. */
export type ProgressStream = {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
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
    // What stands beside the bar takes up to 80 columns; on narrow terminals its end is cut.
    barsize: Math.max(10, Math.min(30, columns - 80)),
    clearOnComplete: true,
    // Trims the line itself, so that a run that is killed leaves the terminal as it was.
    linewrap: true,
    // Ctrl-C is the task's: it ends the step and writes the checkpoint.
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
