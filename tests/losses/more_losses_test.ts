// The losses of the namespace against PyTorch's, and what weights and masks make of them.
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { jit, losses, type Scalar, type Tensor, tf, valueAndGrad } from "../../mod.ts";
import { onCpu, onEachBackend } from "../backends.ts";
import { assertClose } from "../closeness.ts";
import { assertGradients } from "../finite_differences.ts";
import { tensorsOf, type TensorTexts, valuesOf } from "../golden/golden.ts";
import file from "../golden/more_layers.json" with { type: "json" };
import { randomTensor } from "../random_tensor.ts";

type LossCase = {
  readonly name: string;
  readonly loss: keyof typeof losses;
  readonly options: object;
  readonly inputs: TensorTexts;
  readonly value: number;
  readonly gradients: TensorTexts;
};

type Take = (...tensors: Tensor[]) => Scalar;

for (const known of (file as unknown as { readonly losses: readonly LossCase[] }).losses) {
  onEachBackend(`${known.loss} ${known.name} equals PyTorch's`, async (backend) => {
    const make = losses[known.loss] as (options: object) => Take;
    const take = make(known.options);
    const names = Object.keys(known.inputs);
    const run = (learned: Record<string, Tensor>, given: Record<string, Tensor>): Tensor[] => {
      const { value, grads } = valueAndGrad((tree: Record<string, Tensor>) => [
        take(...names.map((name) => tree[name] ?? given[name]!)),
        {},
      ])(learned);
      return [value, ...Object.keys(learned).map((name) => grads[name]!)];
    };
    const tensors = tensorsOf(known.inputs);
    const part = (learned: boolean): Record<string, Tensor> =>
      Object.fromEntries(
        Object.entries(tensors).filter(([name]) => name in known.gradients === learned),
      );
    const runs = backend === "webgpu" ? [run, jit(run)] : [run];
    for (const each of runs) {
      const [value, ...grads] = each(part(true), part(false));
      assertEquals(value!.shape, []);
      await assertClose(value!, [known.value], "value");
      for (const [i, name] of Object.keys(part(true)).entries()) {
        await assertClose(grads[i]!, valuesOf(known.gradients[name]!), `gradient by ${name}`);
      }
    }
  });
}

/** Losses of two tensors of one shape, with targets they take. */
const PAIRS: Readonly<Record<string, losses.WeightedLoss>> = {
  binaryCrossEntropy: losses.binaryCrossEntropy({ positiveWeight: 3 }),
  binaryFocalLoss: losses.binaryFocalLoss({ gamma: 1.5 }),
  huber: losses.huber({ delta: 0.7 }),
  meanAbsoluteError: losses.meanAbsoluteError(),
  cosineDistance: losses.cosineDistance(),
  focalLoss: losses.focalLoss({ gamma: 0.5 }),
  klDivergence: losses.klDivergence(),
  dice: losses.dice({ activation: "softmax" }),
};

const shares = (): Tensor => tf.sigmoid(randomTensor(7, [2, 3, 4]));

onEachBackend("what a mask leaves out counts nothing, whatever it is", async () => {
  const [outputs, targets] = [randomTensor(6, [2, 3, 4]), shares()];
  const mask = tf.tensor2d([[1, 1, 0], [0, 1, 1]]);
  const spoilt = tf.mul(tf.expandDims(tf.where(tf.equal(mask, 0), NaN, 1), -1), outputs);
  for (const [name, loss] of Object.entries(PAIRS)) {
    const { value, grads } = valueAndGrad((x: { outputs: Tensor }) => [
      loss(x.outputs, targets, mask),
      {},
    ])({ outputs: spoilt });
    const slopes = await grads.outputs.array() as number[][][];
    assertEquals(
      [...slopes[0]![2]!, ...slopes[1]![0]!].map((x) => x + 0),
      new Array(8).fill(0),
      name,
    );
    const number = (await value.data())[0]!;
    if (name === "dice") {
      assert(Number.isFinite(number));
      continue;
    }
    const rows = [[0, 0], [0, 1], [1, 1], [1, 2]];
    const kept = (x: Tensor): Tensor => tf.gatherND(x, tf.tensor2d(rows, [4, 2], "int32"));
    await assertClose([number], await loss(kept(outputs), kept(targets)).data(), name);
  }
});

onEachBackend(
  "Dice loss of masks of which nothing is set or weighs is 0, also without smoothing",
  async () => {
    const [low, none] = [tf.fill([1, 2, 2, 1], -1e4), tf.zeros([1, 2, 2, 1])];
    const loss = losses.dice({ smooth: 0 });
    assertEquals(await loss(low, none).array(), 0);
    assertEquals(await loss(none, none, none).array(), 0);
    const slopes = tf.grad((z) => loss(z, none, none))(low);
    assertEquals([...await slopes.data()].map(Math.abs), [0, 0, 0, 0]);
  },
);

onEachBackend("weights of examples, positions and numbers are means by them", async () => {
  const [outputs, targets] = [randomTensor(6, [2, 3, 4]), shares()];
  const loss = losses.meanAbsoluteError();
  const distances = [...await tf.abs(tf.sub(outputs, targets)).data()];
  for (const shape of [[2], [2, 1, 1], [1, 3], [2, 3, 4], [1, 1, 4]]) {
    const weights = tf.add(tf.sigmoid(randomTensor(8, shape)), 0.1);
    const padded = [...shape, ...new Array(3 - shape.length).fill(1)];
    const spread = [...await tf.mul(tf.reshape(weights, padded), tf.ones([2, 3, 4])).data()];
    const total = spread.reduce((sum, weight) => sum + weight, 0);
    const wanted = distances.reduce((sum, d, i) => sum + d * spread[i]!, 0) / total;
    assertAlmostEquals(await loss(outputs, targets, weights).array(), wanted, 1e-6);
  }
  assertEquals(await loss(outputs, targets, tf.zeros([2])).array(), 0);
});

onEachBackend("gradients with weights are those of differences", async () => {
  const weights = tf.tensor2d([[1, 0, 3]]);
  for (const loss of Object.values(PAIRS)) {
    await assertGradients(
      ({ x, t }) => loss(x, t, weights),
      { x: randomTensor(9, [1, 3, 3]), t: tf.sigmoid(randomTensor(7, [1, 3, 3])) },
      { step: 3e-3, tolerance: 5e-3 },
    );
  }
});

onEachBackend(
  "vectors that are alike, and logits beyond all bounds, have finite gradients",
  async () => {
    const same = tf.ones([2, 3]);
    const triplet = losses.tripletLoss();
    const pair = losses.contrastiveLoss();
    const functions: ((x: Tensor) => Tensor)[] = [
      (x) => triplet(x, same, same),
      (x) => pair(x, same, tf.tensor1d([0, 1])),
      (x) => losses.cosineDistance()(tf.mul(x, 0), same),
      (x) => losses.binaryCrossEntropy()(tf.mul(x, 1e6), tf.zeros([2, 3])),
      (x) => losses.binaryFocalLoss({ gamma: 0.5 })(tf.mul(x, -1e6), tf.zeros([2, 3])),
      (x) => losses.focalLoss({ gamma: 0.5 })(tf.mul(x, tf.tensor1d([1e6, 0, 0])), same),
      (x) => losses.klDivergence()(x, tf.tensor2d([[1, 0, 0], [0, 1, 0]])),
      (x) => losses.huber()(x, same),
    ];
    for (const f of functions) {
      const slopes = await tf.grad((x: Tensor) => f(x))(same).data();
      assert(slopes.every(Number.isFinite), `${f}: ${slopes}`);
    }
  },
);

onCpu("bad options and shapes are refused", () => {
  const refused = (
    f: () => unknown,
    message: string,
    kind: ErrorConstructor = RangeError,
  ): void => {
    assertThrows(f, kind, message);
  };
  refused(() => losses.binaryCrossEntropy({ positiveWeight: 0 }), "its positiveWeight");
  refused(() => losses.binaryFocalLoss({ alpha: 2 }), "from 0 to 1, or null, got 2");
  refused(() => losses.focalLoss({ gamma: -1 }), "at least 0, got -1");
  refused(() => losses.huber({ delta: 0 }), "its delta");
  refused(() => losses.tripletLoss({ margin: NaN }), "its margin");
  refused(() => losses.contrastiveLoss({ margin: -1 }), "its margin");
  refused(() => losses.dice({ smooth: -1 }), "at least 0, got -1");
  refused(() => losses.dice({ activation: "tanh" as never }), "its activation must be");
  const [two, three] = [tf.ones([2, 3]), tf.ones([3, 3])];
  for (const loss of Object.values(PAIRS)) refused(() => loss(two, three), "one shape", TypeError);
  for (const one of [tf.ones([3]), tf.ones([3, 1])]) {
    refused(() => losses.focalLoss()(one, one), "of at least two classes", TypeError);
  }
  refused(() => losses.dice()(two, two), "[N, …positions, C]", TypeError);
  refused(() => losses.huber()(two, two, tf.ones([3])), "broadcast to [2,3]", TypeError);
  refused(() => losses.huber()(two, two, tf.ones([2, 3, 1])), "got [2,3,1]", TypeError);
  refused(() => losses.tripletLoss()(two, two, three), "one shape", TypeError);
  refused(() => losses.contrastiveLoss()(two, two, tf.ones([3])), "[2], got [3]", TypeError);
});
