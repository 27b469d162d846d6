// Trains LeNet-5 on 6,000 digits of MNIST. It must classify at least 95 % of the 10,000 test digits
// correctly.
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
console.log(`running on ${device.adapter}`);

const { train, test } = await mnist();
const digits = takeExamples(train, 6000);
const model = lenet5();

// The learning rate falls along half a cosine, to 0 after the last step.
const epochs = 2;
const batchSize = 32;
const steps = epochs * stepsPerEpoch(digits, { batchSize });
const optimizer = adam({ learningRate: cosineDecay({ learningRate: 0.003, steps }) });

for await (const report of fit(model, digits, { epochs, batchSize, optimizer, key: key(0) })) {
  const { epoch, loss, accuracy, seconds, network } = report;
  console.log(
    `epoch ${epoch}: loss ${loss.toFixed(3)}, accuracy ${accuracy.toFixed(3)},`,
    `${seconds.toFixed(1)} s`,
  );
  if (epoch < epochs) continue;

  // The tensors of the last report's network are yours: use them, then free them.
  const result = await evaluate(network, test);
  disposeTraining(network);
  console.log(`test accuracy ${(100 * result.accuracy).toFixed(2)} %`);
  assertGreaterOrEqual(result.accuracy, 0.95);
}
