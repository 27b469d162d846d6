// One-shot learning (Koch et al. 2015): a network learns on the digits 0 to 4 which pictures are alike,
// and then tells 5 to 9, which it has never seen, by a single picture of each. It must be right in
// half of the cases, and in 3 % more than distances of pixels; chance is 20 %. One tower serves three inputs: anchor, positive and negative.
// alike.png has digits, each beside another one of its kind, with what makes them alike, by Grad-CAM.
// deno run --allow-read --allow-write=examples/recipes --allow-env=XDG_RUNTIME_DIR examples/recipes/one_shot_digits.ts
import { assertGreater } from "@std/assert";
import * as nc from "../../mod.ts";

const { tf } = nc;
const tower = nc.sequential({
  conv1: nc.conv({ features: 16, size: 3, padding: "same" }),
  relu1: nc.relu(),
  pool1: nc.maxPool(),
  conv2: nc.conv({ features: 32, size: 3, padding: "same" }),
  relu2: nc.relu(),
  pool2: nc.maxPool(),
  conv3: nc.conv({ features: 32, size: 3 }),
  relu3: nc.relu(),
  flatten: nc.flatten(),
  drop: nc.dropout(0.5),
  embedding: nc.dense({ features: 64 }),
});
/** The same layer at three places has its parameters once. */
const triple = nc.graph({
  anchor: { layer: tower, from: "one" },
  positive: { layer: tower, from: "same" },
  negative: { layer: tower, from: "other" },
}, { inputs: ["one", "same", "other"], outputs: ["anchor", "positive", "negative"] });
type Three = {
  readonly anchor: nc.Tensor;
  readonly positive: nc.Tensor;
  readonly negative: nc.Tensor;
};

await nc.start();
const { train, test } = await nc.mnist();

/** Where the pictures of each digit are. */
function placesByDigit({ labels }: nc.Examples): number[][] {
  const places: number[][] = Array.from({ length: 10 }, () => []);
  labels.forEach((label, i) => places[label]!.push(i));
  return places;
}

/** Some pictures as a batch. */
function batchOf({ images }: nc.Examples, places: readonly number[]): nc.Tensor4D {
  const values = new Float32Array(784 * places.length);
  places.forEach((place, i) => {
    for (let j = 0; j < 784; j++) values[784 * i + j] = images[784 * place + j]! / 255;
  });
  return tf.tensor4d(values, [places.length, 28, 28, 1]);
}

const BATCH = 64;
const known = placesByDigit(train).slice(0, 5);
/** Endless batches of triplets, by a key. */
const triplets = nc.data.from(async function* () {
  for (let step = 0;; step++) {
    const draws = nc.tensor.uniformArray(nc.fold(nc.key(1), step), 5 * BATCH);
    const at = (i: number, n: number) => Math.floor(draws[i]! * n);
    const rows = Array.from({ length: BATCH }, (_, i) => {
      const digit = at(5 * i, 5);
      const other = (digit + 1 + at(5 * i + 1, 4)) % 5;
      const pick = (of: number, j: number) => known[of]![at(5 * i + j, known[of]!.length)]!;
      return [pick(digit, 2), pick(digit, 3), pick(other, 4)] as const;
    });
    const [one, same, other] = [0, 1, 2].map((j) => batchOf(train, rows.map((row) => row[j]!)));
    // Embeddings are compared with each other: there are no targets.
    yield { inputs: { one: one!, same: same!, other: other! }, targets: tf.zeros([BATCH]) };
  }
});
const tripletLoss = nc.losses.tripletLoss({ margin: 1 });
const options = {
  stepsPerEpoch: 100,
  epochs: 4,
  optimizer: nc.adam({ learningRate: 0.001 }),
  loss: ({ anchor, positive, negative }: Three) => tripletLoss(anchor, positive, negative),
};
const reports = [];
for await (const report of nc.fit(triple, triplets, options)) {
  reports.push(report);
  console.log(
    `epoch ${report.epoch}: ${report.loss!.toFixed(3)} in ${report.seconds.toFixed(0)} s`,
  );
}

/** The share of new digits that are nearest to the one example of theirs. */
async function oneShot(vectorsOf: (places: readonly number[]) => nc.Tensor): Promise<number> {
  const unknown = placesByDigit(test).slice(5);
  let right = 0;
  const TRIALS = 200;
  for (let trial = 0; trial < TRIALS; trial++) {
    const examples = vectorsOf(unknown.map((places) => places[trial]!));
    const asked = unknown.flatMap((places) => places.slice(100 + 2 * trial, 102 + 2 * trial));
    const apart = tf.sub(tf.expandDims(vectorsOf(asked), 1), tf.expandDims(examples, 0));
    const nearest = await tf.argMin(tf.sum(tf.square(apart), 2), 1).array() as number[];
    right += nearest.filter((digit, i) => digit === Math.floor(i / 2)).length;
  }
  return right / (10 * TRIALS);
}

const { params, state } = reports.at(-1)!.network;
const own = { params: params.anchor as never, state: state.anchor as never };
const byPixels = await oneShot((places) => tf.reshape(batchOf(test, places), [-1, 784]));
const byNetwork = await oneShot((places) =>
  tower.apply(own.params, own.state, batchOf(test, places), {})[0]
);
console.log(
  `by pixels ${(100 * byPixels).toFixed(1)} %, by the network ${(100 * byNetwork).toFixed(1)} %`,
);
assertGreater(byNetwork, 0.5);
assertGreater(byNetwork, byPixels + 0.03);

// What in one picture of a digit makes it like another one: Grad-CAM of the product of embeddings.
const alike = placesByDigit(test).slice(5);
const network = { model: tower, ...own };
const rows: nc.image.Image[][] = [[], [], []];
for (const places of alike) {
  const [one, other] = [batchOf(test, [places[0]!]), batchOf(test, [places[1]!])];
  const vector = await tower.apply(own.params, own.state, other, {})[0].data();
  const likeness = nc.explain.direction("embedding", [...vector]);
  const cam = await nc.explain.gradCam(network, one, likeness, { layer: "relu3" });
  const [[shown], [beside]] = [
    await nc.explain.toPictures(one),
    await nc.explain.toPictures(other),
  ];
  [beside!, shown!, nc.explain.attributionPicture(cam, { over: shown! })]
    .forEach((image, row) => rows[row]!.push(nc.image.enlarge(image, 3)));
}
await Deno.writeFile(
  "examples/recipes/alike.png",
  nc.image.encodePng(nc.image.grid(rows.flat(), { columns: alike.length })),
);
