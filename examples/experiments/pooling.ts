// Whether maps are better halved by max pooling or by strides of the convolutions (§12.2, §12.4).
// deno run --allow-read --allow-write --allow-env=XDG_RUNTIME_DIR examples/experiments/pooling.ts
import * as nc from "../../mod.ts";
import { clothesOf } from "./clothes.ts";
import { conduct } from "./conduct.ts";
import { type Experiment, last, type Measure, type Row } from "./experiment.ts";
import { trainingRows } from "./training_rows.ts";

/** A convolution and what halves its maps. */
type Block = (features: number) => nc.AnyLayer;

const conv = (features: number, stride = 1): nc.AnyLayer =>
  nc.conv({ features, size: 3, stride, padding: 1 });

/** The three ways; the first three have the same parameters. */
const blocks: Readonly<Record<string, Block>> = {
  "max pooling": (features) =>
    nc.sequential({ conv: conv(features), relu: nc.relu(), pool: nc.maxPool() }),
  "mean pooling": (features) =>
    nc.sequential({ conv: conv(features), relu: nc.relu(), pool: nc.meanPool() }),
  "stride 2": (features) => nc.sequential({ conv: conv(features, 2), relu: nc.relu() }),
  "one more layer, stride 2": (features) =>
    nc.sequential({
      conv: conv(features),
      relu: nc.relu(),
      half: conv(features, 2),
      relu2: nc.relu(),
    }),
};
const [MAX, MEAN, STRIDE, LAYER] = Object.keys(blocks) as [string, string, string, string];

function network(block: Block): nc.AnyLayer {
  return nc.sequential({
    block1: block(16),
    block2: block(32),
    last: conv(32),
    relu: nc.relu(),
    flatten: nc.flatten(),
    logits: nc.dense({ features: 10 }),
  });
}

const size = {
  full: { train: 4800, test: 4000, epochs: 4, window: 25 },
  quick: { train: 128, test: 50, epochs: 1, window: 1 },
};

async function prepare(quick: boolean): Promise<Measure> {
  const { train, test, epochs, window } = size[quick ? "quick" : "full"];
  for (const [name, block] of Object.entries(blocks)) {
    const { parameters, flops } = nc.sizing.sizeOfModel(network(block), [28, 28, 1]);
    console.log(`${name}: ${parameters} parameters, ${(flops / 1e6).toFixed(2)} MFLOP an image`);
  }
  const clothes = await clothesOf(quick);
  const steps = epochs * Math.ceil(train / 64);
  return (variant, seed, report) =>
    trainingRows({
      model: network(blocks[variant]!),
      train: nc.takeExamples(clothes.train, train),
      test: nc.takeExamples(clothes.test, test),
      optimizer: nc.adam({ learningRate: nc.cosineDecay({ learningRate: 0.002, steps }) }),
      epochs,
      batchSize: 64,
      seed,
      window,
      report,
    });
}

const accuracy = (rows: readonly Row[]): number => last(rows, "testAccuracy");

/** The experiment. */
export const experiment: Experiment = {
  name: "pooling",
  title: "Clothes, with maps halved by pooling or by strides",
  question: "Are maps better halved by pooling or by strides of the convolutions (§12.2, §12.4)?",
  variants: [MAX, MEAN, STRIDE, LAYER],
  panels: [
    {
      x: ["step", "steps of 64 images"],
      y: ["trainLoss", "training loss, nats"],
      span: { from: 0, to: 1 },
    },
    {
      x: ["step", "steps of 64 images"],
      y: ["testAccuracy", "test accuracy"],
      percent: true,
    },
  ],
  figures: [
    { name: "training loss", of: (rows) => last(rows, "trainLoss") },
    { name: "test accuracy", of: accuracy, percent: true },
  ],
  claims: [
    {
      text: "max pooling comes to a higher test accuracy than strides (margin: share)",
      margin: (of) => accuracy(of(MAX)) - accuracy(of(STRIDE)),
      asserted: false,
    },
    {
      text: "max pooling comes to a higher test accuracy than mean pooling (margin: share)",
      margin: (of) => accuracy(of(MAX)) - accuracy(of(MEAN)),
      asserted: true,
    },
    {
      text:
        "one more layer with stride 2 comes to a higher test accuracy than max pooling (margin: share)",
      margin: (of) => accuracy(of(LAYER)) - accuracy(of(MAX)),
      asserted: false,
    },
  ],
  prepare,
};

if (import.meta.main) await conduct(experiment, Deno.args);
