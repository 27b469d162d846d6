// Bad input of attacks is refused before the device has work.
import { assertEquals, assertRejects } from "@std/assert";
import {
  type AttackResult,
  attackSession,
  bim,
  carliniWagner,
  deepFool,
  fgsm,
  imageDistances,
  logitAscent,
  pgd,
  robustness,
} from "../../../lib/generate/mod.ts";
import { sequential, softmax, tf } from "../../../mod.ts";
import { onCpu } from "../../backends.ts";
import { images, linearNetwork, trainedNetwork } from "./networks.ts";

const network = () => linearNetwork([[1, 0, -1], [0, 1, 0]], [0, 0, 0]);
const image = (...pixels: number[]) => tf.tensor4d(pixels, [pixels.length / 2, 1, 2, 1]);

async function assertRefused(
  attempts: readonly (readonly [string, () => Promise<unknown>])[],
  kind: typeof RangeError | typeof TypeError = RangeError,
): Promise<void> {
  for (const [wanted, attempt] of attempts) {
    const before = tf.memory().numTensors;
    await assertRejects(attempt, kind, wanted);
    assertEquals(tf.memory().numTensors, before, wanted);
  }
}

onCpu("ε below 0, NaN or infinite", async () => {
  const [net, x] = [network(), image(0.5, 0.5)];
  for (const epsilon of [-0.1, NaN, Infinity]) {
    const wanted = `ε must be finite and at least 0, got ${epsilon}`;
    await assertRefused([
      [wanted, () => fgsm(net, x, [0], { epsilon })],
      [wanted, () => bim(net, x, [0], { epsilon })],
      [wanted, () => pgd(net, x, [0], { epsilon })],
      [wanted, () => robustness(net, images, fgsm, [0, epsilon])],
    ]);
  }
  await assertRefused([[
    "must be an ε, got none",
    () => robustness(net, images, fgsm, []),
  ]]);
});

onCpu("unknown classes, and targets equal to the label", async () => {
  const [net, x] = [network(), image(0.5, 0.5)];
  const attacks: ((label: number, targets?: number | number[]) => Promise<AttackResult>)[] = [
    (label, targets) =>
      fgsm(net, x, [label], { epsilon: 0.1, ...(targets !== undefined && { targets }) }),
    (label, targets) => carliniWagner(net, x, [label], targets === undefined ? {} : { targets }),
    (label, targets) => logitAscent(net, x, [label], targets ?? 1),
  ];
  for (const attack of attacks) {
    await assertRefused([
      ["a label must be a class, a whole number from 0 to 2, got 3", () => attack(3)],
      ["got -1 of image 0", () => attack(-1)],
      ["got 0.5", () => attack(0.5)],
      [
        "a target must be a class, a whole number from 0 to 2, got 7",
        () => attack(0, 7),
      ],
      ["must be another class than the label, got 2", () => attack(2, 2)],
      ["must be another class than the label, got 2", () => attack(2, [2])],
    ]);
    await assertRefused([["a target for each of 1 images", () => attack(0, [1, 2])]], TypeError);
  }
  const targets = { targets: 1 } as object;
  await assertRefused([[
    "DeepFool has no targets",
    () => deepFool(net, x, [0], targets),
  ]], TypeError);
});

onCpu("labels of another length, and images of another shape", async () => {
  const net = network();
  const wide = tf.fill([1, 1, 3, 1], 0.5);
  const [one, two, flat, none] = [
    image(0, 0),
    image(0, 0, 1, 1),
    tf.zeros([2]),
    tf.zeros([0, 1, 2, 1]),
  ];
  await assertRefused([
    [
      "a label for each of 2 images, got 1",
      () => fgsm(net, two, [0], { epsilon: 0.1 }),
    ],
    ["a label for each of 1 images, got 2", () => deepFool(net, one, [0, 1])],
    ["images must be float32 [N, H, W, C]", () => deepFool(net, flat, [0, 1])],
    ["images must be float32 [N, H, W, C]", () => deepFool(net, none, [])],
  ], TypeError);
  const fixed = await trainedNetwork();
  // A dense layer's kernel fits one size.
  await assertRejects(() => fgsm(fixed, wide, [0], { epsilon: 0.1 }));
  await assertRefused(
    [["of one shape [N, …]", () => imageDistances(wide, one, "l2")]],
    TypeError,
  );
});

onCpu("pixels that are not from 0 to 1", async () => {
  const net = network();
  for (const pixel of [-0.01, 1.01, NaN, 255]) {
    const x = image(0.5, 0.5, 0.5, pixel);
    const wanted = `pixels must be from 0 to 1, got ${Math.fround(pixel)} of image 1`;
    await assertRefused([
      [wanted, () => pgd(net, x, [0, 1], { epsilon: 0.1 })],
      [wanted, () => deepFool(net, x, [0, 1])],
      [wanted, () => carliniWagner(net, x, [0, 1])],
      [wanted, () => logitAscent(net, x, [0, 1], 2)],
    ]);
  }
});

onCpu("steps, rates and the like out of range", async () => {
  const [net, x] = [network(), image(0.5, 0.5)];
  for (const steps of [0, -1, 1.5, NaN]) {
    const wanted = `steps must be a whole number of at least 1, got ${steps}`;
    await assertRefused([
      [wanted, () => bim(net, x, [0], { epsilon: 0.1, steps })],
      [wanted, () => pgd(net, x, [0], { epsilon: 0.1, steps })],
      [wanted, () => deepFool(net, x, [0], { steps })],
      [wanted, () => carliniWagner(net, x, [0], { steps })],
      [wanted, () => carliniWagner(net, x, [0], { searchSteps: steps })],
      [wanted, () => logitAscent(net, x, [0], 1, { steps })],
    ]);
  }
  const other = attackSession(linearNetwork([[1, 0], [0, 1]], [0, 0]));
  await assertRefused([
    ["one of linf, l2", () => pgd(net, x, [0], { epsilon: 0.1, norm: "l1" as "l2" })],
    ["the relative step", () => bim(net, x, [0], { epsilon: 0.1, relativeStep: -1 })],
    ["the overshoot", () => deepFool(net, x, [0], { overshoot: -0.1 })],
    [
      "candidates must be a whole number of at least 2",
      () => deepFool(net, x, [0], { candidates: 1 }),
    ],
    ["the rate must be a finite number above 0", () => carliniWagner(net, x, [0], { rate: 0 })],
    ["the first weight must be", () => carliniWagner(net, x, [0], { firstWeight: NaN })],
    ["κ must be", () => carliniWagner(net, x, [0], { confidence: -1 })],
    ["the rate must be", () => logitAscent(net, x, [0], 1, { rate: -1 })],
    ["the confidence must be", () => logitAscent(net, x, [0], 1, { confidence: 1 })],
    ["session must be of the same network", () => deepFool(net, x, [0], { session: other })],
  ]);
});

onCpu("networks that output probabilities or NaN", async () => {
  const { model, params, state } = network();
  const likely = {
    model: sequential({ logits: model, softmax: softmax() }),
    params: { logits: params, softmax: {} },
    state: { logits: state, softmax: {} },
  };
  const x = image(0.5, 0.5);
  const broken = linearNetwork([[NaN, 0], [0, 1]], [0, 0]);
  await assertRefused([
    ["must output logits", () => pgd(likely as never, x, [0], { epsilon: 0.1 })],
    ["logits must be finite, got NaN", () => pgd(broken, x, [0], { epsilon: 0.1 })],
  ]);
});
