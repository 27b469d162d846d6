// The folder of pictures for `deno task transfer`, prepared as the weights expect.
import { type ImageFolder, key, type Normalization } from "../../mod.ts";
import { inputShapeOf, momentsOf, type Preprocessing } from "../../lib/image/mod.ts";
import { refuse } from "../command.ts";
import type { FoundPreprocessing } from "../../lib/weights/sidecars.ts";
import { say } from "../command/say.ts";
import { openFolder, sayLeftOut } from "../datasets.ts";

/** How pictures are prepared, for `imageFolder` and `batches`. */
export type PicturePreparation = {
  readonly how: Preprocessing;
  readonly normalize: Normalization;
  /** Shape of one input. */
  readonly shape: readonly [height: number, width: number, channels: 1 | 3];
};

/**
 * How pictures of a folder are prepared: by the weights' preprocessing, perhaps at another size.
 * A preprocessing that keeps the size of pictures resizes them to the network's.
 *
 * @param size what `--size` says
 * @throws {UsageError} if it has blue before red
 */
export function prepared(
  { how, source }: FoundPreprocessing,
  size: number | undefined,
): PicturePreparation {
  const [height, width, channels] = inputShapeOf(how) as [number, number, 1 | 3];
  if (how.order === "bgr") {
    refuse("--preprocessing", `in the order red, green, blue (${source})`, "bgr");
  }
  const shape = size === undefined ? [height, width] as const : [size, size] as const;
  const scale = Math.max(...shape) / Math.max(height, width);
  const resize = typeof how.resize === "number"
    ? Math.max(Math.round(how.resize * scale), ...shape)
    : "cover";
  return {
    how: { ...how, resize, crop: shape },
    normalize: momentsOf(how),
    shape: [...shape, channels],
  };
}

/** How a folder is read. */
export type FolderFlags = {
  readonly data: string;
  readonly seed: number;
  readonly testFraction: number;
  readonly skipBroken: boolean;
};

/**
 * Opens the folder, and says what is in it.
 *
 * @throws {Error} as `imageFolder` does: one class, an empty one, broken files
 */
export async function openImages(
  { data, seed, testFraction, skipBroken }: FolderFlags,
  { how }: PicturePreparation,
): Promise<ImageFolder> {
  const images = await openFolder(data, { how, testFraction, key: key(seed), skipBroken });
  sayContents(images, data);
  return images;
}

function sayContents(images: ImageFolder, data: string): void {
  const { train, test, imbalance, classCounts } = images;
  const counts = train.classNames.slice(0, 10).map((name, i) => `${name} ${classCounts[i]}`);
  const more = train.classNames.length > 10 ? ", ..." : "";
  say(
    `${data}: ${train.labels.length} images to learn from (${
      counts.join(", ")
    }${more}), ${test.labels.length} to test with`,
  );
  if (imbalance >= 2) say(`note: the largest class has ${imbalance.toFixed(1)} times the smallest`);
  sayLeftOut(images);
}
