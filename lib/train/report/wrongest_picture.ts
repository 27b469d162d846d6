// The examples that a network gets most wrong, as a picture.
import { type Examples, imageSize } from "../../data/examples.ts";
import { type ImageSource, readExamples } from "../../data/image_source.ts";
import { select } from "../../data/select_examples.ts";
import { enlarge } from "../../image/enlarge.ts";
import { grid } from "../../image/grid.ts";
import type { Image } from "../../image/image.ts";
import { label } from "../../image/label.ts";
import type { Mistake } from "./wrongest.ts";

/** Small images are enlarged to this width, for the text below them. */
const WIDTH = 120;

/**
 * Draws mistakes: each image, and below it its class, the predicted class and its probability.
 *
 * @param wrong the mistakes, at least one, as {@linkcode wrongest} returns them
 * @param examples the measured examples, gray or in color
 * @returns the picture, for {@linkcode encodePng}
 * @throws {RangeError} if there is no mistake
 * @throws {TypeError} if images have neither one nor three channels
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { wrongestPicture } from "@neocog/neocog/report";
 *
 * const examples = {
 *   name: "a pixel",
 *   images: new Uint8Array([128]),
 *   labels: new Uint8Array([0]),
 *   imageShape: [1, 1, 1],
 *   classNames: ["dark", "light"],
 * } as const;
 * const wrong = { index: 0, actual: "dark", predicted: "light", probability: 0.7, actualProbability: 0.3 };
 * const { width, height } = await wrongestPicture([wrong], examples);
 * assertEquals([width, height], [120 + 2 * 6, 120 + 2 * 11 + 2 * 6]);
 * ```
 */
export async function wrongestPicture(
  wrong: readonly Mistake[],
  examples: Examples | ImageSource,
): Promise<Image> {
  if (wrong.length === 0) {
    throw new RangeError(
      "Cannot draw mistakes: there must be one, got none",
    );
  }
  const places = Uint32Array.from(wrong, ({ index }) => index);
  const shown = await readExamples(select(examples, places));
  return grid(wrong.map((mistake, i) => captioned(mistake, imageOf(shown, i))), { gap: 6 });
}

/** One of the images. */
function imageOf(examples: Examples, place: number): Image {
  const [height, width, channels] = examples.imageShape;
  if (channels !== 1 && channels !== 3) {
    throw new TypeError(
      `Cannot draw images of ${examples.name}: they must have 1 or 3 channels, got ${channels}`,
    );
  }
  const size = imageSize(examples);
  const bytes = examples.images.subarray(place * size, (place + 1) * size);
  return { width, height, channels, pixels: Float32Array.from(bytes, (byte) => byte / 255) };
}

function captioned({ actual, predicted, probability }: Mistake, image: Image): Image {
  const large = enlarge(image, Math.max(1, Math.ceil(WIDTH / image.width)));
  const said = `said ${predicted} ${Math.round(100 * probability)}%`;
  return label(label(large, `is ${actual}`), said);
}
