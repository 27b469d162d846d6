// Trains LeNet-5 on 6,000 of MNIST's digits, and reads at least 95 % of the 10,000 others right.
// deno run --allow-read --allow-env=XDG_RUNTIME_DIR examples/01_train_lenet5.ts
import { assertGreaterOrEqual } from "@std/assert";
import {
  adam,
  cosineDecay,
  disposeTraining,
  evaluate,
  fit,
  key,
  lenet5,
  mnist,
  start,
  stepsPerEpoch,
  takeExamples,
} from "../mod.ts";

const device = await start();
console.log(`on ${device.adapter}`);

const { train, test } = await mnist();
const digits = takeExamples(train, 6000);
const model = lenet5();

// The step size falls along half a cosine, to 0 after the last step.
const epochs = 2;
const batchSize = 32;
const steps = epochs * stepsPerEpoch(digits, { batchSize });
const optimizer = adam({ learningRate: cosineDecay({ learningRate: 0.003, steps }) });

for await (const epoch of fit(model, digits, { epochs, batchSize, optimizer, key: key(0) })) {
  const { loss, accuracy, seconds, network } = epoch;
  console.log(
    `epoch ${epoch.epoch}: loss ${loss.toFixed(3)}, accuracy ${accuracy.toFixed(3)},`,
    `${seconds.toFixed(1)} s`,
  );
  if (epoch.epoch < epochs) continue;

  // The last epoch's tensors are ours to use and to free.
  const result = await evaluate(network, test);
  disposeTraining(network);
  console.log(`test accuracy ${(100 * result.accuracy).toFixed(2)} %`);
  assertGreaterOrEqual(result.accuracy, 0.95);
}
