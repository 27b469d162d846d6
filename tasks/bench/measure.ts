// Samples of a figure, and their summary.

/** The samples of one figure, summed up. */
export type Summary = {
  readonly median: number;
  /** The quartiles: half of the samples lie between them. */
  readonly q1: number;
  readonly q3: number;
  readonly least: number;
  readonly most: number;
  readonly samples: number;
};

/** A quantile of sorted samples, between neighbors by their distance. */
function quantile(sorted: readonly number[], share: number): number {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const [low, high] = [sorted[below]!, sorted[Math.min(below + 1, sorted.length - 1)]!];
  return low + (high - low) * (place - below);
}

/**
 * Sums up samples.
 *
 * @throws {RangeError} if there is none
 */
export function summarize(samples: readonly number[]): Summary {
  if (samples.length === 0) {
    throw new RangeError("Cannot sum up samples: there must be one, got none");
  }
  const sorted = samples.toSorted((a, b) => a - b);
  return {
    median: quantile(sorted, 0.5),
    q1: quantile(sorted, 0.25),
    q3: quantile(sorted, 0.75),
    least: sorted[0]!,
    most: sorted.at(-1)!,
    samples: sorted.length,
  };
}

/** A call that takes longer than so many samples is timed once. */
const LONG = 30;

/** How many calls one sample has, so that the wait at its end is a small share of it. */
export function callsPerSample(milliseconds: number, sampleMs: number): number {
  return Math.min(200, Math.max(1, Math.ceil(sampleMs / Math.max(milliseconds, 0.01))));
}

/** A clock, in milliseconds. */
const NOW = (): number => performance.now();

/** Milliseconds that a call takes. */
export async function timed(call: () => Promise<unknown>, now = NOW): Promise<number> {
  const began = now();
  await call();
  return now() - began;
}

/** Samples of a repeated call. */
export type Samples = {
  /** Milliseconds a call, of each sample. */
  readonly times: readonly number[];
  /** Milliseconds of the first call, which compiles. */
  readonly first: number;
  /** Milliseconds of one call that is waited for. */
  readonly single: number;
};

/**
 * Times a call that can be repeated without waiting: first once, then once more to see how long it
 * takes, then in samples.
 */
export async function sample(
  run: (times: number) => Promise<unknown>,
  samples: number,
  sampleMs: number,
  now = NOW,
): Promise<Samples> {
  const first = await timed(() => run(1), now);
  const single = await timed(() => run(1), now);
  if (single > LONG * sampleMs) return { times: [single], first, single };
  const calls = callsPerSample(single, sampleMs);
  const times: number[] = [];
  for (let i = 0; i < samples; i++) {
    times.push(await timed(() => run(calls), now) / calls);
  }
  return { times, first, single };
}
