// The training loop: it learns, leaks nothing, resumes to the same numbers, and stops where it must.
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertLess,
  assertRejects,
} from "@std/assert";
import {
  accumulate,
  adam,
  adjustable,
  batchNorm,
  beginTraining,
  chain,
  type Checkpoint,
  clipByNorm,
  dense,
  disposeTraining,
  ema,
  type EpochReport,
  evaluate,
  exponentialDecay,
  fit,
  type FitOptions,
  flatten,
  init,
  type Json,
  key,
  lars,
  type Layer,
  leaves,
  lenet5,
  mapTree,
  type Optimizer,
  perPath,
  predict,
  restoreNetwork,
  restoreTraining,
  rmsprop,
  scaleUpdates,
  type Schedule,
  sequential,
  sgd,
  snapshot,
  stepsPerEpoch,
  takeExamples,
  tf,
  type Training,
} from "../../mod.ts";
import { parseCheckpoint, serializeCheckpoint } from "../../lib/weights/checkpoint.ts";
import { onCpu, onEachBackend } from "../backends.ts";
import { toyExamples, toyModel } from "./toy.ts";

const train = toyExamples(60);
const test = toyExamples(30, 1);
const options = { batchSize: 16, epochs: 3, key: key(7), validation: test } as const;

/** Runs to the end; the numbers of each step and epoch. */
async function run(more: Partial<FitOptions> = {}): Promise<{
  steps: number[];
  epochs: EpochReport[];
}> {
  const steps: number[] = [];
  const epochs: EpochReport[] = [];
  const optimizer = adam({ learningRate: 0.02 });
  const onStep = ({ loss }: { loss: number }): void => void steps.push(loss);
  for await (const epoch of fit(toyModel(), train, { optimizer, ...options, onStep, ...more })) {
    epochs.push(epoch);
  }
  return { steps, epochs };
}

/** A checkpoint as it comes back from disk. */
function throughDisk(checkpoint: Checkpoint): Checkpoint {
  return parseCheckpoint(serializeCheckpoint(checkpoint), "test");
}

onEachBackend("fit learns, and says what it reached", async () => {
  const { steps, epochs } = await run({ epochs: 8 });
  assertEquals(steps.length, 8 * stepsPerEpoch(train, options));
  assertLess(epochs.at(-1)!.loss, epochs[0]!.loss / 3);
  assertGreater(epochs.at(-1)!.valAccuracy!, 0.95);
  const { network } = epochs.at(-1)!;
  const measured = await evaluate(network, test, { batchSize: 7 });
  assertEquals(measured.accuracy, epochs.at(-1)!.valAccuracy);
  assertEquals(measured.count, 30);
  const diagonal = measured.confusion.counts.reduce((sum, row, i) => sum + row[i]!, 0);
  assertEquals(diagonal / 30, measured.accuracy);
  const images = tf.tensor(Float32Array.from(test.images, (p) => p / 255), [30, 8, 8, 1]);
  const probabilities = predict(network, images);
  const sums = await tf.sum(probabilities, 1).data();
  assert(sums.every((total) => Math.abs(total - 1) < 1e-5));
});

onEachBackend("the same key gives the same numbers, another key others", async () => {
  const [first, second, other] = [await run(), await run(), await run({ key: key(8) })];
  assertEquals(first.steps, second.steps);
  assert(first.steps.some((loss, i) => loss !== other.steps[i]));
});

onEachBackend("the number of tensors is the same after every step", async () => {
  const optimizers = [
    adam(),
    sgd({ momentum: 0.9 }),
    chain(scaleUpdates(0.5), sgd({ learningRate: 0.1 })),
  ];
  for (const optimizer of optimizers) {
    const counts: number[] = [];
    const onStep = (): void => void counts.push(tf.memory().numTensors);
    const before = tf.memory().numTensors;
    let last: Training | undefined;
    for await (const { network } of fit(toyModel(), train, { ...options, optimizer, onStep })) {
      last = network;
    }
    // The last step of an epoch is told when no other is under way; the numbers of the one under way
    // otherwise are a tensor, unless it was so quick that they have been read.
    const perEpoch = stepsPerEpoch(train, options);
    const inside = counts.filter((_, i) => (i + 1) % perEpoch !== 0);
    assert(Math.max(...inside) - Math.min(...inside) <= 1, `${counts}`);
    const held = [last!.params, last!.state, last!.optimizer].flatMap(leaves);
    assertEquals(tf.memory().numTensors - before, held.length);
    tf.dispose(held);
  }
});

onEachBackend(
  "a run resumed from a checkpoint in the middle of an epoch continues to the same numbers",
  async () => {
    const whole = await run();
    const stop = new AbortController();
    const steps: number[] = [];
    const cut = await run({
      signal: stop.signal,
      onStep: ({ loss }) => {
        steps.push(loss);
        // Steps are told one late: with the 5th, the 6th of 12 is done.
        if (steps.length === 5) stop.abort();
      },
    });
    const { network, complete } = cut.epochs.at(-1)!;
    assertEquals([complete, network.progress.epoch, network.progress.stepInEpoch], [false, 1, 2]);
    assertEquals(steps, whole.steps.slice(0, 6));
    const optimizer = adam({ learningRate: 0.02 });
    const checkpoint = throughDisk(await snapshot(network));
    const from = restoreTraining(toyModel(), optimizer, [8, 8, 1], checkpoint, "test");
    const rest = await run({ from, optimizer });
    assertEquals(rest.steps, whole.steps.slice(6));
    const numbers = (
      { loss, accuracy, valLoss, valAccuracy }: EpochReport,
    ): unknown => [loss, accuracy, valLoss, valAccuracy];
    assertEquals(rest.epochs.map(numbers), whole.epochs.slice(1).map(numbers));
    const values = (report: EpochReport): Promise<unknown> =>
      Promise.all(leaves(report.network.params).map((leaf) => leaf.array()));
    assertEquals(await values(rest.epochs.at(-1)!), await values(whole.epochs.at(-1)!));
  },
);

onCpu("a loss that is no number stops the run and names the step", async () => {
  const explosive = sgd({ learningRate: 1e38 });
  const error = await assertRejects(
    () => run({ optimizer: explosive }),
    RangeError,
    "step 2 (epoch 1)",
  );
  assert(/got (NaN|Infinity)/.test(error.message), error.message);
});

onCpu(
  "a loop that is left early leaves the caller the tensors it was shown, and no others",
  async () => {
    const before = tf.memory().numTensors;
    for await (const { network } of fit(toyModel(), train, options)) {
      tf.dispose([network.params, network.state, network.optimizer].flatMap(leaves));
      break;
    }
    assertEquals(tf.memory().numTensors, before);
  },
);

onEachBackend("reports have the learning rate of their last step", async () => {
  const rates = async (optimizer: Optimizer): Promise<(number | undefined)[]> => {
    const found: (number | undefined)[] = [];
    const epochs = fit(toyModel(), train, { epochs: 2, batchSize: 20, optimizer });
    for await (const { learningRate, network } of epochs) {
      found.push(learningRate);
      if (found.length === 2) disposeTraining(network);
    }
    return found;
  };
  const falling = exponentialDecay({ learningRate: 0.1, every: 1, factor: 0.5 });
  // Three steps an epoch: the last of them are the third and the sixth.
  const expected = [0.1 / 4, 0.1 / 32];
  const close = (found: (number | undefined)[], wanted: readonly number[]): void =>
    wanted.forEach((rate, i) => assertAlmostEquals(found[i]!, rate, 1e-6 * rate));
  close(await rates(sgd({ learningRate: 0.25 })), [0.25, 0.25]);
  for (
    const make of [
      (rate: Schedule) => sgd({ learningRate: rate }),
      (rate: Schedule) => sgd({ learningRate: rate, momentum: 0.9 }),
      (rate: Schedule) => adam({ learningRate: rate }),
      (rate: Schedule) => rmsprop({ learningRate: rate }),
      (rate: Schedule) => lars({ learningRate: rate }),
      (rate: Schedule) => ema(chain(clipByNorm(1), adam({ learningRate: rate }))),
      (rate: Schedule) => adjustable(adam({ learningRate: rate })),
      (rate: Schedule) =>
        perPath([["conv*", sgd({ learningRate: 1e-9 })], ["**", sgd({ learningRate: rate })]]),
    ]
  ) close(await rates(make(falling)), expected);
  // Of three updates by two steps each, the second and third.
  close(await rates(accumulate(sgd({ learningRate: falling }), 2)), [0.1, 0.1 / 4]);
  assertEquals(await rates(scaleUpdates(-0.1)), [undefined, undefined]);
});

onCpu("bad options are refused by name and value", async () => {
  for (const epochs of [0, -1, 1.5, NaN]) {
    await assertRejects(() => run({ epochs }), RangeError, `got ${epochs}`);
  }
  for (const batchSize of [0, -1, 61, NaN]) {
    await assertRejects(() => run({ batchSize }), RangeError, `got ${batchSize}`);
  }
});

onCpu("a last batch of one is refused before the first step if it has no variance", async () => {
  const model = sequential({
    flatten: flatten(),
    hidden: dense({ features: 4 }),
    norm: batchNorm(),
    logits: dense({ features: 3 }),
  });
  const seven = takeExamples(train, 7);
  let steps = 0;
  const onStep = (): void => void steps++;
  const go = (options: FitOptions): Promise<unknown> =>
    Array.fromAsync(fit(model as Layer, seven, { ...options, onStep }));
  for (const batchSize of [1, 2, 3, 6]) {
    await assertRejects(() => go({ batchSize }), RangeError, 'batch normalization "norm"');
  }
  assertEquals(steps, 0);
  for (const batchSize of [4, 5, 7]) await go({ batchSize });
  await go({ batchSize: 2, trainable: (path) => !path.startsWith("norm") });
});

onCpu("weights of another model are refused key by key", async () => {
  const network = beginTraining(toyModel(), scaleUpdates(1), key(0), [8, 8, 1]);
  const checkpoint = throughDisk(await snapshot(network));
  const before = tf.memory().numTensors;
  for (const missing of ["conv1/kernel", "dense2/bias"]) {
    await assertRejects(
      async () => await restoreNetwork(lenet5(), [28, 28, 1], checkpoint, "toy.safetensors"),
      TypeError,
      missing,
    );
  }
  await assertRejects(
    async () => await restoreTraining(toyModel(), adam(), [8, 8, 1], checkpoint, "toy.safetensors"),
    TypeError,
    "count",
  );
  assertEquals(tf.memory().numTensors, before);
});

onCpu("a checkpoint that does not say how far its run was is refused", async () => {
  const network = beginTraining(toyModel(), scaleUpdates(1), key(0), [8, 8, 1]);
  const { progress } = network;
  const checkpoint = await snapshot(network);
  const early = { progress: { ...progress, epoch: -1 }, key: [0, 0] };
  for (const run of [null, {}, { progress }, early] as Json[]) {
    await assertRejects(
      async () =>
        await restoreTraining(
          toyModel(),
          scaleUpdates(1),
          [8, 8, 1],
          { ...checkpoint, run },
          "cut",
        ),
      SyntaxError,
      "how far",
    );
  }
});

onCpu(
  "a run in the middle of an epoch is not resumed with other examples or another batch size",
  async () => {
    const stop = new AbortController();
    const onStep = (): void => stop.abort();
    const { epochs } = await run({ signal: stop.signal, onStep });
    const from = epochs.at(-1)!.network;
    for (const batchSize of [8, 32, 60]) {
      await assertRejects(() => run({ from, batchSize }), RangeError, "batch size");
    }
    tf.dispose([from.params, from.state, from.optimizer].flatMap(leaves));
    await assertRejects(() => run({ from }), TypeError, "disposed");
  },
);

onCpu(
  "a model that outputs NaN, or scores of other classes, has no accuracy",
  async () => {
    const network = init(toyModel(), key(0), [8, 8, 1]);
    const params = mapTree(([leaf]) => tf.mul(leaf!, NaN), network.params);
    await assertRejects(() => evaluate({ ...network, params }, test), RangeError, "NaN");
    const four = { ...test, classNames: ["a", "b", "c", "d"] };
    const loss = (): tf.Scalar => tf.scalar(0);
    await assertRejects(() => evaluate(network, four, { loss }), TypeError, "[N, 4]");
  },
);

onCpu("a step that fails leaves no batch behind", async () => {
  const model = {
    ...toyModel(),
    apply: (): never => {
      throw new Error("a layer that fails");
    },
  };
  const before = tf.memory().numTensors;
  const from = beginTraining(model, scaleUpdates(1), key(0), [8, 8, 1]);
  const own = tf.memory().numTensors;
  const epochs = fit(model, train, { ...options, from, optimizer: scaleUpdates(1) });
  await assertRejects(() => epochs.next(), Error, "a layer that fails");
  assertEquals(tf.memory().numTensors, own);
  tf.dispose([from.params, from.state].flatMap(leaves));
  assertEquals(tf.memory().numTensors, before);
});
