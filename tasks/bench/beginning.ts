// The first parameters and the batch that all peers begin with.
import type { Network, NetworkLayer } from "./networks.ts";

/** One parameter: filters `[h, w, C, features]`, matrices `[in, out]`, vectors. */
export type Parameter = {
  readonly shape: readonly number[];
  readonly values: Float32Array<ArrayBuffer>;
  /** The image's shape if a flattened image goes in: the rows are in the order H, W, C. */
  readonly image?: readonly [number, number, number];
};

/** A network's first parameters, in the order of its layers. */
export type Beginning = {
  readonly parameters: readonly Parameter[];
  /** The running mean and variance of each batch normalization. */
  readonly state: readonly Parameter[];
};

/** What a peer prepares. */
export type Work = {
  readonly network: Network;
  readonly beginning: Beginning;
  readonly batch: HostBatch;
  readonly batchSize: number;
  readonly training: boolean;
};

/** Images `[N, H, W, C]` and one-hot labels `[N, 10]`. */
export type HostBatch = {
  readonly images: Float32Array<ArrayBuffer>;
  readonly labels: Float32Array<ArrayBuffer>;
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

const sizeOf = (shape: readonly number[]): number =>
  shape.reduce((product, length) => product * length, 1);

/**
 * The first parameters of a network, the same at every call: kernels as He et al. draw them, from
 * uniform numbers.
 */
export function firstParameters({ layers, inputShape }: Network): Beginning {
  const random = stream(1);
  const parameters: Parameter[] = [];
  const state: Parameter[] = [];
  const draw = (shape: readonly number[], mean = 0, half = 0.1): Parameter => ({
    shape,
    values: Float32Array.from({ length: sizeOf(shape) }, () => mean + half * (2 * random() - 1)),
  });
  const kernel = (shape: readonly number[]): Parameter =>
    draw(shape, 0, Math.sqrt(6 / sizeOf(shape.slice(0, -1))));
  const statistic = (channels: number, value: number): Parameter => ({
    shape: [channels],
    values: new Float32Array(channels).fill(value),
  });
  /** Adds a layer's parameters; returns the shape after it, unflattened. */
  const walk = (shape: readonly number[], layer: NetworkLayer): readonly number[] => {
    const [h, w, channels] = shape as [number, number, number];
    switch (layer.op) {
      case "pad":
        return [h + 2 * layer.pixels, w + 2 * layer.pixels, channels];
      case "conv": {
        const { size, stride, padding, features, bias } = layer;
        parameters.push(kernel([size, size, channels, features]));
        if (bias) parameters.push(draw([features]));
        const slide = (side: number): number =>
          Math.floor((side + 2 * padding - size) / stride) + 1;
        return [slide(h), slide(w), features];
      }
      case "batchNorm":
        parameters.push(draw([channels], 1), draw([channels]));
        state.push(statistic(channels, 0), statistic(channels, 1));
        return shape;
      case "dense": {
        const image = shape.length === 3 ? { image: shape as [number, number, number] } : {};
        parameters.push({ ...kernel([sizeOf(shape), layer.features]), ...image });
        parameters.push(draw([layer.features]));
        return [layer.features];
      }
      case "maxPool":
        return [h >> 1, w >> 1, channels];
      case "globalMeanPool":
        return [channels];
      case "residual":
        return layer.body.reduce(walk, shape);
      default:
        return shape;
    }
  };
  layers.reduce(walk, inputShape as readonly number[]);
  return { parameters, state };
}

/** A batch to train on, the same at every call. */
export function firstBatch({ inputShape }: Network, batchSize: number): HostBatch {
  const random = stream(2);
  const size = batchSize * sizeOf(inputShape);
  const labels = new Float32Array(10 * batchSize);
  for (let i = 0; i < batchSize; i++) labels[10 * i + i % 10] = 1;
  return { images: Float32Array.from({ length: size }, random), labels };
}

/** A network with the parameters and the batch it begins with, for a peer to prepare. */
export function workOf(network: Network, batchSize: number): Omit<Work, "training"> {
  const beginning = firstParameters(network);
  return { network, batchSize, beginning, batch: firstBatch(network, batchSize) };
}
