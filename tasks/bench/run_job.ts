// Runs a job of the bench in a process of its own, so that no peer weighs on another.
import type { Job } from "./jobs/job.ts";
import { ANSWER } from "./worker.ts";

/** What a process came to. */
export type Outcome<Line> = {
  /** Its answers, also those of before it failed. */
  readonly answers: readonly Line[];
  /** Why it did not end well; absent where it did. */
  readonly reason?: string;
};

/** The last line of what a process complained of, without colors. */
function lastLine(text: string): string | undefined {
  // deno-lint-ignore no-control-regex -- colors
  const lines = text.replace(/\x1b\[[\d;]*m/g, "").split("\n").map((line) => line.trim());
  return lines.findLast((line) => line !== "");
}

function reasonOf(
  status: Deno.CommandStatus,
  complaint: string,
  late: boolean,
  seconds: number,
): string | undefined {
  if (late) return `no result within ${Math.round(seconds)} s`;
  if (status.success) return undefined;
  return lastLine(complaint) ?? `its process ended with ${status.signal ?? status.code}`;
}

/**
 * Runs a job.
 *
 * @param job what to do
 * @param options how long it may take, in milliseconds, and what ends it sooner
 */
export async function runJob<Line>(
  job: Job,
  options: { readonly limit: number; readonly signal?: AbortSignal },
): Promise<Outcome<Line>> {
  const timeout = AbortSignal.timeout(Math.max(1, options.limit));
  // By name, as --allow-run grants what is on the PATH.
  const process = await new Deno.Command("deno", {
    args: [
      "run",
      "--allow-read",
      "--allow-env",
      "--allow-sys",
      new URL("worker.ts", import.meta.url).href,
      JSON.stringify(job),
    ],
    env: { LD_LIBRARY_PATH: "", LD_PRELOAD: "" },
    signal: options.signal ? AbortSignal.any([timeout, options.signal]) : timeout,
  }).output();
  const [out, complaint] = [process.stdout, process.stderr].map((bytes) =>
    new TextDecoder().decode(bytes)
  ) as [string, string];
  const lines = out.split("\n").filter((line) => line.startsWith(ANSWER));
  const parsed = lines.map((line) => JSON.parse(line.slice(ANSWER.length)));
  const failure = parsed.find((line) => "error" in line);
  const late = timeout.aborted && !process.success;
  const reason = failure?.error ?? reasonOf(process, complaint, late, options.limit / 1000);
  const answers = parsed.filter((line) => !("error" in line));
  return { answers, ...(reason === undefined ? {} : { reason }) };
}
