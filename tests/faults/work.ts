// Work on the device whose numbers are known to the bit: training, measuring, dreaming.
import { deepDream } from "../../lib/generate/mod.ts";
import { uniformArray } from "../../lib/tensor/mod.ts";
import {
  conv,
  dense,
  disposeTraining,
  disposeTree,
  evaluate,
  fit,
  flatten,
  init,
  key,
  lenet5,
  predict,
  relu,
  sequential,
  snapshot,
  tf,
  type Training,
  transfer,
} from "../../mod.ts";
import { toyExamples, toyModel } from "../train/toy.ts";

/** Work, which returns its numbers as text. */
export type Work = { readonly name: string; readonly run: () => Promise<string> };

const examples = toyExamples(24);
const test = toyExamples(9, 1);

const bits = (values: ArrayBufferView): string =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength).toHex();

async function train(jit: boolean): Promise<string> {
  const numbers: unknown[] = [];
  const options = { epochs: 2, batchSize: 8, validation: test, jit };
  for await (const { loss, valLoss, network } of fit(toyModel(), examples, options)) {
    numbers.push(loss, valLoss);
    if (network.progress.epoch < 2) continue;
    const { sections } = await snapshot(network);
    for (const tensors of Object.values(sections)) {
      for (const [path, { values }] of tensors) numbers.push(path, bits(values));
    }
    disposeTraining(network);
  }
  return numbers.join("\n");
}

async function measure(): Promise<string> {
  const network = init(lenet5({ numClasses: 3 }), key(0), [28, 28, 1]);
  const images = Uint8Array.from(uniformArray(key(1), 6 * 784, 0, 255));
  const digits = {
    name: "noise",
    images,
    labels: Uint8Array.from([0, 1, 2, 0, 1, 2]),
    imageShape: [28, 28, 1],
    classNames: ["a", "b", "c"],
  } as const;
  const { loss, predictions } = await evaluate(network, digits);
  const x = tf.tensor4d(uniformArray(key(2), 2 * 784), [2, 28, 28, 1]);
  const probabilities = predict(network, x);
  const found = bits(await probabilities.data());
  tf.dispose([x, probabilities]);
  disposeTree({ params: network.params, state: network.state });
  return [loss, bits(predictions.probability), found].join("\n");
}

async function dream(): Promise<string> {
  const model = sequential({
    conv1: conv({ features: 4, size: 3 }),
    relu1: relu(),
    conv2: conv({ features: 4, size: 3 }),
    flatten: flatten(),
    logits: dense({ features: 3 }),
  });
  const network = init(model, key(0), [16, 16, 1]);
  const noise = tf.tensor3d(uniformArray(key(1), 24 * 24), [24, 24, 1]);
  const options = { layer: "conv2", octaves: 2, steps: 3 };
  const { images, scores } = await deepDream(network, noise, options);
  const found = bits(await images.data());
  tf.dispose([images, noise]);
  disposeTree({ params: network.params, state: network.state });
  return [found, ...scores.flat()].join("\n");
}

async function teach(): Promise<string> {
  const pretrained = init(toyModel(), key(0), [8, 8, 1]);
  const numbers: unknown[] = [];
  const options = {
    epochs: 1,
    batchSize: 8,
    validation: test,
    fineTune: { from: "conv", epochs: 1 },
    head: ["logits/**"],
  };
  let last: Training | undefined;
  for await (const { loss, network } of transfer(toyModel(), pretrained, examples, options)) {
    numbers.push(loss);
    last = network;
  }
  const { sections } = await snapshot(last!);
  for (const { values } of sections.params.values()) numbers.push(bits(values));
  disposeTraining(last!);
  disposeTree({ params: pretrained.params, state: pretrained.state });
  return numbers.join("\n");
}

/** Operations of tfjs and of neocog's own, one after the other, on tensors that the host makes. */
async function operate(): Promise<string> {
  const numbers: string[] = [];
  const keep = async (x: tf.Tensor): Promise<void> => {
    numbers.push(bits(await x.data()));
    x.dispose();
  };
  const x = tf.tensor2d(uniformArray(key(3), 64 * 48, -1, 1), [64, 48]);
  await keep(tf.tidy(() => tf.matMul(x, tf.transpose(x))));
  await keep(tf.tidy(() => tf.concat([tf.sin(x), tf.reverse(x, 0)], 1)));
  await keep(tf.tidy(() => tf.sum(tf.softmax(tf.mul(x, 3)), 0)));
  await keep(tf.tidy(() => tf.cumsum(tf.gather(x, tf.tensor1d([3, 1, 40], "int32")), 1)));
  await keep(x);
  return numbers.join("\n");
}

/** The kinds of work. */
export const works: readonly Work[] = [
  { name: "fit", run: () => train(true) },
  { name: "fit, operation by operation", run: () => train(false) },
  { name: "evaluate and predict", run: measure },
  { name: "DeepDream", run: dream },
  { name: "transfer", run: teach },
  { name: "operations", run: operate },
];
