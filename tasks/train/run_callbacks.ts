// What is done beside a training run of the command line, by its settings.
import {
  type Callback,
  checkpoints,
  earlyStopping,
  plateau,
  timeLimit,
} from "../../lib/train/callbacks/mod.ts";
import type { Json } from "../../mod.ts";
import type { Settings } from "./settings.ts";

/** The file of the best epoch by the images that are held back. */
export const BEST = "best.safetensors";

/**
 * The callbacks of a run. Nothing is chosen by the test images: the best epoch is kept only where
 * there are others to choose it by.
 *
 * @param settings the run's settings
 * @param dir the run's directory
 * @param held whether images are held back
 * @param about what a checkpoint says of the run so far
 */
export function callbacksOf(
  { earlyStop, patience, schedule, timeLimit: limit }: Settings,
  dir: string,
  held: boolean,
  about: () => { readonly [name: string]: Json },
): readonly Callback[] {
  return [
    ...(earlyStop ? [earlyStopping({ patience })] : []),
    ...(schedule === "plateau" ? [plateau({ patience: Math.floor(patience / 2) })] : []),
    ...(limit === null ? [] : [timeLimit(limit)]),
    // By one name wherever the directory is, as the checkpoint remembers it by that.
    ...(held ? [{ ...checkpoints({ dir, last: false, about }), name: "best" }] : []),
  ];
}
