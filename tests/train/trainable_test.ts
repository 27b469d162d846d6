// Training a part of the parameters: the rest stays to the bit, and costs the optimizer nothing.
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  adam,
  batchNorm,
  beginTraining,
  chain,
  conv,
  dense,
  entries,
  fit,
  type FitOptions,
  flatten,
  key,
  type Layer,
  maxPool,
  relu,
  restoreTraining,
  scaleUpdates,
  sequential,
  sgd,
  snapshot,
  softmaxCrossEntropy,
  tf,
  type Training,
  trainStep,
  type Tree,
} from "../../mod.ts";
import { parseCheckpoint, serializeCheckpoint } from "../../lib/weights/checkpoint.ts";
import { onCpu, onEachBackend } from "../backends.ts";
import { toyExamples, toyModel } from "./toy.ts";

const examples = toyExamples(50);

/** Two blocks with batch statistics each. */
function twoBlocks(): Layer {
  return sequential({
    conv1: conv({ features: 4, size: 3, padding: "same" }),
    norm1: batchNorm(),
    relu1: relu(),
    pool: maxPool(),
    conv2: conv({ features: 4, size: 3 }),
    norm2: batchNorm(),
    relu2: relu(),
    flatten: flatten(),
    logits: dense({ features: 3 }),
  }) as Layer;
}

const upperHalf = (path: string): boolean => !/^(conv1|norm1)\//.test(path);

async function values(tree: Tree): Promise<Map<string, number[]>> {
  return new Map(
    await Promise.all(
      entries(tree).map(async ([path, leaf]): Promise<[string, number[]]> => [
        path,
        [...await leaf.data()],
      ]),
    ),
  );
}

function free({ params, state, optimizer }: Training): void {
  tf.dispose([params, state, optimizer].flatMap((tree) => entries(tree).map(([, leaf]) => leaf)));
}

const optimizers = {
  adam: () => adam({ learningRate: 0.01 }),
  momentum: () => sgd({ learningRate: 0.05, momentum: 0.9 }),
  chain: () => chain(scaleUpdates(0.5), sgd({ learningRate: 0.1 })),
};

onEachBackend("frozen parameters and their statistics stay to the bit, others move", async () => {
  for (const [name, optimizer] of Object.entries(optimizers)) {
    const before = tf.memory().numTensors;
    const model = twoBlocks();
    const begun = beginTraining(model, optimizer(), key(3), [8, 8, 1], { trainable: upperHalf });
    const [params, state] = [await values(begun.params), await values(begun.state)];
    const counts: number[] = [];
    let last: Training = begun;
    const options: FitOptions = {
      from: begun,
      optimizer: optimizer(),
      trainable: upperHalf,
      epochs: 2,
      batchSize: 20,
      onStep: () => counts.push(tf.memory().numTensors),
    };
    for await (const epoch of fit(model, examples, options)) last = epoch.network;
    const [nextParams, nextState] = [await values(last.params), await values(last.state)];
    for (const [path, numbers] of params) {
      const same = numbers.every((value, i) => Object.is(value, nextParams.get(path)![i]));
      // A bias before batch normalization has no gradient but what rounding leaves of it.
      if (path !== "conv2/bias") assertEquals(same, !upperHalf(path), `${name}: ${path}`);
    }
    for (const [path, numbers] of state) {
      const same = numbers.every((value, i) => Object.is(value, nextState.get(path)![i]));
      assertEquals(same, path.startsWith("norm1/"), `${name}: ${path}`);
    }
    const inside = counts.filter((_, i) => (i + 1) % 3 !== 0);
    assert(Math.max(...inside) - Math.min(...inside) <= 1, `${counts}`);
    free(last);
    assertEquals(tf.memory().numTensors, before);
  }
});

onEachBackend("frozen tensors are passed on, not copied", async () => {
  const model = toyModel();
  const trainable = (path: string): boolean => path.startsWith("logits");
  const begun = beginTraining(model, adam(), key(0), [8, 8, 1], { trainable });
  const frozen = new Map(entries(begun.params).filter(([path]) => !trainable(path)));
  assertEquals(
    entries(begun.optimizer).map(([path]) => path),
    [
      "count",
      ...["mean", "square"].flatMap((part) => [`${part}/logits/kernel`, `${part}/logits/bias`]),
    ],
  );
  for (const jit of [true, false]) {
    const from = jit ? begun : beginTraining(model, adam(), key(0), [8, 8, 1], { trainable });
    const given = jit ? frozen : new Map(entries(from.params).filter(([path]) => frozen.has(path)));
    for await (const { network } of fit(model, examples, { from, trainable, jit, epochs: 2 })) {
      for (const [path, leaf] of entries(network.params)) {
        assertEquals(leaf === given.get(path), !trainable(path), path);
        assert(!leaf.isDisposed);
      }
      if (network.progress.epoch === 2) free(network);
    }
  }
});

onEachBackend("recorded steps of a part are the same as others", async () => {
  const run = async (jit: boolean): Promise<unknown> => {
    const optimizer = sgd({ learningRate: 0.05, momentum: 0.5 });
    const losses: number[] = [];
    const options: FitOptions = {
      optimizer,
      trainable: upperHalf,
      epochs: 2,
      batchSize: 20,
      jit,
      onStep: ({ loss }) => losses.push(loss),
    };
    let answer: unknown;
    for await (const { network } of fit(twoBlocks(), examples, options)) {
      answer = [await values(network.params), await values(network.state)];
      if (network.progress.epoch === 2) free(network);
    }
    return [losses, answer];
  };
  assertEquals(await run(true), await run(false));
});

onCpu("a part is trained as plain arithmetic says: p − η · slope, and no more", async () => {
  const model = dense({ features: 2 });
  const trainable = (path: string): boolean => path === "kernel";
  const optimizer = sgd({ learningRate: 1 });
  const params = { kernel: tf.tensor2d([[1, -1]]), bias: tf.tensor1d([0.5, 0.25]) };
  const step = trainStep(model, softmaxCrossEntropy, optimizer, { trainable });
  const batch = { images: tf.tensor2d([[2]]), labels: tf.tensor2d([[0, 1]]) };
  const next = step({ params, state: {}, optimizer: {} }, batch, key(0));
  const [a, b] = [2 * 1 + 0.5, 2 * -1 + 0.25].map(Math.exp) as [number, number];
  const slopes = [a / (a + b), b / (a + b) - 1].map((slope) => 2 * slope);
  const kernel = await next.params.kernel.data();
  assert(Math.abs(kernel[0]! - (1 - slopes[0]!)) < 1e-6);
  assert(Math.abs(kernel[1]! - (-1 - slopes[1]!)) < 1e-6);
  assert(next.params.bias === params.bias);
});

onCpu("a frozen normalization normalizes by its running statistics in training", async () => {
  const model = sequential({ norm: batchNorm() });
  const x = tf.tensor2d([[1], [5]]);
  const params = { norm: { scale: tf.tensor1d([2]), shift: tf.tensor1d([1]) } };
  const state = { norm: { mean: tf.tensor1d([3]), variance: tf.tensor1d([4]) } };
  const answer = async (frozen?: (path: string) => boolean): Promise<unknown> => {
    const context = { training: true, ...(frozen ? { frozen } : {}) };
    const [y, next] = model.apply(params, state, x, context);
    return [[...await y.data()].map(Math.round), (next as typeof state).norm === state.norm];
  };
  // By 3 and 4: (x − 3) / 2 · 2 + 1; by the batch's mean 3 and variance 4 the same numbers.
  assertEquals(await answer(() => true), [[-1, 3], true]);
  assertEquals(await answer(), [[-1, 3], false]);
  // One of the two is trained: the batch's statistics count.
  assertEquals(await answer((path) => path === "norm/scale"), [[-1, 3], false]);
  const other = { norm: { mean: tf.tensor1d([5]), variance: tf.tensor1d([4]) } };
  const [y] = model.apply(params, other, x, { training: true, frozen: () => true });
  assertEquals([...await y.data()].map(Math.round), [-3, 1]);
});

onEachBackend("a run of a part resumes to the same numbers", async () => {
  const optimizer = (): ReturnType<typeof adam> => adam({ learningRate: 0.01 });
  const run = async (more: FitOptions = {}): Promise<Training> => {
    let last: Training | undefined;
    const options = { optimizer: optimizer(), trainable: upperHalf, batchSize: 20, epochs: 2 };
    for await (const epoch of fit(twoBlocks(), examples, { ...options, ...more })) {
      last = epoch.network;
    }
    return last!;
  };
  const whole = await run();
  const stop = new AbortController();
  const cut = await run({ signal: stop.signal, onStep: ({ step }) => step === 3 && stop.abort() });
  assertEquals(cut.progress.step < 6, true);
  const checkpoint = parseCheckpoint(serializeCheckpoint(await snapshot(cut)), "a");
  const restore = (trainable?: (path: string) => boolean): Training =>
    restoreTraining(twoBlocks(), optimizer(), [8, 8, 1], checkpoint, "a", {
      ...(trainable ? { trainable } : {}),
    });
  const rest = await run({ from: restore(upperHalf) });
  assertEquals(await values(rest.params), await values(whole.params));
  assertEquals(await values(rest.state), await values(whole.state));

  const count = tf.memory().numTensors;
  assertThrows(
    () => restore(),
    RangeError,
    "conv1/kernel, conv1/bias, norm1/scale, norm1/shift newly trainable",
  );
  assertThrows(
    () => restore((path) => upperHalf(path) && path !== "conv2/bias"),
    RangeError,
    "got conv2/bias no longer trainable",
  );
  assertEquals(tf.memory().numTensors, count);
  await assertRejects(
    () => run({ from: restore(upperHalf), trainable: () => true }),
    RangeError,
    "newly trainable",
  );
  [whole, cut, rest].forEach(free);
});

onCpu("nothing to train is refused with what there is", async () => {
  const none = { trainable: () => false };
  const expected = "at least one parameter must be trainable, got none of conv/kernel";
  const before = tf.memory().numTensors;
  await assertRejects(() => fit(toyModel(), examples, none).next(), RangeError, expected);
  assertThrows(
    () => beginTraining(toyModel(), adam(), key(0), [8, 8, 1], none),
    RangeError,
    expected,
  );
  assertEquals(tf.memory().numTensors, before);
});

onCpu(
  "a checkpoint from before the head was replaced is refused with what differs, and leaves nothing",
  async () => {
    const begun = beginTraining(toyModel(), adam(), key(0), [8, 8, 1]);
    const checkpoint = parseCheckpoint(serializeCheckpoint(await snapshot(begun)), "before");
    const replaced = sequential({
      conv: conv({ features: 4, size: 3, bias: false }),
      norm: batchNorm(),
      relu: relu(),
      pool: maxPool(),
      flatten: flatten(),
      head: dense({ features: 5 }),
    }) as Layer;
    const before = tf.memory().numTensors;
    const error = assertThrows(
      () => restoreTraining(replaced, adam(), [8, 8, 1], checkpoint, "before.safetensors"),
      TypeError,
    );
    for (const part of ["2 missing (head/kernel [36, 5]", "2 unexpected (logits/"]) {
      assert(error.message.includes(part), error.message);
    }
    assertEquals(tf.memory().numTensors, before);
  },
);
