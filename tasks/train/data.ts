// The images of a training run, split as its settings say, and their augmentation.
import {
  type Augmentation,
  compose,
  contactSheet,
  labelSmoothing,
  parseAugmentations,
} from "../../lib/augment/mod.ts";
import { encodePng } from "../../lib/image/mod.ts";
import {
  type Examples,
  fold,
  type ImageSource,
  key,
  type Normalization,
  type Shape,
  splitValidation,
  type World,
} from "../../mod.ts";
import { refuse, UsageError } from "../command.ts";
import { say } from "../command/say.ts";
import { plainPreprocessing } from "../../lib/weights/sidecars.ts";
import { datasetMoments, limited, openDataset } from "../datasets.ts";
import type { NamedModel } from "../own_model.ts";
import { DEFAULT_RUN } from "./recipes.ts";
import { AUGMENTED } from "./run_files.ts";
import type { RunFolder } from "./run_folder.ts";
import { type FlagSettings, newSettings, resumedSettings, type Settings } from "./settings.ts";

/** A run's settings and images. */
export type RunData = {
  readonly settings: Settings;
  readonly train: Examples | ImageSource;
  /** Images that are held back, which steer the run. */
  readonly held: Examples | ImageSource | undefined;
  readonly test: Examples | ImageSource;
  /** How pixels become numbers, if the model's file says it. */
  readonly normalize: Normalization | undefined;
};

/**
 * Opens the images of a run, and completes its settings by them.
 *
 * @throws {UsageError} if a flag's count is more than there are images
 */
export async function openRunData(
  chosen: FlagSettings,
  kept: Settings | undefined,
  model: NamedModel,
  world: World,
): Promise<RunData> {
  const resumed = kept && resumedSettings(chosen, kept);
  const asked = resumed ?? { ...DEFAULT_RUN, ...defined(chosen) };
  const shape = shapeOf(asked, model);
  const own = model.own?.preprocessing;
  const data = await openDataset(asked.dataset, asked.dataDir ?? undefined, {
    how: own ? { ...own, crop: [shape[0]!, shape[1]!] } : plainPreprocessing(shape),
    skipBroken: asked.skipBroken ?? false,
    world,
  });
  const count = data.train.labels.length;
  const settings = resumed ?? newSettings(chosen, count, data.validation !== undefined);
  const used = limited(data.train, settings.limit, `the training images of ${asked.dataset}`);
  const [train, held] = split(used, settings);
  requireBatch(settings, train.labels.length);
  const normalize = own &&
    datasetMoments({ how: own, source: `exported by ${model.name}` }, train.imageShape);
  return { settings, train, held: held ?? data.validation, test: data.test, normalize };
}

/** The flags that are there. */
function defined(chosen: FlagSettings): Partial<Settings> {
  return Object.fromEntries(Object.entries(chosen).filter(([, value]) => value !== undefined));
}

/** Of a model that does not say it: color images of the size that is asked for. */
const UNKNOWN_SHAPE: Shape = [1, 1, 3];

/** Shape of the images of a folder: the model's own, or of the size of `--image-size`. */
function shapeOf(
  { dataset, imageSize }: Pick<Settings, "dataset"> & { readonly imageSize?: number | null },
  { name, inputShape = UNKNOWN_SHAPE }: NamedModel,
): Shape {
  if (dataset === "folder" && inputShape === UNKNOWN_SHAPE && !imageSize) {
    throw new UsageError(
      `Cannot train ${name} on a folder without --image-size: the file must export inputShape, got none`,
    );
  }
  return imageSize ? [imageSize, imageSize, inputShape[2]!] : inputShape;
}

/** The images to train on and those to hold back, drawn by the run's seed. */
function split(
  images: Examples | ImageSource,
  { validation, seed }: Settings,
): [train: Examples | ImageSource, held: Examples | ImageSource | undefined] {
  if (validation === null) return [images, undefined];
  return splitValidation(images, validation, fold(key(seed), "validation"));
}

function requireBatch({ batchSize }: Settings, count: number): void {
  if (batchSize > count) refuse("--batch-size", `at most ${count}, the training images`, batchSize);
}

/**
 * How batches are augmented.
 *
 * @throws {UsageError} if a name is unknown, or a number is out of range
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
    if (error instanceof RangeError) throw new UsageError(`Cannot use --augment: ${error.message}`);
    throw error;
  }
}

/** Draws some training images as they are augmented, and says where. */
export async function drawAugmented(
  folder: RunFolder,
  { settings, train }: RunData,
  augment: Augmentation,
): Promise<void> {
  const sheet = await contactSheet(train, augment, { key: fold(key(settings.seed), AUGMENTED) });
  await folder.write(AUGMENTED, encodePng(sheet));
  say(`augmented images (${augment.name}): ${folder.dir}/${AUGMENTED}`);
}
