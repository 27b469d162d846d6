// The number of an epoch that a callback looks at, and when it is better than another.

/** A number of each epoch. */
export type Monitored = "loss" | "accuracy" | "valLoss" | "valAccuracy";

/** What is monitored, and what is an improvement. */
export type MonitorOptions = {
  /** The number of each epoch that is looked at. Default: `"valLoss"`. */
  readonly monitor?: Monitored;
  /** By how much it must be better than the best so far to count, from 0. Default: 0. */
  readonly minDelta?: number;
};

/** The numbers, and whether more of them is better. */
const MORE_IS_BETTER: Readonly<Record<Monitored, boolean>> = {
  loss: false,
  accuracy: true,
  valLoss: false,
  valAccuracy: true,
};

/** Looks at one number of epochs. */
export type Monitor = {
  readonly monitor: Monitored;
  /** Whether more is better. */
  readonly more: boolean;
  /** The number of an epoch. */
  value(report: { readonly [Name in Monitored]?: number }): number;
  /** Whether a value is an improvement; any is where there was none before. */
  improves(value: number, best: number | null): boolean;
};

/**
 * A monitor by its options.
 *
 * @param what who looks, for errors
 * @param options which number, and by how much it must improve
 * @throws {RangeError} where the number is unknown (with those there are), or an option out of range
 */
export function monitorOf(what: string, options: MonitorOptions): Monitor {
  const { monitor = "valLoss", minDelta = 0 } = options;
  if (!Object.hasOwn(MORE_IS_BETTER, monitor)) {
    throw new RangeError(
      `Cannot make ${what}: the monitored number must be one of ${
        Object.keys(MORE_IS_BETTER).join(", ")
      }, got ${monitor}`,
    );
  }
  if (!(minDelta >= 0 && minDelta < Infinity)) {
    throw new RangeError(
      `Cannot make ${what}: minDelta must be finite and at least 0, got ${minDelta}`,
    );
  }
  const more = MORE_IS_BETTER[monitor];
  return {
    monitor,
    more,
    value: (report) => report[monitor]!,
    improves: (value, best) =>
      best === null || (more ? value > best + minDelta : value < best - minDelta),
  };
}

/**
 * Refuses a number that is not whole, or below its least.
 *
 * @throws {RangeError}
 */
export function requireWhole(what: string, name: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new RangeError(
    `Cannot make ${what}: ${name} must be a whole number of at least ${least}, got ${value}`,
  );
}
