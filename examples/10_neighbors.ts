// A network of 2,048 digits, looked into: 500 others are nearer to their own kind in its features
// than as pixels (§12.9.2), and what units look for is cut out of them (§12.9.3).
// deno run --allow-read --allow-write --allow-env=XDG_RUNTIME_DIR examples/10_neighbors.ts
import { assert, assertGreater } from "@std/assert";
import * as nc from "../mod.ts";

await nc.start();
const { train, test } = await nc.mnist();
const digits = nc.takeExamples(test, 500);
const model = nc.lenet5({ activation: "relu" });
const optimizer = nc.adam({ learningRate: 0.003 });
const options = { epochs: 3, batchSize: 32, optimizer, key: nc.key(0) };
for await (
  const { epoch, accuracy, network } of nc.fit(model, nc.takeExamples(train, 2048), options)
) {
  console.log(`epoch ${epoch}: accuracy ${accuracy.toFixed(3)}`);
  if (epoch < options.epochs) continue;

  // Each digit's 84 features before the scores, and how many of its ten nearest are its like.
  const features = await nc.explain.features(network, digits, "dense2");
  const pixels = nc.explain.pixelFeatures(digits);
  const [ofFeatures, ofPixels] = [features, pixels]
    .map((space) => nc.explain.labelAgreement(space, digits.labels, 10)) as [number, number];
  console.log(
    `of the ten nearest are of its kind: ${ofFeatures} by features, ${ofPixels} by pixels`,
  );
  assertGreater(ofFeatures, ofPixels + 0.05);

  // Figure 12.26 in digits.
  const spaces = [{ name: "pixels", features: pixels }, { name: "features", features }];
  const figure = nc.explain.neighborsFigure(digits, [0, 1, 2, 8], spaces);
  await Deno.writeFile("neighbors.png", nc.image.encodePng(figure.image));

  // Figure 12.30: the strokes that conv2's channels answer most to, and what comes back of them.
  const units = await nc.explain.topPatches(network, digits, "conv2", { strongest: 4 }, {
    rule: "guided",
  });
  await Deno.writeFile(
    "patches.png",
    nc.image.encodePng(nc.explain.patchesFigure(units, { rule: "guided" })),
  );
  for (const { patches } of units) {
    assert(patches.every(({ box }) => box.height === 14 && box.width === 14));
    // What comes back to the strongest patch is no even gray.
    assertGreater(Math.max(...patches[0]!.reconstruction.pixels), 0.9);
  }
  nc.disposeTraining(network);
}
