// An activation atlas: what a layer tells apart in many images, drawn at its place on a map.
import type { Examples } from "../data/examples.ts";
import type { ImageSource } from "../data/image_source.ts";
import type { Features } from "../explain/embedding/features.ts";
import { rowOf } from "../explain/embedding/neighbors.ts";
import { principalComponents } from "../explain/embedding/principal_components.ts";
import { umap } from "../explain/embedding/umap.ts";
import { layerOutput } from "../explain/activations.ts";
import { forEachBatch, type ForEachBatchOptions } from "../explain/for_each_batch.ts";
import { type ImageNetwork, scalingFor, shapeFor } from "../explain/input_pixels.ts";
import type { Objective } from "../explain/objective.ts";
import { toPictures } from "../explain/picture_tensors.ts";
import { truncate } from "../explain/truncate.ts";
import { place, plain } from "../image/color.ts";
import type { Image } from "../image/image.ts";
import type { Network } from "../layers/layer.ts";
import { requireLayer } from "../layers/layers_of.ts";
import { fold, type Key, key as keyOf, uniformArray } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { tf } from "../tensor/tf.ts";
import { download } from "../tensor/transfer.ts";
import type { Path, Tree } from "../tensor/tree.ts";
import { requireOneOf, requireOptions, requireRange, requireWhole } from "../text/require.ts";
import { lucidTransforms } from "./affine_chain.ts";
import { ascend, type AscendOptions, ASCENT_OPTIONS } from "./ascend.ts";
import { fourier } from "./fourier.ts";

/** Options of {@linkcode activationAtlas}; those of `ascend` replace the defaults. */
export type ActivationAtlasOptions =
  & Omit<AscendOptions, "count" | "onStep">
  & Pick<ForEachBatchOptions, "normalize" | "batchSize">
  & {
    /** Cells in a row and in a column of the map, from 1. Default: 8. */
    readonly side?: number;
    /** The fewest images of a cell that is drawn, from 1. Default: 2. */
    readonly least?: number;
    /** How activations are placed in the plane. Default: `"umap"`, which is fetched. */
    readonly method?: "umap" | "pca";
    /** How much the direction counts besides the size, at least 0. Default: 4, as in Lucid. */
    readonly power?: number;
    /** Cells that are drawn at a time, from 1. Default: 8. */
    readonly together?: number;
    /** Called as the work goes on: first images, then steps of drawing. */
    readonly onProgress?: (what: "images" | "steps", done: number, total: number) => void;
  };

/** A cell of an atlas. */
export type AtlasCell = {
  /** Its place, from 0 at the left and the top. */
  readonly column: number;
  readonly row: number;
  /** The images whose activations are in it, by their indices. */
  readonly examples: readonly number[];
  /** The mean of their activations, a number for each channel. */
  readonly activation: Float32Array;
  /** What makes the layer answer like that. */
  readonly image: Image;
};

/** What {@linkcode activationAtlas} returns. */
export type ActivationAtlas = {
  /** The map: the cells at their places, white where there are too few images. */
  readonly image: Image;
  /** The cells that are drawn, row by row. */
  readonly cells: readonly AtlasCell[];
  /** Where each image's activation is, `[N, 2]`. */
  readonly positions: Features;
};

/**
 * Draws an activation atlas: of each image it takes a layer's activation at a random position, places
 * these vectors in the plane such that similar ones are near each other, lays a grid over the plane,
 * and makes for each cell a picture that activates the layer in the direction of the cell's mean.
 * Directions are whitened, w = (E[a aᵀ] + λ I)⁻¹ ā with λ a tenth of the mean square of a channel, and
 * at the center of the maps z the objective is (z · w) · max(0.1, cos(z, w))^p.
 *
 * Carter, Armstrong, Schubert, Johnson and Olah, "Exploring neural networks with activation
 * atlases", 2019.
 *
 * @param network the network
 * @param examples the images, in memory or read on demand; the more, the smoother
 * @param layer the layer: maps, or a dense layer
 * @param options cells, normalization of the examples, steps (default 64), shape and preprocessing of what is drawn
 * @returns the map, its cells, and where each image is
 * @throws {RangeError} if the layer is not there, an option is out of its range, or no cell has images enough
 * @throws {TypeError} if the network does not take such images
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { init, key, lenet5, start } from "@neocog/neocog";
 * import { uniformArray } from "@neocog/neocog/tensor";
 * import { activationAtlas } from "@neocog/neocog/generate";
 *
 * await start({ backend: "cpu" });
 * const network = init(lenet5(), key(0), [28, 28, 1]);
 * const noise = {
 *   name: "noise",
 *   images: Uint8Array.from(uniformArray(key(1), 12 * 784), (x) => 255 * x),
 *   labels: new Uint8Array(12),
 *   imageShape: [28, 28, 1],
 *   classNames: ["noise"],
 * } as const;
 * const options = { side: 2, least: 1, method: "pca", steps: 1 } as const;
 * const { image, cells } = await activationAtlas(network, noise, "conv2", options);
 * assertEquals(cells.reduce((sum, { examples }) => sum + examples.length, 0), 12);
 * assertEquals([image.width, image.height], [2 * 28 + 3, 2 * 28 + 3]);
 * ```
 */
export async function activationAtlas<P extends Tree, S extends Tree>(
  network: ImageNetwork<P, S>,
  examples: Examples | ImageSource,
  layer: Path,
  options: ActivationAtlasOptions = {},
): Promise<ActivationAtlas> {
  requireOptions("draw an activation atlas", options, {
    ...ASCENT_OPTIONS,
    shape: true,
    normalize: true,
    batchSize: true,
    side: true,
    least: true,
    method: true,
    power: true,
    together: true,
    onProgress: true,
  });
  const {
    side = 8,
    least = 2,
    method = "umap",
    power = 4,
    together = 8,
    steps = 64,
    key = keyOf(0),
    onProgress,
    normalize,
    batchSize,
    ...rest
  } = options;
  const action = "draw an activation atlas";
  requireWhole(action, "the cells of a row", side);
  requireWhole(action, "the fewest images of a cell", least);
  requireWhole(action, "the cells at a time", together);
  requireWhole(action, "the number of steps", steps);
  requireOneOf(action, "the method", ["umap", "pca"], method);
  requireRange(
    action,
    "the power must be finite and at least 0",
    power >= 0 && power < Infinity,
    power,
  );
  const shape = shapeFor(network, options.shape);
  const preprocessing = scalingFor(network, options.preprocessing);
  const part = truncate(network, shape, [layer]);
  requireLayer(part.model, shape, layer);
  const vectors = await activationsAt(network, examples, layer, key, {
    normalize,
    batchSize,
    ...(options.signal ? { signal: options.signal } : {}),
    ...(options.jit === undefined ? {} : { jit: options.jit }),
    onProgress: (done, total) => onProgress?.("images", done, total),
  });
  const positions = method === "pca"
    ? principalComponents(vectors, { key: fold(key, "pca") }).positions
    : await umap(vectors, { key: fold(key, "umap"), neighbors: Math.min(15, vectors.count - 1) });
  const groups = groupsOf(positions, side, least);
  requireRange(action, `a cell must have ${least} images`, groups.length > 0, "fewer in each");
  const means = groups.map(({ examples }) => meanOf(vectors, examples));
  const directions = whitened(vectors, means);
  const drawn: Image[] = [];
  for (let from = 0; from < groups.length && !options.signal?.aborted; from += together) {
    const own = directions.slice(from, from + together);
    const aims = tf.tensor2d(Float32Array.from(own.flatMap((row) => [...row])), [
      own.length,
      vectors.size,
    ]);
    const isLarge = Math.min(shape[0]!, shape[1]!) >= 48;
    const { images } = await ascend(part, towards(layer, aims, power), {
      parametrization: fourier(),
      transforms: isLarge ? [lucidTransforms(Math.min(shape[0]!, shape[1]!))] : [],
      ...rest,
      key: fold(key, from),
      steps,
      shape,
      preprocessing,
      count: own.length,
      onStep: ({ step }) =>
        onProgress?.(
          "steps",
          from / together * steps + step,
          Math.ceil(groups.length / together) * steps,
        ),
    }).finally(() => aims.dispose());
    drawn.push(...await toPictures(images).finally(() => images.dispose()));
  }
  const cells = drawn.map((image, i) => ({ ...groups[i]!, activation: means[i]!, image }));
  return { image: sheetOf(cells, side), cells, positions };
}

/** The activation of each image at a random position of the layer, `[N, C]`. */
async function activationsAt<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  examples: Examples | ImageSource,
  layer: Path,
  key: Key,
  options: ForEachBatchOptions,
): Promise<Features> {
  const { shape } = requireLayer(network.model, examples.imageShape, layer);
  const [count, size] = [examples.labels.length, shape.at(-1)!];
  const places = shape.slice(0, -1).reduce((product, axis) => product * axis, 1);
  const draws = uniformArray(fold(key, "positions"), count);
  const values = new Float32Array(count * size);
  const compute = (params: P, state: S, images: Tensor): Tensor =>
    tf.tidy(() => layerOutput({ ...network, params, state }, images, layer));
  await forEachBatch(network, examples, compute, options, async (maps, { done, size: batch }) => {
    const chosen = tf.tidy(() => {
      const at = Array.from(
        { length: batch },
        (_, i) => i * places + Math.min(places - 1, Math.floor(draws[done + i]! * places)),
      );
      return tf.gather(tf.reshape(maps, [batch * places, size]), tf.tensor1d(at, "int32"));
    });
    maps.dispose();
    values.set(await download(chosen).finally(() => chosen.dispose()), done * size);
  });
  return { values, count, size };
}

/** A cell before it is drawn. */
type Group = Pick<AtlasCell, "column" | "row" | "examples">;

/** The images in each cell of a grid over the plane, row by row, the vertical axis going up. */
function groupsOf({ values, count }: Features, side: number, least: number): Group[] {
  const cellOf = (axis: number): number[] => {
    const along = Array.from({ length: count }, (_, i) => values[2 * i + axis]!);
    const [low, high] = [Math.min(...along), Math.max(...along)];
    const width = (high - low) / side || 1;
    return along.map((value) => Math.min(side - 1, Math.floor((value - low) / width)));
  };
  const [across, up] = [cellOf(0), cellOf(1)];
  const indices = Array.from({ length: count }, (_, i) => i);
  const byCell = Map.groupBy(indices, (i) => (side - 1 - up[i]!) * side + across[i]!);
  return [...byCell].filter(([, examples]) => examples.length >= least)
    .sort(([a], [b]) => a - b)
    .map(([at, examples]) => ({ column: at % side, row: Math.floor(at / side), examples }));
}

function meanOf(vectors: Features, examples: readonly number[]): Float32Array {
  const mean = new Float32Array(vectors.size);
  for (const index of examples) {
    rowOf(vectors, index).forEach((value, c) => mean[c]! += value / examples.length);
  }
  return mean;
}

/** The share of a channel's mean square that keeps the inverse small where channels are silent. */
const RIDGE = 0.1;

/**
 * (A + λ I)⁻¹ m of each mean m, A the mean of a aᵀ, of length 1: what sets an activation apart from
 * the others. By conjugate gradients, which need A only as a function.
 */
export function whitened(
  { values, count, size }: Features,
  means: readonly Float32Array[],
): Float64Array[] {
  const square = values.reduce((sum, value) => sum + value * value, 0) / values.length;
  const ridge = RIDGE * square || 1;
  const times = (x: Float64Array): Float64Array => {
    const y = x.map((value) => ridge * value);
    for (let n = 0; n < count; n++) {
      const row = values.subarray(n * size, (n + 1) * size);
      let along = 0;
      for (let c = 0; c < size; c++) along += row[c]! * x[c]!;
      for (let c = 0; c < size; c++) y[c]! += along * row[c]! / count;
    }
    return y;
  };
  return means.map((mean) => {
    const x = solve(times, Float64Array.from(mean));
    const length = Math.sqrt(dot(x, x)) || 1;
    return x.map((value) => value / length);
  });
}

const dot = (a: Float64Array, b: Float64Array): number =>
  a.reduce((sum, value, i) => sum + value * b[i]!, 0);

/** Solves A x = b for a symmetric, positive A, to a thousandth. */
function solve(times: (x: Float64Array) => Float64Array, b: Float64Array): Float64Array {
  const x = new Float64Array(b.length);
  const rest = Float64Array.from(b);
  let step = Float64Array.from(b);
  let square = dot(rest, rest);
  const enough = 1e-6 * square;
  for (let i = 0; i < b.length && square > enough; i++) {
    const moved = times(step);
    const rate = square / dot(step, moved);
    step.forEach((value, c) => {
      x[c]! += rate * value;
      rest[c]! -= rate * moved[c]!;
    });
    const next = dot(rest, rest);
    step = step.map((value, c) => rest[c]! + next / square * value);
    square = next;
  }
  return x;
}

/** The objective of a batch: each image's own direction at the center of the maps. */
function towards(layer: Path, aims: Tensor, power: number): Objective {
  return {
    name: `directions of ${layer}`,
    paths: [layer],
    score(output) {
      const maps = output(layer);
      const [batch, size] = [maps.shape[0]!, maps.shape.at(-1)!];
      const middle = maps.shape.slice(1, -1).map((axis) => Math.floor(axis / 2));
      const one = middle.map(() => 1);
      const z = tf.reshape(
        tf.slice(maps, [0, ...middle, 0], [batch, ...one, size]),
        [batch, size],
      );
      const along = tf.sum(tf.mul(z, aims), 1); // w is of length 1.
      const lengths = tf.sqrt(tf.add(tf.sum(tf.square(z), 1), 1e-20));
      const cosines = tf.maximum(tf.div(along, lengths), 0.1);
      return tf.sum(tf.mul(along, tf.pow(cosines, power))).asScalar();
    },
    check: (model, shape) => void requireLayer(model, shape, layer),
  };
}

/** The cells at their places, on white. */
function sheetOf(cells: readonly AtlasCell[], side: number): Image {
  const { width, height, channels } = cells[0]!.image;
  const sheet = plain(
    side * (width + 1) + 1,
    side * (height + 1) + 1,
    [1, 1, 1],
    channels as 1 | 3,
  );
  for (const { image, column, row } of cells) {
    place(sheet, image, column * (width + 1) + 1, row * (height + 1) + 1, [1, 1, 1]);
  }
  return sheet;
}
