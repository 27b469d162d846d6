// The chapter's figure of nearest neighbors in two spaces (Figure 12.26).
import type { Examples } from "../../data/examples.ts";
import { type Color, place, plain } from "../../image/color.ts";
import { enlarge } from "../../image/enlarge.ts";
import { grid } from "../../image/grid.ts";
import type { Image } from "../../image/image.ts";
import { sideBySide } from "../../image/side_by_side.ts";
import { exampleImage } from "../../data/example_image.ts";
import type { Features } from "./features.ts";
import { nearestNeighbors, rowOf } from "./neighbors.ts";
import { requireOptions } from "../../text/require.ts";

/** A feature space with its name. */
export type FeatureSpace = { readonly name: string; readonly features: Features };

/** Options of {@linkcode neighborsFigure}. */
export type NeighborsFigureOptions = {
  /** Neighbors per query. Default: 6. */
  readonly k?: number;
  /** The size of a drawn pixel, see `enlarge`. Default: such that an image is about 64 wide. */
  readonly scale?: number;
};

/** A figure, with its figures. */
export type NeighborsFigure = {
  /** The picture. */
  readonly image: Image;
  /** By space, the share of the shown neighbors that are of their query's class. */
  readonly agreement: Readonly<Record<string, number>>;
};

/**
 * The chapter's figure of nearest neighbors (§12.9.2, Figure 12.26): a row per query, with its
 * nearest neighbors in each space, labeled by class. Those of the query's class have a blue frame,
 * others a vermilion one.
 *
 * @param examples the images
 * @param queries indices of the queries
 * @param spaces spaces of the same examples, from left to right, such as pixels and features
 * @param options how many neighbors, how large
 * @returns the figure, and the share of its neighbors that are of their query's class
 * @throws {RangeError} if `k` is larger than N − 1, or a query is not there
 * @throws {TypeError} if a space is not of these examples
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { neighborsFigure, pixelFeatures } from "@neocog/neocog/explain";
 *
 * const examples = {
 *   name: "four pixels",
 *   images: new Uint8Array([0, 9, 240, 255]),
 *   labels: new Uint8Array([0, 0, 1, 1]),
 *   imageShape: [1, 1, 1],
 *   classNames: ["dark", "light"],
 * } as const;
 * const spaces = [{ name: "pixels", features: pixelFeatures(examples) }];
 * const { agreement } = neighborsFigure(examples, [0, 3], spaces, { k: 1 });
 * assertEquals(agreement, { pixels: 1 });
 * ```
 */
export function neighborsFigure(
  examples: Examples,
  queries: readonly number[],
  spaces: readonly FeatureSpace[],
  options: NeighborsFigureOptions = {},
): NeighborsFigure {
  requireOptions("draw neighbors", options, { k: true, scale: true });
  const { k = 6 } = options;
  const { labels, imageShape } = examples;
  const scale = options.scale ?? Math.max(1, Math.round(64 / imageShape[1]));
  const agreement: Record<string, number> = {};
  const panels = spaces.map(({ name, features }): Image => {
    requireSpace(name, features, examples);
    const cells = queries.flatMap((query) =>
      nearestNeighbors(features, rowOf(features, query), k, { without: query })
        .map(({ index }) => ({ index, isRight: labels[index] === labels[query] }))
    );
    agreement[name] = cells.filter(({ isRight }) => isRight).length / cells.length;
    const colors = cells.map(({ isRight }) => isRight ? RIGHT : WRONG);
    return panel(examples, cells.map(({ index }) => index), colors, k, scale);
  });
  const queried = panel(examples, queries, queries.map(() => PLAIN), 1, scale);
  const titles = ["image", ...spaces.map(({ name }) => `nearest in ${name}`)];
  return { image: sideBySide([queried, ...panels], { labels: titles }), agreement };
}

// Okabe and Ito's blue and vermilion, distinct under every color blindness.
const RIGHT: Color = [0, 0.447, 0.698];
const WRONG: Color = [0.835, 0.369, 0];
const PLAIN: Color = [1, 1, 1];

/** Width of a frame in pixels. */
const FRAME = 3;

/** Images in frames, row by row, with the names of their classes. */
function panel(
  examples: Examples,
  indices: readonly number[],
  colors: readonly Color[],
  columns: number,
  scale: number,
): Image {
  const { labels, classNames } = examples;
  const framed = indices.map((index, i) => {
    const image = enlarge(exampleImage(examples, index), scale);
    const sheet = plain(image.width + 2 * FRAME, image.height + 2 * FRAME, colors[i]!, 3);
    place(sheet, image, FRAME, FRAME, PLAIN);
    return sheet;
  });
  const names = indices.map((index) => classNames[labels[index]!]!);
  return grid(framed, { columns, labels: names, gap: 3, labelSize: 1 });
}

function requireSpace(name: string, { count }: Features, { labels }: Examples): void {
  if (count === labels.length) return;
  throw new TypeError(
    `Cannot show neighbors in ${name}: its features must be of the ${labels.length} images, got ${count}`,
  );
}
