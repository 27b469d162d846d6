// How far can digits be shifted before networks trained on centered digits fail (§12.1, §12.2)? A
// dense network, LeNet-5, and a ConvNet with global max pooling.
// deno run --allow-read --allow-write --allow-env=XDG_RUNTIME_DIR examples/experiments/translation.ts
import * as nc from "../../mod.ts";
import { runExperiment } from "./run_experiment.ts";
import type { Experiment, Row, RunVariant } from "./experiment.ts";
import { halfSize, shifted } from "./images.ts";

/** Height and width of the images. Digits of 14 × 14 lose nothing by shifts of up to 7. */
const SIDE = 28;

/** Two blocks of convolution, ReLU and max pooling. */
const blocks = {
  conv1: nc.conv({ features: 8, size: 5, padding: "same" }),
  relu1: nc.relu(),
  pool1: nc.maxPool(),
  conv2: nc.conv({ features: 16, size: 5, padding: "same" }),
  relu2: nc.relu(),
};

const models: Readonly<Record<string, nc.Layer>> = {
  "dense 784-75-75-10": nc.sequential({
    flatten: nc.flatten(),
    dense1: nc.dense({ features: 75 }),
    relu1: nc.relu(),
    dense2: nc.dense({ features: 75 }),
    relu2: nc.relu(),
    logits: nc.dense({ features: 10 }),
  }),
  "LeNet-5 (ReLU)": nc.lenet5({ activation: "relu" }),
  "ConvNet, maximum of each map": nc.sequential({
    ...blocks,
    pool2: nc.maxPool({ size: SIDE / 2 }),
    flatten: nc.flatten(),
    logits: nc.dense({ features: 10 }),
  }),
};

const sizes = {
  full: { train: 6000, test: 500, epochs: 5, shifts: [0, 1, 2, 3, 4, 5, 6, 7] },
  quick: { train: 256, test: 50, epochs: 1, shifts: [0, 3] },
};

/** The mean accuracy on digits shifted up, down, left and right by `shift` pixels. */
async function accuracyAt(
  shift: number,
  network: nc.Network,
  digits: nc.Examples,
): Promise<number> {
  const shifts = shift === 0 ? [[0, 0]] : [[shift, 0], [-shift, 0], [0, shift], [0, -shift]];
  let sum = 0;
  for (const [down, right] of shifts) {
    const images = shifted(digits, SIDE, down!, right!);
    sum += (await nc.evaluate(network, images)).accuracy;
  }
  return sum / shifts.length;
}

async function prepare(quick: boolean): Promise<RunVariant> {
  const { train, test, epochs, shifts } = sizes[quick ? "quick" : "full"];
  const digits = await nc.mnist();
  const centered = shifted(halfSize(nc.takeExamples(digits.train, train)), SIDE, 0, 0);
  const small = halfSize(nc.takeExamples(digits.test, test));
  for (const [name, model] of Object.entries(models)) {
    const { parameters, flops } = nc.sizing.sizeOfModel(model, [SIDE, SIDE, 1]);
    console.log(`${name}: ${parameters} parameters, ${(flops / 1e6).toFixed(2)} MFLOP per image`);
  }
  return async (variant, seed, onRow) => {
    const model = models[variant]!;
    const optimizer = nc.adam({ learningRate: 0.002 });
    const options = { epochs, batchSize: 64, optimizer, key: nc.key(seed) };
    const reports = await Array.fromAsync(nc.fit(model, centered, options));
    const { network } = reports.at(-1)!;
    const rows: Row[] = [];
    for (const shift of shifts) {
      const accuracy = await accuracyAt(shift, network, small);
      rows.push({ shift, accuracy });
      onRow(rows.at(-1)!);
    }
    nc.disposeTraining(network);
    return rows;
  };
}

const accuracyWith = (rows: readonly Row[], shift: number): number =>
  rows.find((row) => row.shift === shift)?.accuracy ?? NaN;

const [DENSE, LENET, POOLED] = Object.keys(models) as [string, string, string];

export const experiment: Experiment = {
  name: "translation",
  title: "Digits shifted from their place in training",
  question:
    "How far can digits be shifted before networks trained on centered digits fail (§12.1, §12.2)?",
  variants: Object.keys(models),
  panels: [{
    x: ["shift", "shift, pixels (the digits are 14 × 14)"],
    y: ["accuracy", "test accuracy"],
    percent: true,
    span: { from: 0, to: 1 },
  }],
  metrics: [0, 1, 2, 3, 5, 7].map((shift) => ({
    name: `shift ${shift}`,
    of: (rows: readonly Row[]): number => accuracyWith(rows, shift),
    percent: true,
  })),
  claims: [
    {
      text: "shifted by 2 pixels, LeNet-5 is more accurate than the dense network (margin: share)",
      margin: (rowsOf) => accuracyWith(rowsOf(LENET), 2) - accuracyWith(rowsOf(DENSE), 2),
      asserted: true,
    },
    {
      text: "shifted by 7 pixels, the ConvNet with global max pooling loses less than 5 points",
      margin: (rowsOf) =>
        0.05 - (accuracyWith(rowsOf(POOLED), 0) - accuracyWith(rowsOf(POOLED), 7)),
      asserted: false,
    },
    {
      text: "shifted by 5 pixels, LeNet-5 still classifies half of the digits correctly",
      margin: (rowsOf) => accuracyWith(rowsOf(LENET), 5) - 0.5,
      asserted: false,
    },
  ],
  prepare,
};

if (import.meta.main) await runExperiment(experiment, Deno.args);
