// Augmentations that are affine maps: several of them cost one interpolation.
import { warp, type WarpEdge } from "../tensor/affine.ts";
import { type AffineMap, composed } from "../tensor/affine_map.ts";
import { fold, type Key } from "../tensor/random.ts";
import { requireRange } from "../text/require.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import type { Augmentation, BatchShape } from "./augmentation.ts";

/** An augmentation that is an affine map of each image. */
export type GeometricAugmentation = Augmentation & {
  /** What is beyond the images' edges; `undefined` if it is never seen. */
  readonly edge: WarpEdge | undefined;
  /**
   * Draws a map for each image.
   *
   * @param key the step's key
   * @param shape the shape of the images
   */
  maps(key: Key, shape: BatchShape): AffineMap[];
};

/** Options of augmentations that may show what is beyond the images' edges. */
export type EdgeOptions = {
  /**
   * What is beyond the edges: the mirror image about the outermost pixels, or a number from 0 to 1.
   * Default: 0, black.
   */
  readonly edge?: WarpEdge;
};

/**
 * An augmentation that is an affine map.
 *
 * @param edge what is beyond the edges, if it may be seen
 */
export function geometric(
  name: string,
  edge: WarpEdge | undefined,
  maps: GeometricAugmentation["maps"],
): GeometricAugmentation {
  return {
    name,
    edge,
    maps,
    draw: (key, shape) => tf.tensor2d(Float32Array.from(maps(key, shape).flat()), [shape[0], 6]),
    apply: ({ images, labels }, drawn) => ({
      // Half a pixel beyond the edge, which is the most that is seen then, is the same image.
      images: warp(images, drawn as Tensor, { edge: edge ?? "reflect" }) as typeof images,
      labels,
    }),
  };
}

/** Whether an augmentation is an affine map. */
export function isGeometric(part: Augmentation): part is GeometricAugmentation {
  return "maps" in part;
}

/**
 * Several maps as one.
 *
 * @param parts the maps in order, each with its place among all parts, by which its key is folded
 * @throws {RangeError} if they do not agree on what is beyond the edges
 */
export function geometricChain(
  parts: readonly { readonly part: GeometricAugmentation; readonly place: number }[],
): GeometricAugmentation {
  const edges = parts.flatMap(({ part: { edge } }) => edge === undefined ? [] : [edge]);
  requireRange(
    "compose augmentations",
    "crops, rotations and other maps become one and must agree on what is beyond the edges",
    new Set(edges).size <= 1,
    parts.map(({ part: { name, edge } }) => `${edge ?? "any"} of ${name}`).join(", "),
  );
  return geometric(
    parts.map(({ part }) => part.name).join(", "),
    edges[0],
    (key, shape) =>
      parts.map(({ part, place }) => part.maps(fold(key, place), shape))
        // The last part maps the result to what the parts before it show.
        .reduce((inner, outer) => inner.map((map, n) => composed(map, outer[n]!))),
  );
}

/**
 * Refuses a wrong `edge`.
 *
 * @throws {RangeError} if it is neither `"reflect"` nor a number from 0 to 1
 */
export function requireEdge(what: string, edge: WarpEdge): void {
  const rule = 'the edge must be "reflect" or a number from 0 to 1';
  requireRange(what, rule, edge === "reflect" || (edge >= 0 && edge <= 1), edge);
}
