// The images that the experiments train on: clothing, images of half the size, and shifted images.
import { type DataSplit, type Examples, fashionMnist, mnist, takeExamples } from "../../mod.ts";

/**
 * Fashion-MNIST, on which small networks still differ.
 *
 * @param quick read MNIST instead, which has the same shape and takes a sixth of the time to read
 */
export async function clothing(quick: boolean): Promise<DataSplit> {
  return await (quick ? mnist() : fashionMnist());
}

/**
 * The first images of {@linkcode clothing} at half their size, 14 × 14.
 *
 * @param quick as for `clothing`
 * @param counts how many images to train on and to test with
 */
export async function smallClothing(
  quick: boolean,
  counts: { readonly train: number; readonly test: number },
): Promise<DataSplit> {
  const { train, test } = await clothing(quick);
  return {
    train: halfSize(takeExamples(train, counts.train)),
    test: halfSize(takeExamples(test, counts.test)),
  };
}

/**
 * Images of one channel at half their height and width: each pixel is the mean of four.
 *
 * @param examples images of even height and width
 */
export function halfSize(examples: Examples): Examples {
  const [height, width] = examples.imageShape;
  return mapImages(examples, [height / 2, width / 2], (from, y, x) => {
    const at = 2 * y * width + 2 * x;
    return Math.round((from[at]! + from[at + 1]! + from[at + width]! + from[at + width + 1]!) / 4);
  });
}

/**
 * Images of one channel on a larger black square, shifted from its center.
 *
 * @param examples the images
 * @param side height and width of the square
 * @param down pixels to shift down; negative is up
 * @param right pixels to shift to the right; negative is to the left
 */
export function shifted(examples: Examples, side: number, down: number, right: number): Examples {
  const [height, width] = examples.imageShape;
  const [top, left] = [(side - height) / 2 + down, (side - width) / 2 + right];
  return mapImages(examples, [side, side], (from, y, x) => {
    const [row, column] = [y - top, x - left];
    const inside = row >= 0 && row < height && column >= 0 && column < width;
    return inside ? from[row * width + column]! : 0;
  });
}

/** Makes each image of one channel anew from the old one, pixel by pixel. */
function mapImages(
  examples: Examples,
  [height, width]: readonly [number, number],
  pixel: (from: Uint8Array, y: number, x: number) => number,
): Examples {
  const size = examples.imageShape[0] * examples.imageShape[1];
  const images = new Uint8Array(examples.labels.length * height * width);
  examples.labels.forEach((_, i) => {
    const from = examples.images.subarray(i * size, (i + 1) * size);
    for (let place = 0; place < height * width; place++) {
      images[i * height * width + place] = pixel(from, Math.floor(place / width), place % width);
    }
  });
  return { ...examples, images, imageShape: [height, width, 1] };
}
