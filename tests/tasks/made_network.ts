// Networks for the tests of tasks that look into one: made, not trained, so that they are there at once.
import { init, key, lenet5, resnet20, snapshot, start, writeCheckpoint } from "../../mod.ts";
import { torchLayouts, writeTorch } from "../../lib/weights/mod.ts";

/** Writes a LeNet-5 as deno task train leaves one after no step on MNIST; answers the path. */
export async function madeCheckpoint(dir: string): Promise<string> {
  await start({ backend: "cpu" });
  const { params, state } = init(lenet5(), key(0), [28, 28, 1]);
  const totals = { loss: 0, correct: 0, count: 0 };
  const progress = { epoch: 0, stepInEpoch: 0, step: 0, totals };
  const training = { params, state, optimizer: {}, progress, key: key(0) };
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
  const about = { settings, classNames, inputShape: [28, 28, 1] };
  const file = `${dir}/checkpoint.safetensors`;
  await writeCheckpoint(file, await snapshot(training, about));
  return file;
}

/** Writes a ResNet-20 of three classes by PyTorch's names; answers the path. */
export async function madeTorch(dir: string): Promise<string> {
  await start({ backend: "cpu" });
  const model = resnet20({ numClasses: 3 });
  const file = `${dir}/three.safetensors`;
  const layout = torchLayouts["resnet20"]![0]!;
  await writeTorch(file, model, [32, 32, 3], init(model, key(0), [32, 32, 3]), layout);
  return file;
}
