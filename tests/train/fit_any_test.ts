// fit, evaluate and predict for networks that are no classifiers of labeled images.
import {
  assert,
  assertEquals,
  assertLess,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  adam,
  type ArrayExamples,
  batches,
  type BatchStream,
  callbacks,
  type Column,
  conv,
  data,
  dense,
  disposeTraining,
  type EpochReport,
  evaluate,
  type Examples,
  fit,
  type FitOptions,
  flatten,
  init,
  key,
  type Layer,
  leaves,
  losses,
  meanSquaredError,
  predict,
  relu,
  report,
  restoreTraining,
  type Scalar,
  sequential,
  sgd,
  snapshot,
  softmaxCrossEntropy,
  type Tensor,
  type Tensor2D,
  tf,
  type Training,
} from "../../mod.ts";
import { parseCheckpoint, serializeCheckpoint } from "../../lib/weights/checkpoint.ts";
import { uniformArray } from "../../lib/tensor/mod.ts";
import { onCpu, onEachBackend } from "../backends.ts";

/** Pictures of 5 × 5 with a bright row, as inputs and as targets. */
function pictures(count: number, seed = 0): ArrayExamples {
  const values = new Uint8Array(count * 25);
  const noise = uniformArray(key(seed), count * 25, 0, 30);
  for (let n = 0; n < count; n++) {
    for (let i = 0; i < 25; i++) {
      values[25 * n + i] = noise[25 * n + i]! + (Math.floor(i / 5) === n % 5 ? 200 : 0);
    }
  }
  const column = { values, shape: [5, 5, 1] };
  return { name: "rows", inputs: column, targets: column };
}

function autoencoder(): Layer {
  return sequential({
    conv1: conv({ features: 6, size: 3, padding: "same" }),
    relu1: relu(),
    conv2: conv({ features: 1, size: 3, padding: "same" }),
  }) as Layer;
}

const meanAbsoluteError = (outputs: Tensor, targets: Tensor): Scalar =>
  tf.mean(tf.abs(tf.sub(outputs, targets))) as Scalar;

const optimizer = adam({ learningRate: 0.01 });
const options: FitOptions = {
  epochs: 3,
  batchSize: 8,
  optimizer,
  loss: meanSquaredError,
  metrics: { mae: meanAbsoluteError },
};

/** Runs to the end; the numbers of each step, and the epochs. */
async function run(
  model: Layer,
  examples: Parameters<typeof fit>[1],
  more: FitOptions = {},
): Promise<{ readonly steps: number[]; readonly epochs: EpochReport[] }> {
  const steps: number[] = [];
  const epochs: EpochReport[] = [];
  const onStep: FitOptions["onStep"] = (step) => {
    steps.push(step.loss);
    more.onStep?.(step);
  };
  for await (const epoch of fit(model, examples, { ...options, ...more, onStep })) {
    epochs.push(epoch);
  }
  return { steps, epochs };
}

/** A run that is cut after some steps, and its rest from a checkpoint as it comes back from disk. */
async function cutAndResumed(
  model: Layer,
  examples: Parameters<typeof fit>[1],
  more: FitOptions,
  after: number,
): Promise<{ readonly steps: number[]; readonly epochs: EpochReport[] }> {
  const stop = new AbortController();
  let count = 0;
  const first = await run(model, examples, {
    ...more,
    signal: stop.signal,
    onStep: () => void (++count === after && stop.abort()),
  });
  const { network } = first.epochs.at(-1)!;
  const bytes = serializeCheckpoint(await snapshot(network));
  disposeTraining(network);
  const checkpoint = parseCheckpoint(bytes, "test");
  const from = restoreTraining(model, optimizer, network.inputShape, checkpoint, "test");
  const rest = await run(model, examples, { ...more, from });
  return { steps: [...first.steps, ...rest.steps], epochs: rest.epochs };
}

async function weightsOf({ params }: Pick<Training, "params">): Promise<unknown[]> {
  return await Promise.all(leaves(params).map((leaf) => leaf.array()));
}

onEachBackend("an autoencoder is trained, validated, logged, drawn and stopped early", async () => {
  const dir = await Deno.makeTempDir();
  const before = tf.memory().numTensors;
  const train = pictures(40);
  const validation = pictures(15, 1);
  const { epochs } = await run(autoencoder(), train, {
    epochs: 40,
    validation,
    callbacks: [
      callbacks.earlyStopping({ monitor: "valMae", mode: "min", patience: 2, minDelta: 0.002 }),
      callbacks.csvLog(`${dir}/history.csv`),
      callbacks.jsonLines(`${dir}/history.jsonl`),
    ],
  });
  const last = epochs.at(-1)!;
  assertLess(last.valLoss!, epochs[0]!.valLoss! / 2);
  assert(last.stopped?.startsWith("earlyStopping: valMae"), last.stopped);
  assertEquals([last.accuracy, last.valAccuracy], [undefined, undefined]);
  const best = Math.min(...epochs.map(({ valMetrics }) => valMetrics!.mae!));
  const measured = await evaluate(last.network, validation, {
    batchSize: 400,
    loss: meanSquaredError,
    metrics: { mae: meanAbsoluteError },
  });
  assert(measured.metrics!.mae! < best + 0.003, "its weights are those of the best epoch");
  assertEquals(measured.count, 15);
  const csv = (await Deno.readTextFile(`${dir}/history.csv`)).split("\r\n");
  assertEquals(
    csv[0],
    "epoch,loss,accuracy,val_loss,val_accuracy,seconds,learning_rate,mae,val_mae",
  );
  const [{ loss, metrics, valMetrics }] = epochs as [EpochReport];
  const fields = csv[1]!.split(",");
  assertEquals(fields.filter((_, i) => [1, 2, 7, 8].includes(i)), [
    `${loss}`,
    "",
    `${metrics!.mae}`,
    `${valMetrics!.mae}`,
  ]);
  const [line] = (await Deno.readTextFile(`${dir}/history.jsonl`)).split("\n");
  assertEquals(JSON.parse(line!).valMetrics, valMetrics);
  const svg = await report.curves(epochs, { title: "rows" });
  assert(svg.includes("mae") && !svg.includes("accuracy"));
  disposeTraining(last.network);
  assertEquals(tf.memory().numTensors, before);
  await Deno.remove(dir, { recursive: true });
});

onEachBackend("what it measures is what plain arithmetic gives", async () => {
  const examples: ArrayExamples = {
    name: "numbers",
    inputs: { values: Float32Array.of(1, 2, 3, 4, 5, 6), shape: [2], normalize: "none" },
    targets: { values: Int32Array.of(1, 0, 7), shape: [] },
  };
  // Sums of inputs less integers: 3 − 1, 7 − 0, 11 − 7.
  const sum: Layer = {
    op: "sum",
    declare: () => ({ shape: [], params: {}, state: {} }),
    apply: (_, state, x) => [tf.sum(x, 1), state],
  };
  const loss = (outputs: Tensor, targets: Tensor): Scalar => {
    assertEquals(targets.dtype, "int32");
    return tf.mean(tf.square(tf.sub(outputs, tf.cast(targets, "float32")))) as Scalar;
  };
  const network = init(sum, key(0), [2]);
  for (const jit of [true, false]) {
    const found = await evaluate(network, examples, {
      loss,
      batchSize: 2,
      jit,
      metrics: { most: (outputs) => tf.max(outputs) as Scalar },
    });
    // Means over examples of means over batches of 2 and 1.
    assertEquals(found, { loss: (4 + 49 + 16) / 3, metrics: { most: (7 * 2 + 11) / 3 }, count: 3 });
  }
});

onEachBackend("a run of any network is resumed in the middle of an epoch to the bit", async () => {
  const more = { validation: pictures(10, 1) };
  const whole = await run(autoencoder(), pictures(20), more);
  const cut = await cutAndResumed(autoencoder(), pictures(20), more, 3);
  assertEquals(cut.steps, whole.steps);
  const numbers = ({ loss, metrics, valLoss, valMetrics }: EpochReport): unknown => [
    loss,
    metrics,
    valLoss,
    valMetrics,
  ];
  assertEquals(cut.epochs.map(numbers), whole.epochs.slice(1).map(numbers));
  assertEquals(
    await weightsOf(cut.epochs.at(-1)!.network),
    await weightsOf(whole.epochs.at(-1)!.network),
  );
});

/** Two inputs and two outputs: whether both numbers are alike, and their sum. */
type Pair = { readonly left: Tensor; readonly right: Tensor };
type Both = { readonly scores: Tensor; readonly sum: Tensor };
const both: Layer<{ readonly kernel: Tensor }, Record<string, never>, Pair, Both> = {
  op: "both",
  declare: () => ({
    shape: { scores: [2], sum: [1] },
    params: {
      kernel: {
        shape: [2, 3],
        initializer: (_, shape) => new Float32Array(shape[0]! * shape[1]!).fill(0.1),
      },
    },
    state: {},
  }),
  apply({ kernel }, state, { left, right }) {
    const y = tf.matMul(tf.concat([left, right], 1) as Tensor2D, kernel as Tensor2D);
    return [{ scores: tf.slice(y, [0, 0], [-1, 2]), sum: tf.slice(y, [0, 2], [-1, 1]) }, state];
  },
};

function pairs(): ArrayExamples {
  const left = Float32Array.from({ length: 24 }, (_, i) => (i * 7 % 5) / 5);
  const right = Float32Array.from({ length: 24 }, (_, i) => (i * 3 % 4) / 4);
  const column = (values: Float32Array): Column => ({ values, shape: [1], normalize: "none" });
  return {
    name: "pairs",
    inputs: { left: column(left), right: column(right) },
    targets: {
      scores: {
        values: Uint8Array.from(left, (x, i) => Number(x > right[i]!)),
        shape: [],
        classes: 2,
      },
      sum: column(left.map((x, i) => x + right[i]!)),
    },
  };
}

onEachBackend("several inputs and outputs have a loss each, and weights", async () => {
  const loss = { scores: softmaxCrossEntropy, sum: { loss: meanSquaredError, weight: 0.25 } };
  const some = {
    epochs: 20,
    batchSize: 7,
    optimizer: adam({ learningRate: 0.1 }),
    validation: pairs(),
  };
  const reports = await Array.fromAsync(fit(both, pairs(), { ...some, loss }));
  const together = await Array.fromAsync(
    fit(both, pairs(), {
      ...some,
      loss: (outputs: Both, targets: Both): Scalar =>
        tf.add(
          softmaxCrossEntropy(outputs.scores, targets.scores),
          tf.mul(meanSquaredError(outputs.sum, targets.sum), 0.25),
        ) as Scalar,
    }),
  );
  reports.forEach(({ loss }, i) => assert(Math.abs(loss - together[i]!.loss) < 1e-5));
  const { valLoss, valMetrics, network } = reports.at(-1)!;
  const { scoresLoss, sumLoss } = valMetrics!;
  assert(Math.abs(valLoss! - (scoresLoss! + 0.25 * sumLoss!)) < 1e-5);
  assertLess(sumLoss!, 0.05);
  const x = { left: tf.ones([1, 1]), right: tf.ones([1, 1]) };
  const outputs = predict(network, x, { probabilities: false });
  assertEquals([outputs.scores.shape, outputs.sum.shape], [[1, 2], [1, 1]]);
  const found = await evaluate(network, pairs(), { loss });
  assertEquals(found.metrics!.sumLoss, sumLoss);
  await assertRejects(
    () =>
      Array.fromAsync(
        fit(both, pairs(), { loss: { scores: softmaxCrossEntropy, other: meanSquaredError } }),
      ),
    TypeError,
    "must have a tensor other",
  );
});

/** Options for a stream, whose batches have their own size. */
const asTheyCome: FitOptions = { batchSize: undefined as never, metrics: {} };

/** Batches that depend on their number alone. */
function numbered(
  from: number,
  to: number,
): AsyncGenerator<{ inputs: Tensor; targets: Tensor; state: number }> {
  return (async function* () {
    for (let i = from; i < to; i++) {
      const x = uniformArray(key(i), 8, -1, 1);
      yield {
        inputs: tf.tensor2d(x, [4, 2]),
        targets: tf.tensor2d(x.map((value) => 3 * value), [4, 2]),
        state: i,
      };
    }
  })();
}

const withoutState = (from: number, to: number): BatchStream =>
  data.map(data.from(() => numbered(from, to)), ({ inputs, targets }) => ({ inputs, targets }));

onEachBackend("a stream's epochs are its iterations, or as many steps as are said", async () => {
  const model = dense({ features: 2 }) as Layer;
  const before = tf.memory().numTensors;
  const finite = await run(model, withoutState(0, 5), { ...asTheyCome, epochs: 2 });
  assertEquals(finite.epochs.map(({ complete }) => complete), [true, true]);
  assertEquals(finite.steps.length, 10);
  disposeTraining(finite.epochs.at(-1)!.network);
  // The iteration goes on from epoch to epoch, and begins anew at its end.
  const longer = { ...asTheyCome, epochs: 2, stepsPerEpoch: 5 };
  const endless = await run(model, withoutState(0, Infinity), longer);
  assertEquals(endless.steps.length, 10);
  assertEquals(endless.steps.slice(0, 5), finite.steps.slice(0, 5));
  assert(endless.steps[6] !== finite.steps[6]);
  disposeTraining(endless.epochs.at(-1)!.network);
  const again = await run(model, withoutState(0, 5), longer);
  assertEquals(again.steps, finite.steps);
  disposeTraining(again.epochs.at(-1)!.network);
  const few = { loss: meanSquaredError, steps: 3 };
  const network = init(model, key(0), [2]);
  const { count } = await evaluate(network, withoutState(0, Infinity), few);
  assertEquals(count, 12);
  disposeTraining({ ...network, optimizer: {} });
  assertEquals(tf.memory().numTensors, before);
});

onEachBackend("a stream is resumed to the bit, by its position or by its own state", async () => {
  const model = dense({ features: 2 }) as Layer;
  const resumedAt: unknown[] = [];
  const withState: BatchStream = {
    [Symbol.asyncIterator]: () => numbered(0, Infinity),
    resume(state) {
      resumedAt.push(state);
      return numbered(state as number + 1, Infinity);
    },
  };
  const finite = { ...asTheyCome, epochs: 3 };
  const endless = { ...finite, stepsPerEpoch: 4 };
  for (
    const [stream, more] of [
      [withoutState(0, 4), finite],
      [withoutState(0, Infinity), endless],
      [withState, endless],
    ] as const
  ) {
    const whole = await run(model, stream, more);
    // In the middle of the second epoch, and at its end, which a stream does not know yet.
    for (const after of [5, 7]) {
      const cut = await cutAndResumed(model, stream, more, after);
      assertEquals(cut.steps, whole.steps);
      assertEquals(
        cut.epochs.at(-1)!.loss,
        whole.epochs.at(-1)!.loss,
      );
      assertEquals(
        await weightsOf(cut.epochs.at(-1)!.network),
        await weightsOf(whole.epochs.at(-1)!.network),
      );
    }
  }
  // Steps are told one late: with the 5th, the 6th is done.
  assertEquals(resumedAt, [5, 7]);
});

onCpu("what a stream must not give is refused", async () => {
  const model = dense({ features: 2 });
  const go = (stream: BatchStream, more: FitOptions = {}): Promise<unknown> =>
    Array.fromAsync(fit(model, stream, { loss: meanSquaredError, ...more }));
  const of = (make: () => unknown): BatchStream =>
    data.from(() => [make()]) as unknown as BatchStream;
  const before = tf.memory().numTensors;
  const x = (): Tensor => tf.zeros([2, 2]);
  for (
    const [stream, message] of [
      [numbered(0, 3), "an iterator, which ends once"],
      [of(() => ({ images: x(), labels: x() })), "got { images, labels }"],
      [of(() => 5), "got 5"],
      [of(() => ({ inputs: x(), targets: [1] })), "got Array"],
      [of(() => ({ inputs: x(), targets: tf.zeros([3, 2]) })), "[2,2], [3,2]"],
      [data.from(() => []) as BatchStream, "must give a batch"],
    ] as [BatchStream, string][]
  ) await assertRejects(() => go(stream), TypeError, message);
  const stream = withoutState(0, 2);
  await assertRejects(
    () => go(stream, { batchSize: 3 }),
    TypeError,
    "batchSize is not for a stream",
  );
  await assertRejects(() => go(stream, { stepsPerEpoch: 0 }), RangeError, "got 0");
  await assertRejects(() => go(data.from(() => numbered(0, 0)), { stepsPerEpoch: 2 }), RangeError);
  assertEquals(tf.memory().numTensors, before);
});

onCpu("a misspelt option is refused with the nearest name", async () => {
  const network = init(dense({ features: 2 }), key(0), [2]);
  const examples = pictures(4);
  for (
    const [option, near] of [["epoch", "epochs"], ["batchsize", "batchSize"], ["metric", "metrics"]]
  ) {
    const wrong = { loss: meanSquaredError, [option!]: 1 };
    await assertRejects(
      () => Array.fromAsync(fit(autoencoder(), examples, wrong)),
      TypeError,
      `Cannot fit: unknown option "${option}": did you mean "${near}"?`,
    );
  }
  const elsewhere = [
    ["learningRate", "optimizer: adam({ learningRate: 0.001 })"],
    ["weight_decay", "optimizer: adamw({ weightDecay: 0.01 })"],
    ["shuffle", "in each epoch"],
    ["validation_split", "splitValidation(train, 0.1, key(0))"],
  ];
  for (const [option, place] of elsewhere) {
    const message = (await assertRejects(
      () => Array.fromAsync(fit(autoencoder(), examples, { [option!]: 1 } as never)),
      TypeError,
    )).message;
    assertStringIncludes(message, `Cannot fit: unknown option "${option}": `);
    assertStringIncludes(message, place!);
  }
  await assertRejects(
    () => evaluate(network, examples, { batchsize: 1 } as never),
    TypeError,
    'did you mean "batchSize"',
  );
  assertThrows(
    () => predict(network, tf.zeros([1, 2]), { probability: false } as never),
    TypeError,
    'did you mean "probabilities"',
  );
});

onCpu("what does not fit a network that is no classifier is refused", async () => {
  const model = autoencoder();
  const go = (more: FitOptions, examples = pictures(8)): Promise<unknown> =>
    Array.fromAsync(fit(model, examples, { loss: meanSquaredError, batchSize: 4, ...more }));
  await assertRejects(() => go({ loss: undefined as never }), TypeError, "a loss must be given");
  await assertRejects(() => go({ normalize: "unit" }), TypeError, "normalize is not for columns");
  await assertRejects(() => go({ stepsPerEpoch: 2 }), TypeError, "stepsPerEpoch is not for");
  await assertRejects(
    () => go({ augment: { name: "flip" } as never }),
    TypeError,
    "augment is for labeled images",
  );
  for (const name of ["loss", "valMae", "a b", "epoch"]) {
    await assertRejects(() => go({ metrics: { [name]: meanAbsoluteError } }), RangeError, name);
  }
  const vector = (outputs: Tensor): Scalar => outputs as Scalar;
  await assertRejects(() => go({ metrics: { mae: vector } }), TypeError, "mae must be a scalar");
  await assertRejects(() => go({ loss: vector }), TypeError, "the loss must be a scalar");
  const nan = (): Scalar => tf.scalar(NaN);
  await assertRejects(() => go({ metrics: { odd: nan } }), RangeError, "the metric odd");
  const monitor = (name: string): FitOptions => ({
    callbacks: [callbacks.earlyStopping({ monitor: name, mode: "min" })],
  });
  await assertRejects(() => go(monitor("mea")), RangeError, 'unknown number "mea"');
  await assertRejects(() => go(monitor("accuracy")), RangeError, 'unknown number "accuracy"');
  await assertRejects(() => go(monitor("valLoss")), RangeError, "validation examples");
  await assertRejects(() => go({}, { images: 5 } as never), TypeError, "got { images }");
  const network = init(model, key(0), [5, 5, 1]);
  assertThrows(() => predict(network, tf.zeros([1, 5, 5, 1])), TypeError, "probabilities: false");
  await assertRejects(() => evaluate(network, pictures(3)), TypeError, "a loss must be given");
});

onCpu("a run is not resumed on other numbers or metrics", async () => {
  const stop = new AbortController();
  const { epochs } = await run(autoencoder(), pictures(20), {
    signal: stop.signal,
    onStep: () => stop.abort(),
  });
  const from = epochs.at(-1)!.network;
  const resume = (examples: ArrayExamples, more: FitOptions = {}): Promise<unknown> =>
    run(autoencoder(), examples, { from, ...more });
  await assertRejects(() => resume(pictures(20, 1)), RangeError, "other numbers");
  await assertRejects(
    () => resume(pictures(21)),
    RangeError,
    "number of examples 21 instead of 20",
  );
  const { inputs } = pictures(20) as { readonly inputs: Column };
  const moments = { mean: [0], std: [1] };
  const other = { name: "rows", inputs: { ...inputs, normalize: moments }, targets: inputs };
  await assertRejects(() => resume(other), RangeError, "normalization");
  await assertRejects(() => resume(pictures(20), { metrics: {} }), RangeError, "mae, got none");
});

onEachBackend("columns of classes are a classifier's, as labeled images are", async () => {
  const { inputs } = pictures(20) as { readonly inputs: Column };
  const labels = Uint8Array.from({ length: 20 }, (_, i) => i % 5);
  const columns = { name: "rows", inputs, targets: { values: labels, shape: [], classes: 5 } };
  const images = {
    name: "rows",
    images: inputs.values as Uint8Array,
    labels,
    imageShape: [5, 5, 1],
    classNames: ["a", "b", "c", "d", "e"],
  } as const;
  const model = sequential({ flatten: flatten(), logits: dense({ features: 5 }) });
  const some = { epochs: 3, batchSize: 8, optimizer };
  const ofColumns = await Array.fromAsync(fit(model, columns, some));
  const ofImages = await Array.fromAsync(fit(model, images, some));
  const numbers = ({ loss, accuracy }: EpochReport): unknown => [loss, accuracy];
  assertEquals(ofColumns.map(numbers), ofImages.map(numbers));
  const { network } = ofImages.at(-1)!;
  const measured = await evaluate(network, images);
  assertEquals(await evaluate(network, columns), measured);
  const stream = data.map(
    data.from(async function* () {
      for await (const { images: x, labels } of batches(images, { batchSize: 6 })) {
        yield { inputs: x as Tensor, targets: labels as Tensor };
      }
    }),
    (batch) => batch,
  );
  const streamed = await evaluate(network, stream, { classify: true });
  assertEquals([streamed.confusion, streamed.predictions], [
    measured.confusion,
    measured.predictions,
  ]);
  // As no classifier: the loss alone.
  const plain = await evaluate(network, images, { classify: false, loss: meanSquaredError });
  assertEquals(Object.keys(plain).sort(), ["count", "loss"]);
  const [noClassifier] = await Array.fromAsync(
    fit(model, images, { classify: false, loss: meanSquaredError, optimizer: sgd() }),
  );
  assertEquals(noClassifier!.accuracy, undefined);
});

onCpu("a misspelt option of an optimizer, or of batches, is refused", () => {
  const refused = (make: () => unknown, message: string): void =>
    void assertThrows(make, TypeError, message);
  refused(() => adam({ lr: 0.1 } as never), 'Cannot make adam: unknown option "lr"');
  refused(() => sgd({ momentun: 0.9 } as never), 'did you mean "momentum"?');
  refused(() => batches(labeled(), { batchsize: 2 } as never), 'did you mean "batchSize"?');
});

onCpu(
  "what is not the loss, optimizer, callback or network that was meant is refused",
  async () => {
    const go = (more: unknown): Promise<unknown> =>
      Array.fromAsync(
        fit(autoencoder(), pictures(4), { loss: meanSquaredError, ...more as FitOptions }),
      );
    for (
      const [more, message] of [
        [{ loss: "mse" }, 'a record of one per output, got "mse"'],
        [{ loss: losses.huber }, "Losses are called first"],
        [{ loss: losses.meanAbsoluteError }, "called first, losses.focalLoss()"],
        [{ loss: () => Promise.resolve(1) }, "must not be async"],
        [{ metrics: ["mae"] }, "metrics must be a record"],
        [{ optimizer: "adam" }, 'made by a function such as adam(), got "adam"'],
        [{ optimizer: adam }, "got a function, which must be called"],
        [{ callbacks: { name: "one" } }, "callbacks must be a list, [earlyStopping()], got one"],
        [{ callbacks: [() => {}] }, "a record of a name and hooks"],
        [{ callbacks: [{ onEpoch() {} }] }, "a callback must have a name"],
        [{ callbacks: [{ name: "a", onEpochEnd() {} }] }, 'callback a: unknown hook "onEpochEnd"'],
        [{ callbacks: [{ name: "a", on_epoch() {} }] }, 'did you mean "onEpoch"?'],
      ] as const
    ) await assertRejects(() => go(more), TypeError, message);
    await assertRejects(
      () =>
        Array.fromAsync(
          fit(autoencoder(), numbered(0, 3) as BatchStream, { loss: meanSquaredError }),
        ),
      TypeError,
      "data.from(function)",
    );
    const model = dense({ features: 2 });
    assertThrows(() => predict(model as never, tf.zeros([1, 2])), TypeError, "must be a network");
    await assertRejects(
      () => evaluate(model as never, pictures(4)),
      TypeError,
      "must be a network",
    );
    assertThrows(() => sequential([model] as never), TypeError, "a record by name");
  },
);

function labeled(): Examples {
  return {
    name: "a pixel",
    images: new Uint8Array(1),
    labels: new Uint8Array(1),
    imageShape: [1, 1, 1],
    classNames: ["a"],
  };
}
