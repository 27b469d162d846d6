// Networks for attacks: a linear one with known outputs, and a small one that trains in a moment.
import {
  adam,
  conv,
  dense,
  type Examples,
  fit,
  flatten,
  key,
  type Layer,
  maxPool,
  type Network,
  relu,
  sequential,
  takeExamples,
  tf,
} from "../../../mod.ts";
import { toyExamples } from "../../train/toy.ts";

/**
 * A network whose logits are linear: of pixels x, x · kernel + bias.
 *
 * @param kernel a row a number of the image, each of a number a class
 * @param bias a number a class
 */
export function linearNetwork(
  kernel: readonly (readonly number[])[],
  bias: readonly number[],
): Network {
  const model = sequential({ flatten: flatten(), logits: dense({ features: bias.length }) });
  const logits = {
    kernel: tf.tensor2d(kernel.map((row) => [...row])),
    bias: tf.tensor1d([...bias]),
  };
  return {
    model: model as Layer,
    params: { flatten: {}, logits },
    state: { flatten: {}, logits: {} },
  };
}

/** Images that the small network classifies correctly. */
export const images: Examples = toyExamples(48, 5);

/** A small ConvNet that has learned the toy images. */
export async function trainedNetwork(): Promise<Network> {
  const model = sequential({
    conv: conv({ features: 12, size: 3 }),
    relu: relu(),
    pool: maxPool(),
    flatten: flatten(),
    logits: dense({ features: 3 }),
  });
  const options = {
    batchSize: 16,
    epochs: 8,
    key: key(3),
    optimizer: adam({ learningRate: 0.005 }),
  };
  for await (const { epoch, network } of fit(model, images, options)) {
    if (epoch < options.epochs) continue;
    return network;
  }
  throw new Error("nothing was trained");
}

/** The first examples of a data set as pixels, with their labels. */
export function pixelsOf(examples: Examples, count: number): { x: tf.Tensor; labels: number[] } {
  const { images, labels, imageShape } = takeExamples(examples, count);
  const x = tf.tensor(Float32Array.from(images, (byte) => byte / 255), [count, ...imageShape]);
  return { x, labels: [...labels] };
}
