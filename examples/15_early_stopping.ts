// Trains on 600 digits until the loss on 200 validation digits has not improved for five epochs,
// and returns to the best epoch. It must classify at least 85 % of MNIST's test digits correctly.
// deno run --allow-read --allow-write --allow-env=XDG_RUNTIME_DIR examples/15_early_stopping.ts
import { assert, assertEquals, assertGreaterOrEqual, assertLess } from "@std/assert";
import * as nc from "../mod.ts";

await nc.start();
const { train, test } = await nc.mnist();
const [digits, validation] = nc.splitValidation(nc.takeExamples(train, 800), 0.25, nc.key(1));
const model = nc.lenet5({ activation: "relu" });
const dir = await Deno.makeTempDir();

const epochs = 60;
const run = nc.fit(model, digits, {
  epochs,
  batchSize: 32,
  optimizer: nc.adjustable(nc.adam({ learningRate: 0.003 })), // `plateau` lowers its rate.
  augment: nc.augment.parseAugmentations("digits"),
  validation,
  // What callbacks remember is part of the run, and checkpoints save it.
  callbacks: [
    nc.callbacks.earlyStopping({ monitor: "valLoss", patience: 5 }),
    nc.callbacks.plateau({ patience: 1 }),
    nc.callbacks.checkpoints({ dir, top: 2 }),
  ],
});
const losses: number[] = [];
let last: nc.EpochReport | undefined;
for await (last of run) {
  losses.push(last.valLoss!);
  console.log(`epoch ${last.epoch}: validation loss ${last.valLoss!.toFixed(4)}`);
}
const { network, stopped } = last!;
console.log(stopped);
assert(stopped?.startsWith("earlyStopping"));
assertLess(losses.length, epochs);

// The network has the parameters of the best epoch, not of the last.
const best = Math.min(...losses);
assertEquals((await nc.evaluate(network, validation)).loss, best);
const files = [...Deno.readDirSync(dir)].map(({ name }) => name).sort();
console.log(`in ${dir}: ${files.join(", ")}`);
assertEquals(files.length, 4);

const { accuracy, confusion } = await nc.evaluate(network, test);
const report = nc.report.classReport(confusion, test.classNames);
const weakest = report.sort((a, b) => a.f1 - b.f1)[0]!;
console.log(`${(100 * accuracy).toFixed(2)} % correct; weakest class: ${weakest.name}`);
assertGreaterOrEqual(accuracy, 0.85);
await Deno.remove(dir, { recursive: true });
nc.disposeTraining(network);
