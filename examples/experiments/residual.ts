// Figure 12.21 in small (§12.7.6): plain networks learn worse when they are deeper, residual ones
// do not. Clothes of 14 × 14, a quarter of the paper's features.
// deno run --allow-read --allow-write --allow-env=XDG_RUNTIME_DIR examples/experiments/residual.ts
import * as nc from "../../mod.ts";
import { smallClothesOf } from "./clothes.ts";
import { conduct } from "./conduct.ts";
import { type Experiment, last, type Measure, type Row } from "./experiment.ts";
import { trainingRows } from "./training_rows.ts";

/** Features of the three stages; the paper's networks for CIFAR have 16, 32 and 64. */
const FEATURES = [4, 8, 16] as const;

const conv = (features: number, stride = 1): nc.AnyLayer =>
  nc.conv({ features, size: 3, stride, padding: 1, bias: false });

/** Two convolutions, and beside them nothing or what came in. */
function block(features: number, stride: number, residual: boolean): nc.AnyLayer {
  const body = nc.sequential({
    conv1: conv(features, stride),
    norm1: nc.batchNorm(),
    relu1: nc.relu(),
    conv2: conv(features),
    norm2: nc.batchNorm(),
  });
  if (!residual) return nc.sequential({ body, relu: nc.relu() });
  const shortcut = stride === 1 ? nc.identity() : nc.zeroPadShortcut({ features, stride });
  return nc.sequential({ sum: nc.residual(body, shortcut as nc.Layer), relu: nc.relu() });
}

/** A network of 6n + 2 layers, as `cifarResnet` makes them with more features. */
function network(depth: number, residual: boolean): nc.AnyLayer {
  const layers: Record<string, nc.AnyLayer> = {};
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

const size = {
  full: { train: 3200, test: 1000, epochs: 3, window: 10 },
  quick: { train: 64, test: 50, epochs: 1, window: 1 },
};

async function prepare(quick: boolean): Promise<Measure> {
  const { epochs, window, ...counts } = size[quick ? "quick" : "full"];
  const { train, test } = await smallClothesOf(quick, counts);
  for (const [name, { depth, residual }] of Object.entries(variants)) {
    const { parameters, flops } = nc.sizing.sizeOfModel(network(depth, residual), [14, 14, 1]);
    console.log(`${name}: ${parameters} parameters, ${(flops / 1e6).toFixed(2)} MFLOP an image`);
  }
  return async (variant, seed, report) => {
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
      report,
    });
    return rows.map(withErrors);
  };
}

/** The figure draws errors, not accuracies. */
function withErrors(row: Row): Row {
  return {
    ...row,
    ...("trainAccuracy" in row ? { trainError: 1 - row.trainAccuracy! } : {}),
    ...("testAccuracy" in row ? { testError: 1 - row.testAccuracy! } : {}),
  };
}

/** The mean training error of the last fifth of the windows: single ones are noisy. */
function trainError(rows: readonly Row[]): number {
  const errors = rows.flatMap(({ trainError }) => trainError ?? []);
  const end = errors.slice(-Math.ceil(errors.length / 5));
  return end.reduce((sum, error) => sum + error / end.length, 0);
}

const plain = (of: (variant: string) => readonly Row[]): number =>
  trainError(of(`plain ${DEEP}`)) - trainError(of(`plain ${SHALLOW}`));
const residual = (of: (variant: string) => readonly Row[]): number =>
  trainError(of(`residual ${DEEP}`)) - trainError(of(`residual ${SHALLOW}`));

/** The experiment. */
export const experiment: Experiment = {
  name: "residual",
  title: `Plain and residual networks of ${SHALLOW} and ${DEEP} layers`,
  question: "Do deeper plain networks have more training error, and residual ones not " +
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
  figures: [
    { name: "training error", of: trainError, percent: true },
    { name: "test error", of: (rows) => last(rows, "testError"), percent: true },
  ],
  claims: [
    {
      text: "the deeper plain network has the higher training error (margin: share)",
      margin: plain,
      asserted: true,
    },
    {
      text:
        "depth costs the plain network more training error than the residual one (margin: share)",
      margin: (of) => plain(of) - residual(of),
      asserted: true,
    },
    {
      text: "of the deep networks the residual one has the lower training error (margin: share)",
      margin: (of) => trainError(of(`plain ${DEEP}`)) - trainError(of(`residual ${DEEP}`)),
      asserted: true,
    },
    {
      text: "the deeper residual network has the lower training error (margin: share)",
      margin: (of) => -residual(of),
      asserted: false,
    },
  ],
  prepare,
};

if (import.meta.main) await conduct(experiment, Deno.args);
