// The live displays on stderr: of training, of work in steps, of counted work and of downloads.
// deno-lint-ignore no-import-prefix -- the one place that names it
import cliProgress from "npm:cli-progress@3.12.0";
import { divertLines, write } from "./command/say.ts";

/** A stream to draw on: stderr, or a test's. */
export type ProgressStream = {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
};

/** stderr, which may be closed while a task runs. */
const stderr: ProgressStream = {
  isTTY: Deno.stderr.isTerminal(),
  get columns() {
    return Deno.stderr.isTerminal() ? Deno.consoleSize().columns : 80;
  },
  write,
};

/** The part of cli-progress's `SingleBar` that is used (the package has no types of its own). */
type SingleBar = {
  start(total: number, value: number, payload: Record<string, string>): void;
  update(value: number, payload: Record<string, string>): void;
  stop(): void;
};

/** A bar on a terminal; elsewhere nothing is drawn. */
export type LiveBar = {
  /** Draws the bar. */
  draw(value: number, total: number, payload: Record<string, string>): void;
  /** Prints a line above the bar. */
  line(text: string): void;
  /** Removes the bar; nothing is drawn, and no timer runs, until it is drawn again. */
  stop(): void;
};

/** A bar that is not drawn yet. */
export function liveBar(format: string, stream: ProgressStream = stderr): LiveBar {
  let bar: SingleBar | undefined;
  let last: Parameters<LiveBar["draw"]> | undefined;
  const stop = (): void => {
    bar?.stop();
    bar = undefined;
    if (stream === stderr) divertLines(undefined);
  };
  const draw: LiveBar["draw"] = (value, total, payload) => {
    if (stream.isTTY !== true) return;
    last = [value, total, payload];
    if (bar) return bar.update(value, payload);
    if (stream === stderr) divertLines(line);
    const columns = stream.columns || 80;
    bar = new cliProgress.SingleBar({
      stream,
      format,
      // The text beside the bar takes up to 80 columns; narrow terminals cut its end.
      barsize: Math.max(10, Math.min(30, columns - 80)),
      clearOnComplete: true,
      // Trims the line itself, so that a killed run leaves the terminal as it was.
      linewrap: true,
      // Ctrl-C is handled by the task: it ends the step and writes the checkpoint.
      gracefulExit: false,
    }) as SingleBar;
    bar.start(total, value, payload);
  };
  const line = (text: string): void => {
    // The bar remembers its row, so it cannot scroll: it is removed and drawn again.
    const isShown = bar !== undefined;
    stop();
    stream.write(`${text}\n`);
    if (isShown) draw(...last!);
  };
  return { draw, line, stop };
}

/** Seconds as `8s`, `1m 5s` or `2h 3m`. */
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

/** When work began, and when its first step was done. */
type Clock = {
  readonly began: number;
  readonly first?: { readonly step: number; readonly at: number };
};

/** `12s - ETA: 1m 5s`; the estimate leaves out the first step, which compiles shaders. */
function times({ began, first }: Clock, step: number, total: number): string {
  const now = performance.now();
  const elapsed = duration((now - began) / 1000);
  if (!first || step === first.step) return elapsed;
  const each = (now - first.at) / 1000 / (step - first.step);
  return `${elapsed} - ETA: ${duration(each * (total - step))}`;
}

/** Means over the steps of an epoch so far. */
type StepMetrics = { readonly loss: number; readonly accuracy?: number };

/** Metrics of an epoch. */
type EpochMetrics = StepMetrics & {
  readonly valLoss?: number;
  readonly valAccuracy?: number;
  /** How long it took; measured here if absent. */
  readonly seconds?: number;
};

/** ` - loss: 0.2214 - accuracy: 0.9321 …` for the metrics that are there. */
function metricsText({ loss, accuracy, valLoss, valAccuracy }: EpochMetrics): string {
  const fields = { loss, accuracy, val_loss: valLoss, val_accuracy: valAccuracy };
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` - ${name}: ${fourDigits(value!)}`).join("");
}

/** The display of a training run; epochs and steps count from 1. */
export type TrainingProgress = {
  /** Shows that `step` steps of `epoch` are done. */
  step(epoch: number, step: number, metrics: StepMetrics): void;
  /** Prints the line of an epoch that is done. */
  epochEnd(epoch: number, metrics: EpochMetrics): void;
  /** Removes the bar until the next step. */
  stop(): void;
};

/**
 * Displays a training run: on a terminal a bar for each epoch with steps, elapsed and remaining
 * time, loss and accuracy; elsewhere one line when the first step is done (it compiles the
 * shaders). At each epoch's end, one line.
 *
 * @param stream where to draw; stderr by default
 * @returns the display; `stop` it when training ends or fails
 */
export function trainingProgress(
  { epochs, stepsPerEpoch }: { readonly epochs: number; readonly stepsPerEpoch: number },
  stream: ProgressStream = stderr,
): TrainingProgress {
  const bar = liveBar("Epoch {epoch} [{bar}] {value}/{total} - {times}{metrics}", stream);
  let clock: Clock & { readonly epoch: number } | undefined;
  let idleSince = performance.now();
  let isFirst = stream.isTTY !== true;
  return {
    step(epoch, step, metrics): void {
      const now = performance.now();
      if (clock?.epoch !== epoch) clock = { epoch, began: idleSince, first: { step, at: now } };
      if (isFirst) bar.line(`First step done in ${((now - idleSince) / 1000).toFixed(1)}s`);
      isFirst = false;
      bar.draw(step, stepsPerEpoch, {
        epoch: `${epoch}/${epochs}`,
        times: times(clock, step, stepsPerEpoch),
        metrics: metricsText(metrics),
      });
    },
    epochEnd(epoch, metrics): void {
      const now = performance.now();
      const seconds = metrics.seconds ?? (now - (clock?.began ?? idleSince)) / 1000;
      clock = undefined;
      bar.stop();
      bar.line(`Epoch ${epoch}/${epochs} - ${seconds.toFixed(1)}s${metricsText(metrics)}`);
      idleSince = now;
    },
    stop: bar.stop,
  };
}

/** The display of work in steps. */
export type StepProgress = {
  /**
   * Shows how many steps are done.
   *
   * @param done steps, from 0
   * @param total how many there are
   * @param score the value that is maximized, if there is one
   */
  step(done: number, total: number, score?: number): void;
  /** Removes the bar until the next step. */
  stop(): void;
};

/**
 * Displays work in steps: on a terminal a bar with steps, elapsed and remaining time and score;
 * elsewhere a line when the first step is done (it compiles the shaders), and one at each tenth of
 * the way.
 *
 * @param stream where to draw; stderr by default
 * @returns the display; `stop` it when the work ends or fails
 */
export function stepProgress(name: string, stream: ProgressStream = stderr): StepProgress {
  const bar = liveBar("{name} [{bar}] {value}/{total} - {times}{score}", stream);
  let clock: Clock = { began: performance.now() };
  let said = 0;
  return {
    step(done, total, score): void {
      if (done > 0 && !clock.first) {
        clock = { ...clock, first: { step: done, at: performance.now() } };
      }
      const payload = {
        name,
        times: times(clock, done, total),
        score: score === undefined ? "" : ` - score: ${fourDigits(score)}`,
      };
      bar.draw(done, total, payload);
      const tenth = Math.floor(10 * done / total);
      if (stream.isTTY === true || done === 0 || (said > 0 && tenth < said)) return;
      bar.line(`${name}: ${done}/${total} - ${payload.times}${payload.score}`);
      said = tenth + 1;
    },
    stop: bar.stop,
  };
}

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
 * @returns the display; `stop` it when the work ends or fails
 */
export function countProgress(what: string): CountProgress {
  const { draw, stop } = liveBar("{what} [{bar}] {value}/{total}");
  return { update: (done, total) => draw(done, total, { what }), stop };
}

/** The display of jobs, one after the other. */
export type JobProgress = {
  /** Shows that a job begins after so many. */
  begin(done: number, what: string): void;
  /** Prints a line. */
  say(line: string): void;
  /** Removes the bar. */
  stop(): void;
};

/**
 * Displays jobs: on a terminal a bar with what runs and the time since the first; elsewhere a line
 * for each.
 *
 * @param total how many there are
 * @returns the display; `stop` it when the last ends or fails
 */
export function jobProgress(total: number, stream: ProgressStream = stderr): JobProgress {
  const bar = liveBar("[{bar}] {value}/{total} - {elapsed} - {what}", stream);
  const began = performance.now();
  return {
    begin(done, what): void {
      const elapsed = duration((performance.now() - began) / 1000);
      bar.draw(done, total, { elapsed, what });
      if (stream.isTTY !== true) bar.line(`${done + 1}/${total} - ${elapsed} - ${what}`);
    },
    say: bar.line,
    stop: bar.stop,
  };
}

/** The display of a download. */
export type DownloadProgress = {
  /** Shows how many bytes are there, and of how many if that is known. */
  update(bytes: number, total: number | undefined): void;
  /** Removes the bar. */
  stop(): void;
};

/**
 * Displays a download: a line when it begins, and on a terminal a bar in megabytes.
 *
 * @param stream where to draw; stderr by default
 * @returns the display; `stop` it when the download ends or fails
 */
export function downloadProgress(name: string, stream: ProgressStream = stderr): DownloadProgress {
  const { draw, line, stop } = liveBar("Fetching {name} [{bar}] {value}/{total} MB", stream);
  const megabytes = (bytes: number): number => Math.round(bytes / 1e5) / 10;
  // At once: a server may take long to respond.
  line(`Fetching ${name}`);
  return {
    update(bytes, total): void {
      if (total) draw(megabytes(bytes), megabytes(total), { name });
    },
    stop,
  };
}
