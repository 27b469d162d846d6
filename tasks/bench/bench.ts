// One run of the bench: what its sections share.
import type { Job } from "./jobs/job.ts";
import type { BenchRecord } from "./record.ts";
import { type Outcome, runJob } from "./run_job.ts";
import type { BenchSettings } from "./settings.ts";

/** What the sections of a run share. */
export type Bench = {
  readonly settings: BenchSettings;
  readonly record: BenchRecord;
  /** Whether nothing more is to be started. */
  readonly over: () => boolean;
  /** Says on stderr what is being measured. */
  readonly say: (line: string) => void;
  /** Keeps the record as it is. */
  readonly save: () => Promise<void>;
  /** Runs a job in a process of its own. */
  readonly run: <Line>(job: Job) => Promise<Outcome<Line>>;
};

/** Why a figure is missing that there was no time for. */
export const NO_TIME = "not measured: the run was over before";

/**
 * A run.
 *
 * @param settings what to measure
 * @param record where figures go
 * @param options what ends it, how it is kept, where it says what it does
 */
export function makeBench(
  settings: BenchSettings,
  record: BenchRecord,
  options: { readonly signal: AbortSignal } & Pick<Bench, "save" | "say">,
): Bench {
  const { signal, save, say } = options;
  const end = performance.now() + settings.limit;
  const left = (): number => end - performance.now();
  return {
    settings,
    record,
    save,
    say,
    over: () => signal.aborted || left() < 3000,
    run: (job) => {
      // In whole seconds below the largest delay a timer can have.
      const limit = Math.min(settings.processLimit, left());
      return runJob(job, { limit, signal });
    },
  };
}
