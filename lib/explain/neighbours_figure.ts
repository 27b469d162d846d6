// The chapter's two panels of nearest neighbours (Figure 12.26).
import type { Examples } from "../data/examples.ts";
import { exampleImage } from "./example_image.ts";
import type { Features } from "./features.ts";
import { type FigureCell, type FigurePanel, figureSvg } from "./figure.ts";
import { nearestNeighbours, rowOf } from "./neighbours.ts";

/** A space, and what it is called. */
export type Space = { readonly name: string; readonly features: Features };

/** Options of {@linkcode neighboursFigure}. */
export type NeighboursFigureOptions = {
  /** The figure's heading. */
  readonly title: string;
  /** Neighbours of each query. Default: 6. */
  readonly k?: number;
  /** How large a picture is drawn, about, in pixels. Default: 64. */
  readonly cell?: number;
};

/** A figure, and what it shows. */
export type NeighboursFigure = {
  /** The picture's text. */
  readonly svg: string;
  /** The share of the shown neighbours that are of their query's class, a space. */
  readonly agreement: Readonly<Record<string, number>>;
};

/**
 * The chapter's figure of nearest neighbours (§12.9.2, Figure 12.26): a row a query, with its
 * nearest neighbours in each space, pixels and features, named by their classes. Blue frames are
 * of the query's class.
 *
 * @param examples the images
 * @param queries which of them are asked about
 * @param spaces spaces of the same examples, from left to right
 * @param options heading, how many neighbours
 * @returns the figure as SVG, and how many of its neighbours are of the query's class
 * @throws {RangeError} where `k` is larger than N − 1, or a query is not there
 * @throws {TypeError} where a space is not of these examples
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { neighboursFigure, pixelFeatures } from "@neocog/neocog";
 *
 * const examples = {
 *   name: "four pixels",
 *   images: new Uint8Array([0, 9, 240, 255]),
 *   labels: new Uint8Array([0, 0, 1, 1]),
 *   imageShape: [1, 1, 1],
 *   classNames: ["dark", "light"],
 * } as const;
 * const spaces = [{ name: "pixels", features: pixelFeatures(examples) }];
 * const { agreement } = neighboursFigure(examples, [0, 3], spaces, { title: "Pixels", k: 1 });
 * assertEquals(agreement, { pixels: 1 });
 * ```
 */
export function neighboursFigure(
  examples: Examples,
  queries: readonly number[],
  spaces: readonly Space[],
  options: NeighboursFigureOptions,
): NeighboursFigure {
  const { title, k = 6, cell = 64 } = options;
  const { labels, classNames } = examples;
  const show = (index: number, mark?: FigureCell["mark"]): FigureCell => ({
    image: exampleImage(examples, index),
    label: classNames[labels[index]!]!,
    ...(mark ? { mark } : {}),
  });
  const agreement: Record<string, number> = {};
  const panels = spaces.map(({ name, features }): FigurePanel => {
    requireSpace(name, features, examples);
    const cells = queries.flatMap((query) =>
      nearestNeighbours(features, rowOf(features, query), k, { without: query })
        .map(({ index }) => show(index, labels[index] === labels[query] ? "right" : "wrong"))
    );
    agreement[name] = cells.filter(({ mark }) => mark === "right").length / cells.length;
    return { title: `nearest in ${name}`, columns: k, cells };
  });
  const asked = { title: "image", columns: 1, cells: queries.map((query) => show(query)) };
  const subtitle = Object.entries(agreement)
    .map(([name, share]) => `${name}: ${(100 * share).toFixed(0)} % of the image's class`)
    .join(", ");
  return { svg: figureSvg([[asked, ...panels]], { title, subtitle, cell }), agreement };
}

function requireSpace(name: string, { count }: Features, { labels }: Examples): void {
  if (count === labels.length) return;
  throw new TypeError(
    `Cannot show neighbours in ${name} as its features must be of the ${labels.length} images: current value is ${count}`,
  );
}
