// Do plain networks train worse when they are deeper, and residual networks not (§12.7.6)? Figure
// 12.21 on a small scale: clothing images of 14 × 14, a quarter of the paper's features.
// deno run --allow-read --allow-write --allow-env=XDG_RUNTIME_DIR examples/experiments/residual.ts
import * as nc from "../../mod.ts";
import { smallClothing } from "./images.ts";
import { runExperiment } from "./run_experiment.ts";
import { type Experiment, last, type Row, type RowsOf, type RunVariant } from "./experiment.ts";
import { trainingRows } from "./training_rows.ts";

/** Features of the three stages. The paper's networks for CIFAR-10 have 16, 32 and 64. */
const FEATURES = [4, 8, 16] as const;

const conv = (features: number, stride = 1): nc.Layer =>
  nc.conv({ features, size: 3, stride, padding: 1, bias: false });

/** Two convolutions, with or without a shortcut around them. */
function block(features: number, stride: number, residual: boolean): nc.Layer {
  const body = nc.sequential({
    conv1: conv(features, stride),
    norm1: nc.batchNorm(),
    relu1: nc.relu(),
    conv2: conv(features),
    norm2: nc.batchNorm(),
  });
  if (!residual) return nc.sequential({ body, relu: nc.relu() });
  const shortcut = stride === 1 ? nc.identity() : nc.zeroPadShortcut({ features, stride });
  return nc.sequential({ sum: nc.residual(body, shortcut), relu: nc.relu() });
}

/** A network of 6n + 2 layers, like those of `cifarResnet`, which have more features. */
function network(depth: number, residual: boolean): nc.Layer {
  const layers: Record<string, nc.Layer> = {};
  for (const [stage, features] of FEATURES.entries()) {
    for (let i = 0; i < (depth - 2) / 6; i++) {
      const stride = stage > 0 && i === 0 ? 2 : 1;
      layers[`stage${stage + 1}block${i + 1}`] = block(features, stride, residual);
    }
  }
  return nc.sequential({
    conv: conv(FEATURES[0]),
    norm: nc.batchNorm(),
    relu: nc.relu(),
    ...layers,
    pool: nc.globalMeanPool(),
    logits: nc.dense({ features: 10 }),
  });
}

const [SHALLOW, DEEP] = [20, 56] as const;

const variants = {
  [`plain ${SHALLOW}`]: { depth: SHALLOW, residual: false },
  [`plain ${DEEP}`]: { depth: DEEP, residual: false },
  [`residual ${SHALLOW}`]: { depth: SHALLOW, residual: true },
  [`residual ${DEEP}`]: { depth: DEEP, residual: true },
};

const sizes = {
  full: { train: 3200, test: 1000, epochs: 3, window: 10 },
  quick: { train: 64, test: 50, epochs: 1, window: 1 },
};

async function prepare(quick: boolean): Promise<RunVariant> {
  const { epochs, window, ...counts } = sizes[quick ? "quick" : "full"];
  const { train, test } = await smallClothing(quick, counts);
  for (const [name, { depth, residual }] of Object.entries(variants)) {
    const { parameters, flops } = nc.sizing.sizeOfModel(network(depth, residual), [14, 14, 1]);
    console.log(`${name}: ${parameters} parameters, ${(flops / 1e6).toFixed(2)} MFLOP per image`);
  }
  return async (variant, seed, onRow) => {
    const { depth, residual } = variants[variant]!;
    const rows = await trainingRows({
      model: network(depth, residual),
      train,
      test,
      optimizer: nc.sgd({ learningRate: 0.1, momentum: 0.9 }),
      epochs,
      batchSize: 64,
      seed,
      window,
      onRow,
    });
    return rows.map(withErrors);
  };
}

/** The figure shows errors, not accuracies. */
function withErrors(row: Row): Row {
  return {
    ...row,
    ...("trainAccuracy" in row ? { trainError: 1 - row.trainAccuracy! } : {}),
    ...("testAccuracy" in row ? { testError: 1 - row.testAccuracy! } : {}),
  };
}

/** The mean training error of the last fifth of the windows, as single windows are noisy. */
function trainError(rows: readonly Row[]): number {
  const errors = rows.flatMap(({ trainError }) => trainError ?? []);
  const end = errors.slice(-Math.ceil(errors.length / 5));
  return end.reduce((sum, error) => sum + error / end.length, 0);
}

/** By how much depth raises the training error. */
const costOfDepth = (kind: "plain" | "residual", rowsOf: RowsOf): number =>
  trainError(rowsOf(`${kind} ${DEEP}`)) - trainError(rowsOf(`${kind} ${SHALLOW}`));

export const experiment: Experiment = {
  name: "residual",
  title: `Plain and residual networks of ${SHALLOW} and ${DEEP} layers`,
  question:
    "Do deeper plain networks have a higher training error, and deeper residual networks not " +
    "(Figure 12.21, §12.7.6)?",
  variants: Object.keys(variants),
  panels: [
    {
      x: ["step", "steps of 64 images"],
      y: ["trainError", "training error"],
      percent: true,
      span: { from: 0, to: 0.9 },
    },
    {
      x: ["step", "steps of 64 images"],
      y: ["testError", "test error"],
      percent: true,
      span: { from: 0, to: 0.9 },
    },
  ],
  metrics: [
    { name: "training error", of: trainError, percent: true },
    { name: "test error", of: (rows) => last(rows, "testError"), percent: true },
  ],
  claims: [
    {
      text: "the deeper plain network has the higher training error (margin: share)",
      margin: (rowsOf) => costOfDepth("plain", rowsOf),
      asserted: true,
    },
    {
      text:
        "depth costs the plain network more training error than the residual one (margin: share)",
      margin: (rowsOf) => costOfDepth("plain", rowsOf) - costOfDepth("residual", rowsOf),
      asserted: true,
    },
    {
      text: "of the deep networks, the residual one has the lower training error (margin: share)",
      margin: (rowsOf) =>
        trainError(rowsOf(`plain ${DEEP}`)) - trainError(rowsOf(`residual ${DEEP}`)),
      asserted: true,
    },
    {
      text: "the deeper residual network has the lower training error (margin: share)",
      margin: (rowsOf) => -costOfDepth("residual", rowsOf),
      asserted: false,
    },
  ],
  prepare,
};

if (import.meta.main) await runExperiment(experiment, Deno.args);
