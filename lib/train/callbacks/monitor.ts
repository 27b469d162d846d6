// The number of an epoch that a callback monitors, and when it has improved.
import { requireRange } from "../../text/require.ts";

/** A number of each epoch. */
export type MonitoredMetric = "loss" | "accuracy" | "valLoss" | "valAccuracy";

/** What is monitored, and what counts as an improvement. */
export type MonitorOptions = {
  /** The monitored number. Default: `"valLoss"`. */
  readonly monitor?: MonitoredMetric;
  /** By how much it must be better than the best so far to count as improved, from 0. Default: 0. */
  readonly minDelta?: number;
};

/** The numbers, and whether more is better. */
const MORE_IS_BETTER: Readonly<Record<MonitoredMetric, boolean>> = {
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
  value(report: { readonly [Name in MonitoredMetric]?: number }): number;
  /** Whether a value is an improvement; the first always is. */
  improves(value: number, best: number | null): boolean;
};

/**
 * A monitor by its options.
 *
 * @param options which number, and by how much it must improve
 * @throws {RangeError} if the number is unknown, or an option is out of range
 */
export function monitorOf(what: string, options: MonitorOptions): Monitor {
  const { monitor = "valLoss", minDelta = 0 } = options;
  const known = Object.keys(MORE_IS_BETTER).join(", ");
  const isKnown = Object.hasOwn(MORE_IS_BETTER, monitor);
  requireRange(`make ${what}`, `the monitored number must be one of ${known}`, isKnown, monitor);
  const isDelta = minDelta >= 0 && minDelta < Infinity;
  requireRange(`make ${what}`, "minDelta must be finite and at least 0", isDelta, minDelta);
  const more = MORE_IS_BETTER[monitor];
  return {
    monitor,
    more,
    value: (report) => report[monitor]!,
    improves: (value, best) =>
      best === null || (more ? value > best + minDelta : value < best - minDelta),
  };
}
