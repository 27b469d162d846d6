// The training loop: it learns, leaks nothing, resumes to the same numbers, and stops where it must.
import { assert, assertEquals, assertGreater, assertLess, assertRejects } from "@std/assert";
import {
  adam,
  chain,
  type Checkpoint,
  type EpochReport,
  evaluate,
  fit,
  type FitOptions,
  init,
  type Json,
  key,
  leaves,
  lenet5,
  mapTree,
  predict,
  restoreTraining,
  restoreWeights,
  scaleUpdates,
  sgd,
  snapshot,
  stepsPerEpoch,
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
  const { training } = epochs.at(-1)!;
  const measured = await evaluate(toyModel(), training, test, { batchSize: 7 });
  assertEquals(measured.accuracy, epochs.at(-1)!.valAccuracy);
  assertEquals(measured.count, 30);
  const diagonal = measured.confusion.counts.reduce((sum, row, i) => sum + row[i]!, 0);
  assertEquals(diagonal / 30, measured.accuracy);
  const images = tf.tensor(Float32Array.from(test.images, (p) => p / 255), [30, 8, 8, 1]);
  const probabilities = predict(toyModel(), training, images);
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
    for await (const { training } of fit(toyModel(), train, { ...options, optimizer, onStep })) {
      last = training;
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
  "a run taken up from a checkpoint in the middle of an epoch goes on to the same numbers",
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
    const { training, complete } = cut.epochs.at(-1)!;
    assertEquals([complete, training.progress.epoch, training.progress.stepInEpoch], [false, 1, 2]);
    assertEquals(steps, whole.steps.slice(0, 6));
    const optimizer = adam({ learningRate: 0.02 });
    const checkpoint = throughDisk(await snapshot(training));
    const from = restoreTraining(toyModel(), optimizer, [8, 8, 1], checkpoint, "test");
    const rest = await run({ from, optimizer });
    assertEquals(rest.steps, whole.steps.slice(6));
    const numbers = (
      { loss, accuracy, valLoss, valAccuracy }: EpochReport,
    ): unknown => [loss, accuracy, valLoss, valAccuracy];
    assertEquals(rest.epochs.map(numbers), whole.epochs.slice(1).map(numbers));
    const values = (report: EpochReport): Promise<unknown> =>
      Promise.all(leaves(report.training.params).map((leaf) => leaf.array()));
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
    for await (const { training } of fit(toyModel(), train, options)) {
      tf.dispose([training.params, training.state, training.optimizer].flatMap(leaves));
      break;
    }
    assertEquals(tf.memory().numTensors, before);
  },
);

onCpu("bad options are refused by name and value", async () => {
  for (const epochs of [0, -1, 1.5, NaN]) {
    await assertRejects(() => run({ epochs }), RangeError, `got ${epochs}`);
  }
  for (const batchSize of [0, -1, 61, NaN]) {
    await assertRejects(() => run({ batchSize }), RangeError, `got ${batchSize}`);
  }
});

onCpu("weights of another model are refused key by key", async () => {
  const { params, state } = init(toyModel(), key(0), [8, 8, 1]);
  const progress = { epoch: 0, stepInEpoch: 0, step: 0, totals: { loss: 0, correct: 0, count: 0 } };
  const training: Training = { params, state, optimizer: {}, progress, key: key(0) };
  const checkpoint = throughDisk(await snapshot(training));
  const before = tf.memory().numTensors;
  for (const missing of ["conv1/kernel", "dense2/bias"]) {
    await assertRejects(
      async () => await restoreWeights(lenet5(), [28, 28, 1], checkpoint, "toy.safetensors"),
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
  const { params, state } = init(toyModel(), key(0), [8, 8, 1]);
  const progress = { epoch: 0, stepInEpoch: 0, step: 0, totals: { loss: 0, correct: 0, count: 0 } };
  const checkpoint = await snapshot({ params, state, optimizer: {}, progress, key: key(0) });
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
  "a run in the middle of an epoch does not go on with other examples or another batch size",
  async () => {
    const stop = new AbortController();
    const onStep = (): void => stop.abort();
    const { epochs } = await run({ signal: stop.signal, onStep });
    const from = epochs.at(-1)!.training;
    for (const batchSize of [8, 32, 60]) {
      await assertRejects(() => run({ from, batchSize }), RangeError, "batch size");
    }
    tf.dispose([from.params, from.state, from.optimizer].flatMap(leaves));
    await assertRejects(() => run({ from }), TypeError, "disposed");
  },
);

onCpu(
  "a model that answers NaN, or scores of other classes, is not given an accuracy",
  async () => {
    const { params, state } = init(toyModel(), key(0), [8, 8, 1]);
    const broken = mapTree(([leaf]) => tf.mul(leaf!, NaN), params);
    await assertRejects(
      () => evaluate(toyModel(), { params: broken, state }, test),
      RangeError,
      "NaN",
    );
    const four = { ...test, classNames: ["a", "b", "c", "d"] };
    const loss = (): tf.Scalar => tf.scalar(0);
    await assertRejects(
      () => evaluate(toyModel(), { params, state }, four, { loss }),
      TypeError,
      "[N, 4]",
    );
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
  const { params, state } = init(model, key(0), [8, 8, 1]);
  const progress = { epoch: 0, stepInEpoch: 0, step: 0, totals: { loss: 0, correct: 0, count: 0 } };
  const from = { params, state, optimizer: {}, progress, key: key(0) };
  const own = tf.memory().numTensors;
  const epochs = fit(model, train, { ...options, from, optimizer: scaleUpdates(1) });
  await assertRejects(() => epochs.next(), Error, "a layer that fails");
  assertEquals(tf.memory().numTensors, own);
  tf.dispose([params, state].flatMap(leaves));
  assertEquals(tf.memory().numTensors, before);
});
