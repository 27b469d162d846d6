// The images of a training run, parted as its settings say, and how they are augmented.
import {
  type Augmentation,
  compose,
  labelSmoothing,
  parseAugmentations,
} from "../../lib/augment/mod.ts";
import {
  type Examples,
  findModel,
  fold,
  type ImageSource,
  key,
  type Shape,
  splitValidation,
} from "../../mod.ts";
import { UsageError } from "../command.ts";
import { limited, openDataset } from "./datasets.ts";
import { DEFAULT_RUN } from "./recipes.ts";
import { type Chosen, newSettings, resumedSettings, type Settings } from "./settings.ts";

/** What says which images. */
export type DataChoice = {
  readonly chosen: Chosen;
  /** The settings of the run to go on with. */
  readonly kept: Settings | undefined;
  readonly dataDir: string | undefined;
  readonly skipBroken: boolean;
};

/** A run's settings and images. */
export type RunData = {
  readonly settings: Settings;
  readonly train: Examples | ImageSource;
  /** The images that are held back, by which the run is steered. */
  readonly held: Examples | ImageSource | undefined;
  readonly test: Examples | ImageSource;
};

/**
 * Opens the images of a run, and completes its settings by them.
 *
 * @param choice what the flags, and the checkpoint of a run that goes on, say
 * @throws {UsageError} where counts among the flags are more than there are images
 */
export async function openRunData(
  { chosen, kept, dataDir, skipBroken }: DataChoice,
): Promise<RunData> {
  const resumed = kept && resumedSettings(chosen, kept);
  const asked = resumed ?? { ...DEFAULT_RUN, ...defined(chosen) };
  const shape = shapeOf(asked);
  const data = await openDataset(asked.dataset, dataDir, { shape, skipBroken });
  const count = data.train.labels.length;
  const settings = resumed ?? newSettings(chosen, count, data.validation !== undefined);
  const used = limited(data.train, settings.limit, `the training images of ${asked.dataset}`);
  const [train, held] = part(used, settings);
  requireBatch(settings, train.labels.length);
  return { settings, train, held: held ?? data.validation, test: data.test };
}

/** What was said. */
function defined(chosen: Chosen): Partial<Settings> {
  return Object.fromEntries(Object.entries(chosen).filter(([, value]) => value !== undefined));
}

/** Shape of the images of a folder: what the model was made for, or of the size that was asked for. */
function shapeOf({ model, imageSize }: { model: string; imageSize?: number | null }): Shape {
  const { inputShape } = findModel(model);
  return imageSize ? [imageSize, imageSize, inputShape[2]!] : inputShape;
}

/** Those to train on and those to hold back, drawn by the run's seed. */
function part(
  images: Examples | ImageSource,
  { validation, seed }: Settings,
): [train: Examples | ImageSource, held: Examples | ImageSource | undefined] {
  if (validation === null) return [images, undefined];
  return splitValidation(images, validation, fold(key(seed), "validation"));
}

function requireBatch({ batchSize }: Settings, count: number): void {
  if (batchSize <= count) return;
  throw new UsageError(
    `--batch-size must be at most ${count}, the training images used: got ${batchSize}`,
  );
}

/**
 * How batches are augmented.
 *
 * @param settings the run's
 * @throws {UsageError} where a name is unknown, or a number out of its range
 */
export function augmentationOf(
  { augment, labelSmoothing: share }: Settings,
): Augmentation | undefined {
  try {
    const parts = [
      ...(augment === null ? [] : [parseAugmentations(augment)]),
      ...(share === 0 ? [] : [labelSmoothing(share)]),
    ];
    return parts.length === 0 ? undefined : compose(...parts);
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(`--augment: ${error.message}`);
    throw error;
  }
}
