// Trains a U-Net (Ronneberger et al. 2015) that takes noise out of digits. Its mean squared error on
// digits that it has not seen must be below a tenth of the noise's. denoised_digits.png has some, with
// what LayerCAM says of the coarsest maps: where there is a digit rather than noise.
// deno run --allow-read --allow-write=examples/recipes --allow-env=XDG_RUNTIME_DIR examples/recipes/denoising_unet.ts
import { assertGreater, assertLess } from "@std/assert";
import * as nc from "../../mod.ts";

const { tf } = nc;
const NOISE = 0.5; // The noise's standard deviation, of pixels from 0 to 1.

/** Two convolutions of 3 × 3. */
const convolutions = (features: number) =>
  nc.sequential({
    conv1: nc.conv({ features, size: 3, padding: "same" }),
    relu1: nc.relu(),
    conv2: nc.conv({ features, size: 3, padding: "same" }),
    relu2: nc.relu(),
  });

/** A level of the U: what is deeper sees a smaller map, and comes back beside the larger one. */
const level = (features: number, deeper: nc.AnyLayer) =>
  nc.sequential({
    before: convolutions(features),
    join: nc.parallel({
      skip: nc.identity(),
      deep: nc.sequential({
        pool: nc.maxPool(),
        deeper,
        up: nc.layers.upsample({ factor: 2 }),
      }),
    }),
    after: convolutions(features),
  });

const unet = nc.sequential({
  levels: level(8, level(16, convolutions(32))),
  pixels: nc.conv({ features: 1, size: 1 }),
});

/** Digits as they are, and with noise, which is the same each time an example is asked for. */
function noisyDigits({ images }: nc.Examples, seed: number): nc.ArrayExamples {
  const noise = nc.tensor.normalArray(nc.key(seed), images.length);
  const values = Float32Array.from(images, (byte, i) => byte / 255 + NOISE * noise[i]!);
  return {
    name: `noisy digits ${seed}`,
    inputs: { values, shape: [28, 28, 1], normalize: "none" },
    targets: { values: images, shape: [28, 28, 1] },
  };
}

await nc.start();
const { train, test } = await nc.mnist();
const options = {
  epochs: 2,
  batchSize: 64,
  optimizer: nc.adam({ learningRate: 0.003 }),
  loss: nc.meanSquaredError,
  validation: noisyDigits(nc.takeExamples(test, 500), 2),
};
const digits = noisyDigits(nc.takeExamples(train, 4000), 1);
const reports: nc.EpochReport[] = [];
for await (const report of nc.fit(unet, digits, options)) {
  reports.push(report);
  const { epoch, loss, valLoss, seconds } = report;
  console.log(
    `epoch ${epoch}: ${loss!.toFixed(4)}, on others ${valLoss!.toFixed(4)}, ${
      seconds.toFixed(0)
    } s`,
  );
}
const { network, valLoss: error } = reports.at(-1)! as { network: nc.Network; valLoss: number };
console.log(`${(100 * error / NOISE ** 2).toFixed(1)} % of the noise is left`);
assertLess(error, NOISE ** 2 / 10);

// Which positions of the coarsest maps make the picture bright.
const COUNT = 6;
const { inputs } = options.validation as { inputs: { values: Float32Array } };
const noisy = tf.tensor4d(inputs.values.slice(0, COUNT * 784), [COUNT, 28, 28, 1]);
const clean = test.images.subarray(0, COUNT * 784);
const brightness: nc.explain.Objective = {
  name: "the brightness",
  paths: [""],
  score: (output) => tf.sum(output("")) as nc.Scalar,
  check: () => {},
};
const deepest = "levels/join/deep/deeper/join/deep/deeper/relu2";
const cam = await nc.explain.gradCam(network, noisy, brightness, {
  layer: deepest,
  method: "layer-cam",
});
const meanWhere = (isDigit: boolean) => {
  const chosen = cam.values.filter((_, i) => clean[i]! > 127 === isDigit);
  return chosen.reduce((sum, value) => sum + value, 0) / chosen.length;
};
console.log(
  `LayerCAM on digits ${meanWhere(true).toFixed(4)}, beside them ${meanWhere(false).toFixed(4)}`,
);
assertGreater(meanWhere(true), meanWhere(false));

// A column a digit: with noise, without, and what counts.
const shown = await nc.explain.toPictures(noisy);
const denoised = await nc.explain.toPictures(
  nc.predict(network, noisy, { probabilities: false }) as nc.Tensor,
);
const counts = shown.map((over, index) => nc.explain.attributionPicture(cam, { index, over }));
await Deno.writeFile(
  "examples/recipes/denoised_digits.png",
  nc.image.encodePng(nc.image.grid(
    [...shown, ...denoised, ...counts].map((image) => nc.image.enlarge(image, 3)),
    { columns: COUNT },
  )),
);
