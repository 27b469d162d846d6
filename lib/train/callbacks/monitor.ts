// The number of an epoch that a callback monitors, and when it has improved.
import { requireRange } from "../../text/require.ts";

/**
 * A number of each epoch: `"loss"`, `"accuracy"`, or a metric of the run, `"mae"`; with `val` before
 * it that of the validation examples: `"valLoss"`, `"valAccuracy"`, `"valMae"`.
 */
export type MonitoredMetric = string;

/** What is monitored, and what counts as an improvement. */
export type MonitorOptions = {
  /** The monitored number. Default: `"valLoss"`. */
  readonly monitor?: MonitoredMetric;
  /**
   * Whether less or more of it is better. Default: less of a loss, more of an accuracy; of another
   * metric it must be given.
   */
  readonly mode?: "min" | "max";
  /** By how much it must be better than the best so far to count as improved, from 0. Default: 0. */
  readonly minDelta?: number;
};

/** The usual numbers, and whether more is better. */
const MORE_IS_BETTER: Readonly<Record<string, boolean>> = {
  loss: false,
  accuracy: true,
  valLoss: false,
  valAccuracy: true,
};

/** Monitors one number of epochs. */
export type Monitor = {
  readonly monitor: MonitoredMetric;
  /** Whether more is better. */
  readonly more: boolean;
  /** The number of an epoch. */
  value(report: EpochNumbers): number;
  /** Whether a value is an improvement: the first finite one is, others that are not are none. */
  improves(value: number, best: number | null): boolean;
};

/** The numbers of an epoch. */
export type EpochNumbers = {
  readonly loss?: number;
  readonly accuracy?: number;
  readonly valLoss?: number;
  readonly valAccuracy?: number;
  readonly metrics?: { readonly [name: string]: number };
  readonly valMetrics?: { readonly [name: string]: number };
};

/** The name by which a metric on the validation examples is monitored: `mae`, `valMae`. */
export function validationName(metric: string): string {
  return `val${metric.charAt(0).toUpperCase()}${metric.slice(1)}`;
}

/** The numbers of an epoch by the names by which they are monitored. */
function numbersOf(report: EpochNumbers): Record<string, number | undefined> {
  const { loss, accuracy, valLoss, valAccuracy, metrics = {}, valMetrics = {} } = report;
  return {
    loss,
    accuracy,
    valLoss,
    valAccuracy,
    ...metrics,
    ...Object.fromEntries(
      Object.entries(valMetrics).map(([name, value]) => [validationName(name), value]),
    ),
  };
}

/**
 * A monitor by its options.
 *
 * @param options which number, whether more of it is better, and by how much it must improve
 * @throws {RangeError} if it is not said whether more is better, or an option is out of range
 */
export function monitorOf(what: string, options: MonitorOptions): Monitor {
  const { monitor = "valLoss", mode, minDelta = 0 } = options;
  const known = Object.keys(MORE_IS_BETTER).join(", ");
  const usual = Object.hasOwn(MORE_IS_BETTER, monitor)
    ? MORE_IS_BETTER[monitor]
    : /^\w+Loss$/.test(monitor)
    ? false
    : undefined;
  requireRange(
    `make ${what}`,
    `the monitored number must be one of ${known}, or a metric with mode: "min" or "max"`,
    mode === undefined ? usual !== undefined : mode === "min" || mode === "max",
    mode === undefined ? monitor : `mode ${mode}`,
  );
  const isDelta = minDelta >= 0 && minDelta < Infinity;
  requireRange(`make ${what}`, "minDelta must be finite and at least 0", isDelta, minDelta);
  const more = mode === undefined ? usual! : mode === "max";
  return {
    monitor,
    more,
    value: (report) => numbersOf(report)[monitor]!,
    improves: (value, best) =>
      Number.isFinite(value) &&
      (best === null || (more ? value > best + minDelta : value < best - minDelta)),
  };
}
