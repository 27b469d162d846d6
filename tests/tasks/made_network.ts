// Networks for tests of tasks: initialized, not trained, so that they are there at once.
import {
  beginTraining,
  init,
  key,
  lenet5,
  resnet20,
  scaleUpdates,
  snapshot,
  start,
  writeCheckpoint,
} from "../../mod.ts";
import { torchLayouts, writeTorch } from "../../lib/weights/mod.ts";

/** Writes a LeNet-5 as deno task train does before its first step on MNIST; returns the path. */
export async function madeCheckpoint(dir: string): Promise<string> {
  await start({ backend: "cpu" });
  const network = beginTraining(lenet5(), scaleUpdates(1), key(0), [28, 28, 1], {
    network: init(lenet5(), key(0), [28, 28, 1]),
  });
  const settings = {
    model: "lenet5",
    dataset: "mnist",
    epochs: 1,
    batchSize: 1,
    optimizer: "adam",
    learningRate: 0.001,
    schedule: "constant",
    seed: 0,
    limit: null,
  };
  const classNames = Array.from({ length: 10 }, (_, digit) => `${digit}`);
  const about = { settings, classNames };
  const file = `${dir}/checkpoint.safetensors`;
  await writeCheckpoint(file, await snapshot(network, about));
  return file;
}

/** Writes a ResNet-20 of three classes with PyTorch's names; returns the path. */
export async function madeTorch(dir: string): Promise<string> {
  await start({ backend: "cpu" });
  const model = resnet20({ numClasses: 3 });
  const file = `${dir}/three.safetensors`;
  const layout = torchLayouts["resnet20"]![0]!;
  await writeTorch(file, init(model, key(0), [32, 32, 3]), [32, 32, 3], layout);
  return file;
}
