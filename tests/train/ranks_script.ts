// A script of ranks: trains small networks in many ways, and says what each came to.
import {
  accumulate,
  adam,
  batchNorm,
  conv,
  data,
  dense,
  dropout,
  evaluate,
  fit,
  type FitOptions,
  flatten,
  joinWorld,
  key,
  type Layer,
  maxPool,
  parallel,
  relu,
  sequential,
  sgd,
  shard,
  sigmoid,
  start,
  takeExamples,
  tanh,
  tf,
  weightedCrossEntropy,
} from "../../mod.ts";
import { compose, mixup, randomCrop, randomErasing } from "../../lib/augment/mod.ts";
import { gaussianNoise, stochasticDepth } from "../../lib/layers/namespace.ts";
import { meanSquaredError } from "../../lib/losses/mod.ts";
import { treeHash, uniformArray } from "../../lib/tensor/mod.ts";

const SIDE = 7;
const COUNT = 49;

/** Noise, whose class is what its weighted sum says. */
const images = Uint8Array.from(
  uniformArray(key(5), COUNT * SIDE * SIDE),
  (value) => Math.floor(value * 256),
);
const labels = Uint8Array.from({ length: COUNT }, (_, i) => {
  const own = images.subarray(i * SIDE * SIDE, (i + 1) * SIDE * SIDE);
  return own.reduce((sum, value, j) => sum + value * (j % 3 === 0 ? 1 : -0.5), 0) > 0 ? 1 : 0;
});
const noise = {
  name: "noise",
  images,
  labels,
  imageShape: [SIDE, SIDE, 1],
  classNames: ["down", "up"],
} as const;

const plain = sequential({
  conv: conv({ features: 4, size: 3 }),
  relu: relu(),
  pool: maxPool({ size: 2 }),
  flat: flatten(),
  drop: dropout(0.3),
  noise: gaussianNoise(0.1),
  depth: stochasticDepth(0.2),
  logits: dense({ features: 2 }),
});
const normalized = sequential({
  conv: conv({ features: 3, size: 3 }),
  norm: batchNorm(),
  relu: relu(),
  flat: flatten(),
  hidden: dense({ features: 5 }),
  norm2: batchNorm(),
  logits: dense({ features: 2 }),
});

// Batches of 11, the last of 5; of 16, the last of one, which is fewer than the ranks.
const CASES: Readonly<Record<string, [Layer, Partial<FitOptions>]>> = {
  plain: [plain as Layer, { batchSize: 11, optimizer: adam({ learningRate: 0.003 }) }],
  "one left": [plain as Layer, { batchSize: 16 }],
  accumulated: [plain as Layer, { batchSize: 11, optimizer: accumulate(adam(), 2) }],
  weighted: [plain as Layer, { batchSize: 11, loss: weightedCrossEntropy([3, 1]) }],
  augmented: [plain as Layer, {
    batchSize: 11,
    augment: compose(randomCrop(1), randomErasing({ probability: 0.5 })),
  }],
  mixed: [plain as Layer, { batchSize: 11, augment: mixup() }],
  synchronized: [normalized as Layer, { batchSize: 11, batchStatistics: "synchronized" }],
  // A last batch of two examples, for up to three ranks.
  "few left": [normalized as Layer, { batchSize: 47, batchStatistics: "synchronized" }],
};

/** What runs on a GPU as well, where steps are recorded. */
const ON_GPU = ["plain", "few left"];

const world = await joinWorld();
await start({ backend: "cpu" });
const found: Record<string, unknown> = {};
for (const name of Object.keys(CASES)) await train(name, name);
/** Trains a case on the device that was started. */
async function train(name: string, place: string): Promise<void> {
  const [model, options] = CASES[name]!;
  const losses: number[] = [];
  for await (
    const report of fit(model, shard(noise, world), {
      world,
      epochs: 2,
      optimizer: sgd({ learningRate: 0.05, momentum: 0.9 }),
      validation: takeExamples(noise, 11),
      key: key(7),
      onStep: ({ loss }) => void losses.push(loss),
      ...options,
    })
  ) {
    if (report.epoch < 2) continue;
    const { valLoss, accuracy } = report;
    const { params, state, optimizer } = report.network;
    const evaluation = await evaluate(report.network, noise, { world, batchSize: 4 });
    const hash = await treeHash({ params, state, optimizer });
    const predicted = [...evaluation.predictions.predicted];
    found[place] = { losses, valLoss, accuracy, hash, loss: evaluation.loss, predicted };
  }
}

// A stream of batches of other sizes, of which the ranks take turns; the last round is not full.
const stream = shard(
  data.from(function* () {
    for (let i = 0; i < 7; i++) {
      const x = Array.from({ length: 1 + i % 3 }, (_, j) => [Math.sin(i + j)]);
      yield { inputs: tf.tensor2d(x), targets: tf.tensor2d(x.map(([value]) => [2 * value!])) };
    }
  }),
  world,
);
const streamed: number[] = [];
for await (
  const { loss, network } of fit(dense({ features: 1 }), stream, {
    world,
    epochs: 2,
    loss: meanSquaredError,
    optimizer: sgd({ learningRate: 0.1 }),
  })
) {
  streamed.push(loss);
  found.stream = { losses: streamed, hash: await treeHash(network.params) };
}

/**
 * A regression in mixed precision. What the first layer makes of one example does not fit into float16,
 * and all gradients are finite all the same: only the rank that has it knows.
 */
async function trainMixed(): Promise<void> {
  const count = 33;
  const values = uniformArray(key(9), count * 4);
  const targets = Float32Array.from({ length: count }, (_, i) => values[4 * i]!);
  values[80] = 1e6;
  const examples = {
    name: "a line and a point",
    inputs: { values, shape: [4], normalize: "none" },
    targets: { values: targets, shape: [1], normalize: "none" },
  } as const;
  const model = sequential({
    hidden: dense({ features: 8 }),
    // Two, as the numbers before one curve alone are never stored.
    curves: parallel({ sigmoid: sigmoid(), tanh: tanh() }),
    out: dense({ features: 1 }),
  });
  const losses: number[] = [];
  let scale: unknown;
  for await (
    const { network } of fit(model, shard(examples, world), {
      world,
      epochs: 6,
      batchSize: 11,
      precision: "mixed",
      loss: meanSquaredError,
      optimizer: adam({ learningRate: 0.01 }),
      key: key(8),
      onStep: ({ loss, lossScale, skippedSteps }) => {
        losses.push(loss);
        scale = { lossScale, skippedSteps };
      },
    })
  ) {
    const { params, state, optimizer } = network;
    found.halves = { losses, scale, hash: await treeHash({ params, state, optimizer }) };
  }
}

if (Deno.args.includes("webgpu")) {
  const { float16 } = await start({ backend: "webgpu" });
  for (const name of ON_GPU) await train(name, `${name} on webgpu`);
  if (float16) await trainMixed();
}
// By one rank: Open MPI hands on 4096 bytes at a time, and mixes those of several.
const all = await world.allGather(new TextEncoder().encode(JSON.stringify(found)));
if (world.rank === 0) {
  all.forEach((bytes, rank) =>
    console.log(JSON.stringify({ rank, found: JSON.parse(new TextDecoder().decode(bytes)) }))
  );
}
