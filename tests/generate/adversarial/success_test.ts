// Attacks on a trained network: success, targets, determinism, lifetimes.
import { assert, assertEquals, assertGreater, assertGreaterOrEqual, assertLess } from "@std/assert";
import {
  attackSession,
  bim,
  carliniWagner,
  deepFool,
  fgsm,
  imageDistances,
  logitAscent,
  pgd,
} from "../../../lib/generate/mod.ts";
import { key, tf } from "../../../mod.ts";
import { onCpu, onEachBackend } from "../../backends.ts";
import { images, pixelsOf, trainedNetwork } from "./networks.ts";

const fooled = (success: readonly boolean[]): number => success.filter(Boolean).length;
const mean = (numbers: readonly number[]): number =>
  numbers.reduce((sum, x) => sum + x, 0) / numbers.length;

// From a random start PGD's 40 steps of ε / 30 do not reach all of the ball: if the logits are almost
// linear, as here, BIM's 10 steps of ε / 5 from the image go farther. So both start at the image.
onEachBackend("PGD fools at least as often as BIM, and BIM as FGSM", async () => {
  const network = await trainedNetwork();
  const { x, labels } = pixelsOf(images, 48);
  const counts: number[][] = [];
  for (const epsilon of [0.05, 0.15, 0.25]) {
    const options = { epsilon };
    const found = [
      await fgsm(network, x, labels, options),
      await bim(network, x, labels, options),
      await pgd(network, x, labels, { ...options, randomStart: false }),
    ].map(({ success }) => fooled(success));
    counts.push(found);
    assert(found[0]! <= found[1]! && found[1]! <= found[2]!, `ε ${epsilon}: ${found}`);
  }
  assertEquals((await fgsm(network, x, labels, { epsilon: 0 })).labels.before, labels);
  assert(counts.some(([one, , many]) => one! < many!), `${counts.join("; ")}`);
  assertEquals(counts.at(-1)![2], 48);
});

onEachBackend("targets are reached, one for all or one per image", async () => {
  const network = await trainedNetwork();
  const { x, labels } = pixelsOf(images, 12);
  const targets = labels.map((label) => (label + 1) % 3);
  for (const options of [{ epsilon: 0.5 }, { epsilon: 4, norm: "l2" }] as const) {
    const { labels: seen, success } = await pgd(network, x, labels, { ...options, targets });
    assertEquals([seen.after, fooled(success)], [targets, 12]);
  }
  const climbed = await logitAscent(network, x, labels, targets, { rate: 0.02 });
  assertEquals(climbed.labels, { before: labels, after: targets });
  const sure = await logitAscent(network, x, labels, targets, {
    rate: 0.02,
    confidence: 0.8,
    steps: 300,
  });
  assert(sure.probabilities.after.every((probability) => probability >= 0.8));
  assertGreater(mean(sure.distances), mean(climbed.distances));
  const options = { targets, steps: 60, rate: 0.05, searchSteps: 3, firstWeight: 1 };
  assertEquals((await carliniWagner(network, x, labels, options)).labels.after, targets);
});

onEachBackend(
  "the changes of Carlini and Wagner and of DeepFool are smaller than those of PGD",
  async () => {
    const network = await trainedNetwork();
    const { x, labels } = pixelsOf(images, 12);
    const near = await deepFool(network, x, labels);
    const options = { steps: 100, searchSteps: 5, firstWeight: 0.1 };
    const nearest = await carliniWagner(network, x, labels, options);
    // A radius that is just enough for all of them.
    const epsilon = 1.5 * Math.max(...near.distances);
    const within = await pgd(network, x, labels, { epsilon, norm: "l2", randomStart: false });
    for (const { success } of [near, nearest, within]) assertEquals(fooled(success), 12);
    const far = await imageDistances(within.images, x, "l2");
    assertLess(mean(nearest.distances), mean(far));
    assertLess(mean(near.distances), mean(far));
    assertLess(mean(nearest.distances), 1.02 * mean(near.distances));
  },
);

onEachBackend(
  "an ε of 0 returns the images themselves, and so do misclassified images",
  async () => {
    const network = await trainedNetwork();
    const { x, labels } = pixelsOf(images, 6);
    const numbers = await x.data();
    for (const attack of [fgsm, bim, pgd]) {
      for (const norm of ["linf", "l2"] as const) {
        const { images: same, distances } = await attack(network, x, labels, { epsilon: 0, norm });
        assertEquals(await same.data(), numbers);
        assertEquals(distances, labels.map(() => 0));
      }
    }
    const wrong = labels.map((label) => (label + 1) % 3);
    const { images: same, success } = await deepFool(network, x, wrong);
    assertEquals([await same.data(), success], [numbers, labels.map(() => true)]);
  },
);

onEachBackend("a random start depends on the key, and jit changes nothing", async (backend) => {
  const network = await trainedNetwork();
  const { x, labels } = pixelsOf(images, 4);
  const by = async (options: object): Promise<Float32Array> =>
    await (await pgd(network, x, labels, { epsilon: 0.1, steps: 3, ...options })).images
      .data() as Float32Array;
  assertEquals(await by({}), await by({ key: key(0) }));
  assert(`${await by({})}` !== `${await by({ key: key(1) })}`);
  assert(`${await by({})}` !== `${await by({ randomStart: false })}`);
  if (backend === "webgpu") assertEquals(await by({}), await by({ jit: false }));
});

onEachBackend("attacks leave no tensor but their images", async () => {
  const network = await trainedNetwork();
  const { x, labels } = pixelsOf(images, 4);
  const cw = { steps: 12, searchSteps: 2 };
  const attacks = [
    () => fgsm(network, x, labels, { epsilon: 0.1 }),
    () => deepFool(network, x, labels),
    () => carliniWagner(network, x, labels, cw),
    () => logitAscent(network, x, labels, labels.map((label) => (label + 1) % 3)),
    () => pgd(network, x, labels, { epsilon: 0.1, steps: 3, jit: false }),
  ];
  for (const attack of attacks) {
    const before = tf.memory().numTensors;
    const { images } = await attack();
    assertEquals(tf.memory().numTensors, before + 1);
    images.dispose();
  }
  assertEquals(x.isDisposed, false);
  // What a session has recorded may hold tensors until it is disposed of, but no more each time.
  const before = tf.memory().numTensors;
  const session = attackSession(network);
  const held: number[] = [];
  for (let i = 0; i < 3; i++) {
    tf.dispose((await pgd(network, x, labels, { epsilon: 0.1, steps: 5, session })).images);
    tf.dispose((await carliniWagner(network, x, labels, { ...cw, session })).images);
    held.push(tf.memory().numTensors);
  }
  assertEquals(held, [held[0], held[0], held[0]]);
  session.dispose();
  assertEquals(tf.memory().numTensors, before);
});

onCpu("steps are reported, and a signal stops them with the result so far", async () => {
  const network = await trainedNetwork();
  const { x, labels } = pixelsOf(images, 4);
  const controller = new AbortController();
  const reported: number[] = [];
  const { distances } = await pgd(network, x, labels, {
    epsilon: 0.1,
    steps: 10,
    relativeStep: 0.1,
    randomStart: false,
    signal: controller.signal,
    onStep({ step, steps, fooled, count }) {
      assertEquals([steps, fooled, count], [10, 0, 4]);
      reported.push(step);
      if (step === 2) controller.abort();
    },
  });
  assertEquals(reported, [0, 1, 2]);
  distances.forEach((distance) => assertLess(Math.abs(distance - 0.03), 1e-6));
  const { distances: none } = await deepFool(network, x, labels, { signal: AbortSignal.abort() });
  assertEquals(none, [0, 0, 0, 0]);
  assertGreaterOrEqual(reported.length, 1);
});
