// A layer's activation maps as pictures (§12.9.1).
import { grid, type GridOptions } from "../image/grid.ts";
import type { Image } from "../image/image.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { fullSpan, type Normalize, normalizedAll } from "./spans.ts";

/** Options of {@linkcode activationGrid}. */
export type ActivationGridOptions = GridOptions & {
  /**
   * Whether each map's least number is black and its largest white, or those of all: then weak
   * maps look weak. Default: `"each"`.
   */
  readonly normalize?: Normalize;
  /** Maps to show, by number. Default: all. */
  readonly channels?: readonly number[];
};

/**
 * What a layer answered to one image, as a grid of gray pictures, a map each. A map that is the
 * same everywhere is black: of a ReLU, a filter that answers nowhere.
 *
 * @param maps the layer's output for one image: `[1, H, W, C]`, `[H, W, C]`, or of a dense layer
 * `[1, F]` or `[F]`, whose units are pixels
 * @param options normalization, which maps, and how the grid is laid out
 * @returns the grid
 * @throws {TypeError} where the maps are of more than one image, or of another rank
 * @throws {RangeError} where there is no such map, or a number is not finite
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { activationGrid } from "@neocog/neocog/explain";
 * import { start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const maps = tf.tensor4d([0, 5, 2, 5], [1, 1, 2, 2]); // 0 and 2 beside each other, and 5 twice
 * const { pixels } = await activationGrid(maps, { columns: 2, gap: 0 });
 * assertEquals([...pixels], [0, 1, 0, 0]);
 * ```
 */
export async function activationGrid(
  maps: Tensor,
  options: ActivationGridOptions = {},
): Promise<Image> {
  const [height, width, count] = mapsShape(maps);
  const wanted = options.channels ?? Array.from({ length: count }, (_, c) => c);
  const wrong = wanted.find((c) => !Number.isInteger(c) || c < 0 || c >= count);
  if (wrong !== undefined) {
    throw new RangeError(
      `Cannot show a map: it must be a whole number from 0 to ${count - 1}, got ${wrong}`,
    );
  }
  const values = await maps.data();
  const shown = wanted.map((c) =>
    Float32Array.from({ length: height * width }, (_, i) => values[i * count + c]!)
  );
  const isDense = height * width === 1;
  const normalize = options.normalize ?? (isDense ? "together" : "each");
  const pictures = normalizedAll(shown, normalize, fullSpan, 0)
    .map((pixels): Image => ({ width, height, channels: 1, pixels }));
  return grid(pictures, options);
}

/** Height, width and how many maps. */
function mapsShape({ shape, rank }: Tensor): [height: number, width: number, count: number] {
  const own = rank === 4 || rank === 2 ? shape.slice(1) : shape;
  const isOne = own === shape || shape[0] === 1;
  if (isOne && own.length === 3) return own as [number, number, number];
  if (isOne && own.length === 1) return [1, 1, own[0]!];
  throw new TypeError(
    `Cannot show maps: they must be of one image, [1, H, W, C] or [1, F], got [${shape}]`,
  );
}
