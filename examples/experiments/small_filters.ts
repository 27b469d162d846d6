// Whether three 3 × 3 convolutions one after another are better than one of 7 × 7, which sees as
// much (§12.6): their parameters, operations and accuracy.
// deno run --allow-read --allow-write --allow-env=XDG_RUNTIME_DIR examples/experiments/small_filters.ts
import { assertEquals } from "@std/assert";
import * as nc from "../../mod.ts";
import { clothesOf } from "./clothes.ts";
import { conduct } from "./conduct.ts";
import { type Experiment, last, type Measure, type Row } from "./experiment.ts";
import { trainingRows } from "./training_rows.ts";

/** Features of every convolution, the C of §12.6. */
const FEATURES = 16;

const conv = (size: number): nc.AnyLayer => nc.conv({ features: FEATURES, size, padding: "same" });

/** What is compared: C maps to C maps, each position made from 7 × 7. */
const bodies: Readonly<Record<string, () => nc.AnyLayer>> = {
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

/** A first convolution, the body twice with pooling before each, and a dense layer. */
function network(body: () => nc.AnyLayer): nc.AnyLayer {
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

const size = {
  full: { train: 8000, test: 2000, epochs: 5, window: 25 },
  quick: { train: 128, test: 50, epochs: 1, window: 1 },
};

/** Prints what the bodies and the networks cost, by §12.4, and holds the bodies against §12.6. */
function printSizes(): void {
  for (const [name, body] of Object.entries(bodies)) {
    const part = nc.sizing.sizeOfModel(body(), [14, 14, FEATURES]);
    const whole = nc.sizing.sizeOfModel(network(body), [28, 28, 1]);
    assertEquals(part.receptiveField, 7);
    console.log(
      `${name}: ${part.parameters} parameters a body; ` +
        `${whole.parameters} and ${(whole.flops / 1e6).toFixed(2)} MFLOP an image in the network`,
    );
  }
  const parameters = (body: string): number =>
    nc.sizing.sizeOfModel(bodies[body]!(), [14, 14, FEATURES]).parameters;
  assertEquals(parameters(ONE), 49 * FEATURES ** 2 + FEATURES);
  assertEquals(parameters(THREE), 27 * FEATURES ** 2 + 3 * FEATURES);
}

async function prepare(quick: boolean): Promise<Measure> {
  const { train, test, epochs, window } = size[quick ? "quick" : "full"];
  printSizes();
  const clothes = await clothesOf(quick);
  return (variant, seed, report) =>
    trainingRows({
      model: network(bodies[variant]!),
      train: nc.takeExamples(clothes.train, train),
      test: nc.takeExamples(clothes.test, test),
      optimizer: nc.adam({ learningRate: 0.003 }),
      epochs,
      batchSize: 64,
      seed,
      window,
      report,
    });
}

const accuracy = (rows: readonly Row[]): number => last(rows, "testAccuracy");
const loss = (rows: readonly Row[]): number => last(rows, "trainLoss");

/** The experiment. */
export const experiment: Experiment = {
  name: "small_filters",
  title: "Clothes by one 7 × 7 or three 3 × 3 convolutions",
  question: "Are three 3 × 3 convolutions better than one of 7 × 7, which sees as much (§12.6)?",
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
  figures: [
    { name: "training loss", of: loss },
    { name: "test accuracy", of: accuracy, percent: true },
  ],
  claims: [
    {
      text: "with 56 % of the parameters, three 3 × 3 lose less than 3 points of test accuracy",
      margin: (of) => 0.03 - (accuracy(of(ONE)) - accuracy(of(THREE))),
      asserted: true,
    },
    {
      text: "three 3 × 3 come to a lower training loss than one 7 × 7 (margin: nats)",
      margin: (of) => loss(of(ONE)) - loss(of(THREE)),
      asserted: false,
    },
    {
      text: "three 3 × 3 come to a higher test accuracy than one 7 × 7 (margin: share)",
      margin: (of) => accuracy(of(THREE)) - accuracy(of(ONE)),
      asserted: false,
    },
  ],
  prepare,
};

if (import.meta.main) await conduct(experiment, Deno.args);
