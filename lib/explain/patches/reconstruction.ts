// What is passed back to the image from one neuron, for many neurons of a layer (§12.9.3).
import { type Examples, imageSize } from "../../data/examples.ts";
import { pixelTable } from "../../data/normalization.ts";
import type { Image } from "../../image/image.ts";
import type { Network } from "../../layers/layer.ts";
import { requireLayer } from "../../layers/layers_of.ts";
import { valueAndGrad } from "../../tensor/grad.ts";
import { sizeOf, type Tensor } from "../../tensor/tensor.ts";
import { oneBehind } from "../../tensor/one_behind.ts";
import { tf } from "../../tensor/tf.ts";
import type { Path, Tree } from "../../tensor/tree.ts";
import type { BackwardRule } from "../backward_rule.ts";
import { batchSizeFor, type ForEachBatchOptions } from "../for_each_batch.ts";
import { scoreOf } from "../input_gradient.ts";
import { jitIf } from "../jit_if.ts";
import type { Objective } from "../objective.ts";
import type { Peak } from "./peaks.ts";

/** A channel with its peaks. */
export type UnitPeaks = { readonly unit: number; readonly peaks: readonly Peak[] };

/**
 * The gradient of each neuron with respect to its image: all other neurons of the layer are zero.
 */
export async function reconstructions<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  examples: Examples,
  path: Path,
  units: readonly UnitPeaks[],
  options: ForEachBatchOptions & { readonly rule: BackwardRule },
): Promise<readonly (readonly Image[])[]> {
  const { rule, signal } = options;
  const neurons = units.flatMap(({ unit, peaks }) => peaks.map((peak) => ({ ...peak, unit })));
  const { shape } = requireLayer(network.model, examples.imageShape, path);
  using backpropagate = jitIf(
    (params: P, state: S, x: Tensor, mask: Tensor): Tensor =>
      gradientOf({ ...network, params, state }, path, x, mask, rule),
    options,
  );
  // Batches of one size are one recording; half as large, as they go backward too.
  const most = Math.max(1, batchSizeFor(examples, options.batchSize) >> 1);
  const batchSize = Math.min(most, units[0]?.peaks.length ?? 1);
  const gradients: Image[] = [];
  await using reads = oneBehind();
  for (let begin = 0; begin < neurons.length; begin += batchSize) {
    signal?.throwIfAborted();
    const group = neurons.slice(begin, begin + batchSize);
    const [x, mask] = [inputsOf(examples, group, options), maskOf(group, shape)];
    const gradient = backpropagate(network.params, network.state, x, mask);
    tf.dispose([x, mask]);
    await reads.next(gradient, async (gradient) => {
      const numbers = await gradient.data().finally(() => gradient.dispose()) as Float32Array;
      gradients.push(...asImages(numbers, examples));
      signal?.throwIfAborted();
    });
  }
  await reads.end();
  return units.map(({ peaks }) => gradients.splice(0, peaks.length));
}

type Neuron = Peak & { readonly unit: number };

/** The gradient with respect to the images of the neurons that a mask leaves. */
function gradientOf<P extends Tree, S extends Tree>(
  network: Network<P, S>,
  path: Path,
  x: Tensor,
  mask: Tensor,
  rule: BackwardRule,
): Tensor {
  const masked: Objective = {
    name: "neurons",
    paths: [path],
    score: (output) => tf.sum(tf.mul(output(path), mask)).asScalar(),
    check: () => {},
  };
  const { value, grads } = valueAndGrad((images: { x: Tensor }) => [
    scoreOf(network, images.x, masked, rule),
    {},
  ])({ x });
  value.dispose();
  return grads.x;
}

/** The images of the neurons as the network's inputs. */
function inputsOf(
  examples: Examples,
  neurons: readonly Neuron[],
  { normalize = "unit" }: ForEachBatchOptions,
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

/** 1 at the neuron of each image, 0 elsewhere. */
function maskOf(neurons: readonly Neuron[], shape: readonly number[]): Tensor {
  const [, width, channels] = shape as [number, number, number];
  const size = sizeOf(shape);
  const values = new Float32Array(neurons.length * size);
  neurons.forEach(({ row, column, unit }, i) => {
    values[i * size + (row * width + column) * channels + unit] = 1;
  });
  return tf.tensor(values, [neurons.length, ...shape]);
}

function asImages(values: Float32Array, examples: Examples): Image[] {
  const { imageShape: [height, width, channels] } = examples;
  const size = imageSize(examples);
  return Array.from({ length: values.length / size }, (_, i) => ({
    height,
    width,
    channels: channels as 1 | 3,
    pixels: values.slice(i * size, (i + 1) * size),
  }));
}
