// Whether LeNet-5 learns faster with ReLU than with tanh (§12.7.2), each at its best learning rate.
// deno run --allow-read --allow-write --allow-env=XDG_RUNTIME_DIR examples/experiments/activation.ts
import * as nc from "../../mod.ts";
import { conduct } from "./conduct.ts";
import { type Experiment, last, type Measure, type Row } from "./experiment.ts";
import { trainingRows } from "./training_rows.ts";

const RATES = [0.01, 0.03, 0.1] as const;
const ACTIVATIONS = ["tanh", "relu"] as const;
const named = (activation: string, rate: number): string => `${activation}, η = ${rate}`;
const variants = ACTIVATIONS.flatMap((activation) => RATES.map((rate) => named(activation, rate)));

const size = {
  full: { examples: 20_000, test: 5000, window: 8 },
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
      train: nc.takeExamples(digits.train, examples),
      test: nc.takeExamples(digits.test, test),
      optimizer: nc.sgd({ learningRate, momentum: 0.9 }),
      epochs: 1,
      batchSize: 64,
      seed,
      window,
      report,
    });
  };
}

/** The first step by which the training loss of a window was below this, Infinity if none was. */
function stepsTo(loss: number, rows: readonly Row[]): number {
  return rows.find((row) => row.trainLoss !== undefined && row.trainLoss < loss)?.step ?? Infinity;
}

/** The steps to a loss of 0.15 at the rate that needs fewest. */
function fastest(activation: string, of: (variant: string) => readonly Row[]): number {
  return Math.min(...RATES.map((rate) => stepsTo(0.15, of(named(activation, rate)))));
}

const steps = ["step", "steps of 64 digits"] as const;

/** The experiment. */
export const experiment: Experiment = {
  name: "activation",
  title: "LeNet-5 on MNIST: tanh or ReLU",
  question: "Does LeNet-5 learn faster with ReLU than with tanh (§12.7.2)?",
  variants,
  panels: [
    {
      x: steps,
      y: ["trainLoss", `training loss at the rate ${RATES[0]}, nats`],
      span: { from: 0, to: 2.5 },
      variants: [named("tanh", RATES[0]), named("relu", RATES[0])],
    },
    {
      x: steps,
      y: ["trainLoss", "training loss at each one's best rate, nats"],
      span: { from: 0, to: 2.5 },
      variants: [named("tanh", RATES[2]), named("relu", RATES[1])],
    },
  ],
  figures: [
    { name: "steps to loss 0.3", of: (rows) => stepsTo(0.3, rows) },
    { name: "steps to loss 0.15", of: (rows) => stepsTo(0.15, rows) },
    { name: "test accuracy", of: (rows) => last(rows, "testAccuracy"), percent: true },
  ],
  claims: [
    {
      text: `at the same rate of ${
        RATES[0]
      } ReLU comes to a loss of 0.3 in fewer steps (margin: steps)`,
      margin: (of) =>
        stepsTo(0.3, of(named("tanh", RATES[0]))) - stepsTo(0.3, of(named("relu", RATES[0]))),
      asserted: true,
    },
    {
      text: "each at its best rate, ReLU comes to a loss of 0.15 in fewer steps (margin: steps)",
      margin: (of) => fastest("tanh", of) - fastest("relu", of),
      asserted: false,
    },
  ],
  prepare,
};

if (import.meta.main) await conduct(experiment, Deno.args);
