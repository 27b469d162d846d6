// Trains a small ConvNet on single digits, shows it two beside one another, and asks where it sees
// each: Grad-CAM, integrated gradients and occlusion point to the right half at least 8 times of 10.
// deno run --allow-read --allow-env=XDG_RUNTIME_DIR examples/08_saliency.ts
import { assertGreaterOrEqual } from "@std/assert";
import * as nc from "../mod.ts";

// With a mean over all places before the dense layer, images may have any size.
const model: nc.Layer = nc.sequential({
  conv1: nc.conv({ features: 16, size: 5 }),
  relu1: nc.relu(),
  pool1: nc.maxPool(),
  conv2: nc.conv({ features: 32, size: 5, padding: "same" }),
  relu2: nc.relu(),
  mean: nc.globalMeanPool(),
  logits: nc.dense({ features: 10 }),
}) as nc.Layer;
await nc.start();
const { train, test } = await nc.mnist();
const options = { epochs: 3, batchSize: 64, optimizer: nc.adam({ learningRate: 0.003 }) };
let trained: nc.Network | undefined;
for await (const { network, accuracy } of nc.fit(model, nc.takeExamples(train, 6400), options)) {
  console.log(`${(100 * accuracy).toFixed(1)} % of the digits read right`);
  trained = network;
}
const network = trained!;

/** The share of what speaks for the class that lies in one half of the picture: 0 left, 1 right. */
function shareOf(attribution: nc.explain.Attribution, half: number): number {
  const width = attribution.shape[2];
  const sums = [0, 0];
  nc.explain.attributionMap(attribution).forEach((value, i) => {
    sums[i % width < width / 2 ? 0 : 1]! += Math.max(0, value);
  });
  return sums[half]! / (sums[0]! + sums[1]!);
}

const methods = {
  "Grad-CAM": nc.explain.gradCam,
  "integrated gradients": nc.explain.integratedGradients,
  occlusion: nc.explain.occlusion,
};
const digits: { readonly image: nc.Tensor; readonly digit: number }[] = [];
for await (const { images, classes } of nc.batches(nc.takeExamples(test, 16), { batchSize: 1 })) {
  digits.push({ image: images, digit: classes[0]! });
}
const pairs = digits.slice(1).map((right, i) => [digits[i]!, right] as const)
  .filter(([left, right]) => left.digit !== right.digit);
for (const [name, method] of Object.entries(methods)) {
  let found = 0;
  for (const pair of pairs) {
    const x = nc.tf.concat(pair.map(({ image }) => image), 2); // [1, 28, 56, 1]
    for (const half of [0, 1]) {
      if (shareOf(await method(network, x, pair[half]!.digit), half) > 0.5) found++;
    }
  }
  console.log(
    `${name} points to the right one of two digits ${found} times of ${2 * pairs.length}`,
  );
  assertGreaterOrEqual(found / (2 * pairs.length), 0.8);
}
