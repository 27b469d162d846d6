// A run of the bench, which its sections share.
import type { Job } from "./jobs/job.ts";
import { isPython, type PeerName } from "./peers/peers.ts";
import type { BenchRecord } from "./record.ts";
import { type Outcome, runJob } from "./run_job.ts";
import type { BenchSettings } from "./settings.ts";

/** A run of the bench. */
export type Bench = {
  readonly settings: BenchSettings;
  readonly record: BenchRecord;
  /** Whether nothing more may be started. */
  readonly over: () => boolean;
  /** Prints a line on stderr. */
  readonly say: (line: string) => void;
  /** Keeps the record as it is. */
  readonly save: () => Promise<void>;
  /**
   * Runs a job in a process of its own.
   *
   * @param what it is, for the display
   */
  readonly run: <Line>(job: Job, what: string) => Promise<Outcome<Line>>;
};

/** The display of the jobs. */
export type BenchDisplay = {
  /** Shows that a job begins, after so many. */
  readonly begin: (done: number, what: string) => void;
  /** Prints a line. */
  readonly say: (line: string) => void;
};

/** Why a figure is missing if time was over. */
export const NO_TIME = "not measured: the run was over before";

/** Why a peer is missing that has once said that it is absent. */
const ABSENT = /^absent/;

/** A run. */
export function makeBench(
  settings: BenchSettings,
  record: BenchRecord,
  options: {
    readonly signal: AbortSignal;
    readonly save: Bench["save"];
    readonly display: BenchDisplay;
  },
): Bench {
  const { signal, save, display } = options;
  const end = performance.now() + settings.limit;
  const left = (): number => end - performance.now();
  const absent = new Map<PeerName, string>();
  let done = 0;
  return {
    settings,
    record,
    save,
    say: display.say,
    over: () => signal.aborted || left() < 3000,
    async run<Line>(job: Job, what: string): Promise<Outcome<Line>> {
      display.begin(done++, what);
      const peer = "peer" in job ? job.peer : undefined;
      const known = peer && absent.get(peer);
      if (known) return { results: [], reason: known };
      // In whole seconds below the largest delay a timer can have.
      const limit = Math.min(settings.processLimit, left());
      const outcome = await runJob<Line>(job, { limit, signal });
      // Without its package a peer is not asked again.
      if (peer && isPython(peer) && ABSENT.test(outcome.reason ?? "")) {
        absent.set(peer, outcome.reason!);
      }
      const version = (outcome.results[0] as { readonly version?: string } | undefined)?.version;
      if (peer && version) record.versions[peer] = version;
      return outcome;
    },
  };
}
