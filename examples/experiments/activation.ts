// Does LeNet-5 learn faster with ReLU than with tanh, each at its best learning rate (§12.7.2)?
// deno run --allow-read --allow-write --allow-env=XDG_RUNTIME_DIR examples/experiments/activation.ts
import * as nc from "../../mod.ts";
import { runExperiment } from "./run_experiment.ts";
import { type Experiment, last, type Row, type RowsOf, type RunVariant } from "./experiment.ts";
import { trainingRows } from "./training_rows.ts";

const RATES = [0.01, 0.03, 0.1] as const;
const ACTIVATIONS = ["tanh", "relu"] as const;
const nameOf = (activation: string, rate: number): string => `${activation}, η = ${rate}`;
const variants = ACTIVATIONS.flatMap((activation) => RATES.map((rate) => nameOf(activation, rate)));

const sizes = {
  full: { examples: 20_000, test: 5000, window: 8 },
  quick: { examples: 512, test: 200, window: 4 },
};

async function prepare(quick: boolean): Promise<RunVariant> {
  const { examples, test, window } = sizes[quick ? "quick" : "full"];
  const digits = await nc.mnist();
  return (variant, seed, onRow) => {
    const index = variants.indexOf(variant);
    const learningRate = RATES[index % RATES.length]!;
    return trainingRows({
      model: nc.lenet5({ activation: ACTIVATIONS[Math.floor(index / RATES.length)]! }),
      train: nc.takeExamples(digits.train, examples),
      test: nc.takeExamples(digits.test, test),
      optimizer: nc.sgd({ learningRate, momentum: 0.9 }),
      epochs: 1,
      batchSize: 64,
      seed,
      window,
      onRow,
    });
  };
}

/** The first step at which the training loss of a window was below `loss`, or Infinity. */
function stepsTo(loss: number, rows: readonly Row[]): number {
  return rows.find((row) => row.trainLoss !== undefined && row.trainLoss < loss)?.step ?? Infinity;
}

/** The steps to a loss of 0.15 at the learning rate that needs the fewest. */
function fastest(activation: string, rowsOf: RowsOf): number {
  return Math.min(...RATES.map((rate) => stepsTo(0.15, rowsOf(nameOf(activation, rate)))));
}

const steps = ["step", "steps of 64 digits"] as const;

export const experiment: Experiment = {
  name: "activation",
  title: "LeNet-5 on MNIST: tanh or ReLU",
  question: "Does LeNet-5 learn faster with ReLU than with tanh (§12.7.2)?",
  variants,
  panels: [
    {
      x: steps,
      y: ["trainLoss", `training loss at rate ${RATES[0]}, nats`],
      span: { from: 0, to: 2.5 },
      variants: [nameOf("tanh", RATES[0]), nameOf("relu", RATES[0])],
    },
    {
      x: steps,
      y: ["trainLoss", "training loss at each best rate, nats"],
      span: { from: 0, to: 2.5 },
      variants: [nameOf("tanh", RATES[2]), nameOf("relu", RATES[1])],
    },
  ],
  metrics: [
    { name: "steps to loss 0.3", of: (rows) => stepsTo(0.3, rows) },
    { name: "steps to loss 0.15", of: (rows) => stepsTo(0.15, rows) },
    { name: "test accuracy", of: (rows) => last(rows, "testAccuracy"), percent: true },
  ],
  claims: [
    {
      text: "at the rate of 0.01 ReLU reaches a loss of 0.3 in fewer steps (margin: steps)",
      margin: (rowsOf) =>
        stepsTo(0.3, rowsOf(nameOf("tanh", RATES[0]))) -
        stepsTo(0.3, rowsOf(nameOf("relu", RATES[0]))),
      asserted: true,
    },
    {
      text: "each at its best rate, ReLU reaches a loss of 0.15 in fewer steps (margin: steps)",
      margin: (rowsOf) => fastest("tanh", rowsOf) - fastest("relu", rowsOf),
      asserted: false,
    },
  ],
  prepare,
};

if (import.meta.main) await runExperiment(experiment, Deno.args);
