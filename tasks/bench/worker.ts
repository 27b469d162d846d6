// A process of the bench: does one job, given as JSON, and prints each result as a line of JSON.
import type { Job } from "./jobs/job.ts";
import { isPython, loadPeer } from "./peers/peers.ts";

/** The beginning of a line with a result. */
export const RESULT = "@bench ";

function say(line: unknown): void {
  console.log(RESULT + JSON.stringify(line));
}

/** A job's module is imported only for it: what one needs must not slow another's start. */
async function work(job: Job): Promise<void> {
  if ("peer" in job && isPython(job.peer)) return (await import("./jobs/python.ts")).pythonJob(job);
  switch (job.job) {
    case "time":
      return (await import("./jobs/time.ts")).timeJob(job, say);
    case "agree":
      return say(
        await (await import("./jobs/agree.ts")).agreeJob(await loadPeer(job.peer), job.model),
      );
    case "cost":
      return say(await (await import("./jobs/cost.ts")).costJob(job));
    case "startup":
      return say(await (await import("./jobs/startup.ts")).startupJob(job));
    case "zoo":
      return say(await (await import("./jobs/zoo.ts")).zooJob(job));
    case "ops":
      return (await import("./jobs/ops.ts")).opsJob(job, say);
  }
}

if (import.meta.main) {
  try {
    await work(JSON.parse(Deno.args[0]!));
  } catch (error) {
    say({ error: (error as Error).message });
  }
  // The peers leave workers, timers and devices behind.
  Deno.exit(0);
}
