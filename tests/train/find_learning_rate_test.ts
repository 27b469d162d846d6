// The search for a learning rate: its curve, its reading, and that it leaves all as it was.
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertLess,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import type { Augmentation } from "../../lib/augment/mod.ts";
import {
  dense,
  entries,
  type Examples,
  findLearningRate,
  type FindLearningRateOptions,
  flatten,
  type FoundLearningRate,
  init,
  key,
  type Loss,
  sequential,
  sgd,
  type SweepStep,
  tf,
  type Tree,
} from "../../mod.ts";
import { learningRateSvg } from "../../lib/train/report/mod.ts";
import { suggestionOf } from "../../lib/train/learning_rate/learning_rate_sweep.ts";
import { onCpu, onEachBackend } from "../backends.ts";
import { toyExamples, toyModel } from "./toy.ts";

const examples = toyExamples(90);
const model = toyModel();
const steeper: FindLearningRateOptions = { steps: 30, batchSize: 16 };

async function numbersOf(tree: Tree): Promise<[string, number[]][]> {
  return await Promise.all(
    entries(tree).map(async ([path, leaf]): Promise<[string, number[]]> => [
      path,
      [...await leaf.data()],
    ]),
  );
}

onEachBackend(
  "a search rises to divergence, and leaves parameters and memory as they were",
  async () => {
    const { params, state } = init(model, key(5), examples.imageShape);
    const weights = { params, state };
    const before = await numbersOf(weights);
    const memory = tf.memory().numTensors;
    const reports: SweepStep[] = [];
    const found = await findLearningRate(model, examples, {
      steps: 60,
      batchSize: 45,
      network: weights,
      to: 1000,
      onStep: (report) => reports.push(report),
    });
    assertEquals(tf.memory().numTensors, memory);
    assertEquals(await numbersOf(weights), before);
    const { rates, losses, smoothed, suggestion, steepest, tenthOfLeast } = found;
    assertEquals([losses.length, smoothed.length], [rates.length, rates.length]);
    assertEquals(
      reports,
      rates.map((rate, i) => ({
        step: i + 1,
        steps: 60,
        rate,
        loss: losses[i]!,
        smoothed: smoothed[i]!,
      })),
    );
    rates.forEach((rate, i) => assertAlmostEquals(rate, 1e-7 * 1e10 ** (i / 59), rate * 1e-9));
    let mean = 0;
    losses.forEach((loss, i) => {
      mean = 0.9 * mean + 0.1 * loss;
      assertAlmostEquals(smoothed[i]!, mean / (1 - 0.9 ** (i + 1)), 1e-9);
    });
    assertEquals(suggestion, Math.min(steepest!, tenthOfLeast!));
    assertGreater(suggestion!, 1e-4);
    assertLess(suggestion!, 10);
  },
);

/** Two pixels and two classes: a batch of both is the same in any order. */
const pair: Examples = {
  name: "pair",
  images: new Uint8Array([0, 255]),
  labels: new Uint8Array([0, 1]),
  imageShape: [1, 1, 1],
  classNames: ["dark", "light"],
};

onEachBackend("the losses are those of gradient descent with these rates", async () => {
  const linear = sequential({ flatten: flatten(), logits: dense({ features: 2 }) });
  const weights = {
    params: { flatten: {}, logits: { kernel: tf.tensor2d([[0.5, -0.5]]), bias: tf.zeros([2]) } },
    state: { flatten: {}, logits: {} },
  };
  const found = await findLearningRate(linear, pair, {
    from: 0.01,
    to: 10,
    steps: 12,
    network: weights,
    optimizer: (learningRate) => sgd({ learningRate }),
  });
  // The same in plain numbers: logits k x + b of pixels 0 and 1, their mean cross-entropy.
  let [kernel, bias] = [[0.5, -0.5], [0, 0]];
  for (const [i, rate] of found.rates.entries()) {
    const errors = [0, 1].map((x) => {
      const powers = [0, 1].map((c) => Math.exp(kernel[c]! * x + bias[c]!));
      return powers.map((power, c) => power / (powers[0]! + powers[1]!) - Number(c === x));
    });
    const loss = -(Math.log(1 + errors[0]![0]!) + Math.log(1 + errors[1]![1]!)) / 2;
    assertAlmostEquals(found.losses[i]!, loss, 1e-5, `step ${i + 1}`);
    kernel = kernel.map((k, c) => k - rate * errors[1]![c]! / 2);
    bias = bias.map((b, c) => b - rate * (errors[0]![c]! + errors[1]![c]!) / 2);
  }
  assertEquals(found.rates.length, 12);
});

onCpu(
  "the same key finds the same, eager and recorded, and another key another curve",
  async () => {
    const run = (more: FindLearningRateOptions): Promise<FoundLearningRate> =>
      findLearningRate(model, examples, { ...steeper, ...more });
    const first = await run({});
    assertEquals(await run({}), first);
    assertEquals(await run({ jit: false }), first);
    assert((await run({ key: key(9) })).losses[5] !== first.losses[5]);
  },
);

onCpu("what is frozen, augmented or of another loss is as in fit", async () => {
  const frozen = await findLearningRate(model, examples, {
    ...steeper,
    trainable: (path) => !path.startsWith("conv"),
  });
  const all = await findLearningRate(model, examples, steeper);
  assertEquals(frozen.losses[0], all.losses[0]);
  assert(frozen.losses[20] !== all.losses[20]);
  let drawn = 0;
  const darken: Augmentation = {
    name: "darken",
    draw: () => ({ share: tf.scalar(++drawn / 100) }),
    apply: ({ images, labels }, tree) => ({
      images: tf.mul(images, (tree as { share: tf.Scalar }).share),
      labels,
    }),
  };
  const memory = tf.memory().numTensors;
  const augmented = await findLearningRate(model, examples, { ...steeper, augment: darken });
  assertEquals(drawn, augmented.rates.length);
  assertEquals(tf.memory().numTensors, memory);
  await assertRejects(
    () => findLearningRate(model, examples, { trainable: () => false }),
    RangeError,
    "at least one parameter must be trainable",
  );
  assertEquals(tf.memory().numTensors, memory);
});

onCpu("a search ends at a loss that is no number, and leaves nothing", async () => {
  const memory = tf.memory().numTensors;
  let calls = 0;
  const breaks = (at: number): Loss => (logits) =>
    tf.mul(tf.mean(tf.square(logits)), calls++ < at ? 1 : NaN) as tf.Scalar;
  const found = await findLearningRate(model, examples, {
    ...steeper,
    jit: false, // The loss counts its calls.
    loss: breaks(7),
    optimizer: () => sgd({ learningRate: 1e-9 }),
  });
  assertEquals(found.losses.length, 7);
  assert(found.losses.every(Number.isFinite));
  assertEquals(found.suggestion, undefined);
  calls = 0;
  await assertRejects(
    () => findLearningRate(model, examples, { ...steeper, loss: breaks(0) }),
    RangeError,
    "first loss must be a finite number, got NaN",
  );
  assertEquals(tf.memory().numTensors, memory);
});

onCpu("a signal ends a search, which frees what it made", async () => {
  const stop = new AbortController();
  const memory = tf.memory().numTensors;
  let steps = 0;
  await assertRejects(
    () =>
      findLearningRate(model, examples, {
        ...steeper,
        signal: stop.signal,
        onStep: () => ++steps === 3 && stop.abort(new RangeError("enough")),
      }),
    RangeError,
    "enough",
  );
  assertEquals([steps, tf.memory().numTensors], [3, memory]);
});

Deno.test("the suggestion is the smaller of steepest descent and a tenth of the least", () => {
  const rates = [0.01, 0.1, 1, 10, 100];
  const read = (smoothed: number[]) => suggestionOf({ rates, smoothed });
  assertEquals(read([3, 2.9, 1.5, 1, 4]), { steepest: 0.1, tenthOfLeast: 1, suggestion: 0.1 });
  assertEquals(read([3, 2.9, 2.8, 1, 4]), { steepest: 1, tenthOfLeast: 1, suggestion: 1 });
  assertEquals(read([3, 2.9, 1, 2, 4]), { steepest: 0.1, tenthOfLeast: 0.1, suggestion: 0.1 });
  // A fall after the least is not on the way to it.
  assertEquals(read([3, 1, 9, 2, 4]).steepest, 0.01);
  // The first tenth is left out: there the average is of a few losses, which may fall by chance.
  const many = Array.from({ length: 20 }, (_, i) => 10 ** (i / 2));
  const noisy = many.map((_, i) => i === 0 ? 9 : i < 10 ? 3 - i / 100 : 2 - (i - 10) / 10);
  assertEquals(suggestionOf({ rates: many, smoothed: noisy }).steepest, many[9]);
  const chance = many.map((_, i) => i === 0 ? 9 : 3);
  assertEquals(suggestionOf({ rates: many, smoothed: chance }).suggestion, undefined);
  const none = { steepest: undefined, tenthOfLeast: undefined, suggestion: undefined };
  assertEquals(read([3, 2.9, 3, 3, 4]), none);
  assertEquals(read([3, 3, 3, 3, 3]), none);
});

onCpu("a search refuses options out of range before it computes", async () => {
  const wrong: [FindLearningRateOptions, string][] = [
    [{ from: 0 }, "from must be a finite number above 0, got 0"],
    [{ from: 2, to: 1 }, "to must be a finite number above its from, 2, got 1"],
    [{ to: Infinity }, "to must be"],
    [{ steps: 9 }, "steps must be a whole number of at least 10, got 9"],
    [{ steps: 10.5 }, "steps must be"],
    [{ smoothing: 1 }, "smoothing must be"],
    [{ divergence: 1 }, "divergence must be above 1"],
    [{ batchSize: 91 }, "batch size must be a whole number from 1 to 90"],
    [{ batchSize: 0 }, "batch size must be"],
  ];
  const memory = tf.memory().numTensors;
  for (const [options, said] of wrong) {
    await assertRejects(() => findLearningRate(model, examples, options), RangeError, said);
  }
  assertEquals(tf.memory().numTensors, memory);
});

Deno.test("the curve is drawn with its readings, over powers of ten", async () => {
  const rates = Array.from({ length: 60 }, (_, i) => 1e-6 * 10 ** (i / 10));
  const smoothed = rates.map((rate) => 2 - 1.5 * Math.exp(-((Math.log10(rate) + 1.5) ** 2)));
  const found = { rates, losses: smoothed.map((x, i) => x + (i % 2) / 20), smoothed };
  const read = suggestionOf(found);
  const svg = await learningRateSvg({ ...found, ...read }, { title: "lenet5 on mnist" });
  assert(svg.startsWith("<svg"));
  const words = [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text!);
  for (const word of ["lenet5 on mnist", "learning rate", "loss", "smoothed", "single steps"]) {
    assert(words.includes(word), word);
  }
  for (const tick of ["0.001", "0.1", "1e-6"]) assert(words.includes(tick), tick);
  assertStringIncludes(svg, "steepest: ");
  assertStringIncludes(svg, "least / 10: 0.0032");
  const without = await learningRateSvg({ ...found, ...NOTHING }, { title: "x" });
  assert(!without.includes("steepest"));
  await assertRejects(
    () => learningRateSvg({ rates: [1], losses: [1], smoothed: [1], ...NOTHING }, { title: "x" }),
    RangeError,
    "at least two steps, got 1",
  );
});

const NOTHING = { steepest: undefined, tenthOfLeast: undefined, suggestion: undefined };
