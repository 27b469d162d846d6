// Finds a learning rate for LeNet-5 by a sweep of 100 steps, draws its curve, trains with it as the
// highest of one cycle, and reads at least 95 % of MNIST's test digits right after 300 steps.
// deno run --allow-read --allow-write=. --allow-env=XDG_RUNTIME_DIR examples/14_find_learning_rate.ts
import { assert, assertGreaterOrEqual } from "@std/assert";
import * as nc from "../mod.ts";

await nc.start();
const { train, test } = await nc.mnist();
const digits = nc.takeExamples(train, 9600);
const model = nc.lenet5();
const options = { batchSize: 32, key: nc.key(0) };

// Each step has a higher rate, until the loss diverges; the model is made and left by the sweep.
const found = await nc.findLearningRate(model, digits, {
  ...options,
  onStep: ({ step, rate, loss }) => {
    if (step % 20 === 0) console.log(`rate ${rate.toPrecision(2)}: loss ${loss.toFixed(2)}`);
  },
});
const { suggestion, steepest, tenthOfLeast } = found;
assert(suggestion !== undefined && suggestion > 0.0005 && suggestion < 0.05);
console.log(
  `steepest at ${steepest!.toPrecision(2)}, a tenth of the least's ${tenthOfLeast!.toPrecision(2)}`,
);

const file = "learning_rates.svg";
await Deno.writeTextFile(
  file,
  await nc.report.learningRateSvg(found, { title: "lenet5 on mnist" }),
);

// Up to the suggestion and down to almost nothing, within one epoch.
const steps = nc.stepsPerEpoch(digits, options);
const optimizer = nc.adamw({
  learningRate: nc.oneCycle({ learningRate: suggestion, steps }),
  decay: nc.decayKernelsOnly,
});
for await (const { network, seconds } of nc.fit(model, digits, { ...options, optimizer })) {
  const { accuracy } = await nc.evaluate(network, test);
  nc.disposeTraining(network);
  console.log(`${steps} steps in ${seconds.toFixed(1)} s: ${(100 * accuracy).toFixed(2)} % right`);
  assertGreaterOrEqual(accuracy, 0.95);
}
