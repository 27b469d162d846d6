// A process of the bench: does one job, given as JSON, and prints each answer as a line of JSON.
import type { Job } from "./jobs/job.ts";

/** What begins a line that is an answer. */
export const ANSWER = "@bench ";

function say(line: unknown): void {
  console.log(ANSWER + JSON.stringify(line));
}

/** Each job's module is imported for it alone: what one needs must not weigh on another's start. */
async function work(job: Job): Promise<void> {
  switch (job.job) {
    case "time":
      return (await import("./jobs/time.ts")).timeJob(job, say);
    case "agree":
      return say(await (await import("./jobs/agree.ts")).agreeJob(job));
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
