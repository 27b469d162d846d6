// The weights of convolutions as pictures (§12.9.1).
import { grid, GRID_OPTIONS, type GridOptions } from "../image/grid.ts";
import type { Image } from "../image/image.ts";
import { type Layer, slotEntries } from "../layers/layer.ts";
import { layersOf } from "../layers/layers_of.ts";
import type { Shape, Tensor } from "../tensor/tensor.ts";
import { entries, type Path, type Tree } from "../tensor/tree.ts";
import { unknownName } from "../text/nearest.ts";
import { type ImageNetwork, type PixelScaling, scalingFor } from "./input_pixels.ts";
import { requireIndex } from "./objective.ts";
import { type Normalize, signedRange, toPixelRange } from "./value_range.ts";
import { requireOptions } from "../text/require.ts";

/** Options of {@linkcode filterGrid}. */
export type FilterGridOptions = GridOptions & {
  /**
   * Whether the largest weight of each filter becomes black or white, or the largest of all
   * filters: then weak filters look weak. Default: `"each"`.
   */
  readonly normalize?: Normalize;
  /** Which filters, by number. Default: all. */
  readonly filters?: readonly number[];
  /** The order of the network's channels. Default: the network's own, or RGB. */
  readonly preprocessing?: Pick<PixelScaling, "order">;
};

/**
 * The kernel of a convolution.
 *
 * @param path the convolution. Default: the model's first
 * @returns its path and its kernel, `[height, width, channels, filters]`
 * @throws {RangeError} if there is no convolution at the path, with the nearest one
 */
function requireKernel(params: Tree, path: Path | undefined): [path: Path, kernel: Tensor] {
  const kernels = new Map(
    entries(params)
      .filter(([path, leaf]) => /(^|\/)kernel$/.test(path) && leaf.rank === 4)
      .map(([path, leaf]) => [path.replace(/\/?kernel$/, ""), leaf]),
  );
  const [first] = kernels.keys();
  const found = kernels.get(path ?? first ?? "");
  if (found) return [(path ?? first)!, found];
  throw new RangeError(
    `Cannot show filters: the layer must be a convolution: ${
      unknownName("convolution", path ?? "the first one", [...kernels.keys()])
    }`,
  );
}

/** The weights of each filter, `[height, width, channels]`. */
function filtersOf(weights: ArrayLike<number>, shape: Shape): Float32Array[] {
  const [height, width, channels, count] = shape as [number, number, number, number];
  return Array.from({ length: count }, (_, filter) =>
    Float32Array.from(
      { length: height * width * channels },
      (_, i) => weights[i * count + filter]!,
    ));
}

/** One picture in color, or one in gray for each channel. */
function picturesOf(pixels: Float32Array, shape: Shape, isReversed: boolean): Image[] {
  const [height, width, channels] = shape as [number, number, number];
  if (channels === 3) {
    const ordered = isReversed ? pixels.map((_, i) => pixels[i - i % 3 + 2 - i % 3]!) : pixels;
    return [{ width, height, channels: 3, pixels: ordered }];
  }
  return Array.from({ length: channels }, (_, c) => ({
    width,
    height,
    channels: 1 as const,
    pixels: Float32Array.from({ length: height * width }, (_, i) => pixels[i * channels + c]!),
  }));
}

/**
 * The filters of a convolution as pictures: in color if it has three input channels, in gray if it
 * has one, else one gray picture per channel, with a row of the grid for each filter. A weight of 0
 * is middle gray, 0.5 + w / (2 max |w|); negative weights are darker.
 *
 * @param network the network
 * @param path the convolution. Default: the model's first
 * @param options normalization, which filters, and the layout of the grid
 * @returns the grid
 * @throws {RangeError} if there is no convolution at the path, or no such filter
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { filterGrid } from "@neocog/neocog/explain";
 * import { init, key, lenet5, start } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const network = init(lenet5(), key(0), [28, 28, 1]);
 * const { width, height } = await filterGrid(network, "conv1", { columns: 3 });
 * assertEquals([width, height], [3 * 6 + 1, 2 * 6 + 1]); // six filters of 5 × 5
 * ```
 */
export async function filterGrid<P extends Tree, S extends Tree>(
  network: ImageNetwork<P, S>,
  path?: Path,
  options: FilterGridOptions = {},
): Promise<Image> {
  requireOptions("draw filters", options, {
    ...GRID_OPTIONS,
    normalize: true,
    filters: true,
    preprocessing: true,
  });
  const { normalize = "each", filters, preprocessing, ...layout } = options;
  const [found, kernel] = requireKernel(network.params, path);
  const [height, width, channels, count] = kernel.shape as [number, number, number, number];
  filters?.forEach((filter) => requireIndex(`filter of "${found}"`, filter, count));
  const all = filtersOf(await kernel.data(), kernel.shape);
  const wanted = filters?.map((filter) => all[filter]!) ?? all;
  const pixels = toPixelRange(wanted, normalize, signedRange, 0.5);
  const isReversed = (preprocessing ?? scalingFor(network)).order === "bgr";
  const pictures = pixels.flatMap((one) => picturesOf(one, [height, width, channels], isReversed));
  const inRows = channels !== 1 && channels !== 3 && wanted.length > 1;
  return grid(pictures, { ...(inRows ? { columns: channels } : {}), ...layout });
}

/**
 * A convolution of a model, by what it declares, before anything is on the device.
 *
 * @param model the model
 * @param shape shape of one input, without the batch
 * @param path the convolution's path. Default: the model's first
 * @param filter a filter's number, which is checked
 * @returns its path, and the shape of its kernel `[height, width, channels, filters]`, with the
 * channels of one group
 * @throws {RangeError} if there is no convolution at the path, with the nearest one, or no such
 * filter
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { lenet5 } from "@neocog/neocog";
 * import { requireConvolution } from "./filter_grid.ts";
 *
 * assertEquals(requireConvolution(lenet5(), [28, 28, 1]), ["conv1", [5, 5, 1, 6]]);
 * ```
 */
export function requireConvolution<P extends Tree, S extends Tree>(
  model: Layer<P, S>,
  shape: Shape,
  path?: Path,
  filter?: number,
): [path: Path, kernel: Shape] {
  const known = [...layersOf(model, shape)].filter(([, { op }]) => op === "conv")
    .map(([name]) => name);
  const found = path ?? known[0];
  if (found === undefined || !known.includes(found)) {
    throw new RangeError(
      `Cannot show filters: the layer must be a convolution: ${
        found === undefined ? "the model has none" : unknownName("convolution", found, known)
      }`,
    );
  }
  const slots = new Map(slotEntries(model.declare(shape).params));
  const kernel = slots.get(found === "" ? "kernel" : `${found}/kernel`)!.shape;
  if (filter !== undefined) requireIndex(`filter of "${found}"`, filter, kernel[3]!);
  return [found, kernel];
}
