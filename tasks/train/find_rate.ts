// `--find-lr`: a run's learning rate from a sweep before it begins.
import type { Augmentation } from "../../lib/augment/mod.ts";
import { learningRateSvg } from "../../lib/train/report/mod.ts";
import { findLearningRate, fold, key, type Layer, type Loss } from "../../mod.ts";
import { say } from "../command/say.ts";
import { labelOf } from "../own_model.ts";
import type { RunData } from "./data.ts";
import { optimizerOf } from "./recipes.ts";
import { RATE_CURVE } from "./run_files.ts";
import type { RunFolder } from "./run_folder.ts";
import type { Settings } from "./settings.ts";

/** What the sweep trains, and what ends it. */
export type SweepParts = {
  readonly model: Layer;
  readonly augment: Augmentation | undefined;
  readonly loss: Loss | undefined;
  readonly signal: AbortSignal;
};

/**
 * The settings of a run with the learning rate that a sweep suggests. Draws its curve.
 *
 * @throws {RangeError} if the loss does not fall at any rate
 */
export async function withFoundRate(
  folder: RunFolder,
  { settings, train, normalize }: RunData,
  { model, augment, loss, signal }: SweepParts,
): Promise<Settings> {
  const found = await findLearningRate(model, train, {
    optimizer: (rate) => optimizerOf({ ...settings, schedule: "constant" }, rate),
    batchSize: settings.batchSize,
    key: fold(key(settings.seed), "sweep"),
    signal,
    ...(normalize ? { normalize } : {}),
    ...(augment ? { augment } : {}),
    ...(loss ? { loss } : {}),
  });
  const title = `${labelOf(settings.model)} on ${settings.dataset}, ${settings.optimizer}`;
  await folder.write(RATE_CURVE, await learningRateSvg(found, { title }));
  const file = `${folder.dir}/${RATE_CURVE}`;
  if (found.suggestion === undefined) {
    throw new RangeError(
      `Cannot find a learning rate: the loss must fall at some rate, got the curve in ${file}. Choose one with --learning-rate`,
    );
  }
  // The curve does not tell more than two digits.
  const next = { ...settings, learningRate: Number(found.suggestion.toPrecision(2)) };
  say(`learning rate ${next.learningRate}, from the curve in ${file}`);
  await folder.writeConfig(next);
  return next;
}
