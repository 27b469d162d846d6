// The picture that flags name, as a network's input and as it is shown.
import { prepareGray } from "../../lib/image/gray_input.ts";
import { type Image, preprocess } from "../../lib/image/mod.ts";
import { preprocessRaster } from "../../lib/image/preprocess.ts";
import { unresized } from "../../lib/image/preprocessing.ts";
import type { NetworkFile } from "../../lib/weights/network_file.ts";
import { exampleImage } from "../../lib/data/example_image.ts";
import { type Examples, type Tensor4D, tf } from "../../mod.ts";
import { refuse, UsageError, type Values } from "../command.ts";
import { type imageFlags, type Inversion, inversionOf } from "./flags.ts";
import type { OpenedNetwork } from "./opened_network.ts";
import { readImage } from "../command/files.ts";
import { loadTest, trainedOn } from "../datasets.ts";
import type { DataSetName } from "../../lib/data/mod.ts";

/**
 * Refuses `--invert` where it would have no effect.
 *
 * @throws {UsageError} naming the network
 */
export function requireInvertible(
  { name, inputShape }: Pick<NetworkFile, "name" | "inputShape">,
  { invert }: { readonly invert: Inversion },
): void {
  if (invert === "auto" || inputShape[2] === 1) return;
  throw new UsageError(`Cannot use --invert ${invert}: ${name} takes images in color`);
}

/** A picture for a network. */
export type Picture = {
  /** What the network sees: cropped and resized for it, with pixels from 0 to 1. */
  readonly shown: Image;
  /** Where it comes from, for captions. */
  readonly source: string;
  /** Settings for the JSON file beside every picture. */
  readonly settings: Readonly<Record<string, string | boolean>>;
  /** The network's inputs `[1, H, W, C]`, once the device is started; the caller owns them. */
  inputs(): Tensor4D;
  /** The pixels from 0 to 1, `[1, H, W, C]`, once the device is started; the caller owns them. */
  pixels(): Tensor4D;
};

/**
 * Reads the picture that the flags name, for a network.
 *
 * @param flags the values of `imageFlags`
 * @throws {UsageError} if neither a picture nor a data set is named, or the data set has fewer
 * images, or images of another size
 */
export async function readPicture(
  opened: OpenedNetwork,
  { image, invert, dataset, "data-dir": dataDir }: Values<typeof imageFlags>,
): Promise<Picture> {
  const named = dataset ?? trainedOn(opened.file);
  if (image === undefined && !named) {
    throw new UsageError("Cannot run without --image PATH: the picture");
  }
  const wanted = image ?? "0";
  if (/^\d+$/.test(wanted)) return await ofDataset(opened, Number(wanted), named, dataDir);
  return pictureOfImage(opened, await readImage(wanted), wanted, invert);
}

/** A picture of the network's size. */
function picture(
  { units, inputShape }: OpenedNetwork,
  shown: Image,
  source: string,
  settings: Picture["settings"],
): Picture {
  const [height, width, channels] = inputShape as [number, number, number];
  const shape: [number, number, number, number] = [1, height, width, channels];
  return {
    shown,
    source,
    settings,
    inputs: () => tf.tensor4d(preprocess(shown, unresized(units)), shape),
    pixels: () => tf.tensor4d(shown.pixels, shape),
  };
}

/**
 * A decoded picture, prepared for a network.
 *
 * @param file where it is from
 */
export function pictureOfImage(
  opened: OpenedNetwork,
  image: Image,
  file: string,
  invert: Inversion,
): Picture {
  const [height, width, channels] = opened.inputShape as [number, number, 1 | 3];
  const { units } = opened;
  const { inverted, image: seen, how } = channels === 1
    ? prepareGray(
      image,
      units,
      inversionOf(invert, opened.file),
      opened.file.checkpoint?.classNames,
    )
    : { inverted: undefined, image, how: units };
  const each = Array<number>(channels);
  const plain = {
    mean: each.fill(0),
    std: each.with(0, 1).fill(1),
    range: 1,
    order: "rgb",
  } as const;
  const pixels = preprocessRaster(seen, { ...how, ...plain });
  const settings = { image: file, ...(inverted === undefined ? {} : { inverted }) };
  return picture(opened, { width, height, channels, pixels }, file, settings);
}

/** A test image of a data set. */
async function ofDataset(
  opened: OpenedNetwork,
  index: number,
  dataset: DataSetName | undefined,
  dataDir: string | undefined,
): Promise<Picture> {
  if (!dataset) {
    throw new UsageError(
      `Cannot use --image ${index}: a number needs --dataset if deno task train did not train the network`,
    );
  }
  const test = await loadTest(dataset, dataDir, opened.units);
  return pictureOfExample(opened, test, dataset, index);
}

/**
 * A test image at hand, prepared for a network.
 *
 * @throws {UsageError} if there are fewer images, or they are of another size
 */
export function pictureOfExample(
  opened: OpenedNetwork,
  test: Examples,
  dataset: DataSetName,
  index: number,
): Picture {
  if (`${test.imageShape}` !== `${opened.inputShape}`) {
    refuse(
      "--dataset",
      `one with images of [${opened.inputShape}], as ${opened.name} takes them`,
      `${dataset} with [${test.imageShape}]`,
    );
  }
  if (index >= test.labels.length) {
    refuse("--image", `below ${test.labels.length}, the test images of ${dataset}`, index);
  }
  const label = test.classNames[test.labels[index]!]!;
  const settings = { image: String(index), dataset, label };
  const source = `test image ${index} of ${dataset}, "${label}"`;
  return picture(opened, exampleImage(test, index), source, settings);
}
