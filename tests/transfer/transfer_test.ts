// The recipe: head, then fine-tuning; the same numbers however it runs; what it refuses.
import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertRejects,
  assertThrows,
} from "@std/assert";
import {
  adam,
  batchNorm,
  type Checkpoint,
  conv,
  dense,
  disposeTraining,
  dropout,
  entries,
  type Examples,
  fit,
  flatten,
  init,
  type Json,
  key,
  type Layer,
  layerRates,
  leaves,
  maxPool,
  type Network,
  type PhasePlan,
  relu,
  restoreNetwork,
  restoreTransfer,
  sequential,
  snapshot,
  snapshotTransfer,
  tf,
  type Training,
  transfer,
  type TransferOptions,
  type TransferReport,
} from "../../mod.ts";
import { randomFlip } from "../../lib/augment/mod.ts";
import { parseCheckpoint, serializeCheckpoint } from "../../lib/weights/checkpoint.ts";
import { trainableFrom } from "../../lib/transfer/phases.ts";
import { onCpu, onEachBackend } from "../backends.ts";
import { assertClose } from "../closeness.ts";
import { toyExamples } from "../train/toy.ts";

/** A network with everything that training and frozen layers differ in. */
function netOf(classes: number): Layer {
  return sequential({
    conv1: conv({ features: 4, size: 3, bias: false }),
    norm1: batchNorm(),
    relu1: relu(),
    conv2: conv({ features: 6, size: 3 }),
    relu2: relu(),
    pool: maxPool(),
    dropout: dropout(0.2),
    flatten: flatten(),
    logits: dense({ features: classes }),
  }) as Layer;
}

/** The toy's images in two classes: whether it is the lower half that is bright. */
function twoClasses(count: number, seed: number): Examples {
  const toy = toyExamples(count, seed);
  const labels = toy.labels.map((label) => label === 2 ? 1 : 0);
  return { ...toy, labels, classNames: ["side", "lower"] };
}

const few = twoClasses(30, 2);
const test = twoClasses(30, 3);
const fineTune = { from: "conv2", epochs: 2, rates: [1e-4, 1e-3] } as const;
const options: TransferOptions = {
  epochs: 3,
  learningRate: 0.02,
  batchSize: 8,
  key: key(4),
  validation: test,
  fineTune,
};

/** The network after a few epochs of the toy's three classes. */
async function pretrain(): Promise<Training> {
  let last: Training | undefined;
  const optimizer = adam({ learningRate: 0.01 });
  const how = { epochs: 4, batchSize: 16, optimizer, key: key(1) };
  for await (const { network } of fit(netOf(3), toyExamples(90), how)) last = network;
  return last!;
}

/** A transfer to its end; reports, plans, losses of steps and validations. */
async function run(pretrained: Training, more: Partial<TransferOptions> = {}) {
  const reports: TransferReport[] = [];
  const plans: PhasePlan[] = [];
  const numbers: number[] = [];
  const onStep = ({ loss }: { loss: number }): void => void numbers.push(loss);
  const onPhase = (plan: PhasePlan): void => void plans.push(plan);
  const how = { ...options, onPhase, onStep, ...more };
  for await (const report of transfer(netOf(2), pretrained, few, how)) {
    reports.push(report);
    if (report.valLoss !== undefined) numbers.push(report.valLoss);
  }
  return { reports, plans, numbers, last: reports.at(-1)! };
}

/** All numbers of parameters and state, by path. */
async function numbersOf({ params, state }: Pick<Training, "params" | "state">) {
  const found: Record<string, number[]> = {};
  for (const [path, leaf] of [...entries(params), ...entries(state)]) {
    found[path] = [...await leaf.data()];
  }
  return found;
}

onEachBackend(
  "a transfer learns the new classes, head first, and what is frozen stays to the bit",
  async () => {
    const pretrained = await pretrain();
    const before = await numbersOf(pretrained);
    const tensors = tf.memory().numTensors;
    const { reports, plans, last } = await run(pretrained, { epochs: 8 });
    assertEquals(reports.map(({ phase, epoch }) => `${phase} ${epoch}`).slice(-4), [
      "head 7",
      "head 8",
      "fine-tune 1",
      "fine-tune 2",
    ]);
    assertGreater(last.valAccuracy!, 0.95);
    assertEquals(plans, [
      {
        phase: "head",
        epochs: 8,
        trained: 2,
        parameters: 7,
        featureShape: [2, 2, 6],
        tail: "dropout",
      },
      {
        phase: "fine-tune",
        epochs: 2,
        trained: 4,
        parameters: 7,
        featureShape: [6, 6, 4],
        tail: "conv2",
      },
    ]);
    const after = await numbersOf(last.network);
    for (
      const path of ["conv1/kernel", "norm1/scale", "norm1/shift", "norm1/mean", "norm1/variance"]
    ) {
      assertEquals(after[path], before[path], path);
    }
    assert(after["conv2/kernel"]!.some((value, i) => value !== before["conv2/kernel"]![i]));
    const { params, state, optimizer } = last.network;
    const held = [params, state, optimizer].flatMap(leaves).length;
    assertEquals(tf.memory().numTensors - tensors, held);
    disposeTraining(last.network);
    assertEquals(await numbersOf(pretrained), before);
  },
);

onEachBackend(
  "the numbers are those of the whole network, cached or not, recorded or not",
  async () => {
    const pretrained = await pretrain();
    const [cached, plain, whole] = [
      await run(pretrained),
      await run(pretrained, { jit: false, maxFeatureBytes: 100 }),
      await run(pretrained, { cache: false }),
    ];
    assertEquals(cached.numbers.length, 5 * (4 + 1));
    await assertClose(cached.numbers, whole.numbers, "losses", 2e-5);
    await assertClose(plain.numbers, whole.numbers, "losses", 2e-5);
    assertEquals(whole.plans.map(({ reason }) => reason), [
      "no cache is wanted",
      "no cache is wanted",
    ]);
    assertEquals(plain.plans[0]!.reason, "its features would take 5760 bytes, more than 100");
    const [a, b] = [await numbersOf(cached.last.network), await numbersOf(whole.last.network)];
    for (const [path, values] of Object.entries(a)) await assertClose(values, b[path]!, path, 2e-4);
  },
);

onCpu(
  "images are augmented during fine-tuning, and for the head without a cache",
  async () => {
    const pretrained = await pretrain();
    const [plain, tuned, both] = [
      await run(pretrained),
      await run(pretrained, { augment: randomFlip() }),
      await run(pretrained, { augment: randomFlip(), cache: false }),
    ];
    const reasons = tuned.plans.map(({ reason }) => reason);
    assertEquals(reasons, [undefined, "images are augmented"]);
    const head = 3 * (4 + 1);
    assertEquals(tuned.numbers.slice(0, head), plain.numbers.slice(0, head));
    assert(tuned.numbers[head] !== plain.numbers[head]);
    assert(both.numbers[0] !== plain.numbers[0]);
    const before = await numbersOf(pretrained);
    const after = await numbersOf(both.last.network);
    for (const path of ["conv1/kernel", "norm1/mean"]) {
      assertEquals(
        after[path],
        before[path],
        path,
      );
    }
  },
);

/** A checkpoint as it comes back from disk. */
function throughDisk(checkpoint: Checkpoint): Checkpoint {
  return parseCheckpoint(serializeCheckpoint(checkpoint), "test");
}

for (
  const [where, step] of [["within the head's", 6], ["within fine-tuning's", 15], [
    "between the phases'",
    12,
  ]] as const
) {
  onEachBackend(
    `a transfer resumed ${where} epochs continues to the same numbers`,
    async () => {
      const pretrained = await pretrain();
      const whole = await run(pretrained);
      const stop = new AbortController();
      let steps = 0;
      const cut = await run(pretrained, {
        signal: stop.signal,
        // Steps are told one late, but for an epoch's last.
        onStep: () => void (++steps === step && stop.abort()),
      });
      const { phase, network } = cut.last;
      assertEquals(phase, step > 12 ? "fine-tune" : "head");
      const checkpoint = throughDisk(await snapshotTransfer({ phase, network }, few.classNames));
      const from = restoreTransfer(netOf(2), few, checkpoint, "test", options);
      const resumed = await run(pretrained, { from });
      assertEquals(await numbersOf(resumed.last.network), await numbersOf(whole.last.network));
      assertEquals(resumed.last.valLoss, whole.last.valLoss);
      // It is a trained network's checkpoint as well.
      const restored = restoreNetwork(netOf(2), [8, 8, 1], checkpoint, "test");
      assertEquals(await numbersOf(restored), await numbersOf(network));
    },
  );
}

onCpu(
  "a checkpoint from before the head was replaced, or of other classes, is refused",
  async () => {
    const pretrained = await pretrain();
    const old = await snapshot(pretrained, { classNames: ["left", "right", "lower"] });
    const restore = (checkpoint: Checkpoint, examples = few, how = options): unknown =>
      restoreTransfer(netOf(2), examples, checkpoint, "a.safetensors", how);
    assertThrows(
      () => restore(old),
      TypeError,
      "Cannot resume a.safetensors: it must be a checkpoint of the transfer to 2 classes (side, lower), " +
        "got one from before the head was replaced, 3 classes (left, right, lower), " +
        "logits/kernel of [24,3] instead of [24,2], logits/bias of [3] instead of [2]",
    );
    const { last } = await run(pretrained, { epochs: 1 });
    const good = await snapshotTransfer(last, few.classNames);
    assertThrows(
      () => restore(good, { ...few, classNames: ["lower", "side"] }),
      TypeError,
      "got a transfer to other classes, 2 classes (side, lower)",
    );
    const { fineTune: _, ...headAlone } = options;
    assertThrows(() => restore(good, few, headAlone), RangeError, "its phase must be one of head");
    assertThrows(
      () => restore(good, few, { ...options, fineTune: { ...fineTune, from: "conv1" } }),
      Error,
      "conv1/kernel",
    );
    const run_ = { ...(good.run as Record<string, Json>), progress: null };
    assertThrows(
      () => restore({ ...good, run: run_ }),
      SyntaxError,
      "must say how far its run was",
    );
  },
);

onCpu("what cannot be is refused before anything is trained", async () => {
  const pretrained = init(netOf(3), key(0), [8, 8, 1]);
  const tensors = tf.memory().numTensors;
  const refused = async (
    more: Partial<TransferOptions>,
    kind: ErrorConstructor,
    message: string,
    source: Network = pretrained,
  ): Promise<void> => {
    await assertRejects(
      async () => {
        for await (const _ of transfer(netOf(2), source, few, { ...options, ...more }));
      },
      kind,
      message,
    );
  };
  await refused({ freeze: ["convs*"] }, RangeError, 'got "convs*"');
  await refused({ freeze: ["**"] }, RangeError, "some must be left to train");
  await refused(
    { freeze: ["conv*", "norm1", "logits/bias"] },
    RangeError,
    "new parameters: they must be trained, got logits/bias",
  );
  await refused({ epochs: 0 }, RangeError, "got 0");
  await refused({ learningRate: NaN }, RangeError, "got NaN");
  await refused({ fineTune: { ...fineTune, from: "conv3" } }, RangeError, 'did you mean "conv1"?');
  await refused({ fineTune: { ...fineTune, epochs: 1.5 } }, RangeError, "got 1.5");
  await refused({ fineTune: { ...fineTune, rates: [0, 1] } }, RangeError, "got 0");
  await refused({ head: "classes" }, RangeError, 'got "classes"');
  const other = init(sequential({ a: dense({ features: 2 }) }), key(0), [4]);
  await refused({}, TypeError, "such as a/kernel", other as never);
  assertEquals(tf.memory().numTensors, tensors + 2);
});

onCpu("a signal during the features ends the transfer with nothing left behind", async () => {
  const pretrained = await pretrain();
  const tensors = tf.memory().numTensors;
  const stop = new AbortController();
  const { reports } = await run(pretrained, {
    signal: stop.signal,
    onFeatures: () => stop.abort(),
  });
  assertEquals(reports, []);
  assertEquals(tf.memory().numTensors, tensors);
});

Deno.test("rates rise by the same multiple from layer to layer, and a lone layer has the last", () => {
  const rates = layerRates(["a/x/kernel", "a/y/kernel", "b/kernel", "c/bias"], [1e-5, 1e-3]);
  assertEquals([...rates.keys()], ["a", "b", "c"]);
  [1e-5, 1e-4, 1e-3].forEach((rate, i) => assertAlmostEquals([...rates.values()][i]!, rate, 1e-12));
  assertEquals([...layerRates(["a/kernel"], [1e-5, 1e-3])], [["a", 1e-3]]);
});

Deno.test("a layer in a stage is a depth as well", () => {
  const paths = ["conv1/kernel", "stage1/a/kernel", "stage1/b/kernel", "logits/kernel"];
  assertEquals(paths.filter(trainableFrom("stage1/b", paths)), paths.slice(2));
  assertEquals(paths.filter(trainableFrom("**", paths)), paths);
  assertThrows(() => trainableFrom("stage2", paths), RangeError, 'did you mean "stage1"?');
});
