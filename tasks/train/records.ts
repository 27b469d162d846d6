// What a run has been through: its epochs and steps, as its checkpoint keeps them.
import type { EpochRecord, StepRecord } from "../../lib/train/report/mod.ts";
import type { Examples, Json } from "../../mod.ts";
import type { Settings } from "./settings.ts";

/** A run's epochs and steps so far. */
export type Records = {
  readonly history: readonly EpochRecord[];
  readonly steps: readonly StepRecord[];
};

/** Those of a run that begins. */
export const NO_RECORDS: Records = { history: [], steps: [] };

/**
 * The records in a checkpoint's account of its run.
 *
 * @param run the account
 */
export function recordsOf(run: Json): Records {
  const { history, steps } = (run ?? {}) as Partial<Records>;
  return {
    history: Array.isArray(history) ? history : [],
    steps: Array.isArray(steps) ? steps : [],
  };
}

/**
 * What a checkpoint says of its run.
 *
 * @param settings the run's settings
 * @param examples what it is trained on
 * @param records what it has been through
 */
export function aboutRun(
  settings: Settings,
  { classNames, imageShape }: Pick<Examples, "classNames" | "imageShape">,
  { history, steps }: Records,
): { readonly [name: string]: Json } {
  return {
    settings: { ...settings },
    history: history.map((record) => ({ ...record })),
    steps: steps.map((record) => ({ ...record })),
    classNames: [...classNames],
    inputShape: [...imageShape],
  };
}

/**
 * Why the run of a checkpoint was ended before its epochs were done.
 *
 * @param run the checkpoint's account of it
 * @returns the reason; `undefined` where it was not
 */
export function stoppedOf(run: Json): string | undefined {
  const { stopped } = (run ?? {}) as { readonly stopped?: Json };
  return typeof stopped === "string" ? stopped : undefined;
}
