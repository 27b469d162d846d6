// Whether three 3 × 3 convolutions one after another are better than one of 7 × 7, which sees as
// much (§12.6): their parameters, operations and accuracy.
// deno run --allow-read --allow-write --allow-env=XDG_RUNTIME_DIR examples/experiments/small_filters.ts
import { assertEquals } from "@std/assert";
import * as nc from "../../mod.ts";
import { conduct } from "./conduct.ts";
import { type Experiment, last, type Measure, type Row } from "./experiment.ts";
import { trainingRows } from "./training_rows.ts";

/** Features of every convolution, the C of §12.6. */
const FEATURES = 16;

const conv = (features: number, size: number): nc.AnyLayer =>
  nc.conv({ features, size, padding: "same" });

/** C maps to C maps, each position made from 7 × 7. */
type Body = (features: number) => nc.AnyLayer;

const one: Body = (features) => nc.sequential({ conv: conv(features, 7), relu: nc.relu() });
const three: Body = (features) =>
  nc.sequential({
    conv1: conv(features, 3),
    relu1: nc.relu(),
    conv2: conv(features, 3),
    relu2: nc.relu(),
    conv3: conv(features, 3),
    relu3: nc.relu(),
  });

/** What is compared; the last with nearly as many parameters as the first. */
const variants: Readonly<Record<string, readonly [body: Body, features: number]>> = {
  "one 7 × 7, C = 16": [one, FEATURES],
  "three 3 × 3, C = 16": [three, FEATURES],
  "three 3 × 3, C = 20": [three, 20],
};
const [ONE, THREE, WIDE] = Object.keys(variants) as [string, string, string];

/** A first convolution, the body twice with pooling before each, and a dense layer. */
function network(variant: string): nc.AnyLayer {
  const [body, features] = variants[variant]!;
  return nc.sequential({
    stem: conv(features, 3),
    relu: nc.relu(),
    pool1: nc.maxPool(),
    body1: body(features),
    pool2: nc.maxPool(),
    body2: body(features),
    pool3: nc.globalMeanPool(),
    logits: nc.dense({ features: 10 }),
  });
}

const size = {
  full: { train: 4800, test: 4000, epochs: 4, window: 25 },
  quick: { train: 128, test: 50, epochs: 1, window: 1 },
};

/** Prints what the bodies and the networks cost, by §12.4, and holds the bodies against §12.6. */
function printSizes(): void {
  for (const [name, [body, features]] of Object.entries(variants)) {
    const part = nc.sizeOfModel(body(features), [14, 14, features]);
    const whole = nc.sizeOfModel(network(name), [28, 28, 1]);
    assertEquals(part.receptiveField, 7);
    console.log(
      `${name}: ${part.parameters} parameters a body; ` +
        `${whole.parameters} and ${(whole.flops / 1e6).toFixed(2)} MFLOP an image in the network`,
    );
  }
  const parameters = (body: Body): number =>
    nc.sizeOfModel(body(FEATURES), [14, 14, FEATURES]).parameters;
  assertEquals(parameters(one), 49 * FEATURES ** 2 + FEATURES);
  assertEquals(parameters(three), 27 * FEATURES ** 2 + 3 * FEATURES);
}

async function prepare(quick: boolean): Promise<Measure> {
  const { train, test, epochs, window } = size[quick ? "quick" : "full"];
  printSizes();
  const clothes = await nc.fashionMnist();
  const steps = epochs * Math.ceil(train / 64);
  return (variant, seed, report) =>
    trainingRows({
      model: network(variant),
      train: nc.take(clothes.train, train),
      test: nc.take(clothes.test, test),
      optimizer: nc.adam({ learningRate: nc.cosineDecay({ learningRate: 0.003, steps }) }),
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
  variants: [ONE, THREE, WIDE],
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
      text:
        "with 56 % of the parameters, three 3 × 3 have the higher test accuracy (margin: share)",
      margin: (of) => accuracy(of(THREE)) - accuracy(of(ONE)),
      asserted: false,
    },
    {
      text: "with 13 % fewer parameters, three 3 × 3 have the higher test accuracy (margin: share)",
      margin: (of) => accuracy(of(WIDE)) - accuracy(of(ONE)),
      asserted: false,
    },
    {
      text: "with 13 % fewer parameters, three 3 × 3 have the lower training loss (margin: nats)",
      margin: (of) => loss(of(ONE)) - loss(of(WIDE)),
      asserted: false,
    },
  ],
  prepare,
};

if (import.meta.main) await conduct(experiment, Deno.args);
