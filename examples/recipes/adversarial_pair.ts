// Trains a generator of digits against a discriminator (Goodfellow et al. 2014; Radford et al. 2015,
// "DCGAN"), by a loop of its own: one recorded function is a step of both. A network that knows digits
// must be sure (90 %) of at least a quarter of what is generated; of the untrained generator's it is
// sure of none. The pictures are in generated_digits.png; critic.png has what makes the discriminator
// take pictures for real ones, by Grad-CAM.
// deno run --allow-read --allow-write=examples/recipes --allow-env=XDG_RUNTIME_DIR examples/recipes/adversarial_pair.ts
import { assertGreaterOrEqual } from "@std/assert";
import * as nc from "../../mod.ts";

const { tf } = nc;
const CODE = 32;
const BATCH = 64;
const STEPS = 500;

const generator = nc.sequential({
  dense: nc.dense({ features: 7 * 7 * 32, bias: false }),
  image: nc.layers.reshape([7, 7, 32]),
  norm1: nc.batchNorm(),
  relu1: nc.relu(),
  up2: nc.layers.convTranspose({ features: 16, size: 4, stride: 2, padding: 1, bias: false }),
  norm2: nc.batchNorm(),
  relu2: nc.relu(),
  up3: nc.layers.convTranspose({ features: 1, size: 4, stride: 2, padding: 1 }),
  pixels: nc.sigmoid(),
});
const discriminator = nc.sequential({
  conv1: nc.conv({ features: 16, size: 4, stride: 2, padding: 1 }),
  relu1: nc.leakyRelu(0.2),
  conv2: nc.conv({ features: 32, size: 4, stride: 2, padding: 1, bias: false }),
  norm2: nc.batchNorm(),
  relu2: nc.leakyRelu(0.2),
  flatten: nc.flatten(),
  logit: nc.dense({ features: 1 }),
});

await nc.start();
const forger = nc.init(generator, nc.key(1), [CODE]);
const critic = nc.init(discriminator, nc.key(2), [28, 28, 1]);
const optimizer = nc.adam({ learningRate: 1e-3, beta1: 0.5 });
const crossEntropy = nc.losses.binaryCrossEntropy();

/** Everything that a step changes. */
const beginning = {
  forger: { params: forger.params, state: forger.state, memory: optimizer.init(forger.params) },
  critic: { params: critic.params, state: critic.state, memory: optimizer.init(critic.params) },
};
type Pair = typeof beginning;

/** A step of the critic, then one of the forger against the better critic. */
function step({ forger, critic }: Pair, real: nc.Tensor, key: nc.Key) {
  const codes = nc.tensor.normalTensor(nc.fold(key, "codes"), [BATCH, CODE]);
  const training = { training: true };
  const [fakes] = generator.apply(forger.params, forger.state, codes, training);
  const judged = nc.valueAndGrad((params: Pair["critic"]["params"]) => {
    const [ofReal, middle] = discriminator.apply(params, critic.state, real, training);
    const [ofFakes, state] = discriminator.apply(params, middle, fakes, training);
    // Real ones count 0.9, so that the critic does not become too sure (Salimans et al. 2016).
    const loss = tf.add(
      crossEntropy(ofReal, tf.mul(tf.onesLike(ofReal), 0.9)),
      crossEntropy(ofFakes, tf.zerosLike(ofFakes)),
    );
    return [loss as nc.Scalar, { state }];
  })(critic.params);
  const [criticParams, criticMemory] = nc.stepWith(
    optimizer,
    judged.grads,
    critic.memory,
    critic.params,
  );
  const forged = nc.valueAndGrad((params: Pair["forger"]["params"]) => {
    const [pictures, state] = generator.apply(params, forger.state, codes, training);
    const [logits] = discriminator.apply(criticParams, judged.aux.state, pictures, training);
    return [crossEntropy(logits, tf.onesLike(logits)), { state }];
  })(forger.params);
  const [forgerParams, forgerMemory] = nc.stepWith(
    optimizer,
    forged.grads,
    forger.memory,
    forger.params,
  );
  return {
    pair: {
      forger: { params: forgerParams, state: forged.aux.state, memory: forgerMemory },
      critic: { params: criticParams, state: judged.aux.state, memory: criticMemory },
    } as Pair,
    criticLoss: judged.value,
    forgerLoss: forged.value,
  };
}

const judge = await nc.open("examples/networks/lenet5-relu-mnist.safetensors");
const codes = nc.tensor.normalTensor(nc.key(9), [BATCH, CODE]);
/** The share of pictures that the judge is sure of, and the pictures. */
async function judged({ forger }: Pair): Promise<{ sure: number; values: Float32Array }> {
  const pictures = generator.apply(forger.params, forger.state, codes, {})[0];
  const rows = await nc.predict(judge, pictures).array() as number[][];
  const sure = rows.filter((row) => Math.max(...row) >= 0.9).length / rows.length;
  return { sure, values: await pictures.data() as Float32Array };
}

const digits = nc.takeExamples((await nc.mnist()).train, BATCH * STEPS / 2);
const recorded = nc.jit(step, { donate: [0] });
console.log(`${(100 * (await judged(beginning)).sure).toFixed(0)} % at the beginning`);
let pair = beginning;
let done = 0;
for (const epoch of [0, 1]) {
  const key = nc.fold(nc.key(3), epoch);
  for await (const { images, labels } of nc.batches(digits, { batchSize: BATCH, key })) {
    const { pair: next, criticLoss, forgerLoss } = recorded(pair, images, nc.fold(key, done));
    pair = next;
    if (++done % 100 === 0) {
      const [critic, forger] = [await criticLoss.data(), await forgerLoss.data()];
      const { sure } = await judged(pair);
      console.log(
        `step ${done}: critic ${critic[0]!.toFixed(2)}, forger ${forger[0]!.toFixed(2)}, ` +
          `the judge is sure of ${(100 * sure).toFixed(0)} %`,
      );
    }
    tf.dispose([images, labels, criticLoss, forgerLoss]);
  }
}

const { sure, values } = await judged(pair);
const pictures = Array.from({ length: BATCH }, (_, i) => ({
  width: 28,
  height: 28,
  channels: 1 as const,
  pixels: values.slice(784 * i, 784 * (i + 1)),
}));
await Deno.writeFile(
  "examples/recipes/generated_digits.png",
  nc.image.encodePng(nc.image.grid(pictures)),
);
assertGreaterOrEqual(sure, 0.25);

// Where the critic sees that a picture is real, of a few generated ones and of a few real ones.
const COUNT = 6;
const real = digits.images.subarray(0, COUNT * 784);
const both = tf.tensor4d(
  Float32Array.from(
    [...values.subarray(0, COUNT * 784), ...real.map(Number)],
    (value, i) => i < COUNT * 784 ? value : value / 255,
  ),
  [2 * COUNT, 28, 28, 1],
);
const seen = { model: discriminator, params: pair.critic.params, state: pair.critic.state };
const isReal = nc.explain.channel("logit", 0);
const cam = await nc.explain.gradCam(seen, both, isReal, { layer: "relu2" });
const shown = await nc.explain.toPictures(both);
const counts = shown.map((over, index) => nc.explain.attributionPicture(cam, { index, over }));
const rows = [
  ...[shown.slice(0, COUNT), counts.slice(0, COUNT)],
  ...[shown.slice(COUNT), counts.slice(COUNT)],
];
await Deno.writeFile(
  "examples/recipes/critic.png",
  nc.image.encodePng(nc.image.grid(
    rows.flat().map((image) => nc.image.enlarge(image, 3)),
    { columns: COUNT },
  )),
);
