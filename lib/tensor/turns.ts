// Turns for timers and signals in a long computation: on the CPU backend nothing else would ever let them have one.

/**
 * A function to be awaited in every step of a long loop. What tfjs's CPU backend returns is there at
 * once, so that awaiting it lets only other such work run, and Ctrl-C would never be heard.
 *
 * @param every the least time between two turns, in milliseconds, from 0
 * @returns a function that lets all that waits have a turn, if the last one is long ago
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { turns } from "./turns.ts";
 *
 * let isHeard = false;
 * setTimeout(() => isHeard = true);
 * const turn = turns(0);
 * await turn();
 * assertEquals(isHeard, true);
 * ```
 */
export function turns(every = 50): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < every) return;
    await nextTurn();
    last = performance.now();
  };
}

/** Lets all that waits have a turn. */
export async function nextTurn(): Promise<void> {
  const { document } = globalThis as { readonly document?: { readonly hidden: boolean } };
  if (!document?.hidden) return await new Promise((resolve) => void setTimeout(resolve));
  // Browsers hold back the timers of a page that is out of sight, for a minute each after a while.
  const { port1, port2 } = new MessageChannel();
  await new Promise((resolve) => {
    port1.onmessage = resolve;
    port2.postMessage(undefined);
  });
  port1.close();
}
