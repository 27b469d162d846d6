// Trains LeNet-5 and attacks it with small changes of 50 digits. Of those that it classified
// correctly, at least 9 of 10 must be taken for the next digit, a 3 for a 4.
// deno run --allow-read --allow-env=XDG_RUNTIME_DIR examples/09_adversarial_digits.ts
import { assertGreaterOrEqual, assertLessOrEqual } from "@std/assert";
import * as nc from "../mod.ts";

await nc.start();
const { train, test } = await nc.mnist();
const optimizer = nc.adam({ learningRate: 0.003 });
const options = { epochs: 1, batchSize: 32, optimizer, key: nc.key(0) };
const [report] = await Array.fromAsync(
  nc.fit(nc.lenet5(), nc.takeExamples(train, 6000), options),
);
const { network, accuracy } = report!;
console.log(`training accuracy ${(100 * accuracy).toFixed(1)} %`);

// Pixels are from 0 to 1. PGD may change none by more than epsilon.
const digits = nc.takeExamples(test, 50);
const pixels = Float32Array.from(digits.images, (byte) => byte / 255);
const images = nc.tf.tensor4d(pixels, [50, 28, 28, 1]);
const labels = [...digits.labels];
const targets = labels.map((digit) => (digit + 1) % 10);
const epsilon = 0.25;
const attacked = await nc.generate.pgd(network, images, labels, { epsilon, targets });
console.log(`classified before as ${attacked.labels.before.join("")}`);
console.log(`classified after as  ${attacked.labels.after.join("")}`);

const correct = labels.map((label, i) => label === attacked.labels.before[i]);
const fooled = attacked.success.filter((success, i) => success && correct[i]).length;
const share = fooled / correct.filter(Boolean).length;
console.log(`${(100 * share).toFixed(0)} % are taken for the next digit`);
assertLessOrEqual(Math.max(...attacked.distances), epsilon + 1e-6);
assertGreaterOrEqual(share, 0.9);

// DeepFool looks for the smallest change to any other class, which is smaller still.
const { distances } = await nc.generate.deepFool(network, images, labels);
const mean = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b) / numbers.length;
const pgdDistance = mean(await nc.generate.imageDistances(images, attacked.images, "l2"));
const deepFoolDistance = mean(distances);
console.log(
  `L2 distance: PGD ${pgdDistance.toFixed(2)}, DeepFool ${deepFoolDistance.toFixed(2)}`,
);
assertLessOrEqual(deepFoolDistance, pgdDistance);
