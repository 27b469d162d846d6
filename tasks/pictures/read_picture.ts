// The picture that a network looks at: its numbers as the network sees them, and as they are shown.
import { decodeImage, type Image, preprocess } from "../../lib/image/mod.ts";
import { exampleImage } from "../../lib/explain/example_image.ts";
import { type Tensor4D, tf } from "../../mod.ts";
import { UsageError } from "../command.ts";
import { type Inversion, prepareGray } from "./gray_picture.ts";
import type { Looked } from "./looked.ts";
import { readFile } from "../command/files.ts";
import { trainedOn } from "../network/open_weights.ts";
import { type DatasetName, loadTest } from "../train/datasets.ts";

/** A picture that a network looks at. */
export type Picture = {
  /** What the network sees, cropped and resized as for it, its pixels from 0 to 1. */
  readonly shown: Image;
  /** Where it comes from, for captions. */
  readonly source: string;
  /** What of it belongs beside every picture. */
  readonly settings: Readonly<Record<string, string | boolean>>;
  /** The network's inputs `[1, H, W, C]`, once the device is started; the caller owns them. */
  inputs(): Tensor4D;
  /** The pixels from 0 to 1, `[1, H, W, C]`, once the device is started; the caller owns them. */
  pixels(): Tensor4D;
};

/** The values of `imageFlags`. */
export type ImageValues = {
  readonly image: string | undefined;
  readonly invert: Inversion;
  readonly dataset: DatasetName | undefined;
  readonly "data-dir": string | undefined;
};

/**
 * Reads the picture that the flags name, for a network.
 *
 * @param looked the network
 * @param flags the values of `imageFlags`
 * @throws {UsageError} where none is named, and no data set either; where the data set has not as
 * many, or images of another size
 */
export async function readPicture(
  looked: Looked,
  { image, invert, dataset, "data-dir": dataDir }: ImageValues,
): Promise<Picture> {
  const named = dataset ?? trainedOn(looked.opened);
  if (image === undefined && !named) {
    throw new UsageError("Cannot run without --image PATH: the picture that is looked at");
  }
  const wanted = image ?? "0";
  if (/^\d+$/.test(wanted)) return await ofDataset(looked, Number(wanted), named, dataDir);
  return ofFile(looked, decodeImage(await readFile(wanted), wanted), wanted, invert);
}

/** A picture of pixels that the network's units are made of. */
function picture(
  { units, inputShape }: Looked,
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

/** The same units, for a picture that has its size already. */
function unresized(units: Looked["units"]): Looked["units"] {
  const { resize: _, ...rest } = units;
  return rest;
}

function ofFile(looked: Looked, image: Image, file: string, invert: Inversion): Picture {
  const { units, inputShape } = looked;
  const channels = inputShape[2]!;
  if (channels === 1) {
    const { image: gray, inverted } = prepareGray(image, inputShape, invert);
    return picture(looked, gray, file, { image: file, inverted });
  }
  const plain = { mean: [0, 0, 0], std: [1, 1, 1], range: 1, order: "rgb" } as const;
  const pixels = preprocess(image, { ...units, ...plain });
  const [height, width] = inputShape as [number, number, number];
  return picture(looked, { width, height, channels: 3, pixels }, file, { image: file });
}

/** A test image of a data set. */
async function ofDataset(
  looked: Looked,
  index: number,
  dataset: DatasetName | undefined,
  dataDir: string | undefined,
): Promise<Picture> {
  if (!dataset) {
    throw new UsageError(
      `Cannot use --image: a number must come with --dataset where deno task train did not train the network, got ${index}`,
    );
  }
  const test = await loadTest(dataset, dataDir, looked.inputShape);
  if (`${test.imageShape}` !== `${looked.inputShape}`) {
    throw new UsageError(
      `--dataset must have images of [${looked.inputShape}], as ${looked.name} takes them: got ${dataset} with [${test.imageShape}]`,
    );
  }
  if (index >= test.labels.length) {
    throw new UsageError(
      `--image must be below ${test.labels.length}, the test images of ${dataset}: got ${index}`,
    );
  }
  const label = test.classNames[test.labels[index]!]!;
  const settings = { image: String(index), dataset, label };
  const source = `test image ${index} of ${dataset}, "${label}"`;
  return picture(looked, exampleImage(test, index), source, settings);
}
