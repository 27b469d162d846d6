// Finds a learning rate for LeNet-5 by a sweep of 100 steps and draws its curve. Training for 300
// steps with that rate as the peak of one cycle must reach 95 % on MNIST's test digits.
// deno run --allow-read --allow-write=. --allow-env=XDG_RUNTIME_DIR examples/14_find_learning_rate.ts
import { assert, assertGreaterOrEqual } from "@std/assert";
import * as nc from "../mod.ts";

await nc.start();
const { train, test } = await nc.mnist();
const digits = nc.takeExamples(train, 9600);
const model = nc.lenet5();
const options = { batchSize: 32, key: nc.key(0) };

// The learning rate rises with each step until the loss diverges.
const found = await nc.findLearningRate(model, digits, {
  ...options,
  onStep: ({ step, rate, loss }) => {
    if (step % 20 === 0) console.log(`rate ${rate.toPrecision(2)}: loss ${loss.toFixed(2)}`);
  },
});
const { suggestion, steepest, tenthOfLeast } = found;
assert(suggestion !== undefined && suggestion > 0.0005 && suggestion < 0.05);
console.log(`the loss falls most steeply at ${steepest!.toPrecision(2)};`);
console.log(`a tenth of the rate with the least loss is ${tenthOfLeast!.toPrecision(2)}`);

const svg = await nc.report.learningRateSvg(found, { title: "lenet5 on mnist" });
await Deno.writeTextFile("learning_rates.svg", svg);

// Up to the suggested rate and down to almost 0, within one epoch.
const steps = nc.stepsPerEpoch(digits, options);
const optimizer = nc.adamw({
  learningRate: nc.oneCycle({ learningRate: suggestion, steps }),
  decay: nc.decayKernelsOnly,
});
for await (const { network, seconds } of nc.fit(model, digits, { ...options, optimizer })) {
  const { accuracy } = await nc.evaluate(network, test);
  nc.disposeTraining(network);
  console.log(
    `${steps} steps in ${seconds.toFixed(1)} s: ${(100 * accuracy).toFixed(2)} % correct`,
  );
  assertGreaterOrEqual(accuracy, 0.95);
}
