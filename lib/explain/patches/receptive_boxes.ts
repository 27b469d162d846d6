// The receptive field of a neuron as a box in the image, and the part of the image inside it.
import type { Image } from "../../image/image.ts";
import type { Layer } from "../../layers/layer.ts";
import { requireLayer } from "../../layers/layers_of.ts";
import { NEXT_TO_NOTHING } from "../../sizing/receptive_field.ts";
import { sightsOf } from "../../sizing/model_size.ts";
import type { Shape } from "../../tensor/tensor.ts";
import type { Path, Tree } from "../../tensor/tree.ts";

/** A box of pixels; it may reach beyond the image. */
export type PixelBox = {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
};

/**
 * The receptive fields of a layer's neurons, in whole pixels, by size, stride and start (§12.6): a box has
 * all that a neuron sees, and no more unless a layer's windows lie unevenly. (What `padBy` repeats, by
 * reflections or edges, counts where it lies in the frame.) At the edge of the image a box reaches into
 * the padding. Along an axis where the field is at least as long as the image, it is the whole image.
 *
 * @param model the model
 * @param shape shape of one image, `[H, W, C]`
 * @param path the layer, which outputs maps
 * @returns a function of the row and column of a neuron that returns its box
 * @throws {RangeError} if the path is not in the model, with the nearest one
 * @throws {TypeError} if the layer does not output maps, or a layer before it does not declare its
 * receptive field
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { chapterMnist } from "@neocog/neocog";
 * import { receptiveBoxes } from "@neocog/neocog/explain";
 *
 * const boxOf = receptiveBoxes(chapterMnist(), [28, 28, 1], "conv2");
 * assertEquals(boxOf(0, 3), { top: 0, left: 3, height: 5, width: 5 });
 * ```
 */
export function receptiveBoxes<P extends Tree, S extends Tree>(
  model: Layer<P, S>,
  shape: Shape,
  path: Path,
): (row: number, column: number) => PixelBox {
  requireMaps(model, shape, path);
  const sight = sightsOf(model, shape).get(path)!;
  if (sight === "unknown") {
    throw new TypeError(
      `Cannot find patches of "${path}": each layer up to it must declare its receptive field, got unknown`,
    );
  }
  const along = (axis: 0 | 1, position: number): readonly [start: number, size: number] => {
    const all = shape[axis]!;
    if (sight === "all" || sight.size[axis] >= all) return [0, all];
    // Beyond a layer that enlarges, fields begin and end between pixels.
    const start = sight.start[axis] + position * sight.stride[axis];
    const first = Math.floor(start + NEXT_TO_NOTHING);
    return [first, Math.ceil(start + sight.size[axis] - NEXT_TO_NOTHING) - first];
  };
  return (row, column) => {
    const [top, height] = along(0, row);
    const [left, width] = along(1, column);
    return { top, left, height, width };
  };
}

/**
 * Refuses a layer whose output has no positions.
 *
 * @param shape shape of one image
 * @returns the shape of its maps, `[height, width, channels]`
 */
export function requireMaps<P extends Tree, S extends Tree>(
  model: Layer<P, S>,
  shape: Shape,
  path: Path,
): readonly [height: number, width: number, channels: number] {
  const { op, shape: maps } = requireLayer(model, shape, path);
  if (maps.length === 3) return maps as unknown as readonly [number, number, number];
  throw new TypeError(
    `Cannot find patches of "${path}": the layer must output maps [height, width, channels], whose neurons see parts of the image, got [${maps}] of a layer "${op}"`,
  );
}

/**
 * The part of a picture inside a box.
 *
 * @param image the picture
 * @param box the box
 * @param outside the pixels beyond the picture. Default: 0.5, middle gray
 * @returns a picture of the box's size
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { cropTo } from "./receptive_boxes.ts";
 *
 * const image = { width: 2, height: 1, channels: 1, pixels: new Float32Array([0, 1]) } as const;
 * const crop = cropTo(image, { top: 0, left: 1, height: 1, width: 2 });
 * assertEquals([...crop.pixels], [1, 0.5]);
 * ```
 */
export function cropTo(
  image: Image,
  { top, left, height, width }: PixelBox,
  outside = 0.5,
): Image {
  const { channels } = image;
  const pixels = new Float32Array(height * width * channels).fill(outside);
  const from = Math.max(0, -left);
  const until = Math.min(width, image.width - left);
  for (let row = 0; row < height; row++) {
    const y = top + row;
    if (y < 0 || y >= image.height || until <= from) continue;
    const at = (y * image.width + left + from) * channels;
    const part = image.pixels.subarray(at, at + (until - from) * channels);
    pixels.set(part, (row * width + from) * channels);
  }
  return { width, height, channels, pixels };
}
