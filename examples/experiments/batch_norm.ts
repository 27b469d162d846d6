// Does batch normalization make a learning rate of 0.1 possible (§12.7.6)? Ten layers on small
// clothing images, with and without it, at 0.1 and at a tenth of that.
// deno run --allow-read --allow-write --allow-env=XDG_RUNTIME_DIR examples/experiments/batch_norm.ts
import * as nc from "../../mod.ts";
import { smallClothing } from "./images.ts";
import { runExperiment } from "./run_experiment.ts";
import { type Experiment, last, type Row, type RunVariant } from "./experiment.ts";
import { trainingRows } from "./training_rows.ts";

/** Nine convolutions in three stages and a dense layer. */
function network(normalized: boolean): nc.Layer {
  const layers: Record<string, nc.Layer> = {};
  for (const [stage, features] of [8, 16, 32].entries()) {
    for (let i = 0; i < 3; i++) {
      const name = `${stage + 1}${"abc"[i]}`;
      const stride = stage > 0 && i === 0 ? 2 : 1;
      layers[`conv${name}`] = nc.conv({ features, size: 3, stride, padding: 1, bias: !normalized });
      if (normalized) layers[`norm${name}`] = nc.batchNorm();
      layers[`relu${name}`] = nc.relu();
    }
  }
  return nc.sequential({
    ...layers,
    pool: nc.globalMeanPool(),
    logits: nc.dense({ features: 10 }),
  });
}

const variants = {
  "BN, η = 0.1": { normalized: true, learningRate: 0.1 },
  "BN, η = 0.01": { normalized: true, learningRate: 0.01 },
  "no BN, η = 0.1": { normalized: false, learningRate: 0.1 },
  "no BN, η = 0.01": { normalized: false, learningRate: 0.01 },
} as const;

const sizes = {
  full: { train: 8000, test: 2000, epochs: 3, window: 25 },
  quick: { train: 256, test: 100, epochs: 1, window: 2 },
};

async function prepare(quick: boolean): Promise<RunVariant> {
  const { epochs, window, ...counts } = sizes[quick ? "quick" : "full"];
  const { train, test } = await smallClothing(quick, counts);
  return (variant, seed, onRow) => {
    const { normalized, learningRate } = variants[variant as keyof typeof variants];
    const optimizer = nc.sgd({ learningRate, momentum: 0.9 });
    const model = network(normalized);
    const options = { epochs, batchSize: 64, seed, window, onRow };
    return trainingRows({ model, train, test, optimizer, ...options });
  };
}

/** The last test accuracy, or that of guessing if the run diverged before its first. */
const accuracy = (rows: readonly Row[]): number => last(rows, "testAccuracy") || 0.1;
/** The last training loss, or Infinity if the run diverged. */
const loss = (rows: readonly Row[]): number =>
  Number.isNaN(last(rows, "divergedAt")) ? last(rows, "trainLoss") : Infinity;

export const experiment: Experiment = {
  name: "batch_norm",
  title: "Ten layers on 14 × 14 clothing images, with and without batch normalization",
  question: "Does batch normalization make a learning rate of 0.1 possible (§12.7.6)?",
  variants: Object.keys(variants),
  panels: [
    {
      x: ["step", "steps of 64 images"],
      y: ["trainLoss", "training loss, nats"],
      span: { from: 0, to: 2.5 },
    },
    {
      x: ["step", "steps of 64 images"],
      y: ["testAccuracy", "test accuracy"],
      percent: true,
      span: { from: 0, to: 1 },
    },
  ],
  metrics: [
    { name: "training loss", of: loss },
    { name: "test accuracy", of: accuracy, percent: true },
    { name: "diverged at step", of: (rows) => last(rows, "divergedAt") },
  ],
  claims: [
    {
      text: "at 0.1 the training loss is lower with BN than without (margin: nats)",
      margin: (rowsOf) => loss(rowsOf("no BN, η = 0.1")) - loss(rowsOf("BN, η = 0.1")),
      asserted: true,
    },
    {
      text: "without BN the training loss is lower at 0.01 than at 0.1 (margin: nats)",
      margin: (rowsOf) => loss(rowsOf("no BN, η = 0.1")) - loss(rowsOf("no BN, η = 0.01")),
      asserted: true,
    },
    {
      text: "with BN the training loss is lower at 0.1 than at 0.01 (margin: nats)",
      margin: (rowsOf) => loss(rowsOf("BN, η = 0.01")) - loss(rowsOf("BN, η = 0.1")),
      asserted: true,
    },
  ],
  prepare,
};

if (import.meta.main) await runExperiment(experiment, Deno.args);
