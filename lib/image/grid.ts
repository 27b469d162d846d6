// Arranges pictures in a grid.
import { requireOptions, requireWhole } from "../text/require.ts";
import { colorOf, type Ground, place, plain } from "./color.ts";
import { enlarge } from "./enlarge.ts";
import type { Image } from "./image.ts";
import { label } from "./label.ts";

/** Options of {@linkcode grid}. */
export type GridOptions = {
  /** The number of pictures in a row. Default: so that the grid is about as wide as high. */
  readonly columns?: number;
  /** Pixels between pictures, and around them. Default: 1. */
  readonly gap?: number;
  /** The color between them: a gray from 0 to 1, or red, green and blue. Default: 1, white. */
  readonly background?: Ground;
  /** How large a pixel is drawn, see {@linkcode enlarge}; the gap is not enlarged. Default: 1. */
  readonly scale?: number;
  /** The text below each picture, as far as it fits, see {@linkcode label}. Default: none. */
  readonly labels?: readonly string[];
  /** The size of a point of the labels' letters, in pixels. Default: 1, or 2 if cells are 100 wide. */
  readonly labelSize?: number;
};

/** The names of {@linkcode GridOptions}. */
export const GRID_OPTIONS: Readonly<Record<keyof GridOptions, true>> = {
  columns: true,
  gap: true,
  background: true,
  scale: true,
  labels: true,
  labelSize: true,
};

/** The number of columns with which the grid is nearest to a square. */
function squarish(
  count: number,
  cell: { readonly width: number; readonly height: number },
): number {
  const columns = Math.round(Math.sqrt(count * cell.height / cell.width));
  return Math.min(count, Math.max(1, columns));
}

/** The width and height that all pictures fit into. */
function largest(images: readonly Image[]): { readonly width: number; readonly height: number } {
  return {
    width: Math.max(...images.map(({ width }) => width)),
    height: Math.max(...images.map(({ height }) => height)),
  };
}

/** The pictures in the middle of their cells, each with its text below. */
function withLabels(
  images: readonly Image[],
  labels: readonly string[],
  { background = 1, labelSize }: GridOptions,
): Image[] {
  if (labels.length !== images.length) {
    throw new RangeError(
      `Cannot make a grid: there must be a label for each of ${images.length} pictures, got ${labels.length}`,
    );
  }
  const { width, height } = largest(images);
  const size = labelSize ?? (width < 100 ? 1 : 2);
  return images.map((image, i) => {
    const isGray = image.channels === 1 && typeof background === "number";
    const cell = plain(width, height, background, isGray ? 1 : 3);
    const [left, top] = [(width - image.width) >> 1, (height - image.height) >> 1];
    place(cell, image, left, top, colorOf(background));
    return label(cell, labels[i]!, { size, background });
  });
}

/**
 * Arranges pictures in a grid, row by row. Its cells are as large as the largest picture; smaller
 * ones are centered.
 *
 * @param images pictures of 1, 3 or 4 channels, of any sizes; at least one
 * @param options columns, gap, background, scale
 * @returns the grid: gray if all is gray, else of three channels
 * @throws {RangeError} if there is no picture, or an option is out of range
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { grid } from "@neocog/neocog/image";
 *
 * const dot = { width: 1, height: 1, channels: 1, pixels: new Float32Array([0.5]) } as const;
 * const { width, height, pixels } = grid([dot, dot], { columns: 2 });
 * assertEquals([width, height], [5, 3]);
 * assertEquals([...pixels.subarray(5, 10)], [1, 0.5, 1, 0.5, 1]);
 * ```
 */
export function grid(images: readonly Image[], options: GridOptions = {}): Image {
  requireOptions("draw a grid", options, GRID_OPTIONS);
  const { gap = 1, background = 1, scale = 1 } = options;
  if (images.length === 0) {
    throw new RangeError("Cannot make a grid: it must have a picture, got none");
  }
  const enlarged = images.map((image) => enlarge(image, scale));
  const shown = options.labels ? withLabels(enlarged, options.labels, options) : enlarged;
  const cell = largest(shown);
  const columns = options.columns ?? squarish(images.length, cell);
  requireWhole("make a grid", "its columns", columns);
  requireWhole("make a grid", "its gap", gap, 0);
  const [across, down] = [Math.min(columns, images.length), Math.ceil(images.length / columns)];
  const isGray = typeof background === "number" && shown.every(({ channels }) => channels === 1);
  const sheet = plain(
    across * (cell.width + gap) + gap,
    down * (cell.height + gap) + gap,
    background,
    isGray ? 1 : 3,
  );
  shown.forEach((image, i) => {
    const left = gap + (i % columns) * (cell.width + gap) + ((cell.width - image.width) >> 1);
    const top = gap + Math.floor(i / columns) * (cell.height + gap) +
      ((cell.height - image.height) >> 1);
    place(sheet, image, left, top, colorOf(background));
  });
  return sheet;
}
