// What a training run is made of: chosen by flags, kept in its checkpoint, taken up again by --resume.
import { findModel, type Json, type Layer, type OptimizerName, optimizers } from "../../mod.ts";
import { type DatasetName, DATASETS } from "./datasets.ts";
import { DEFAULT_RUN, recipeOf, type ScheduleName, SCHEDULES } from "./recipes.ts";

/** All that decides a run's numbers. */
export type Settings = {
  readonly model: string;
  readonly dataset: DatasetName;
  readonly epochs: number;
  readonly batchSize: number;
  readonly optimizer: OptimizerName;
  /** The first learning rate; of one cycle the highest. */
  readonly learningRate: number;
  readonly schedule: ScheduleName;
  readonly seed: number;
  /** How many of the training images are used; all where `null`. */
  readonly limit: number | null;
  /** Height and width of the images of a folder; those the model was made for where `null`. */
  readonly imageSize: number | null;
  /** How batches are augmented, as `parseAugmentations` reads it; not where `null`. */
  readonly augment: string | null;
  /** The share of a label that all classes get alike. */
  readonly labelSmoothing: number;
  /** How fast kernels shrink. */
  readonly weightDecay: number;
  /** How classes count; alike where `null`. */
  readonly classWeights: "balanced" | null;
  /** The part of the training images that is held back; none where `null`. */
  readonly validation: number | null;
  /** Whether a run that gets no better ends. */
  readonly earlyStop: boolean;
  /** Epochs without improvement that are borne. */
  readonly patience: number;
  /** Seconds after which the run ends; never where `null`. */
  readonly timeLimit: number | null;
};

/** Settings by flags; what is absent was not said. */
export type Chosen = { readonly [Name in keyof Settings]?: Settings[Name] | undefined };

/** What a checkpoint means that was written before there were these settings. */
const EARLIER = {
  imageSize: null,
  augment: null,
  labelSmoothing: 0,
  weightDecay: 0,
  classWeights: null,
  validation: null,
  earlyStop: false,
  patience: 5,
  timeLimit: null,
} as const satisfies Partial<Settings>;

/** The part of the training images that is held back where something is chosen by it. */
const HELD_BACK = 0.1;

/**
 * Settings for a new run: what is chosen, and defaults for the rest.
 *
 * @param chosen what the flags say
 * @param images how many training images there are
 * @param hasValidation whether the data set has images to validate with
 */
export function newSettings(chosen: Chosen, images: number, hasValidation = false): Settings {
  const optimizer = chosen.optimizer ?? "adam";
  const model = chosen.model ?? DEFAULT_RUN.model;
  const recipe = recipeOf(model);
  const validation = chosen.validation ?? defaultValidation(chosen, hasValidation);
  const held = validation === null ? 0 : Math.round(validation * (chosen.limit ?? images));
  return {
    ...EARLIER,
    ...given(chosen),
    model,
    dataset: chosen.dataset ?? DEFAULT_RUN.dataset,
    epochs: chosen.epochs ?? recipe.epochs,
    batchSize: chosen.batchSize ?? Math.min(128, (chosen.limit ?? images) - held, images - held),
    optimizer,
    learningRate: chosen.learningRate ??
      (optimizer.startsWith("adam") ? recipe.adam : optimizers[optimizer].learningRate),
    weightDecay: chosen.weightDecay ?? optimizers[optimizer].weightDecay,
    schedule: chosen.schedule ?? "one-cycle",
    seed: chosen.seed ?? 0,
    limit: chosen.limit ?? null,
    validation,
  };
}

/** What is said, without what is not. */
function given(chosen: Chosen): Partial<Settings> {
  return Object.fromEntries(
    Object.entries(chosen).filter(([name, value]) =>
      value !== undefined && Object.hasOwn(EARLIER, name)
    ),
  );
}

/** Test images must not choose: where a run ends or slows down by a measure, images are held back. */
function defaultValidation(
  { earlyStop, schedule }: Chosen,
  hasValidation: boolean,
): number | null {
  return (earlyStop || schedule === "plateau") && !hasValidation ? HELD_BACK : null;
}

/** What may be another when a run goes on. */
const CHANGEABLE: readonly (keyof Settings)[] = ["epochs", "timeLimit"];

/**
 * Settings for a run that goes on: the checkpoint's, with more epochs or time where the
 * flags say so.
 *
 * @param chosen what the flags say
 * @param kept what the checkpoint says
 * @throws {RangeError} where a flag says other than the checkpoint: the numbers would be another run's
 */
export function resumedSettings(chosen: Chosen, kept: Settings): Settings {
  for (const name of Object.keys(kept) as (keyof Settings)[]) {
    const said = chosen[name];
    if (CHANGEABLE.includes(name) || said === undefined || said === kept[name]) continue;
    throw new RangeError(
      `Cannot resume with another ${name}: the run has to go on to the same numbers, got ${said}, the checkpoint's ${
        kept[name]
      }`,
    );
  }
  return {
    ...kept,
    epochs: chosen.epochs ?? kept.epochs,
    timeLimit: chosen.timeLimit ?? kept.timeLimit,
  };
}

/**
 * The settings in a checkpoint's record of its run.
 *
 * @param run the record
 * @param file the checkpoint's name, for messages
 * @throws {SyntaxError} where there are none
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
      `Cannot take a run from ${file}: it must hold the settings of deno task train, got ${
        JSON.stringify(found)
      }`,
    );
  }
  return settings;
}

/** The model of a run. */
export function buildModel({ model }: Pick<Settings, "model">, numClasses: number): Layer {
  return findModel(model).build({ numClasses });
}
