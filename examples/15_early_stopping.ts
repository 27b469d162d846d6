// Trains on 600 digits until 200 others, held back from training, are read no better for five
// epochs, goes back to the best of them, and reads at least 85 % of MNIST's test digits right.
// deno run --allow-read --allow-write --allow-env=XDG_RUNTIME_DIR examples/15_early_stopping.ts
import { assert, assertEquals, assertGreaterOrEqual, assertLess } from "@std/assert";
import * as nc from "../mod.ts";

await nc.start();
const { train, test } = await nc.mnist();
const [digits, held] = nc.splitValidation(nc.takeExamples(train, 800), 0.25, nc.key(1));
const model = nc.lenet5({ activation: "relu" });
const dir = await Deno.makeTempDir();

// What the callbacks remember is part of the run: a checkpoint holds it too.
const callbacks = [
  nc.callbacks.earlyStopping({ monitor: "valLoss", patience: 5 }),
  nc.callbacks.plateau({ patience: 1 }),
  nc.callbacks.checkpoints({ dir, top: 2 }),
];
const options: nc.FitOptions = {
  epochs: 60,
  batchSize: 32,
  optimizer: nc.adjustable(nc.adam({ learningRate: 0.003 })),
  augment: nc.augment.parseAugmentations("digits"),
  validation: held,
  callbacks,
};
const losses: number[] = [];
let network: nc.Training | undefined;
let stopped: string | undefined;
for await (const epoch of nc.fit(model as nc.Layer, digits, options)) {
  losses.push(epoch.valLoss!);
  ({ network, stopped } = epoch);
  console.log(`epoch ${epoch.epoch}: ${epoch.valLoss!.toFixed(4)} on held back digits`);
}
console.log(stopped);
assert(stopped?.startsWith("earlyStopping"));
assertLess(losses.length, options.epochs!);

// The weights are those of the best epoch, not of the last.
const best = Math.min(...losses);
assertEquals((await nc.evaluate(network!, held)).loss, best);
const files = [...Deno.readDirSync(dir)].map(({ name }) => name).sort();
console.log(`in ${dir}: ${files.join(", ")}`);
assertEquals(files.length, 4);

const { accuracy, confusion } = await nc.evaluate(network!, test);
const weakest = nc.report.classReport(confusion, test.classNames).sort((a, b) => a.f1 - b.f1)[0]!;
console.log(`${(100 * accuracy).toFixed(2)} % right; weakest: ${weakest.name}`);
assertGreaterOrEqual(accuracy, 0.85);
await Deno.remove(dir, { recursive: true });
nc.disposeTraining(network!);
