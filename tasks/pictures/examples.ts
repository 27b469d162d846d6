// The images of a data set, for subcommands of `explain` that use many.
import {
  type Examples,
  layersOf,
  type Normalization,
  type Path,
  readExamples,
  type World,
} from "../../mod.ts";
import { ALONE } from "../../lib/world/world.ts";
import { type Features, features } from "../../lib/explain/mod.ts";
import { choice, count, refuse, type Values } from "../command.ts";
import { countProgress } from "../progress.ts";
import type { OpenedNetwork } from "./opened_network.ts";
import {
  dataDirFlag,
  datasetMoments,
  datasetOf,
  DATASETS,
  limited,
  openDataset,
} from "../datasets.ts";

/** Which images, for {@linkcode openExamples}. */
export const examplesFlags = {
  dataset: choice(DATASETS, {
    help: "the data set of the test images",
    defaultText: "the one it was trained on",
  }),
  "data-dir": dataDirFlag,
  limit: count({
    min: 2,
    help: "N images only, as many of each class",
    defaultText: "2000, or all",
  }),
} as const;

/** The default of `--limit`: images for a minute or less. */
const USUAL_LIMIT = 2000;

/** Images, and how the network takes them. */
export type OpenedExamples = {
  readonly examples: Examples;
  readonly normalize: Normalization;
  /** Settings for the JSON file beside every picture. */
  readonly settings: { readonly dataset: string; readonly images: number };
};

/**
 * Reads the test images that the flags name.
 *
 * @param flags the values of `examplesFlags`
 * @param world the ranks that read a part each
 * @throws {UsageError} if no data set is named for weights from PyTorch, or the images are not of
 * the network's size
 */
export async function openExamples(
  opened: OpenedNetwork,
  flags: Values<typeof examplesFlags>,
  world: World = ALONE,
): Promise<OpenedExamples> {
  const { file, units, inputShape } = opened;
  const dataset = datasetOf(file, flags.dataset);
  const { test } = await openDataset(dataset, flags["data-dir"], { how: units, world });
  if (`${test.imageShape}` !== `${inputShape}`) {
    refuse(
      "--dataset",
      `one with images of [${inputShape}], as ${opened.name} takes them`,
      `${dataset} with [${test.imageShape}]`,
    );
  }
  const limit = flags.limit ?? Math.min(USUAL_LIMIT, test.labels.length);
  const some = limited(test, limit, `the test images of ${dataset}`);
  const examples = await readExamples(some, { world });
  const source = opened.settings.preprocessing!;
  const normalize = datasetMoments({ how: units, source }, test.imageShape);
  return { examples, normalize, settings: { dataset, images: examples.labels.length } };
}

/** The default layer of features: the last before the weights of the scores. */
export function featureLayer({ model, inputShape }: OpenedNetwork): Path {
  const layers = [...layersOf(model, inputShape)].filter(([path]) =>
    path !== "" && !path.includes("/")
  );
  const last = layers.findLastIndex(([, { op }]) => op === "dense" || op === "conv");
  return layers[last - 1]?.[0] ?? "";
}

/**
 * Starts the device, and computes a layer's output for all images, with a bar.
 *
 * @param places whether feature maps are averaged or taken place by place
 * @param world the ranks that divide the images among them
 */
export async function featuresOf(
  opened: OpenedNetwork,
  { examples, normalize }: OpenedExamples,
  layer: Path,
  places: "mean" | "each",
  world: World,
): Promise<Features> {
  const network = await world.during("start the device", () => opened.start());
  const progress = countProgress(`features of ${layer}`);
  const options = { normalize, places, world, onProgress: progress.update };
  return await features(network, examples, layer, options).finally(progress.stop);
}
