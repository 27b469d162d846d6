// Calls the callbacks of a run, one after the other, and applies what they return.
import { disposeTree } from "../../tensor/tree.ts";
import { type Callback, type EpochHookResult, memoryOf, remember } from "./callback.ts";
import { withWeights } from "./kept_weights.ts";
import type { EpochReport, StepReport } from "../reports.ts";
import type { Memory, Training } from "../training.ts";

/** A run after its callbacks were called, and why one of them stopped it. */
export type CallResult<T> = { readonly run: T; readonly stop?: string };

/** Calls one hook of each callback, in order; each gets the run as those before it left it. */
async function callEach<T extends Training>(
  callbacks: readonly Callback[],
  run: T,
  hook: (callback: Callback, run: T, memory: Memory) => EpochHookResult,
): Promise<CallResult<T>> {
  let next = run;
  let stop: string | undefined;
  for (const callback of callbacks) {
    const decision = await hook(callback, next, memoryOf(next, callback));
    if (!decision) continue;
    const { optimizer, weights } = decision;
    stop ??= decision.stop;
    next = remember(next, callback, decision);
    if (weights) next = withWeights(next, weights);
    if (optimizer) {
      disposeTree(next.optimizer, optimizer);
      next = { ...next, optimizer };
    }
  }
  return { run: next, ...(stop === undefined ? {} : { stop }) };
}

/** Calls callbacks when a run begins or ends. */
export async function callRun<T extends Training>(
  hook: "onBegin" | "onEnd",
  callbacks: readonly Callback[],
  run: T,
): Promise<T> {
  return (await callEach(callbacks, run, (callback, ...now) => callback[hook]?.(...now))).run;
}

/** Calls callbacks with a step's numbers. */
export function callStep<T extends Pick<Training, "callbacks">>(
  callbacks: readonly Callback[],
  run: T,
  report: StepReport,
): CallResult<T> {
  let next = run;
  let stop: string | undefined;
  for (const callback of callbacks) {
    const decision = callback.onStep?.(report, memoryOf(next, callback));
    if (!decision) continue;
    stop ??= decision.stop;
    next = remember(next, callback, decision);
  }
  return { run: next, ...(stop === undefined ? {} : { stop }) };
}

/**
 * Calls callbacks after an epoch: first all decide, then each may write files.
 *
 * @param writes whether files are written: of several ranks the first does
 */
export async function callEpoch<T extends Training>(
  callbacks: readonly Callback[],
  run: T,
  numbers: Omit<EpochReport, "network">,
  writes = true,
): Promise<CallResult<T>> {
  const called = await callEach(
    callbacks,
    run,
    (callback, network, memory) => callback.onEpoch?.({ ...numbers, network }, memory),
  );
  const report = { ...numbers, network: called.run };
  for (const callback of writes ? callbacks : []) {
    await callback.afterEpoch?.(report, memoryOf(called.run, callback));
  }
  return called;
}
