// A trained network from its checkpoint, for tasks that use one.
import {
  type Checkpoint,
  type Json,
  type Layer,
  type Network,
  readCheckpoint,
  restoreNetwork,
  type Shape,
} from "../../mod.ts";
import { parsePreprocessing, type Preprocessing } from "../../lib/image/mod.ts";
import { DEFAULT_RUN } from "../train/recipes.ts";
import { buildModel, type Settings, settingsOf } from "../train/settings.ts";
import { transferSettingsOf } from "../transfer/settings.ts";

/** A trained network. */
export type Trained = {
  /** The model, and the data set by name, which a folder of pictures has not. */
  readonly settings: Pick<Settings, "model"> & Partial<Pick<Settings, "dataset">>;
  /** How its pictures were prepared, where that is more than a division by 255. */
  readonly preprocessing?: Preprocessing;
  readonly model: Layer;
  /** Shape of one input, without the batch. */
  readonly inputShape: Shape;
  readonly classNames: readonly string[];
  /** Puts its parameters on the device that was started. */
  weights(): Network;
};

/** The checkpoint that tasks look for where none is named. */
export const DEFAULT_WEIGHTS =
  `runs/${DEFAULT_RUN.model}-${DEFAULT_RUN.dataset}/checkpoint.safetensors`;

/**
 * Reads a checkpoint of `deno task train` or `transfer`. Nothing is put on the device yet.
 *
 * @param file the checkpoint
 * @param model the model it must be of, by name; any where `undefined`
 * @throws {SyntaxError} where the file is not such a checkpoint
 * @throws {TypeError} where it is another model's
 */
export async function loadTrained(file: string, model?: string): Promise<Trained> {
  const checkpoint = await readCheckpoint(file);
  const { transfer, preprocessing } = (checkpoint.run ?? {}) as Record<string, Json | undefined>;
  const settings = transfer === undefined
    ? settingsOf(checkpoint.run, file)
    : { model: transferSettingsOf(checkpoint, file).model };
  if (model !== undefined && model !== settings.model) {
    throw new TypeError(
      `Cannot use ${file}: its model must be ${model}, got ${settings.model}`,
    );
  }
  const { inputShape, classNames } = describeInput(checkpoint, file);
  const built = buildModel(settings, classNames.length);
  return {
    settings,
    model: built,
    inputShape,
    classNames,
    ...(preprocessing
      ? { preprocessing: parsePreprocessing(JSON.stringify(preprocessing), file) }
      : {}),
    weights: () => restoreNetwork(built, inputShape, checkpoint, file),
  };
}

function describeInput(
  { run }: Checkpoint,
  file: string,
): { inputShape: Shape; classNames: readonly string[] } {
  const { inputShape, classNames } = run as { inputShape?: Shape; classNames?: readonly string[] };
  const sound = Array.isArray(inputShape) && inputShape.length === 3 &&
    inputShape.every((size) => Number.isInteger(size) && size > 0) &&
    Array.isArray(classNames) && classNames.every((name) => typeof name === "string");
  if (!sound) {
    throw new SyntaxError(
      `Cannot use ${file}: it must name its input shape and classes, got ${
        JSON.stringify({ inputShape, classNames })
      }`,
    );
  }
  return { inputShape, classNames };
}
