// Trains an autoencoder on 4,000 digits of MNIST: pictures are both inputs and targets, and pass
// through 32 numbers. The run can stop early, and is interrupted and resumed to the same numbers. Its
// error on held-back digits must be below half of that of always answering the mean picture.
// deno run --allow-read --allow-env=XDG_RUNTIME_DIR examples/17_autoencoder.ts
import { assert, assertEquals, assertLess } from "@std/assert";
import * as nc from "../mod.ts";

const { tf } = nc;
await nc.start();
const { train, test } = await nc.mnist();

/** Digits as inputs and as targets: bytes, which become x / 255. */
function pictures({ images }: nc.Examples): nc.ArrayExamples {
  const column = { values: images, shape: [28, 28, 1] };
  return { name: "digits", inputs: column, targets: column };
}
const digits = pictures(nc.takeExamples(train, 4000));
const validation = pictures(nc.takeExamples(test, 500));

const reshape: nc.Layer = {
  op: "reshape",
  declare: () => ({ shape: [28, 28, 1], params: {}, state: {} }),
  apply: (_, state, x) => [tf.reshape(x, [-1, 28, 28, 1]), state],
};
const model = nc.sequential({
  flatten: nc.flatten(),
  hidden1: nc.dense({ features: 256 }),
  relu1: nc.relu(),
  code: nc.dense({ features: 32 }),
  hidden2: nc.dense({ features: 256 }),
  relu2: nc.relu(),
  pixels: nc.dense({ features: 784 }),
  picture: reshape,
});

const optimizer = nc.adam({ learningRate: 0.002 });
const options = {
  epochs: 6,
  batchSize: 32,
  optimizer,
  loss: nc.meanSquaredError,
  metrics: {
    mae: (outputs: nc.Tensor, targets: nc.Tensor) =>
      tf.mean(tf.abs(tf.sub(outputs, targets))) as nc.Scalar,
  },
  validation,
  callbacks: [nc.callbacks.earlyStopping({ monitor: "valMae", mode: "min", patience: 3 })],
};

/** Trains until the end or the signal. */
async function run(more: nc.FitOptions): Promise<nc.EpochReport[]> {
  const reports: nc.EpochReport[] = [];
  for await (const report of nc.fit(model, digits, { ...options, ...more })) {
    const { epoch, complete, valLoss, valMetrics } = report;
    if (complete) console.log(`epoch ${epoch}:`, valLoss!.toFixed(4), valMetrics!.mae!.toFixed(4));
    reports.push(report);
  }
  return reports;
}

const whole = await run({});
const { network, valLoss } = whole.at(-1)!;

// The error of the mean picture is the variance of the pixels.
const pixels = tf.div(
  tf.tensor2d(Float32Array.from(test.images.subarray(0, 500 * 784)), [500, 784]),
  255,
);
const { variance } = tf.moments(pixels, 0);
const [error] = await tf.mean(variance).data();
console.log(`mean squared error ${valLoss!.toFixed(4)}; of the mean picture ${error!.toFixed(4)}`);
assertLess(valLoss!, error! / 2);

// The code of a picture is a part of the network like any other.
const one = tf.tensor4d(Float32Array.from(test.images.subarray(0, 784), (x) => x / 255), [
  1,
  28,
  28,
  1,
]);
const picture = nc.predict(network, one, { probabilities: false });
assertEquals(picture.shape, [1, 28, 28, 1]);
const svg = await nc.report.curves(whole, { title: "autoencoder of digits" });
assert(svg.includes("mae"));

// Interrupted in its second epoch, and resumed: the same numbers.
const stop = new AbortController();
const cut = await run({
  signal: stop.signal,
  onStep: ({ step }) => step === 140 && stop.abort(),
});
const rest = await run({ from: cut.at(-1)!.network, epochs: 2 });
assertEquals([rest[0]!.loss, rest[0]!.valMetrics], [whole[1]!.loss, whole[1]!.valMetrics]);
console.log("resumed to the same numbers");
