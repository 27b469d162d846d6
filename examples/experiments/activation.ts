// Whether LeNet-5 learns faster with ReLU than with tanh (§12.7.2), each at its best learning rate.
// deno run --allow-read --allow-write --allow-env=XDG_RUNTIME_DIR examples/experiments/activation.ts
import * as nc from "../../mod.ts";
import { conduct } from "./conduct.ts";
import { type Experiment, last, type Measure, type Row } from "./experiment.ts";
import { trainingRows } from "./training_rows.ts";

const RATES = [0.01, 0.03, 0.1] as const;
const ACTIVATIONS = ["tanh", "relu"] as const;
const variants = ACTIVATIONS.flatMap((activation) =>
  RATES.map((rate) => `${activation}, η = ${rate}`)
);

const size = {
  full: { examples: 20_000, test: 5000, window: 16 },
  quick: { examples: 512, test: 200, window: 4 },
};

async function prepare(quick: boolean): Promise<Measure> {
  const { examples, test, window } = size[quick ? "quick" : "full"];
  const digits = await nc.mnist();
  return (variant, seed, report) => {
    const place = variants.indexOf(variant);
    const learningRate = RATES[place % RATES.length]!;
    return trainingRows({
      model: nc.lenet5({ activation: ACTIVATIONS[Math.floor(place / RATES.length)]! }),
      train: nc.take(digits.train, examples),
      test: nc.take(digits.test, test),
      optimizer: nc.sgd({ learningRate, momentum: 0.9 }),
      epochs: 1,
      batchSize: 64,
      seed,
      window,
      report,
    });
  };
}

/** The first step by which the training loss of a window was below this; far beyond the last if none. */
function stepsTo(loss: number, rows: readonly Row[]): number {
  return rows.find((row) => row.trainLoss !== undefined && row.trainLoss < loss)?.step ?? Infinity;
}

const experiment: Experiment = {
  name: "activation",
  title: "LeNet-5 on MNIST: tanh or ReLU",
  question: "Does LeNet-5 learn faster with ReLU than with tanh (§12.7.2)?",
  variants,
  panels: [
    {
      x: ["step", "steps of 64 digits"],
      y: ["trainLoss", "training loss, nats"],
      span: { from: 0, to: 1 },
    },
    {
      x: ["step", "steps of 64 digits"],
      y: ["trainAccuracy", "training accuracy"],
      percent: true,
      span: { from: 0.8, to: 1 },
    },
  ],
  figures: [
    { name: "steps to loss 0.3", of: (rows) => stepsTo(0.3, rows) },
    { name: "steps to loss 0.15", of: (rows) => stepsTo(0.15, rows) },
    { name: "test accuracy", of: (rows) => last(rows, "testAccuracy"), percent: true },
  ],
  claims: [],
  prepare,
};

if (import.meta.main) await conduct(experiment, Deno.args);
