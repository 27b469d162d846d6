// Runs a job of the bench in a process of its own, so that no peer slows another.
import type { Job } from "./jobs/job.ts";
import { isPython } from "./peers/peers.ts";
import { RESULT } from "./worker.ts";

/** What a process returned. */
export type Outcome<Line> = {
  /** Its results, also those from before it failed. */
  readonly results: readonly Line[];
  /** Why it failed; absent if it did not. */
  readonly reason?: string;
};

/** The last line of a process's stderr, without colors. */
function lastLine(text: string): string | undefined {
  // deno-lint-ignore no-control-regex -- colors
  const lines = text.replace(/\x1b\[[\d;]*m/g, "").split("\n").map((line) => line.trim());
  return lines.findLast((line) => line !== "");
}

/** Runs a job. */
export async function runJob<Line>(
  job: Job,
  options: { readonly limit: number; readonly signal?: AbortSignal },
): Promise<Outcome<Line>> {
  const timeout = AbortSignal.timeout(Math.max(1, options.limit));
  const python = Deno.env.get("NEOCOG_PYTHON");
  // By name, as --allow-run grants what is on the PATH.
  const process = await new Deno.Command("deno", {
    args: [
      "run",
      "--allow-read",
      "--allow-env",
      "--allow-sys",
      ...("peer" in job && isPython(job.peer) && python ? [`--allow-run=${python}`] : []),
      new URL("worker.ts", import.meta.url).href,
      JSON.stringify(job),
    ],
    env: { LD_LIBRARY_PATH: "", LD_PRELOAD: "" },
    signal: options.signal ? AbortSignal.any([timeout, options.signal]) : timeout,
  }).output();
  const [out, complaint] = [process.stdout, process.stderr].map((bytes) =>
    new TextDecoder().decode(bytes)
  ) as [string, string];
  const lines = out.split("\n").filter((line) => line.startsWith(RESULT))
    .map((line) => JSON.parse(line.slice(RESULT.length)));
  const results = lines.filter((line) => !("error" in line));
  const error = lines.find((line) => "error" in line)?.error;
  if (process.success && error === undefined) return { results };
  const late = timeout.aborted && !process.success;
  const reason = error ??
    (late
      ? `no result within ${Math.round(options.limit / 1000)} s`
      : lastLine(complaint) ?? `its process ended with ${process.signal ?? process.code}`);
  return { results, reason };
}
