// Does dropout in dense layers reduce overfitting (§12.7.2)? Training on 500 clothing images.
// deno run --allow-read --allow-write --allow-env=XDG_RUNTIME_DIR examples/experiments/dropout.ts
import * as nc from "../../mod.ts";
import { clothing } from "./images.ts";
import { runExperiment } from "./run_experiment.ts";
import { type Experiment, last, type Row, type RunVariant } from "./experiment.ts";
import { trainingRows } from "./training_rows.ts";

const RATES = [0, 0.25, 0.5] as const;
const variants = RATES.map((rate) => rate === 0 ? "no dropout" : `dropout ${rate}`);

/** Two hidden layers of 256 units, far too many for 500 images. */
function network(rate: number): nc.Layer {
  return nc.sequential({
    flatten: nc.flatten(),
    dense1: nc.dense({ features: 256 }),
    relu1: nc.relu(),
    dropout1: nc.dropout(rate),
    dense2: nc.dense({ features: 256 }),
    relu2: nc.relu(),
    dropout2: nc.dropout(rate),
    logits: nc.dense({ features: 10 }),
  });
}

const sizes = {
  full: { train: 500, test: 2000, epochs: 25 },
  quick: { train: 100, test: 100, epochs: 2 },
};

async function prepare(quick: boolean): Promise<RunVariant> {
  const { train, test, epochs } = sizes[quick ? "quick" : "full"];
  const images = await clothing(quick);
  return (variant, seed, onRow) =>
    trainingRows({
      model: network(RATES[variants.indexOf(variant)]!),
      train: nc.takeExamples(images.train, train),
      test: nc.takeExamples(images.test, test),
      optimizer: nc.adam({ learningRate: 0.001 }),
      epochs,
      batchSize: 50,
      seed,
      window: train / 50,
      onRow,
    });
}

const accuracy = (rows: readonly Row[]): number => last(rows, "testAccuracy");
const testLoss = (rows: readonly Row[]): number => last(rows, "testLoss");

const steps = ["step", "steps of 50 images"] as const;

export const experiment: Experiment = {
  name: "dropout",
  title: "A dense network on 500 clothing images, with and without dropout",
  question: "Does dropout in dense layers reduce overfitting (§12.7.2)?",
  variants,
  panels: [
    { x: steps, y: ["trainLoss", "training loss, nats"], span: { from: 0, to: 1.2 } },
    { x: steps, y: ["testLoss", "test loss, nats"], span: { from: 0, to: 1.2 } },
    { x: steps, y: ["testAccuracy", "test accuracy"], percent: true },
  ],
  metrics: [
    { name: "training loss", of: (rows) => last(rows, "trainLoss") },
    { name: "test loss", of: testLoss },
    { name: "test accuracy", of: accuracy, percent: true },
  ],
  claims: [
    {
      text: "the test loss ends lower with dropout 0.5 than without (margin: nats)",
      margin: (rowsOf) => testLoss(rowsOf("no dropout")) - testLoss(rowsOf("dropout 0.5")),
      asserted: true,
    },
    {
      text: "the test accuracy ends higher with dropout 0.5 than without (margin: share)",
      margin: (rowsOf) => accuracy(rowsOf("dropout 0.5")) - accuracy(rowsOf("no dropout")),
      asserted: false,
    },
  ],
  prepare,
};

if (import.meta.main) await runExperiment(experiment, Deno.args);
