// Trains LeNet-5 on 2,048 digits and looks at what it learned. The nearest neighbors of 500 other
// digits must be of the same class more often in its features than as pixels (§12.9.2). It also
// draws the patches that units respond to most (§12.9.3).
// deno run --allow-read --allow-write --allow-env=XDG_RUNTIME_DIR examples/10_neighbors.ts
import { assert, assertGreater } from "@std/assert";
import * as nc from "../mod.ts";

await nc.start();
const { train, test } = await nc.mnist();
const digits = nc.takeExamples(test, 500);
const model = nc.lenet5({ activation: "relu" });
const optimizer = nc.adam({ learningRate: 0.003 });
const options = { epochs: 3, batchSize: 32, optimizer, key: nc.key(0) };
const reports = await Array.fromAsync(nc.fit(model, nc.takeExamples(train, 2048), options));
const { network, accuracy } = reports.at(-1)!;
console.log(`training accuracy ${accuracy.toFixed(3)}`);

// The 84 features of each digit before the logits, and how many of its ten nearest neighbors have
// its class.
const features = await nc.explain.features(network, digits, "dense2");
const pixels = nc.explain.pixelFeatures(digits);
const byFeatures = nc.explain.labelAgreement(features, digits.labels, 10);
const byPixels = nc.explain.labelAgreement(pixels, digits.labels, 10);
console.log(`neighbors of the same class: ${byFeatures} by features, ${byPixels} by pixels`);
assertGreater(byFeatures, byPixels + 0.05);

// Figure 12.26 for digits.
const spaces = [{ name: "pixels", features: pixels }, { name: "features", features }];
const neighbors = nc.explain.neighborsFigure(digits, [0, 1, 2, 8], spaces);
await Deno.writeFile("neighbors.png", nc.image.encodePng(neighbors.image));

// Figure 12.30: the patches that four channels of conv2 respond to most, and their reconstructions
// by guided backpropagation.
const rule = "guided";
const units = await nc.explain.topPatches(network, digits, "conv2", { strongest: 4 }, { rule });
const patches = nc.explain.patchesFigure(units, { rule });
await Deno.writeFile("patches.png", nc.image.encodePng(patches));
for (const { patches } of units) {
  assert(patches.every(({ box }) => box.height === 14 && box.width === 14));
  // The reconstruction of the strongest patch is not plain gray.
  assertGreater(Math.max(...patches[0]!.reconstruction.pixels), 0.9);
}
nc.disposeTraining(network);
