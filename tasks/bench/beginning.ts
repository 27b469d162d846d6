// What all peers begin with: the same first parameters and the same batch.
import type { Network, NetworkLayer } from "./networks.ts";

/** One parameter: filters `[h, w, C, features]`, matrices `[in, out]`, vectors. */
export type Parameter = {
  readonly shape: readonly number[];
  readonly values: Float32Array<ArrayBuffer>;
  /** Of a matrix that takes a flattened image, the image's shape: its rows are in order H, W, C. */
  readonly image?: readonly [number, number, number];
};

/** What a network begins with, in the order of its layers. */
export type Beginning = {
  readonly parameters: readonly Parameter[];
  /** Of each batch normalization the running mean and variance. */
  readonly state: readonly Parameter[];
};

/** A stream of numbers in [0, 1): Mulberry32, which is small and the same everywhere. */
function stream(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Uniform numbers of a deviation, as He et al. draw them, about a mean. */
function drawn(random: () => number, shape: readonly number[], mean = 0, inputs = 0): Parameter {
  const half = inputs > 0 ? Math.sqrt(6 / inputs) : 0.1;
  const size = shape.reduce((product, length) => product * length, 1);
  return {
    shape,
    values: Float32Array.from({ length: size }, () => mean + half * (2 * random() - 1)),
  };
}

/** What a walk over the layers has found so far. */
type Found = { readonly parameters: Parameter[]; readonly state: Parameter[] };

function walkConv(
  { size, stride, padding, features, bias }: NetworkLayer & { op: "conv" },
  [h, w, channels]: readonly number[],
  random: () => number,
  found: Found,
): readonly number[] {
  const kernel = [size, size, channels!, features];
  found.parameters.push(drawn(random, kernel, 0, size * size * channels!));
  if (bias) found.parameters.push(drawn(random, [features]));
  const slide = (length: number): number => Math.floor((length + 2 * padding - size) / stride) + 1;
  return [slide(h!), slide(w!), features];
}

function walkDense(
  { features }: NetworkLayer & { op: "dense" },
  shape: readonly number[],
  random: () => number,
  found: Found,
): readonly number[] {
  const inputs = shape.reduce((product, length) => product * length, 1);
  const image = shape.length === 3 ? { image: shape as [number, number, number] } : {};
  found.parameters.push({ ...drawn(random, [inputs, features], 0, inputs), ...image });
  found.parameters.push(drawn(random, [features]));
  return [features];
}

/** Adds what a layer begins with to `found`; answers the shape after it, unflattened. */
function walk(
  layer: NetworkLayer,
  shape: readonly number[],
  random: () => number,
  found: Found,
): readonly number[] {
  const [h, w, channels] = shape as [number, number, number];
  switch (layer.op) {
    case "pad":
      return [h + 2 * layer.pixels, w + 2 * layer.pixels, channels];
    case "conv":
      return walkConv(layer, shape, random, found);
    case "batchNorm": {
      found.parameters.push(drawn(random, [channels], 1), drawn(random, [channels]));
      const statistic = (value: number): Parameter => ({
        shape: [channels],
        values: new Float32Array(channels).fill(value),
      });
      found.state.push(statistic(0), statistic(1));
      return shape;
    }
    case "dense":
      return walkDense(layer, shape, random, found);
    case "maxPool":
      return [h >> 1, w >> 1, channels];
    case "globalMeanPool":
      return [channels];
    case "residual":
      return walkAll(layer.body, shape, random, found);
    default:
      return shape;
  }
}

function walkAll(
  layers: readonly NetworkLayer[],
  shape: readonly number[],
  random: () => number,
  found: Found,
): readonly number[] {
  return layers.reduce((now, layer) => walk(layer, now, random, found), shape);
}

/**
 * What a network begins with, the same at every call.
 *
 * @param network the network
 */
export function firstParameters({ layers, inputShape }: Network): Beginning {
  const found: Found = { parameters: [], state: [] };
  walkAll(layers, inputShape, stream(1), found);
  return found;
}

/** Images `[N, H, W, C]` and one-hot labels `[N, 10]`. */
export type HostBatch = {
  readonly images: Float32Array<ArrayBuffer>;
  readonly labels: Float32Array<ArrayBuffer>;
};

/**
 * A batch to train on, the same at every call.
 *
 * @param network the network
 * @param batchSize how many images
 */
export function firstBatch({ inputShape }: Network, batchSize: number): HostBatch {
  const random = stream(2);
  const size = inputShape.reduce((product, length) => product * length, batchSize);
  const labels = new Float32Array(10 * batchSize);
  for (let i = 0; i < batchSize; i++) labels[10 * i + i % 10] = 1;
  return { images: Float32Array.from({ length: size }, random), labels };
}
