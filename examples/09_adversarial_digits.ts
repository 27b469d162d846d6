// Trains LeNet-5 for a moment, and changes digits so little that they keep their look, but that
// it takes at least 9 of 10 that it read right for the digit after.
// deno run --allow-read --allow-env=XDG_RUNTIME_DIR examples/09_adversarial_digits.ts
import { assertGreaterOrEqual, assertLessOrEqual } from "@std/assert";
import * as nc from "../mod.ts";

await nc.start();
const { train, test } = await nc.mnist();
const model = nc.lenet5() as nc.Layer;
const optimizer = nc.adam({ learningRate: 0.003 });
const how = { epochs: 1, batchSize: 32, optimizer, key: nc.key(0) };
let trained: nc.Network | undefined;
for await (const { network, accuracy } of nc.fit(model, nc.takeExamples(train, 6000), how)) {
  trained = network;
  console.log(`read ${(100 * accuracy).toFixed(1)} % right in training`);
}

// Pixels are 0 to 1: none may change by more than 0.25.
const digits = nc.takeExamples(test, 50);
const pixels = Float32Array.from(digits.images, (byte) => byte / 255);
const images = nc.tf.tensor4d(pixels, [50, 28, 28, 1]);
const labels = [...digits.labels];
const targets = labels.map((digit) => (digit + 1) % 10);
const epsilon = 0.25;
const found = await nc.generate.pgd(trained!, images, labels, { epsilon, targets });
console.log(`read before ${found.labels.before.join("")}`);
console.log(`read after  ${found.labels.after.join("")}`);

const right = labels.map((label, i) => label === found.labels.before[i]);
const turned = found.success.filter((success, i) => success && right[i]).length;
const share = turned / right.filter(Boolean).length;
console.log(`${(100 * share).toFixed(0)} % are taken for the digit after`);
assertLessOrEqual(Math.max(...found.distances), epsilon + 1e-6);
assertGreaterOrEqual(share, 0.9);

// The smallest change that makes it any other digit is smaller still.
const { distances } = await nc.generate.deepFool(trained!, images, labels);
const mean = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b) / numbers.length;
const far = mean(await nc.generate.imageDistances(images, found.images, "l2"));
console.log(`L2 distance ${far.toFixed(2)} of PGD, ${mean(distances).toFixed(2)} of DeepFool`);
assertLessOrEqual(mean(distances), far);
