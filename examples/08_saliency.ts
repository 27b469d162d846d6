// Trains a small ConvNet on single digits, shows it two digits side by side and asks where it sees
// each. Grad-CAM, integrated gradients and occlusion must each point to the correct half in at
// least 8 of 10 cases.
// deno run --allow-read --allow-env=XDG_RUNTIME_DIR examples/08_saliency.ts
import { assertGreaterOrEqual } from "@std/assert";
import * as nc from "../mod.ts";

// Global mean pooling before the dense layer lets the images have any size.
const model = nc.sequential({
  conv1: nc.conv({ features: 16, size: 5 }),
  relu1: nc.relu(),
  pool1: nc.maxPool(),
  conv2: nc.conv({ features: 32, size: 5, padding: "same" }),
  relu2: nc.relu(),
  mean: nc.globalMeanPool(),
  logits: nc.dense({ features: 10 }),
});
await nc.start();
const { train, test } = await nc.mnist();
const options = { epochs: 3, batchSize: 64, optimizer: nc.adam({ learningRate: 0.003 }) };
const reports = await Array.fromAsync(nc.fit(model, nc.takeExamples(train, 6400), options));
const { network, accuracy } = reports.at(-1)!;
console.log(`training accuracy ${(100 * accuracy).toFixed(1)} %`);

/** The part of the positive attribution that is in one half of the picture: 0 left, 1 right. */
function partIn(half: number, attribution: nc.explain.Attribution): number {
  const width = attribution.shape[2];
  const sums = [0, 0];
  nc.explain.attributionMap(attribution).forEach((value, i) => {
    sums[i % width < width / 2 ? 0 : 1]! += Math.max(0, value);
  });
  return sums[half]! / (sums[0]! + sums[1]!);
}

// Pairs of neighboring test digits that differ.
const digits: { image: nc.Tensor; digit: number }[] = [];
for await (const { images, classes } of nc.batches(nc.takeExamples(test, 11), { batchSize: 1 })) {
  digits.push({ image: images, digit: classes[0]! });
}
const pairs = digits.slice(1).map((right, i) => [digits[i]!, right] as const)
  .filter(([left, right]) => left.digit !== right.digit);

const methods = {
  "Grad-CAM": nc.explain.gradCam,
  "integrated gradients": nc.explain.integratedGradients,
  occlusion: nc.explain.occlusion,
};
for (const [name, method] of Object.entries(methods)) {
  let correct = 0;
  for (const pair of pairs) {
    const x = nc.tf.concat(pair.map(({ image }) => image), 2); // [1, 28, 56, 1]
    for (const half of [0, 1]) {
      if (partIn(half, await method(network, x, pair[half]!.digit)) > 0.5) correct++;
    }
  }
  console.log(`${name} points to the correct digit ${correct} of ${2 * pairs.length} times`);
  assertGreaterOrEqual(correct / (2 * pairs.length), 0.8);
}
