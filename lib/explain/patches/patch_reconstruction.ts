// What comes back to the image from one neuron, for many neurons of a layer (§12.9.3).
import { type Examples, imageSize } from "../../data/examples.ts";
import { pixelTable } from "../../data/normalization.ts";
import type { Image } from "../../image/image.ts";
import { valueAndGrad } from "../../tensor/grad.ts";
import { sizeOf, type Tensor } from "../../tensor/tensor.ts";
import type { Path, Tree } from "../../tensor/tree.ts";
import { tf } from "../../tensor/tf.ts";
import type { BackwardRule } from "../backward_rule.ts";
import { batchSizeFor, type GoThroughOptions, recorded } from "../go_through.ts";
import { scoreOf } from "../input_gradient.ts";
import type { Network } from "../../layers/layer.ts";
import { requireLayer } from "../../layers/layers_of.ts";
import type { Objective } from "../objective.ts";
import type { Peak } from "./strongest_places.ts";

/** A channel, and where it is looked at. */
export type UnitPeaks = { readonly unit: number; readonly peaks: readonly Peak[] };

/**
 * The gradient of each neuron by its image: all other neurons of the layer are set to zero.
 *
 * @param network the network
 * @param examples the images
 * @param path the layer, which answers maps
 * @param units channels with their places
 * @param options the rule, normalization, batch size
 * @returns for each unit, for each place, the gradient by the whole image, as numbers of any size
 */
export async function reconstructions<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  examples: Examples,
  path: Path,
  units: readonly UnitPeaks[],
  options: GoThroughOptions & { readonly rule: BackwardRule },
): Promise<readonly (readonly Image[])[]> {
  const { rule, signal } = options;
  const neurons = units.flatMap(({ unit, peaks }) => peaks.map((peak) => ({ ...peak, unit })));
  const { shape } = requireLayer(network.model, examples.imageShape, path);
  const back = (params: P, state: S, x: Tensor, mask: Tensor): Tensor =>
    slopesOf({ ...network, params, state }, path, x, mask, rule);
  // Batches of one size are one recording; half of what the way forward takes, as this goes back too.
  const most = Math.max(1, batchSizeFor(examples, options.batchSize) >> 1);
  const batchSize = Math.min(most, units[0]?.peaks.length ?? 1);
  const slopes: Image[] = [];
  await recorded(back, options.jit, async (call) => {
    for (let begin = 0; begin < neurons.length; begin += batchSize) {
      signal?.throwIfAborted();
      const group = neurons.slice(begin, begin + batchSize);
      const [x, mask] = [inputsOf(examples, group, options), maskOf(group, shape)];
      const gradient = call(network.params, network.state, x, mask);
      slopes.push(...imagesOf(await gradient.data() as Float32Array, examples));
      tf.dispose([x, mask, gradient]);
    }
  });
  return units.map(({ peaks }) => slopes.splice(0, peaks.length));
}

type Neuron = Peak & { readonly unit: number };

/** The slopes by the images of what a mask leaves of a layer's answer. */
function slopesOf<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  path: Path,
  x: Tensor,
  mask: Tensor,
  rule: BackwardRule,
): Tensor {
  const left: Objective = {
    name: "neurons",
    paths: [path],
    score: (output) => tf.sum(tf.mul(output(path), mask)).asScalar(),
    check: () => {},
  };
  const { value, grads } = valueAndGrad((images: { x: Tensor }) => [
    scoreOf(network, left, images.x, rule),
    {},
  ])({ x });
  value.dispose();
  return grads.x;
}

/** The neurons' images as the network takes them. */
function inputsOf(
  examples: Examples,
  neurons: readonly Neuron[],
  { normalize = "unit" }: GoThroughOptions,
): Tensor {
  const [size, channels] = [imageSize(examples), examples.imageShape[2]];
  const table = pixelTable(normalize, channels);
  const values = new Float32Array(neurons.length * size);
  neurons.forEach(({ example }, i) => {
    for (let p = 0; p < size; p++) {
      values[i * size + p] = table[(p % channels) * 256 + examples.images[example * size + p]!]!;
    }
  });
  return tf.tensor(values, [neurons.length, ...examples.imageShape]);
}

/** 1 at each neuron of its own image, 0 elsewhere. */
function maskOf(neurons: readonly Neuron[], shape: readonly number[]): Tensor {
  const [, width, channels] = shape as [number, number, number];
  const size = sizeOf(shape);
  const values = new Float32Array(neurons.length * size);
  neurons.forEach(({ row, column, unit }, i) => {
    values[i * size + (row * width + column) * channels + unit] = 1;
  });
  return tf.tensor(values, [neurons.length, ...shape]);
}

function imagesOf(values: Float32Array, examples: Examples): Image[] {
  const { imageShape: [height, width, channels] } = examples;
  const size = imageSize(examples);
  return Array.from({ length: values.length / size }, (_, i) => ({
    height,
    width,
    channels: channels as 1 | 3,
    pixels: values.slice(i * size, (i + 1) * size),
  }));
}
