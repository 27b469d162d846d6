// Calls a run's callbacks one after the other, and does what they answer.
import { disposeTree } from "../../tensor/tree.ts";
import { type Callback, type Decided, memoryOf, remember } from "./callback.ts";
import { withWeights } from "./kept_weights.ts";
import type { EpochReport, StepReport } from "../reports.ts";
import type { Training } from "../training.ts";

/** A run after callbacks were called, and why they end it. */
export type Called<T> = { readonly training: T; readonly stop?: string };

/** Calls one hook of each callback in their order, each with what the ones before it made. */
async function callEach<T extends Training>(
  callbacks: readonly Callback[],
  training: T,
  call: (callback: Callback, training: T) => Decided,
): Promise<Called<T>> {
  let next = training;
  let stop: string | undefined;
  for (const callback of callbacks) {
    const answer = await call(callback, next);
    if (!answer) continue;
    const { optimizer, weights } = answer;
    stop ??= answer.stop;
    next = remember(next, callback, answer);
    if (weights) next = withWeights(next, weights);
    if (optimizer) {
      disposeTree(next.optimizer, optimizer);
      next = { ...next, optimizer };
    }
  }
  return { training: next, ...(stop === undefined ? {} : { stop }) };
}

/** Calls callbacks as a run begins. */
export async function callBegin<T extends Training>(
  callbacks: readonly Callback[],
  training: T,
): Promise<T> {
  const called = await callEach(
    callbacks,
    training,
    (callback, run) => callback.onBegin?.(run, memoryOf(run, callback)),
  );
  return called.training;
}

/** Calls callbacks with a step's numbers. */
export function callStep<T extends Pick<Training, "callbacks">>(
  callbacks: readonly Callback[],
  training: T,
  report: StepReport,
): Called<T> {
  let next = training;
  let stop: string | undefined;
  for (const callback of callbacks) {
    const answer = callback.onStep?.(report, memoryOf(next, callback));
    if (!answer) continue;
    stop ??= answer.stop;
    next = remember(next, callback, answer);
  }
  return { training: next, ...(stop === undefined ? {} : { stop }) };
}

/** Calls callbacks after an epoch: all decide, and then each may write what all have decided. */
export async function callEpoch<T extends Training>(
  callbacks: readonly Callback[],
  training: T,
  report: Omit<EpochReport, "network">,
): Promise<Called<T>> {
  const called = await callEach(
    callbacks,
    training,
    (callback, run) => callback.onEpoch?.({ ...report, network: run }, memoryOf(run, callback)),
  );
  for (const callback of callbacks) {
    const whole = { ...report, network: called.training };
    await callback.afterEpoch?.(whole, memoryOf(called.training, callback));
  }
  return called;
}

/** Calls callbacks where a run is over. */
export async function callEnd<T extends Training>(
  callbacks: readonly Callback[],
  training: T,
): Promise<T> {
  const called = await callEach(
    callbacks,
    training,
    (callback, run) => callback.onEnd?.(run, memoryOf(run, callback)),
  );
  return called.training;
}
