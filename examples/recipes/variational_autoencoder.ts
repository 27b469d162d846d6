// Trains a variational autoencoder (Kingma and Welling 2013) on digits, and draws new digits from it.
// A network that knows digits must be sure (90 %) of two fifths of the new ones. They are shown in
// new_digits.png, and in coded_digits.png which pixels make a digit's code what it is, by integrated
// gradients: there are no maps for Grad-CAM.
// deno run --allow-read --allow-write=examples/recipes --allow-env=XDG_RUNTIME_DIR examples/recipes/variational_autoencoder.ts
import { assertGreaterOrEqual } from "@std/assert";
import * as nc from "../../mod.ts";

const { tf } = nc;
const CODE = 10; // Numbers that describe a digit.

const encoder = nc.sequential({
  flatten: nc.flatten(),
  hidden: nc.dense({ features: 400 }),
  relu: nc.relu(),
  code: nc.dense({ features: 2 * CODE }),
});
const decoder = nc.sequential({
  hidden: nc.dense({ features: 400 }),
  relu: nc.relu(),
  pixels: nc.dense({ features: 784 }),
  picture: nc.layers.reshape([28, 28, 1]),
});

/** What the network outputs: logits of pixels, and the distribution of the code. */
type Output = {
  readonly pixels: nc.Tensor;
  readonly mean: nc.Tensor;
  readonly logVariance: nc.Tensor;
};

const parts = { encoder, decoder };
type Params = nc.ParamsOf<typeof parts>;
type State = nc.StateOf<typeof parts>;

/** An encoder that gives a distribution, a code drawn from it, and a decoder of the code. */
const autoencoder: nc.Layer<Params, State, nc.Tensor, Output> = {
  op: "variationalAutoencoder",
  declare(shape) {
    const [first, second] = [encoder.declare(shape), decoder.declare([CODE])];
    const children = [
      { name: "encoder", layer: encoder as nc.AnyLayer, inputShape: shape, declaration: first },
      { name: "decoder", layer: decoder as nc.AnyLayer, inputShape: [CODE], declaration: second },
    ];
    return {
      shape: { pixels: second.shape, mean: [CODE], logVariance: [CODE] },
      params: { encoder: first.params, decoder: second.params },
      state: { encoder: first.state, decoder: second.state },
      children: children as nc.Child[],
    };
  },
  apply(params, state, x, context) {
    const [code, encoded] = nc.enter("encoder", encoder, params, state, x, context);
    const [mean, logVariance] = tf.split(code, 2, 1) as [nc.Tensor2D, nc.Tensor2D];
    let z: nc.Tensor = mean;
    if (context.training) {
      const noise = nc.tensor.normalTensor(nc.fold(context.key!, "code"), mean.shape);
      z = tf.add(mean, tf.mul(tf.exp(tf.div(logVariance, 2)), noise));
    }
    const [pixels, decoded] = nc.enter("decoder", decoder, params, state, z, context);
    const next = { encoder: encoded, decoder: decoded } as State;
    return [{ pixels, mean, logVariance }, next];
  },
};

/** How far the code's distribution is from the standard normal one, in nats for each example. */
function divergence({ mean, logVariance }: Output): nc.Scalar {
  const each = tf.sub(tf.add(tf.square(mean), tf.exp(logVariance)), tf.add(logVariance, 1));
  return tf.div(tf.sum(each), 2 * mean.shape[0]!) as nc.Scalar;
}

const pixelLoss = nc.losses.binaryCrossEntropy();
/** The negative evidence lower bound, for each pixel. */
function bound(output: Output, pixels: nc.Tensor): nc.Scalar {
  return tf.add(pixelLoss(output.pixels, pixels), tf.div(divergence(output), 784)) as nc.Scalar;
}

await nc.start();
const { train } = await nc.mnist();
const column = { values: nc.takeExamples(train, 10_000).images, shape: [28, 28, 1] };
const options = {
  epochs: 12,
  batchSize: 100,
  optimizer: nc.adam({ learningRate: 0.002 }),
  loss: bound,
  metrics: { divergence: (output: Output, _: nc.Tensor) => divergence(output) },
};
const digits = { name: "digits", inputs: column, targets: column };
const reports = [];
for await (const report of nc.fit(autoencoder, digits, options)) {
  reports.push(report);
  console.log(report.epoch, report.loss!.toFixed(4), report.metrics!.divergence!.toFixed(2));
}

// New digits: codes drawn from the normal distribution, decoded.
const { network } = reports.at(-1)!;
const COUNT = 64;
const codes = nc.tensor.normalTensor(nc.key(7), [COUNT, CODE]);
const [logits] = decoder.apply(network.params.decoder, network.state.decoder, codes, {});
const pictures = tf.sigmoid(logits);
const values = await pictures.data() as Float32Array;
const images = Array.from({ length: COUNT }, (_, i) => ({
  width: 28,
  height: 28,
  channels: 1 as const,
  pixels: values.slice(784 * i, 784 * (i + 1)),
}));
await Deno.writeFile("examples/recipes/new_digits.png", nc.image.encodePng(nc.image.grid(images)));

const judge = await nc.open("examples/networks/lenet5-relu-mnist.safetensors");
const probabilities = await nc.predict(judge, pictures).array() as number[][];
const sure = probabilities.filter((row) => Math.max(...row) >= 0.9).length;
console.log(`${sure} of ${COUNT} new digits are digits to the judge; see new_digits.png`);
assertGreaterOrEqual(sure, 0.4 * COUNT);

// What each pixel adds to the largest number of a digit's code.
const SHOWN = 6;
const model = nc.layers.readOut(autoencoder, { output: ({ mean }) => mean, shape: () => [CODE] });
const coder = { model, params: network.params, state: network.state };
const rows: nc.image.Image[][] = [[], []];
for (let i = 0; i < SHOWN; i++) {
  const x = tf.div(tf.tensor4d(train.images.subarray(784 * i, 784 * (i + 1)), [1, 28, 28, 1]), 255);
  const [code] = model.apply(network.params, network.state, x, {});
  const [largest] = await tf.argMax(code, 1).data();
  const found = await nc.explain.integratedGradients(coder, x, largest!);
  const [over] = await nc.explain.toPictures(x);
  rows[0]!.push(over!);
  rows[1]!.push(nc.explain.attributionPicture(found, { signed: true, over: over! }));
}
await Deno.writeFile(
  "examples/recipes/coded_digits.png",
  nc.image.encodePng(nc.image.grid(
    rows.flat().map((image) => nc.image.enlarge(image, 3)),
    { columns: SHOWN },
  )),
);
