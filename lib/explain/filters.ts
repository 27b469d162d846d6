// The weights of convolutions as pictures (§12.9.1).
import { grid, type GridOptions } from "../image/grid.ts";
import type { Image } from "../image/image.ts";
import type { Shape, Tensor } from "../tensor/tensor.ts";
import { entries, type Path, type Tree } from "../tensor/tree.ts";
import { unknownName } from "../text/nearest.ts";
import type { InputUnits } from "./input_units.ts";
import type { Network } from "../layers/layer.ts";
import { type Normalize, normalizedAll, signedSpan } from "./spans.ts";

/** Options of {@linkcode filterGrid}. */
export type FilterGridOptions = GridOptions & {
  /**
   * Whether each filter's largest weight becomes black or white, or the largest of all: then weak
   * filters look weak. Default: `"each"`.
   */
  readonly normalize?: Normalize;
  /** Filters to show, by number. Default: all. */
  readonly filters?: readonly number[];
  /** What the network does to pixels: of `"bgr"` the channels are turned round. Default: nothing. */
  readonly units?: Pick<InputUnits, "order">;
};

/** The kernels `[height, width, channels, filters]` of the convolutions in parameters, by path. */
function kernelsOf(params: Tree): Map<Path, Tensor> {
  return new Map(
    entries(params)
      .filter(([path, leaf]) => /(^|\/)kernel$/.test(path) && leaf.rank === 4)
      .map(([path, leaf]) => [path.replace(/\/?kernel$/, ""), leaf]),
  );
}

/**
 * The kernel of a convolution.
 *
 * @param params a model's parameters
 * @param path the convolution; the model's first where absent
 * @returns its path and its kernel, `[height, width, channels, filters]`
 * @throws {RangeError} where there is no convolution at the path, with the nearest one
 */
function requireKernel(params: Tree, path: Path | undefined): [path: Path, kernel: Tensor] {
  const kernels = kernelsOf(params);
  const [first] = kernels.keys();
  const found = kernels.get(path ?? first ?? "");
  if (found) return [(path ?? first)!, found];
  throw new RangeError(
    `Cannot show filters: the layer must be a convolution: ${
      unknownName("convolution", path ?? "the first one", [...kernels.keys()])
    }`,
  );
}

/** The weights of filters, each `[height, width, channels]`, as numbers. */
function filtersOf(weights: ArrayLike<number>, shape: Shape): Float32Array[] {
  const [height, width, channels, count] = shape as [number, number, number, number];
  return Array.from({ length: count }, (_, filter) =>
    Float32Array.from(
      { length: height * width * channels },
      (_, i) => weights[i * count + filter]!,
    ));
}

function requireFilters(filters: readonly number[], path: Path, count: number): void {
  const wrong = filters.find((one) => !Number.isInteger(one) || one < 0 || one >= count);
  if (wrong === undefined) return;
  throw new RangeError(
    `Cannot show a filter of "${path}": it must be a whole number from 0 to ${
      count - 1
    }, got ${wrong}`,
  );
}

/** One picture of color, or one of gray for each channel. */
function picturesOf(pixels: Float32Array, shape: Shape, isReversed: boolean): Image[] {
  const [height, width, channels] = shape as [number, number, number];
  if (channels === 3) {
    const turned = isReversed ? pixels.map((_, i) => pixels[i - i % 3 + 2 - i % 3]!) : pixels;
    return [{ width, height, channels: 3, pixels: turned }];
  }
  return Array.from({ length: channels }, (_, c) => ({
    width,
    height,
    channels: 1 as const,
    pixels: Float32Array.from({ length: height * width }, (_, i) => pixels[i * channels + c]!),
  }));
}

/**
 * The filters of a convolution as pictures. Of three channels, each filter is one picture in
 * color; of one, in gray; of others, a picture in gray for each channel, a row of the grid for
 * each filter. A weight of 0 is the gray in the middle, 0.5 + w / (2 max |w|): what is darker
 * is negative.
 *
 * @param network the network; its parameters must be on the device
 * @param path the convolution. Default: the model's first
 * @param options normalization, which filters, and how the grid is laid out
 * @returns the grid
 * @throws {RangeError} where there is no convolution at the path, or no such filter
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { filterGrid } from "@neocog/neocog/explain";
 * import { init, key, lenet5, start } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const model = lenet5();
 * const { params, state } = init(model, key(0), [28, 28, 1]);
 * const { width, height } = await filterGrid({ model, params, state }, "conv1", { columns: 3 });
 * assertEquals([width, height], [3 * 6 + 1, 2 * 6 + 1]); // six filters of 5 × 5
 * ```
 */
export async function filterGrid<P extends Tree, S extends Tree>(
  { params }: Network<P, S>,
  path?: Path,
  options: FilterGridOptions = {},
): Promise<Image> {
  const [found, kernel] = requireKernel(params, path);
  const [height, width, channels, count] = kernel.shape as [number, number, number, number];
  if (options.filters) requireFilters(options.filters, found, count);
  const all = filtersOf(await kernel.data(), kernel.shape);
  const wanted = options.filters?.map((filter) => all[filter]!) ?? all;
  const pixels = normalizedAll(wanted, options.normalize ?? "each", signedSpan, 0.5);
  const isReversed = options.units?.order === "bgr";
  const pictures = pixels.flatMap((one) => picturesOf(one, [height, width, channels], isReversed));
  const inRows = channels !== 1 && channels !== 3 && wanted.length > 1;
  return grid(pictures, { ...(inRows ? { columns: channels } : {}), ...options });
}
