// A run of the bench, which its sections share.
import type { Job } from "./jobs/job.ts";
import type { BenchRecord } from "./record.ts";
import { type Outcome, runJob } from "./run_job.ts";
import type { BenchSettings } from "./settings.ts";

/** A run of the bench. */
export type Bench = {
  readonly settings: BenchSettings;
  readonly record: BenchRecord;
  /** Whether nothing more may be started. */
  readonly over: () => boolean;
  /** Says on stderr what is being measured. */
  readonly say: (line: string) => void;
  /** Keeps the record as it is. */
  readonly save: () => Promise<void>;
  /** Runs a job in a process of its own. */
  readonly run: <Line>(job: Job) => Promise<Outcome<Line>>;
};

/** Why a figure is missing if time was over. */
export const NO_TIME = "not measured: the run was over before";

/** A run. */
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
