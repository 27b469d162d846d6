// Deletion and insertion curves by hand, and infidelity as Captum has it.
import {
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertLess,
  assertRejects,
} from "@std/assert";
import {
  type Attribution,
  channel,
  classLogit,
  infidelity,
  inputTimesGradient,
  integratedGradients,
  perturbationCurves,
} from "../../lib/explain/mod.ts";
import { infidelityOf } from "../../lib/explain/attribution/infidelity.ts";
import { key, tf } from "../../mod.ts";
import { onCpu, onEachBackend } from "../backends.ts";
import { assertClose } from "../closeness.ts";
import {
  GOLDEN_TARGET,
  GOLDEN_WINDOWS,
  goldenImages,
  goldenNetwork,
  goldenNumbers,
} from "../golden/golden_network.ts";
import { images, linear, small } from "./small_networks.ts";

/** A map as methods return it. */
function mapOf(values: number[], shape: readonly [number, number, number, number]): Attribution {
  return { method: "by hand", target: "", scores: [0], shape, values: Float32Array.from(values) };
}

onEachBackend("curves by hand: the score of what is left, in the order of the map", async () => {
  const network = linear([1, 4, 1], [[0, 1], [0, 2], [0, 4], [0, 8]]);
  const x = tf.tensor4d([1, 2, 3, 4], [1, 1, 4, 1]);
  const map = mapOf([5, 7, -1, 7], [1, 1, 4, 1]); // The order is 1, 3, 0, 2.
  const logit = classLogit(1);
  for (const batchSize of [1, 3, 8]) {
    const options = { steps: 4, baseline: 1, batchSize };
    const [found] = await perturbationCurves(network, x, logit, map, options);
    const { deletion, insertion } = found!;
    assertEquals(deletion.shares, [0, 0.25, 0.5, 0.75, 1]);
    await assertClose(deletion.scores, [49, 47, 23, 23, 15]);
    await assertClose(insertion.scores, [15, 17, 41, 41, 49]);
    assertAlmostEquals(deletion.area, (24.5 + 47 + 23 + 23 + 7.5) / 4, 1e-5);
    assertAlmostEquals(insertion.area, (7.5 + 17 + 41 + 41 + 24.5) / 4, 1e-5);
  }
  // Of a class it is the probability: of logits 0 and z, 1 / (1 + e⁻ᶻ).
  const [found] = await perturbationCurves(network, tf.mul(x, 0.01), 1, map, { steps: 4 });
  const left = [0.49, 0.45, 0.13, 0.12, 0].map((z) => 1 / (1 + Math.exp(-z)));
  await assertClose(found!.deletion.scores, left);
});

onEachBackend("infidelity is Captum's, plain and normalized", async () => {
  const network = goldenNetwork();
  const [x, baseline] = [goldenImages(11), goldenImages(12, 2, 0.5)];
  const options = { baseline, steps: 200 };
  const found = await integratedGradients(network, x, GOLDEN_TARGET, options);
  const windows = GOLDEN_WINDOWS.map(([top, left, height, width]) => ({
    rows: { first: top, size: height },
    columns: { first: left, size: width },
  }));
  const target = classLogit(GOLDEN_TARGET);
  const judged = await infidelityOf(network, target, x, baseline, found, windows, {});
  await assertClose(judged.map((one) => one.infidelity), goldenNumbers("infidelity"), "", 1e-4);
  const normalized = judged.map((one) => one.normalized);
  await assertClose(normalized, goldenNumbers("infidelityNormalized"), "", 1e-4);
});

onEachBackend(
  "what is exact has no infidelity, what is scaled none after the best factor",
  async () => {
    const network = linear(
      [12, 12, 2],
      Array.from({ length: 288 }, (_, i) => [Math.sin(i), Math.cos(i)]),
    );
    const x = images(2);
    const exact = await inputTimesGradient(network, x, 1);
    const before = tf.memory().numTensors;
    for (const { infidelity: plain, unexplained } of await infidelity(network, x, 1, exact)) {
      assertLess(plain, 1e-8);
      assertLess(unexplained, 1e-8);
    }
    const scaled = { ...exact, values: exact.values.map((value) => -3 * value) };
    for (const one of await infidelity(network, x, 1, scaled)) {
      assertGreater(one.infidelity, 1);
      assertLess(one.unexplained, 1e-8);
    }
    const none = { ...exact, values: exact.values.map(() => 0) };
    for (const one of await infidelity(network, x, 1, none)) {
      assertAlmostEquals(
        one.unexplained,
        1,
        1e-9,
      );
    }
    assertEquals(tf.memory().numTensors, before);
  },
);

onCpu("rectangles come from the key; images of a batch are judged by themselves", async () => {
  const network = small();
  const x = images(2);
  const found = await inputTimesGradient(network, x, 1);
  const both = await infidelity(network, x, 1, found, { samples: 20 });
  const [other] = await infidelity(network, x, 1, found, { samples: 20, key: key(1) });
  assertGreater(Math.abs(other!.infidelity - both[0]!.infidelity), 1e-6);
  const last = tf.slice(x, [1], [1]);
  const own = await inputTimesGradient(network, last, 1);
  const [alone] = await infidelity(network, last, 1, own, { samples: 20, batchSize: 3 });
  assertAlmostEquals(alone!.infidelity, both[1]!.infidelity, 1e-5);
  const curves = await perturbationCurves(network, x, channel("conv2", 1), found, { steps: 7 });
  const [curve] = await perturbationCurves(network, last, channel("conv2", 1), own, { steps: 7 });
  await assertClose(curves[1]!.deletion.scores, curve!.deletion.scores, "curve", 1e-5);
});

onCpu("what is not of these images is refused, and options out of range", async () => {
  const network = small();
  const x = images(2);
  const found = await inputTimesGradient(network, images(), 1);
  const text = "it must be of the images, [2,12,12,2], got one of [1,12,12,2]";
  await assertRejects(() => perturbationCurves(network, x, 1, found), TypeError, text);
  await assertRejects(() => infidelity(network, x, 1, found), TypeError, text);
  const one = images();
  for (const options of [{ steps: 0 }, { batchSize: 0 }, { baseline: Infinity }]) {
    await assertRejects(() => perturbationCurves(network, one, 1, found, options), RangeError);
  }
  for (const options of [{ samples: 0.5 }, { batchSize: 0 }, { baseline: NaN }]) {
    await assertRejects(() => infidelity(network, one, 1, found, options), RangeError);
  }
});
