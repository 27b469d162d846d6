// Trains a U-Net (Ronneberger et al. 2015) that takes noise out of digits. Its mean squared error on
// digits that it has not seen must be below a tenth of the noise's.
// deno run --allow-read --allow-env=XDG_RUNTIME_DIR examples/recipes/denoising_unet.ts
import { assertLess } from "@std/assert";
import * as nc from "../../mod.ts";

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
let error = Infinity;
for await (const { epoch, loss, valLoss, seconds } of nc.fit(unet, digits, options)) {
  error = valLoss!;
  console.log(
    `epoch ${epoch}: ${loss!.toFixed(4)}, on others ${error.toFixed(4)}, ${seconds.toFixed(0)} s`,
  );
}
console.log(`${(100 * error / NOISE ** 2).toFixed(1)} % of the noise is left`);
assertLess(error, NOISE ** 2 / 10);
