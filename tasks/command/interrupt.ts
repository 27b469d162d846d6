// Ctrl-C as a signal to end the step under way and keep what there is.
import { say } from "./say.ts";

/**
 * Aborts at the first Ctrl-C; the second one ends the process at once.
 *
 * @param line what is said at the first one
 * @returns the signal, for the work that is to end by it
 */
export function abortOnInterrupt(line: string): AbortSignal {
  const controller = new AbortController();
  Deno.addSignalListener("SIGINT", () => {
    if (controller.signal.aborted) Deno.exit(130);
    controller.abort();
    say(line);
  });
  return controller.signal;
}
