// Training with the losses of auxiliary heads: gradients by hand, recorded or not, and bad paths.
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  adam,
  auxiliary,
  type AuxiliaryLosses,
  batchNorm,
  conv,
  dense,
  dropout,
  fit,
  flatten,
  init,
  key,
  type Layer,
  leaves,
  relu,
  sequential,
  sgd,
  softmaxCrossEntropy,
  start,
  type Tensor,
  tf,
  type Training,
  trainStep,
} from "../../mod.ts";
import { onCpu, onEachBackend } from "../backends.ts";
import { assertClose, numbersOf } from "../closeness.ts";
import { gpuTest } from "../device/adapter.ts";
import { toyExamples } from "./toy.ts";

type Matrix = readonly (readonly number[])[];

const multiply = (a: Matrix, b: Matrix): number[][] =>
  a.map((row) => b[0]!.map((_, j) => row.reduce((sum, x, k) => sum + x * b[k]![j]!, 0)));
const transpose = (a: Matrix): number[][] => a[0]!.map((_, j) => a.map((row) => row[j]!));

/** The mean cross-entropy of logits and its slopes, (softmax(z) − t) / N. */
function crossEntropy(logits: Matrix, labels: Matrix): { loss: number; slopes: number[][] } {
  let loss = 0;
  const slopes = logits.map((row, n) => {
    const total = row.reduce((sum, z) => sum + Math.exp(z), 0);
    return row.map((z, c) => {
      loss -= labels[n]![c]! * Math.log(Math.exp(z) / total) / logits.length;
      return (Math.exp(z) / total - labels[n]![c]!) / logits.length;
    });
  });
  return { loss, slopes };
}

/** Two matrices, and a third beside the second. */
const bare = { bias: false } as const;
function linear() {
  return sequential({
    shared: dense({ features: 3, ...bare }),
    aux: auxiliary(dense({ features: 2, ...bare })),
    logits: dense({ features: 2, ...bare }),
  });
}

onEachBackend("a step descends the sum of the weighted losses, as by hand", async () => {
  const model = linear();
  const [x, labels] = [[[1, -2], [0.5, 1], [-1, 3]], [[1, 0], [0, 1], [0, 1]]];
  for (
    const [losses, weight] of [[undefined, 0.3], [{ "aux/head": 1.5 }, 1.5], [{}, 0]] as const
  ) {
    const { params, state } = init(model, key(2), [2]);
    const optimizer = sgd({ learningRate: 1 });
    const step = trainStep(
      model,
      softmaxCrossEntropy,
      optimizer,
      losses && {
        auxiliaryLosses: losses as AuxiliaryLosses,
      },
    );
    const matrix = async (tensor: Tensor) => await tensor.array() as number[][];
    const shared = await matrix(params.shared.kernel);
    const [side, last] = [
      await matrix(params.aux.head.kernel),
      await matrix(params.logits.kernel),
    ];
    const hidden = multiply(x, shared);
    const [main, aux] = [last, side].map((kernel) =>
      crossEntropy(multiply(hidden, kernel), labels)
    );
    const [fromMain, fromAux] = [
      multiply(main!.slopes, transpose(last)),
      multiply(aux!.slopes, transpose(side)),
    ];
    const slopes = fromMain.map((row, i) => row.map((z, j) => z + weight * fromAux[i]![j]!));
    const expected = {
      shared: multiply(transpose(x), slopes),
      aux: multiply(transpose(hidden), aux!.slopes).map((row) => row.map((z) => weight * z)),
      logits: multiply(transpose(hidden), main!.slopes),
    };
    const before = { params, state, optimizer: optimizer.init(params) };
    const after = step(before, { images: tf.tensor2d(x), labels: tf.tensor2d(labels) }, key(0));
    await assertClose(await numbersOf(after.loss), [main!.loss + weight * aux!.loss], "loss");
    const gradient = (was: Tensor, is: Tensor) => tf.sub(was, is);
    const pairs = [
      ["shared", params.shared.kernel, after.params.shared.kernel],
      ["aux", params.aux.head.kernel, after.params.aux.head.kernel],
      ["logits", params.logits.kernel, after.params.logits.kernel],
    ] as const;
    for (const [name, was, is] of pairs) {
      // The differences of numbers near 1 are rounded by up to 1e-7.
      await assertClose(gradient(was, is), expected[name].flat(), `${name} at ${weight}`, 1e-5);
    }
  }
});

/** A network with statistics and dropped units in the head. */
function toyNet(): Layer {
  const head = sequential({
    norm: batchNorm(),
    drop: dropout(0.3),
    flatten: flatten(),
    logits: dense({ features: 3 }),
  }) as Layer;
  return sequential({
    conv1: conv({ features: 4, size: 3, stride: 2 }),
    relu1: relu(),
    aux: auxiliary(head),
    conv2: conv({ features: 4, size: 3 }),
    relu2: relu(),
    flatten: flatten(),
    logits: dense({ features: 3 }),
  }) as Layer;
}

async function trained(jit: boolean, auxiliaryLosses?: AuxiliaryLosses): Promise<unknown> {
  const losses: number[] = [];
  const options = {
    epochs: 2,
    batchSize: 12,
    optimizer: adam({ learningRate: 0.01 }),
    key: key(4),
  };
  let numbers: unknown;
  let last: Training | undefined;
  for await (
    const { network } of fit(toyNet(), toyExamples(30), {
      ...options,
      jit,
      onStep: ({ loss }) => losses.push(loss),
      ...(auxiliaryLosses ? { auxiliaryLosses } : {}),
    })
  ) {
    const trees = [network.params, network.state].flatMap(leaves);
    numbers = await Promise.all(trees.map((leaf) => leaf.data()));
    last = network;
  }
  tf.dispose([last!.params, last!.state, last!.optimizer].flatMap(leaves));
  return { losses, numbers };
}

gpuTest("training with auxiliary losses is the same recorded, to the bit", async () => {
  await start({ backend: "webgpu" });
  const cases: readonly (AuxiliaryLosses | undefined)[] = [undefined, { "aux/head": 0.7 }, {}];
  for (const losses of cases) {
    const count = tf.memory().numTensors;
    assertEquals(await trained(true, losses), await trained(false, losses));
    assertEquals(tf.memory().numTensors, count);
  }
});

onCpu("the weights of the model's own auxiliary layers are the default", async () => {
  const [own, same, other] = [
    await trained(false),
    await trained(false, { "aux/head": 0.3 }),
    await trained(false, {}),
  ];
  assertEquals(own, same);
  assert(JSON.stringify(own) !== JSON.stringify(other));
});

onCpu(
  "paths, weights and shapes that are not the model's are refused before anything is made",
  async () => {
    const bad:
      readonly (readonly [AuxiliaryLosses, typeof RangeError | typeof TypeError, string])[] = [
        [
          { "aux/tail": 1 },
          RangeError,
          'got "aux/tail" (its auxiliary heads are "aux/head")',
        ],
        [{ "": 1 }, RangeError, 'got ""'],
        [{ "aux/head": -1 }, RangeError, "got -1"],
        [{ "aux/head": NaN }, RangeError, "got NaN"],
        [{ "aux/head/norm": 1 }, TypeError, "of the model's, [3], got [3,3,4]"],
      ];
    const count = tf.memory().numTensors;
    for (const [auxiliaryLosses, kind, said] of bad) {
      const run = fit(toyNet(), toyExamples(6), { auxiliaryLosses });
      await assertRejects(() => run.next(), kind, said);
    }
    const plain = sequential({ flatten: flatten(), logits: dense({ features: 3 }) });
    const run = fit(plain, toyExamples(6), { auxiliaryLosses: { "aux/head": 1 } });
    await assertRejects(() => run.next(), RangeError, "made with auxiliary: true?");
    assertEquals(tf.memory().numTensors, count);
    const model = linear();
    const { params, state } = init(model, key(0), [2]);
    const optimizer = sgd({ learningRate: 1 });
    const batch = { images: tf.ones([1, 2]), labels: tf.tensor2d([[1, 0]]) };
    const step = trainStep(model, softmaxCrossEntropy, optimizer, { auxiliaryLosses: { side: 1 } });
    const before = { params, state, optimizer: optimizer.init(params) };
    assertThrows(() => step(before, batch, key(0)), RangeError, 'got "side"');
  },
);

onCpu(
  "the loss of any layer that outputs classes can be added, but not of one that is not run",
  () => {
    const model = linear();
    const { params, state } = init(model, key(0), [2]);
    const optimizer = sgd({ learningRate: 1 });
    const run = (auxiliaryLosses: AuxiliaryLosses, layer: typeof model = model) =>
      trainStep(layer, softmaxCrossEntropy, optimizer, { auxiliaryLosses })(
        { params, state, optimizer: optimizer.init(params) },
        { images: tf.ones([1, 2]), labels: tf.tensor2d([[1, 0]]) },
        key(0),
      ).loss.dataSync()[0]!;
    const [once, twice] = [run({}), run({ logits: 1 })];
    assert(Math.abs(twice - 2 * once) < 1e-6);
    const asleep: typeof model = {
      ...model,
      apply: (p, s, x, context) => model.apply(p, s, x, { ...context, training: false }),
    };
    assertThrows(() => run({ "aux/head": 1 }, asleep), TypeError, "must run it in training");
  },
);
