// The weights that flags name, opened with a bar while they are fetched.
import { inputShapeOf, momentsOf } from "../../lib/image/mod.ts";
import { type NetworkFile, openNetworkFile } from "../../lib/weights/network_file.ts";
import type { FoundPreprocessing } from "../../lib/weights/sidecars.ts";
import { UsageError } from "../command.ts";
import { say } from "../command/say.ts";
import { type DownloadProgress, downloadProgress } from "../progress.ts";
import { type DatasetName, DATASETS } from "../train/datasets.ts";
import { DEFAULT_RUN } from "../train/recipes.ts";

/** The checkpoint that tasks open if none is named. */
export const DEFAULT_WEIGHTS =
  `runs/${DEFAULT_RUN.model}-${DEFAULT_RUN.dataset}/checkpoint.safetensors`;

/**
 * Finds out what network weights belong to, with a bar while they are fetched.
 *
 * @param weights a path, a URL, or a known name
 * @param model the model it must be of; found out if `undefined`
 */
export async function openWeights(weights: string, model?: string): Promise<NetworkFile> {
  let progress: DownloadProgress | undefined;
  try {
    const file = await openNetworkFile(weights, {
      ...(model === undefined ? {} : { model }),
      onFetch: () => progress = downloadProgress(weights),
      onProgress: (bytes, total) => progress?.update(bytes, total),
    });
    if (file.trust === "trusted") {
      say(`note: ${weights} has SHA-256 ${file.sha256}, which nothing here can confirm`);
    }
    return file;
  } finally {
    progress?.stop();
  }
}

/** The data set that a network was trained on by deno task train. */
export function trainedOn({ checkpoint }: NetworkFile): DatasetName | undefined {
  return DATASETS.find((name) => name === checkpoint?.dataset);
}

/**
 * The data set to show a network: the one that was named, or the one it was trained on.
 *
 * @param network the network
 * @param flag what `--dataset` says
 * @throws {UsageError} if none is named for weights from PyTorch
 */
export function datasetOf(network: NetworkFile, flag: DatasetName | undefined): DatasetName {
  const dataset = flag ?? trainedOn(network);
  if (dataset) return dataset;
  throw new UsageError(
    `--dataset must be given for weights from PyTorch or of deno task transfer: one of ${
      DATASETS.join(", ")
    }`,
  );
}

/**
 * The moments of a preprocessing, for images of a data set, which have the network's size already.
 *
 * @param found the preprocessing
 * @param imageShape shape of the images
 * @throws {UsageError} if it is more than a shift and a scale
 */
export function datasetMoments(
  { how, source }: FoundPreprocessing,
  imageShape: readonly number[],
): ReturnType<typeof momentsOf> {
  if (`${inputShapeOf(how)}` === `${imageShape}` && how.order !== "bgr") return momentsOf(how);
  throw new UsageError(
    `--preprocessing (${source}) must be of red, green and blue images of [${imageShape}], as they are: got ${
      JSON.stringify(how)
    }`,
  );
}
