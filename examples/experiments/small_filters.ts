// Are three 3 × 3 convolutions in sequence better than one of 7 × 7, which has the same receptive
// field (§12.6)? Compares parameters, operations and accuracy.
// deno run --allow-read --allow-write --allow-env=XDG_RUNTIME_DIR examples/experiments/small_filters.ts
import { assertEquals } from "@std/assert";
import * as nc from "../../mod.ts";
import { clothing } from "./images.ts";
import { runExperiment } from "./run_experiment.ts";
import { type Experiment, last, type Row, type RunVariant } from "./experiment.ts";
import { trainingRows } from "./training_rows.ts";

/** Features of every convolution, the C of §12.6. */
const FEATURES = 16;

const conv = (size: number): nc.Layer => nc.conv({ features: FEATURES, size, padding: "same" });

/** The two bodies: C maps in and C maps out, with a receptive field of 7 × 7. */
const bodies: Readonly<Record<string, () => nc.Layer>> = {
  "one 7 × 7": () => nc.sequential({ conv: conv(7), relu: nc.relu() }),
  "three 3 × 3": () =>
    nc.sequential({
      conv1: conv(3),
      relu1: nc.relu(),
      conv2: conv(3),
      relu2: nc.relu(),
      conv3: conv(3),
      relu3: nc.relu(),
    }),
};
const [ONE, THREE] = Object.keys(bodies) as [string, string];

/** A first convolution, the body twice, each after pooling, and a dense layer. */
function network(body: () => nc.Layer): nc.Layer {
  return nc.sequential({
    stem: conv(3),
    relu: nc.relu(),
    pool1: nc.maxPool(),
    body1: body(),
    pool2: nc.maxPool(),
    body2: body(),
    pool3: nc.globalMeanPool(),
    logits: nc.dense({ features: 10 }),
  });
}

const sizes = {
  full: { train: 8000, test: 2000, epochs: 5, window: 25 },
  quick: { train: 128, test: 50, epochs: 1, window: 1 },
};

/** Prints the sizes of the bodies and the networks (§12.4), and checks the bodies against §12.6. */
function printSizes(): void {
  for (const [name, body] of Object.entries(bodies)) {
    const part = nc.sizing.sizeOfModel(body(), [14, 14, FEATURES]);
    const whole = nc.sizing.sizeOfModel(network(body), [28, 28, 1]);
    assertEquals(part.receptiveField, 7);
    console.log(
      `${name}: ${part.parameters} parameters per body; ` +
        `${whole.parameters} and ${(whole.flops / 1e6).toFixed(2)} MFLOP per image in the network`,
    );
  }
  const parameters = (body: string): number =>
    nc.sizing.sizeOfModel(bodies[body]!(), [14, 14, FEATURES]).parameters;
  assertEquals(parameters(ONE), 49 * FEATURES ** 2 + FEATURES);
  assertEquals(parameters(THREE), 27 * FEATURES ** 2 + 3 * FEATURES);
}

async function prepare(quick: boolean): Promise<RunVariant> {
  const { train, test, epochs, window } = sizes[quick ? "quick" : "full"];
  printSizes();
  const images = await clothing(quick);
  return (variant, seed, onRow) =>
    trainingRows({
      model: network(bodies[variant]!),
      train: nc.takeExamples(images.train, train),
      test: nc.takeExamples(images.test, test),
      optimizer: nc.adam({ learningRate: 0.003 }),
      epochs,
      batchSize: 64,
      seed,
      window,
      onRow,
    });
}

const accuracy = (rows: readonly Row[]): number => last(rows, "testAccuracy");
const loss = (rows: readonly Row[]): number => last(rows, "trainLoss");

export const experiment: Experiment = {
  name: "small_filters",
  title: "Clothing images: one 7 × 7 or three 3 × 3 convolutions",
  question: "Are three 3 × 3 convolutions better than one of 7 × 7, which has the same receptive " +
    "field (§12.6)?",
  variants: [ONE, THREE],
  panels: [
    {
      x: ["step", "steps of 64 images"],
      y: ["trainLoss", "training loss, nats"],
      span: { from: 0, to: 1.5 },
    },
    {
      x: ["step", "steps of 64 images"],
      y: ["testAccuracy", "test accuracy"],
      percent: true,
    },
  ],
  metrics: [
    { name: "training loss", of: loss },
    { name: "test accuracy", of: accuracy, percent: true },
  ],
  claims: [
    {
      text: "with 56 % of the parameters, three 3 × 3 lose less than 3 points of test accuracy",
      margin: (rowsOf) => 0.03 - (accuracy(rowsOf(ONE)) - accuracy(rowsOf(THREE))),
      asserted: true,
    },
    {
      text: "three 3 × 3 reach a lower training loss than one 7 × 7 (margin: nats)",
      margin: (rowsOf) => loss(rowsOf(ONE)) - loss(rowsOf(THREE)),
      asserted: false,
    },
    {
      text: "three 3 × 3 reach a higher test accuracy than one 7 × 7 (margin: share)",
      margin: (rowsOf) => accuracy(rowsOf(THREE)) - accuracy(rowsOf(ONE)),
      asserted: false,
    },
  ],
  prepare,
};

if (import.meta.main) await runExperiment(experiment, Deno.args);
