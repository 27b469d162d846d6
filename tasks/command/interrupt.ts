// Ctrl-C, SIGTERM, SIGHUP and a closed pipe: they end the step in progress, and its work is kept.
import { onStderrClosed, say } from "./say.ts";

/** Signals that ask a process to end, with the exit codes that shells give them. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** The exit code of a process whose output is no longer read, as of SIGPIPE. */
const CLOSED_PIPE = 141;

/** The reason of an aborted signal: what ended the work, as the process's exit code. */
export class Interruption extends Error {
  override name = "Interruption";

  constructor(readonly exitCode: number) {
    super("The work was interrupted");
  }
}

/**
 * Aborts at the first Ctrl-C, SIGTERM or SIGHUP, or when nobody reads stderr any more; the same
 * signal a second time ends the process at once.
 */
export function abortOnInterrupt(line: string): AbortSignal {
  const controller = new AbortController();
  const seen = new Set<number>();
  const end = (exitCode: number): void => {
    if (seen.has(exitCode)) Deno.exit(exitCode);
    seen.add(exitCode);
    if (controller.signal.aborted) return;
    controller.abort(new Interruption(exitCode));
    say(line);
  };
  for (const [name, exitCode] of Object.entries(SIGNALS)) {
    if (Deno.build.os === "windows" && name === "SIGTERM") continue;
    Deno.addSignalListener(name as keyof typeof SIGNALS, () => end(exitCode));
  }
  onStderrClosed(() => end(CLOSED_PIPE));
  return controller.signal;
}

/** The exit code of a process whose work was interrupted. */
export function exitCodeOf({ reason }: AbortSignal): number {
  return (reason as Interruption).exitCode;
}
