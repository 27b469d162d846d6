// The record of a run of the bench, which is `bench.json`.
import type {
  AgreeLine,
  CostLine,
  Kind,
  OpLine,
  StartupLine,
  ZooLine,
  ZooPeerLine,
} from "./jobs/job.ts";
import { type Limit, limitOf, limitsOf } from "./limits.ts";
import { summarize, type Summary } from "./measure.ts";
import type { PeerName } from "./peers/peers.ts";
import type { BenchSettings } from "./settings.ts";

/** A network's time in one peer. */
export type TimeRow = {
  readonly kind: Kind;
  readonly model: string;
  readonly batchSize: number;
  readonly peer: PeerName;
  /** Milliseconds of each sample: a step, or an inference of the batch. */
  times: number[];
  /** Milliseconds of the first call of each round, which compiles. */
  first: number[];
  /** Milliseconds of one call that is waited for, of each round. */
  single: number[];
  /** The first loss, or outputs for the first image. */
  check?: readonly number[];
  /** Memory of the process, in bytes: the most seen. */
  rss?: number;
  /** Why there is no figure, or none of some rounds. */
  reason?: string;
  /** Of the times. */
  milliseconds?: Summary;
};

/** What a training step costs in one peer. */
export type CostRow = Partial<CostLine> & {
  readonly model: string;
  readonly batchSize: number;
  readonly peer: PeerName;
  readonly reason?: string;
};

/** What a peer computes, and how far it is from neocog's numbers. */
export type AgreeRow = Partial<AgreeLine> & {
  readonly model: string;
  readonly peer: PeerName;
  /** The largest difference from the first peer's numbers, relative to those above 1. */
  readonly difference?: number;
  readonly reason?: string;
};

/** A network of the registry at its own size. */
export type ZooRow = Partial<ZooLine> & { readonly model: string; readonly reason?: string };

/** The networks of the registry in a peer. */
export type ZooPeer = {
  readonly peer: PeerName;
  readonly lines: readonly ZooPeerLine[];
  readonly reason?: string;
};

/** A single operation's figure. */
export type OpRow = Omit<OpLine, "times"> & {
  readonly milliseconds?: Summary;
  readonly gflops?: number;
  /** Of the best matrix product of the same run. */
  readonly share?: number;
  /** What limits it, by the limits of the same run, and how much of that it reaches. */
  readonly limit?: Limit["name"];
  readonly ofLimit?: number;
  readonly gigabytesPerSecond?: number;
};

/** Everything a run has measured. */
export type BenchRecord = {
  readonly command: string;
  readonly date: string;
  readonly machine: {
    readonly os: string;
    readonly arch: string;
    readonly cpus: number;
    readonly memoryBytes: number;
    readonly load: readonly number[];
  };
  readonly adapter: string;
  readonly software: boolean;
  readonly versions: Record<string, string>;
  readonly settings: BenchSettings;
  times: TimeRow[];
  agreement: AgreeRow[];
  cost: CostRow[];
  startup: (StartupLine & { readonly wall: number })[];
  growth: TimeRow[];
  ops: OpRow[];
  zoo: ZooRow[];
  zooPeers: ZooPeer[];
  /** Whether the run was not interrupted. */
  finished: boolean;
};

/** A time row with what its samples sum up to. */
export function summed(row: TimeRow): TimeRow {
  return row.times.length === 0 ? row : { ...row, milliseconds: summarize(row.times) };
}

/**
 * The largest difference between two lists of numbers, relative if they are above 1.
 *
 * @param a numbers
 * @param b numbers that should be the same
 */
export function difference(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length) return Infinity;
  const each = a.map((value, i) => Math.abs(value - b[i]!) / Math.max(1, Math.abs(value)));
  return each.some(Number.isNaN) ? Infinity : Math.max(0, ...each);
}

/**
 * Figures of operations, with their shares of the best matrix product among them, and of what limits
 * them: by the least of their samples, as other work only adds to these.
 *
 * @param lines what the job `ops` returned
 * @param software whether the adapter computes on the CPU
 */
export function opRows(lines: readonly OpLine[], software: boolean): OpRow[] {
  const rows = lines.map(({ times, ...about }): OpRow => {
    if (times.length === 0) return about;
    const milliseconds = summarize(times);
    const perSecond = (amount: number): number => amount / (1e6 * milliseconds.median);
    const gigabytesPerSecond = perSecond(about.bytes);
    return { ...about, milliseconds, gflops: perSecond(about.flops), gigabytesPerSecond };
  });
  const best = bestProduct(rows);
  const timed = rows.flatMap(({ milliseconds }, i) =>
    milliseconds ? [{ line: lines[i]!, least: milliseconds.least }] : []
  );
  const limits = limitsOf(timed);
  return rows.map((row, i) => {
    if (row.gflops === undefined) return row;
    const limit = limitOf(lines[i]!, limits, software);
    return {
      ...row,
      ...(best > 0 ? { share: row.gflops / best } : {}),
      ...(limit && { limit: limit.name, ofLimit: limit.milliseconds / row.milliseconds!.least }),
    };
  });
}

/** GFLOP/s of the best matrix product. */
export function bestProduct(rows: readonly OpRow[]): number {
  return Math.max(0, ...rows.map(({ kind, gflops }) => kind.startsWith("dense") ? gflops ?? 0 : 0));
}
