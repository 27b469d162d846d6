// The learning rate of a run, found by a sweep before it begins.
import type { Augmentation } from "../../lib/augment/mod.ts";
import { findLearningRate, fold, key, type Layer, type Loss } from "../../mod.ts";
import { learningRateSvg } from "../../lib/train/report/mod.ts";
import type { OutputDir } from "./output_dir.ts";
import { optimizerOf } from "./recipes.ts";
import type { RunData } from "./run_data.ts";
import { say } from "../command/say.ts";
import type { Settings } from "./settings.ts";

/** The picture of the sweep. */
export const RATE_CURVE = "learning_rate.svg";

/** What the sweep trains. */
export type SweepParts = {
  readonly model: Layer;
  readonly augment: Augmentation | undefined;
  readonly loss: Loss | undefined;
  readonly signal: AbortSignal;
};

/**
 * The settings of a run with the learning rate that a sweep suggests; its curve is drawn.
 *
 * @param output the run's directory
 * @param data the run's images and settings
 * @param parts what is trained
 * @returns the settings, which are in the directory too
 * @throws {RangeError} where the loss did not fall at any rate
 */
export async function withFoundRate(
  output: OutputDir,
  { settings, train }: RunData,
  { model, augment, loss, signal }: SweepParts,
): Promise<Settings> {
  const found = await findLearningRate(model, train, {
    optimizer: (rate) => optimizerOf({ ...settings, schedule: "constant" }, rate),
    batchSize: settings.batchSize,
    key: fold(key(settings.seed), "sweep"),
    signal,
    ...(augment ? { augment } : {}),
    ...(loss ? { loss } : {}),
  });
  const title = `${settings.model} on ${settings.dataset}, ${settings.optimizer}`;
  await output.add(RATE_CURVE, await learningRateSvg(found, { title }));
  if (found.suggestion === undefined) {
    throw new RangeError(
      `Cannot find a learning rate: the loss must fall at some rate, got a curve without a fall, in ${output.dir}/${RATE_CURVE}. Name one with --learning-rate`,
    );
  }
  // Two digits: more would say more than the curve does.
  const learningRate = Number(found.suggestion.toPrecision(2));
  say(`learning rate ${learningRate}, from the curve in ${output.dir}/${RATE_CURVE}`);
  const next = { ...settings, learningRate };
  await output.add("config.json", JSON.stringify(next, null, 2) + "\n");
  return next;
}
