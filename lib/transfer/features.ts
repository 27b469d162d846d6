// The outputs of frozen layers for each example, computed once and kept in host memory.
import { batches } from "../data/dataset.ts";
import type { Examples } from "../data/examples.ts";
import { type FeatureSource, type ImageSource, isSource } from "../data/image_source.ts";
import type { Normalization } from "../data/normalization.ts";
import { jit } from "../device/jit/jit.ts";
import type { AnyLayer, Layer, Network } from "../layers/layer.ts";
import { type Shape, sizeOf, type Tensor } from "../tensor/tensor.ts";
import type { Tree } from "../tensor/tree.ts";
import { oneBehind } from "../tensor/one_behind.ts";
import { tf } from "../tensor/tf.ts";
import { requireOptions } from "../text/require.ts";

/** Options of {@linkcode cachedFeatures}. */
export type CachedFeaturesOptions = {
  /** Examples at a time. Default: 32, or all if there are fewer. */
  readonly batchSize?: number;
  /** How pixels become numbers. Default: as in {@linkcode batches}. */
  readonly normalize?: Normalization;
  /** The most bytes that the features may take on the host. Default: 2³⁰. */
  readonly maxBytes?: number;
  /** Called after each batch with the number of examples done. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Ends the work after the current batch. */
  readonly signal?: AbortSignal;
  /** Whether the body is recorded and replayed, see {@linkcode jit}. Default: `true`. */
  readonly jit?: boolean;
};

/** The default limit of the features' bytes. */
export const MAX_FEATURE_BYTES = 2 ** 30;

/** How many bytes the features of examples take. */
export function featureBytes(featureShape: Shape, count: number): number {
  return 4 * count * sizeOf(featureShape);
}

/**
 * Runs frozen layers over examples once (Figure 12.23): their outputs replace the examples while the
 * layers above are trained. They run as outside training: batch normalization uses its running
 * statistics, and nothing is dropped.
 *
 * @param network the frozen layers, `[N, H, W, C] → features [N, …]`, see {@linkcode splitFrozen}
 * @param examples the examples
 * @param options batch size, normalization, memory limit, progress
 * @returns the features with the examples' labels, for {@linkcode fit} and {@linkcode evaluate}
 * with {@linkcode onFeatures}
 * @throws {RangeError} if the features would take more than `maxBytes`, before anything is computed
 * @throws {DOMException} named `AbortError` if the signal ended it
 * @throws {DeviceError} if the device failed
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { cachedFeatures, init, key, meanPool, start } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const examples = {
 *   name: "one image",
 *   images: new Uint8Array([0, 0, 255, 255]),
 *   labels: new Uint8Array([0]),
 *   imageShape: [2, 2, 1],
 *   classNames: ["half"],
 * } as const;
 * const features = await cachedFeatures(init(meanPool(), key(0), [2, 2, 1]), examples);
 * assertEquals([...await features.read(Uint32Array.of(0))], [0.5]);
 * ```
 */
export async function cachedFeatures<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  examples: Examples | ImageSource,
  options: CachedFeaturesOptions = {},
): Promise<FeatureSource> {
  requireOptions("compute features", options, {
    batchSize: true,
    normalize: true,
    maxBytes: true,
    onProgress: true,
    signal: true,
    jit: true,
  });
  const total = examples.labels.length;
  const { model: body, params, state } = network;
  const shape = body.declare(examples.imageShape).shape;
  const size = sizeOf(shape);
  const imageShape = asImage(shape);
  requireRoom(examples.name, shape, total, options.maxBytes ?? MAX_FEATURE_BYTES);
  const values = new Float32Array(total * size);
  const forward = (params: P, state: S, images: Tensor): Tensor =>
    tf.tidy(() => body.apply(params, state, images, {})[0]);
  const recorded = options.jit === false ? undefined : jit(forward);
  const batchSize = Math.min(options.batchSize ?? 32, total);
  const { normalize, signal } = options;
  let done = 0;
  await using reads = oneBehind();
  try {
    for await (
      const { images, labels, size: count } of batches(examples, {
        batchSize,
        ...(normalize ? { normalize } : {}),
      })
    ) {
      const features = (recorded ?? forward)(params, state, images);
      tf.dispose([images, labels]);
      const begin = done;
      done += count;
      await reads.next(features, async (features) => {
        const numbers = await features.data().finally(() => features.dispose()) as Float32Array;
        values.set(numbers, begin * size);
        options.onProgress?.(begin + count, total);
        signal?.throwIfAborted();
      });
    }
    await reads.end();
  } finally {
    recorded?.dispose();
  }
  return featureSource(examples, values, imageShape);
}

function requireRoom(name: string, shape: Shape, total: number, maxBytes: number): void {
  const bytes = featureBytes(shape, total);
  if (bytes <= maxBytes) return;
  throw new RangeError(
    `Cannot keep the features of ${name}: they must take at most ${maxBytes} bytes, got ${bytes}, ${total} of shape [${shape}]`,
  );
}

function featureSource(
  examples: Examples | ImageSource,
  values: Float32Array,
  imageShape: FeatureSource["imageShape"],
): FeatureSource {
  const size = sizeOf(imageShape);
  return {
    name: `${examples.name} (features)`,
    labels: examples.labels,
    classNames: examples.classNames,
    imageShape,
    ...(isSource(examples) && examples.contents ? { contents: examples.contents } : {}),
    read(indices) {
      const found = new Float32Array(indices.length * size);
      indices.forEach((index, i) =>
        found.set(values.subarray(index * size, (index + 1) * size), i * size)
      );
      return Promise.resolve(found);
    },
  };
}

/** The shape of features as that of an image: missing axes are of size 1, before its own. */
function asImage(shape: Shape): FeatureSource["imageShape"] {
  if (shape.length > 3) {
    throw new TypeError(
      `Cannot keep features: they must be of at most three axes, got [${shape}]`,
    );
  }
  const [height, width, channels] = [...Array(3 - shape.length).fill(1), ...shape] as number[];
  return [height!, width!, channels!];
}

/**
 * A network's tail as a model of its cached features, which have the form of images. Names and
 * paths stay the same.
 *
 * @param featureShape shape of one example's features
 * @returns the model, `[N, H, W, C] → logits [N, classes]`
 */
export function onFeatures(tail: Layer, featureShape: Shape): Layer {
  if (asImage(featureShape).length === featureShape.length) return tail;
  const layer: AnyLayer = {
    op: tail.op,
    declare: () => tail.declare(featureShape),
    apply: (params, state, x, context) =>
      tail.apply(params, state, tf.reshape(x, [x.shape[0]!, ...featureShape]), context),
  };
  return layer;
}
