// Finds the pixels of digits among scribbles: a U-Net that marks each pixel of a 40 × 40 picture. Of
// the digits' pixels in pictures that it has not seen, the overlap with what it marks (intersection
// over union) must be at least 0.8. Grad-CAM shows which positions count, in marked_digits.png.
// deno run --allow-read --allow-write=examples/recipes --allow-env=XDG_RUNTIME_DIR examples/recipes/segmentation.ts
import { assertGreater, assertGreaterOrEqual } from "@std/assert";
import * as nc from "../../mod.ts";

const { tf } = nc;
const SIDE = 40;

const block = (features: number) =>
  nc.sequential({
    conv1: nc.conv({ features, size: 3, padding: "same", bias: false }),
    norm1: nc.batchNorm(),
    relu1: nc.relu(),
    conv2: nc.conv({ features, size: 3, padding: "same", bias: false }),
    norm2: nc.batchNorm(),
    relu2: nc.relu(),
  });
const level = (features: number, deeper: nc.AnyLayer) =>
  nc.sequential({
    before: block(features),
    join: nc.parallel({
      skip: nc.identity(),
      deep: nc.sequential({
        pool: nc.maxPool(),
        deeper,
        up: nc.layers.upsample({ factor: 2 }),
      }),
    }),
    after: block(features),
  });
const unet = nc.sequential({
  levels: level(8, level(16, level(24, block(32)))),
  mask: nc.conv({ features: 1, size: 1 }),
});

/** Pictures of a digit at a random place among strokes of other digits, and masks of the digits. */
function scenes({ images }: nc.Examples, count: number, seed: number): nc.ArrayExamples {
  const draws = nc.tensor.uniformArray(nc.key(seed), 32 * count);
  let used = 0;
  const below = (n: number) => Math.floor(draws[used++]! * n);
  const pictures = new Uint8Array(count * SIDE * SIDE);
  const masks = new Uint8Array(count * SIDE * SIDE);
  const digitAt = (y: number, x: number, i: number) =>
    y >= 0 && x >= 0 && y < 28 && x < 28 ? images[(28 * i + y) * 28 + x]! : 0;
  for (let n = 0; n < count; n++) {
    const [top, left, digit] = [below(SIDE - 28), below(SIDE - 28), below(images.length / 784)];
    // Pieces of digits, 8 × 8, are no digits.
    const pieces = Array.from({ length: 4 }, () => ({
      y: below(SIDE - 8),
      x: below(SIDE - 8),
      from: [6 + below(10), 6 + below(10)] as const,
      digit: below(images.length / 784),
    }));
    for (let y = 0; y < SIDE; y++) {
      for (let x = 0; x < SIDE; x++) {
        const place = (n * SIDE + y) * SIDE + x;
        const ink = digitAt(y - top, x - left, digit);
        const strokes = pieces.map((piece) => {
          const [v, u] = [y - piece.y, x - piece.x];
          const isInside = v >= 0 && u >= 0 && v < 8 && u < 8;
          return isInside ? digitAt(v + piece.from[0], u + piece.from[1], piece.digit) : 0;
        });
        pictures[place] = Math.max(ink, ...strokes);
        masks[place] = ink > 127 ? 1 : 0;
      }
    }
  }
  const shape = [SIDE, SIDE, 1];
  return {
    name: `scenes ${seed}`,
    inputs: { values: pictures, shape },
    targets: { values: masks, shape, normalize: "none" },
  };
}

/** Intersection over union of what is marked and what should be, over a batch. */
function overlap(logits: nc.Tensor, masks: nc.Tensor): nc.Scalar {
  const marked = tf.cast(tf.greater(logits, 0), "float32");
  const both = tf.sum(tf.mul(marked, masks));
  return tf.div(both, tf.sub(tf.add(tf.sum(marked), tf.sum(masks)), both)) as nc.Scalar;
}

await nc.start();
const { train, test } = await nc.mnist();
const validation = scenes(test, 200, 2);
const options = {
  epochs: 4,
  batchSize: 20,
  optimizer: nc.adam({ learningRate: nc.oneCycle({ learningRate: 0.01, steps: 400 }) }),
  loss: (logits: nc.Tensor, masks: nc.Tensor) =>
    tf.add(
      nc.losses.binaryCrossEntropy()(logits, masks),
      nc.losses.dice()(logits, masks),
    ) as nc.Scalar,
  metrics: { overlap },
  validation,
};
const reports: nc.EpochReport[] = [];
for await (const report of nc.fit(unet, scenes(train, 2000, 1), options)) {
  reports.push(report);
  const { epoch, valMetrics, seconds } = report;
  console.log(
    `epoch ${epoch}: overlap ${valMetrics!.overlap!.toFixed(3)} in ${seconds.toFixed(0)} s`,
  );
}
const { network, valMetrics } = reports.at(-1)!;
assertGreaterOrEqual(valMetrics!.overlap!, 0.8);

// Grad-CAM of the mask as a whole, at the coarsest maps: its mean on the digits and beside them.
const COUNT = 6;
const first = (column: typeof validation.inputs) =>
  Float32Array.from((column as { values: Uint8Array }).values.subarray(0, COUNT * SIDE * SIDE));
const pictures = tf.div(tf.tensor4d(first(validation.inputs), [COUNT, SIDE, SIDE, 1]), 255);
const mask = first(validation.targets);
const whole: nc.explain.Objective = {
  name: "the mask",
  paths: [""],
  score: (output) => tf.sum(tf.sigmoid(output(""))) as nc.Scalar,
  check: () => {},
};
const deepest = "levels/join/deep/deeper/join/deep/deeper/join/deep/deeper/relu2";
const cam = await nc.explain.gradCam(network, pictures, whole, { layer: deepest });
const meanWhere = (is: number) => {
  const chosen = cam.values.filter((_, i) => mask[i] === is);
  return chosen.reduce((sum, value) => sum + value, 0) / chosen.length;
};
console.log(
  `Grad-CAM on the digits ${meanWhere(1).toFixed(4)}, beside them ${meanWhere(0).toFixed(4)}`,
);
assertGreater(meanWhere(1), meanWhere(0));

// A column a picture: as it is, what the network marks, and what counts for it.
const shown = await nc.explain.toPictures(pictures);
const marked = await nc.explain.toPictures(
  tf.sigmoid(nc.predict(network, pictures, { probabilities: false }) as nc.Tensor),
);
const counts = shown.map((over, index) => nc.explain.attributionPicture(cam, { index, over }));
await Deno.writeFile(
  "examples/recipes/marked_digits.png",
  nc.image.encodePng(nc.image.grid(
    [...shown, ...marked, ...counts].map((image) => nc.image.enlarge(image, 3)),
    { columns: COUNT },
  )),
);
