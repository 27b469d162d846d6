// Features computed once: training the tail on them gives the numbers of training the whole model.
import { onFeatures } from "../../lib/transfer/features.ts";
import { assert, assertEquals, assertLessOrEqual, assertRejects, assertThrows } from "@std/assert";
import {
  adam,
  batches,
  batchNorm,
  beginTraining,
  cachedFeatures,
  conv,
  dense,
  dropout,
  entries,
  evaluate,
  type Examples,
  fit,
  flatten,
  freeze,
  globalMeanPool,
  init,
  key,
  type Layer,
  maxPool,
  readExamples,
  relu,
  sequential,
  splitFrozen,
  tf,
  type Training,
} from "../../mod.ts";
import { pickNames } from "../../lib/transfer/split.ts";
import { onCpu, onEachBackend } from "../backends.ts";
import { assertClose } from "../closeness.ts";
import { toyExamples, toyModel } from "../train/toy.ts";

const train = toyExamples(50);
const test = toyExamples(30, 1);

/** A head that is a convolution, before the global mean, behind dropped units. */
function convHead(): Layer {
  return sequential({
    conv1: conv({ features: 6, size: 3 }),
    relu1: relu(),
    pool1: maxPool(),
    drop: dropout(0.5),
    conv10: conv({ features: 3, size: 1 }),
    relu10: relu(),
    pool10: globalMeanPool(),
  }) as Layer;
}

/** A head after the global mean: its features are a vector. */
function denseHead(): Layer {
  return sequential({
    conv1: conv({ features: 6, size: 3, bias: false }),
    norm1: batchNorm(),
    relu1: relu(),
    pool: globalMeanPool(),
    logits: dense({ features: 3 }),
  }) as Layer;
}

/** Three dense layers, the first of them frozen too. */
function denseLayers(): Layer {
  return sequential({
    conv1: conv({ features: 4, size: 3 }),
    relu1: relu(),
    flatten: flatten(),
    fc6: dense({ features: 12 }),
    relu6: relu(),
    drop6: dropout(0.3),
    fc7: dense({ features: 10 }),
    relu7: relu(),
    logits: dense({ features: 3 }),
  }) as Layer;
}

const options = { epochs: 3, batchSize: 16 } as const;

/** A run's beginning: the same weights at every call. */
function begin(model: Layer, trainable: (path: string) => boolean): Training {
  return beginTraining(model, adam({ learningRate: 0.01 }), key(5), [8, 8, 1], { trainable });
}

/** Losses of all steps and epochs, and the last run. */
async function train3(
  model: Layer,
  examples: Examples,
  validation: Examples,
  from: Training,
  trainable: (path: string) => boolean,
) {
  const numbers: number[] = [];
  let last: Training | undefined;
  const optimizer = adam({ learningRate: 0.01 });
  const onStep = ({ loss }: { loss: number }): void => void numbers.push(loss);
  for await (
    const { network, valLoss } of fit(model, examples, {
      ...options,
      optimizer,
      validation,
      from,
      trainable,
      onStep,
    })
  ) {
    numbers.push(valLoss!);
    last = network;
  }
  return { numbers, network: last! };
}

for (
  const [what, make, frozen] of [
    ["a head that is a convolution", convHead, ["conv1"]],
    ["a head after batch normalization and the mean", denseHead, ["conv1", "norm1"]],
    ["dense layers of which two are frozen", denseLayers, ["conv1", "fc6", "fc7"]],
    ["the toy", toyModel, ["conv", "norm"]],
  ] as const
) {
  onEachBackend(
    `the tail learns on cached features what it learns in the model: ${what}`,
    async () => {
      const model = make();
      const { params } = init(model, key(0), [8, 8, 1]);
      const trainable = freeze(frozen, params);
      const whole = await train3(model, train, test, begin(model, trainable), trainable);

      const begun = begin(model, trainable);
      const split = splitFrozen(model, [8, 8, 1], trainable)!;
      const body = {
        model: split.body,
        params: pickNames(begun.params, split.bodyNames),
        state: pickNames(begun.state, split.bodyNames),
      };
      const [features, validation] = await Promise.all(
        [train, test].map((each) => cachedFeatures(body, each, { batchSize: 7 })),
      ) as unknown as [Examples, Examples];
      const tail = onFeatures(split.tail, split.featureShape);
      const from: Training = {
        ...begun,
        params: pickNames(begun.params, split.tailNames),
        state: pickNames(begun.state, split.tailNames),
      };
      const cut = await train3(tail, features, validation, from, trainable);

      assertEquals(cut.numbers.length, 3 * 4 + 3);
      await assertClose(cut.numbers, whole.numbers, "losses", 1e-5);
      const trained = new Map(entries(cut.network.params));
      for (const [path, leaf] of entries(whole.network.params)) {
        const own = trained.get(path);
        if (own) await assertClose(own, leaf, path, 1e-4);
        else assert(!trainable(path), path);
      }
      const { accuracy } = await evaluate(cut.network, validation);
      const all = await evaluate(whole.network, test);
      assertEquals(accuracy, all.accuracy);
    },
  );
}

onEachBackend("features leave nothing behind, whatever the last batch's size", async () => {
  const model = convHead();
  const { params, state } = init(model, key(0), [8, 8, 1]);
  const split = splitFrozen(model, [8, 8, 1], freeze(["conv1"], params))!;
  const body = {
    model: split.body,
    params: pickNames(params, split.bodyNames),
    state: pickNames(state, split.bodyNames),
  };
  const told: number[][] = [];
  const before = tf.memory().numTensors;
  const features = await cachedFeatures(body, train, {
    batchSize: 16,
    onProgress: (...counts) => void told.push(counts),
  });
  assertEquals(tf.memory().numTensors, before);
  assertEquals(told, [[16, 50], [32, 50], [48, 50], [50, 50]]);
  assertEquals([features.imageShape, features.labels], [[3, 3, 6], train.labels]);
  const plain = await cachedFeatures(body, train, { batchSize: 50, jit: false });
  const all = Uint32Array.from(train.labels, (_, i) => i);
  await assertClose(await features.read(all), await plain.read(all));
  const backwards = await features.read(all.slice().reverse());
  assertEquals(backwards.slice(0, 54), await features.read(Uint32Array.of(49)));
});

onCpu("normalization is the pixels', and the features' numbers are taken as they are", async () => {
  const normalize = { mean: [0.5], std: [0.25] };
  const body = init(sequential({ flatten: flatten() }), key(0), [8, 8, 1]);
  const features = await cachedFeatures(body, test, { normalize });
  assertEquals(features.imageShape, [1, 1, 64]);
  const read = await features.read(Uint32Array.of(3));
  await assertClose(
    read,
    Array.from(test.images.subarray(3 * 64, 4 * 64), (pixel) => (pixel / 255 - 0.5) / 0.25),
  );
  for await (const { images, labels, classes } of batches(features, { batchSize: 30 })) {
    assertEquals([...(await images.data()).slice(3 * 64, 4 * 64)], [...read]);
    assertEquals([...classes], [...test.labels]);
    tf.dispose([images, labels]);
  }
  await assertRejects(() => readExamples(features), TypeError, "pixels from 0 to 255");
});

onCpu("features over the memory bound are refused before anything is computed", async () => {
  const body = init(flatten(), key(0), [8, 8, 1]);
  const done: number[] = [];
  await assertRejects(
    () =>
      cachedFeatures(body, train, {
        maxBytes: 50 * 64 * 4 - 1,
        onProgress: (n) => void done.push(n),
      }),
    RangeError,
    "must take at most 12799 bytes, got 12800, 50 of shape [64]",
  );
  assertEquals(done, []);
  await cachedFeatures(body, train, { maxBytes: 50 * 64 * 4 });
});

onCpu("a signal ends the work after the batch under way", async () => {
  const stop = new AbortController();
  const before = tf.memory().numTensors;
  let done = 0;
  await assertRejects(
    () =>
      cachedFeatures(init(flatten(), key(0), [8, 8, 1]), train, {
        batchSize: 10,
        signal: stop.signal,
        onProgress: (count) => {
          done = count;
          if (count === 20) stop.abort();
        },
      }),
    DOMException,
  );
  assertLessOrEqual(done, 20);
  assertEquals(tf.memory().numTensors, before);
});

onCpu("features of more than three axes are refused", () => {
  const body: Layer = {
    op: "deep",
    declare: () => ({ shape: [2, 2, 2, 2], params: {}, state: {} }),
    apply: (_params, state, x) => [x, state],
  };
  assertThrows(() => onFeatures(body, [2, 2, 2, 2]), TypeError, "at most three axes");
});
