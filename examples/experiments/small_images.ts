// Examples at half their size, and moved on a larger ground.
import type { Examples } from "../../mod.ts";

/** A function that answers the pixels of an image of one channel, made from those of another. */
function remade(
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

/**
 * Images of one channel at half their height and width: each pixel the mean of four.
 *
 * @param examples images of even height and width
 */
export function halved(examples: Examples): Examples {
  const [height, width] = examples.imageShape;
  return remade(examples, [height / 2, width / 2], (from, y, x) => {
    const at = 2 * y * width + 2 * x;
    return Math.round((from[at]! + from[at + 1]! + from[at + width]! + from[at + width + 1]!) / 4);
  });
}

/**
 * Images of one channel in the middle of a black ground, moved from there.
 *
 * @param examples the images
 * @param side height and width of the ground
 * @param down pixels to move down, below 0 up
 * @param right pixels to move to the right, below 0 to the left
 */
export function placed(examples: Examples, side: number, down: number, right: number): Examples {
  const [height, width] = examples.imageShape;
  const [top, left] = [(side - height) / 2 + down, (side - width) / 2 + right];
  return remade(examples, [side, side], (from, y, x) => {
    const [row, column] = [y - top, x - left];
    const inside = row >= 0 && row < height && column >= 0 && column < width;
    return inside ? from[row * width + column]! : 0;
  });
}
