// How far digits may be moved until networks that saw them in the middle alone go wrong
// (§12.1, §12.2): a dense network, LeNet-5, and a ConvNet whose last maps are pooled whole.
// deno run --allow-read --allow-write --allow-env=XDG_RUNTIME_DIR examples/experiments/translation.ts
import * as nc from "../../mod.ts";
import { conduct } from "./conduct.ts";
import type { Experiment, Measure, Row } from "./experiment.ts";
import { halved, placed } from "./small_images.ts";
import { trained } from "./training_rows.ts";

/** Height and width of the ground: digits of 14 × 14 lose nothing by shifts of up to 7. */
const SIDE = 28;

/** Two blocks of convolution, ReLU and max pooling. */
const blocks = {
  conv1: nc.conv({ features: 8, size: 5, padding: "same" }),
  relu1: nc.relu(),
  pool1: nc.maxPool(),
  conv2: nc.conv({ features: 16, size: 5, padding: "same" }),
  relu2: nc.relu(),
};

const models: Readonly<Record<string, nc.AnyLayer>> = {
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

const size = {
  full: { train: 6000, test: 500, epochs: 5, shifts: [0, 1, 2, 3, 4, 5, 6, 7] },
  quick: { train: 256, test: 50, epochs: 1, shifts: [0, 3] },
};

/** Accuracy over digits moved by so many pixels up, down, left and right. */
async function accuracyAt(
  shift: number,
  network: nc.Network,
  digits: nc.Examples,
): Promise<number> {
  const moves = shift === 0 ? [[0, 0]] : [[shift, 0], [-shift, 0], [0, shift], [0, -shift]];
  let sum = 0;
  for (const [down, right] of moves) {
    const moved = placed(digits, SIDE, down!, right!);
    sum += (await nc.evaluate(network, moved)).accuracy;
  }
  return sum / moves.length;
}

async function prepare(quick: boolean): Promise<Measure> {
  const { train, test, epochs, shifts } = size[quick ? "quick" : "full"];
  const digits = await nc.mnist();
  const centered = placed(halved(nc.takeExamples(digits.train, train)), SIDE, 0, 0);
  const small = halved(nc.takeExamples(digits.test, test));
  for (const [name, model] of Object.entries(models)) {
    const { parameters, flops } = nc.sizing.sizeOfModel(model, [SIDE, SIDE, 1]);
    console.log(`${name}: ${parameters} parameters, ${(flops / 1e6).toFixed(2)} MFLOP an image`);
  }
  return async (variant, seed, report) => {
    const model = models[variant]!;
    const optimizer = nc.adam({ learningRate: 0.002 });
    const options = { epochs, batchSize: 64, optimizer, key: nc.key(seed) };
    const network = await trained(model, centered, options);
    const rows: Row[] = [];
    for (const shift of shifts) {
      const accuracy = await accuracyAt(shift, network, small);
      rows.push({ shift, accuracy });
      report(rows.at(-1)!);
    }
    nc.disposeTraining(network);
    return rows;
  };
}

const at = (rows: readonly Row[], shift: number): number =>
  rows.find((row) => row.shift === shift)?.accuracy ?? NaN;

const [DENSE, LENET, POOLED] = Object.keys(models) as [string, string, string];

/** The experiment. */
export const experiment: Experiment = {
  name: "translation",
  title: "Digits moved from where they were in training",
  question:
    "How far may digits be moved until networks that saw them in the middle alone go wrong " +
    "(§12.1, §12.2)?",
  variants: Object.keys(models),
  panels: [{
    x: ["shift", "shift, pixels (the digits are 14 × 14)"],
    y: ["accuracy", "test accuracy"],
    percent: true,
    span: { from: 0, to: 1 },
  }],
  figures: [0, 1, 2, 3, 5, 7].map((shift) => ({
    name: `shift ${shift}`,
    of: (rows: readonly Row[]): number => at(rows, shift),
    percent: true,
  })),
  claims: [
    {
      text:
        "moved by 2 pixels, LeNet-5 reads more digits than the dense network (margin: accuracy)",
      margin: (of) => at(of(LENET), 2) - at(of(DENSE), 2),
      asserted: true,
    },
    {
      text: "moved by 7 pixels, the ConvNet with maps pooled whole loses less than 5 points",
      margin: (of) => 0.05 - (at(of(POOLED), 0) - at(of(POOLED), 7)),
      asserted: false,
    },
    {
      text: "moved by 5 pixels, LeNet-5 still reads half of the digits",
      margin: (of) => at(of(LENET), 5) - 0.5,
      asserted: false,
    },
  ],
  prepare,
};

if (import.meta.main) await conduct(experiment, Deno.args);
