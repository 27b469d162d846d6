// Should feature maps be halved by max pooling or by strides of the convolutions (§12.2, §12.4)?
// deno run --allow-read --allow-write --allow-env=XDG_RUNTIME_DIR examples/experiments/pooling.ts
import * as nc from "../../mod.ts";
import { clothing } from "./images.ts";
import { runExperiment } from "./run_experiment.ts";
import { type Experiment, last, type Row, type RunVariant } from "./experiment.ts";
import { trainingRows } from "./training_rows.ts";

/** A convolution and whatever halves its feature maps. */
type Block = (features: number) => nc.Layer;

const conv = (features: number, stride = 1): nc.Layer =>
  nc.conv({ features, size: 3, stride, padding: 1 });

/** The four blocks. The first three have the same number of parameters. */
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

function network(block: Block): nc.Layer {
  return nc.sequential({
    block1: block(16),
    block2: block(32),
    last: conv(32),
    relu: nc.relu(),
    flatten: nc.flatten(),
    logits: nc.dense({ features: 10 }),
  });
}

const sizes = {
  full: { train: 4800, test: 4000, epochs: 4, window: 25 },
  quick: { train: 128, test: 50, epochs: 1, window: 1 },
};

async function prepare(quick: boolean): Promise<RunVariant> {
  const { train, test, epochs, window } = sizes[quick ? "quick" : "full"];
  for (const [name, block] of Object.entries(blocks)) {
    const { parameters, flops } = nc.sizing.sizeOfModel(network(block), [28, 28, 1]);
    console.log(`${name}: ${parameters} parameters, ${(flops / 1e6).toFixed(2)} MFLOP per image`);
  }
  const images = await clothing(quick);
  const steps = epochs * Math.ceil(train / 64);
  return (variant, seed, onRow) =>
    trainingRows({
      model: network(blocks[variant]!),
      train: nc.takeExamples(images.train, train),
      test: nc.takeExamples(images.test, test),
      optimizer: nc.adam({ learningRate: nc.cosineDecay({ learningRate: 0.002, steps }) }),
      epochs,
      batchSize: 64,
      seed,
      window,
      onRow,
    });
}

const accuracy = (rows: readonly Row[]): number => last(rows, "testAccuracy");

export const experiment: Experiment = {
  name: "pooling",
  title: "Clothing images, with feature maps halved by pooling or by strides",
  question:
    "Should feature maps be halved by pooling or by strides of the convolutions (§12.2, §12.4)?",
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
  metrics: [
    { name: "training loss", of: (rows) => last(rows, "trainLoss") },
    { name: "test accuracy", of: accuracy, percent: true },
  ],
  claims: [
    {
      text: "max pooling reaches a higher test accuracy than strides (margin: share)",
      margin: (rowsOf) => accuracy(rowsOf(MAX)) - accuracy(rowsOf(STRIDE)),
      asserted: false,
    },
    {
      text: "max pooling reaches a higher test accuracy than mean pooling (margin: share)",
      margin: (rowsOf) => accuracy(rowsOf(MAX)) - accuracy(rowsOf(MEAN)),
      asserted: true,
    },
    {
      text:
        "another layer with stride 2 reaches a higher test accuracy than max pooling (margin: share)",
      margin: (rowsOf) => accuracy(rowsOf(LAYER)) - accuracy(rowsOf(MAX)),
      asserted: false,
    },
  ],
  prepare,
};

if (import.meta.main) await runExperiment(experiment, Deno.args);
