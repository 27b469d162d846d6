// A network with its weights from a file: a checkpoint of `deno task train`, or PyTorch's weights.
import {
  fromTorch,
  type KnownWeights,
  openSafetensors,
  pretrained,
  recognize,
  type Recognized,
  type SafetensorsFile,
} from "../../lib/weights/mod.ts";
import type { Layer, Network as LibraryNetwork, Shape } from "../../mod.ts";
import { UsageError } from "../command.ts";
import { type DownloadProgress, downloadProgress } from "../progress.ts";
import { loadTrained, type Trained } from "./load.ts";
import { say } from "../command/say.ts";
import { type DatasetName, DATASETS } from "../train/datasets.ts";

/** A network of which nothing is on the device yet. */
export type Network = {
  /** The file of its weights. */
  readonly file: string;
  /** The model's name. */
  readonly name: string;
  readonly model: Layer;
  /** Shape of one input that it was made for or trained on. */
  readonly inputShape: Shape;
  readonly numClasses: number;
  /** Whose names the weights had. */
  readonly origin: string;
  /** What is known of it where `deno task train` trained it. */
  readonly trained?: Trained;
  /** What is known of it where it was fetched by name. */
  readonly known?: KnownWeights;
  /** What the file says of itself. */
  readonly metadata: Readonly<Record<string, string>>;
  /**
   * Puts its parameters on the device that was started.
   *
   * @param inputShape shape of one input. Default: that which it was made for
   */
  weights(inputShape?: Shape): Promise<LibraryNetwork>;
};

/** Whether a file is a checkpoint of neocog's. */
function isCheckpoint({ metadata }: SafetensorsFile): boolean {
  return metadata.format?.startsWith("neocog") ?? false;
}

/** Whether there is something at a path. */
async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** The file of weights: one that is here, or that is fetched by name or URL. */
async function fileOf(weights: string): Promise<{ path: string; known?: KnownWeights }> {
  if (await isThere(weights)) return { path: weights };
  let progress: DownloadProgress | undefined;
  try {
    const file = await pretrained(weights, {
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

/**
 * Finds out what network weights belong to.
 *
 * @param weights a checkpoint, or a safetensors file with the names of PyTorch's networks: a path,
 * a URL, or a name in {@linkcode knownWeights}
 * @param name the model it must be of; found out where `undefined`
 * @throws {SyntaxError} where the file is no safetensors file, or cut
 * @throws {TypeError} where it is another model's: with the keys that do not fit
 */
export async function openNetwork(weights: string, name?: string): Promise<Network> {
  const { path, known } = await fileOf(weights);
  await using opened = await openSafetensors(path);
  if (isCheckpoint(opened)) return trainedNetwork(path, await loadTrained(path, name));
  const recognized = recognize(opened, name ?? known?.model);
  return { ...torchNetwork(path, recognized, opened.metadata), ...(known ? { known } : {}) };
}

function trainedNetwork(file: string, trained: Trained): Network {
  return {
    file,
    name: trained.settings.model,
    model: trained.model,
    inputShape: trained.inputShape,
    numClasses: trained.classNames.length,
    origin: trained.preprocessing ? "deno task transfer" : "deno task train",
    trained,
    metadata: {},
    weights: () => Promise.resolve(trained.weights()),
  };
}

function torchNetwork(
  file: string,
  { name, model, inputShape, numClasses, layout }: Recognized,
  metadata: Readonly<Record<string, string>>,
): Network {
  return {
    file,
    name,
    model,
    inputShape,
    numClasses,
    origin: layout.name,
    metadata,
    async weights(shape = inputShape) {
      await using opened = await openSafetensors(file);
      return await fromTorch(model, shape, opened, layout);
    },
  };
}

/**
 * The data set to show a network: the one that was named, or the one it was trained on.
 *
 * @param network the network
 * @param flag what `--dataset` says
 * @throws {UsageError} where none is named for weights from PyTorch
 */
export function datasetOf(network: Network, flag: DatasetName | undefined): DatasetName {
  const dataset = flag ?? network.trained?.settings.dataset;
  if (dataset) return dataset;
  throw new UsageError(
    `--dataset must be given for weights from PyTorch or of deno task transfer: one of ${
      DATASETS.join(", ")
    }`,
  );
}
