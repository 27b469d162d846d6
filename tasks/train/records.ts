// The record of a run in its checkpoint: its settings, epochs and steps.
import type { EpochRecord, StepRecord } from "../../lib/train/report/mod.ts";
import type { Examples, Json } from "../../mod.ts";
import type { Preprocessing } from "../../lib/image/mod.ts";
import type { Settings } from "./settings.ts";

/** A run's epochs and steps so far. */
export type Records = {
  readonly history: readonly EpochRecord[];
  readonly steps: readonly StepRecord[];
};

/**
 * The epochs and steps in a checkpoint.
 *
 * @param run the `run` of the checkpoint
 */
export function recordsOf(run: Json): Records {
  const { history, steps } = (run ?? {}) as Partial<Records>;
  return {
    history: Array.isArray(history) ? history : [],
    steps: Array.isArray(steps) ? steps : [],
  };
}

/** The `run` of a checkpoint. */
export function aboutRun(
  id: string,
  settings: Settings,
  { classNames, imageShape }: Pick<Examples, "classNames" | "imageShape">,
  { history, steps }: Records,
  preprocessing?: Preprocessing,
): { readonly [name: string]: Json } {
  return {
    id,
    settings: { ...settings },
    history: history.map((record) => ({ ...record })),
    steps: steps.map((record) => ({ ...record })),
    classNames: [...classNames],
    inputShape: [...imageShape],
    ...(preprocessing ? { preprocessing: { ...preprocessing } as Json } : {}),
  };
}

/**
 * Why a callback stopped the run of a checkpoint.
 *
 * @param run the `run` of the checkpoint
 * @returns the reason; `undefined` if it was not stopped
 */
export function stoppedOf(run: Json): string | undefined {
  const { stopped } = (run ?? {}) as { readonly stopped?: Json };
  return typeof stopped === "string" ? stopped : undefined;
}
