// The activation maps of a layer as pictures (§12.9.1).
import { grid, GRID_OPTIONS, type GridOptions } from "../image/grid.ts";
import type { Image } from "../image/image.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { requireIndex } from "./objective.ts";
import { fullRange, type Normalize, toPixelRange } from "./value_range.ts";
import { requireOptions } from "../text/require.ts";

/** Options of {@linkcode activationGrid}. */
export type ActivationGridOptions = GridOptions & {
  /**
   * Whether the smallest value of each map is black and its largest white, or those of all maps:
   * then weak maps look weak. Default: `"each"`, or `"together"` for the units of a dense layer.
   */
  readonly normalize?: Normalize;
  /** Which maps, by number. Default: all. */
  readonly channels?: readonly number[];
};

/**
 * The output of a layer for one image as a grid of gray pictures, one per map. A constant map is
 * black.
 *
 * @param maps the layer's output for one image: `[1, H, W, C]`, `[H, W, C]`, or for a dense layer
 * `[1, F]` or `[F]`, whose units are pixels
 * @param options normalization, which maps, and the layout of the grid
 * @returns the grid
 * @throws {TypeError} if the maps are of several images, or of another rank
 * @throws {RangeError} if there is no such map, or a value is not finite
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { activationGrid } from "@neocog/neocog/explain";
 * import { start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const maps = tf.tensor4d([0, 5, 2, 5], [1, 1, 2, 2]); // map 0 is 0 and 2, map 1 is 5 and 5
 * const { pixels } = await activationGrid(maps, { columns: 2, gap: 0 });
 * assertEquals([...pixels], [0, 1, 0, 0]);
 * ```
 */
export async function activationGrid(
  maps: Tensor,
  options: ActivationGridOptions = {},
): Promise<Image> {
  requireOptions("draw activations", options, { ...GRID_OPTIONS, normalize: true, channels: true });
  const [height, width, count] = mapsShape(maps);
  const isDense = height * width === 1;
  const { channels, normalize = isDense ? "together" : "each", ...layout } = options;
  const wanted = channels ?? Array.from({ length: count }, (_, c) => c);
  wanted.forEach((channel) => requireIndex("map", channel, count));
  const values = await maps.data();
  const shown = wanted.map((c) =>
    Float32Array.from({ length: height * width }, (_, i) => values[i * count + c]!)
  );
  const pictures = toPixelRange(shown, normalize, fullRange, 0)
    .map((pixels): Image => ({ width, height, channels: 1, pixels }));
  return grid(pictures, layout);
}

/** Height, width and number of the maps. */
function mapsShape({ shape, rank }: Tensor): [height: number, width: number, count: number] {
  const own = rank === 4 || rank === 2 ? shape.slice(1) : shape;
  const isOne = own === shape || shape[0] === 1;
  if (isOne && own.length === 3) return own as [number, number, number];
  if (isOne && own.length === 1) return [1, 1, own[0]!];
  throw new TypeError(
    `Cannot show maps: they must be of one image, [1, H, W, C] or [1, F], got [${shape}]`,
  );
}
