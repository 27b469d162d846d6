// The live displays on stderr: of a training run, with the fields that Keras users know, and of a download.
import {
  type Bar,
  duration,
  fourDigits,
  makeBar,
  type ProgressStream,
  stderr,
} from "./progress/bar.ts";

export { type AscentProgress, ascentProgress } from "./progress/ascent.ts";
export type { ProgressStream } from "./progress/bar.ts";

/** Means over the steps of an epoch so far. */
export type StepMetrics = { readonly loss: number; readonly accuracy?: number };

/** Metrics of an epoch. */
export type EpochMetrics = StepMetrics & {
  readonly valLoss?: number;
  readonly valAccuracy?: number;
  /** How long it took; measured here if absent. */
  readonly seconds?: number;
};

/** The display of one training run; epochs and steps count from 1. */
export type TrainingProgress = {
  /** Shows that `step` steps of `epoch` are done. */
  step(epoch: number, step: number, metrics: StepMetrics): void;
  /** Prints the line of an epoch that is done. */
  epochEnd(epoch: number, metrics: EpochMetrics): void;
  /** Prints a line without disturbing the bar. */
  note(line: string): void;
  /** Removes the bar; nothing is drawn, and no timer runs, until the next step. */
  stop(): void;
};

const FORMAT = "Epoch {epoch} [{bar}] {value}/{total} - {times}{metrics}";

/** ` - loss: 0.2214 - accuracy: 0.9321 …` for the metrics that are there. */
function metricsText({ loss, accuracy, valLoss, valAccuracy }: EpochMetrics): string {
  const fields = { loss, accuracy, val_loss: valLoss, val_accuracy: valAccuracy };
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` - ${name}: ${fourDigits(value!)}`).join("");
}

/** When an epoch began, and when its first step was done. */
type EpochClock = {
  readonly epoch: number;
  readonly began: number;
  readonly first: { readonly step: number; readonly at: number };
};

/** `12s - ETA: 1m 5s`; the first step compiles shaders, so it tells nothing about the others. */
function times({ began, first }: EpochClock, step: number, total: number, now: number): string {
  const elapsed = duration((now - began) / 1000);
  if (step === first.step) return elapsed;
  const each = (now - first.at) / 1000 / (step - first.step);
  return `${elapsed} - ETA: ${duration(each * (total - step))}`;
}

/**
 * Displays a training run: on a terminal a bar for each epoch with steps,
 * elapsed and remaining time, loss and accuracy; elsewhere one line when the
 * first step is done (it compiles the shaders). At each epoch's end, one line.
 *
 * @param run how many epochs there are in all, and steps in each
 * @param stream where to draw; stderr by default
 * @returns the display; `stop` it when training ends or fails
 */
export function trainingProgress(
  { epochs, stepsPerEpoch }: { readonly epochs: number; readonly stepsPerEpoch: number },
  stream: ProgressStream = stderr,
): TrainingProgress {
  let bar: Bar | undefined;
  let clock: EpochClock | undefined;
  let drawn: { value: number; payload: Record<string, string> } | undefined;
  let idleSince = performance.now();
  let steps = 0;

  const stop = (): void => {
    bar?.stop();
    bar = undefined;
  };
  const draw = (): void => {
    if (!drawn || stream.isTTY !== true) return;
    if (bar) return bar.update(drawn.value, drawn.payload);
    bar = makeBar(stream, FORMAT);
    bar.start(stepsPerEpoch, drawn.value, drawn.payload);
  };
  const line = (text: string): void => {
    // The bar remembers its row, so it cannot scroll: it is removed and drawn again.
    const shown = bar !== undefined;
    stop();
    stream.write(`${text}\n`);
    if (shown) draw();
  };

  return {
    step(epoch, step, metrics): void {
      const now = performance.now();
      if (clock?.epoch !== epoch) clock = { epoch, began: idleSince, first: { step, at: now } };
      const payload = {
        epoch: `${epoch}/${epochs}`,
        times: times(clock, step, stepsPerEpoch, now),
        metrics: metricsText(metrics),
      };
      drawn = { value: step, payload };
      if (steps++ === 0 && stream.isTTY !== true) {
        line(`First step done in ${((now - idleSince) / 1000).toFixed(1)}s`);
      }
      draw();
    },
    epochEnd(epoch, metrics): void {
      const now = performance.now();
      const seconds = metrics.seconds ?? (now - (clock?.began ?? idleSince)) / 1000;
      drawn = undefined;
      clock = undefined;
      line(`Epoch ${epoch}/${epochs} - ${seconds.toFixed(1)}s${metricsText(metrics)}`);
      idleSince = now;
    },
    note: line,
    stop,
  };
}

/** The display of one download. */
export type DownloadProgress = {
  /** Shows how many bytes are there, and of how many if that is known. */
  update(bytes: number, total: number | undefined): void;
  /** Removes the bar. */
  stop(): void;
};

/**
 * Displays a download: a line when it begins, and on a terminal a bar in megabytes.
 *
 * @param name what is fetched
 * @param stream where to draw; stderr by default
 * @returns the display; `stop` it when the download ends or fails
 */
export function downloadProgress(
  name: string,
  stream: ProgressStream = stderr,
): DownloadProgress {
  let bar: Bar | undefined;
  const megabytes = (bytes: number): number => Math.round(bytes / 1e5) / 10;
  // At once: a server may take long to respond.
  stream.write(`Fetching ${name}\n`);
  return {
    update(bytes, total): void {
      if (stream.isTTY !== true || !total) return;
      if (!bar) {
        bar = makeBar(stream, "Fetching {name} [{bar}] {value}/{total} MB");
        bar.start(megabytes(total), megabytes(bytes), { name });
      } else bar.update(megabytes(bytes), { name });
    },
    stop(): void {
      bar?.stop();
      bar = undefined;
    },
  };
}
