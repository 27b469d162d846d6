// Attacks on linear networks, whose results are known by hand.
import { assertEquals } from "@std/assert";
import {
  bim,
  carliniWagner,
  deepFool,
  fgsm,
  imageDistances,
  logitAscent,
  pgd,
} from "../../../lib/generate/mod.ts";
import { preprocessings } from "../../../lib/image/mod.ts";
import { tf } from "../../../mod.ts";
import { onEachBackend } from "../../backends.ts";
import { assertClose } from "../../closeness.ts";
import { linearNetwork } from "./networks.ts";

/** Of pixels x the logits are x · kernel + bias: class 1 leads by −2x₁ + 4x₂ − x₃ + 6x₄ − 6. */
const KERNEL = [[1, -1], [-2, 2], [0.5, -0.5], [-3, 3]];
const BIAS = [3, -3];
const SLOPE = [-2, 4, -1, 6];
const LENGTH = Math.sqrt(57);

const network = () => linearNetwork(KERNEL, BIAS);
const image = (pixels: number[]) => tf.tensor4d(pixels, [1, 2, 2, 1]);

onEachBackend("FGSM on a linear network steps ε along the signs of its weights", async () => {
  const x = image([0.5, 0.5, 0.05, 0.95]);
  const wanted = [0.4, 0.6, 0, 1].map(Math.fround);
  for (const options of [{}, { targets: 1 }, { targets: [1] }]) {
    const found = await fgsm(network(), x, [0], { epsilon: 0.1, ...options });
    await assertClose(found.images, wanted, "images", 1e-7);
    assertEquals(found.norm, "linf");
    assertEquals(found.labels.before, [1]);
    assertEquals(found.success, [true]);
  }
  // Away from the label 1 is the way to 0.
  const found = await fgsm(network(), x, [1], { epsilon: 0.1 });
  await assertClose(found.images, [0.6, 0.4, 0.15, 0.85], "images", 1e-7);
});

onEachBackend("FGSM by L2 steps ε along the gradient", async () => {
  const x = image([0.5, 0.5, 0.5, 0.5]);
  const { images, distances } = await fgsm(network(), x, [0], { epsilon: 0.1, norm: "l2" });
  await assertClose(images, SLOPE.map((slope) => 0.5 + 0.1 * slope / LENGTH), "images", 1e-6);
  await assertClose(distances, [0.1], "distance", 1e-6);
});

onEachBackend("preprocessing is between pixels and network, not in ε", async () => {
  const preprocessing = { range: 255, mean: [127.5], std: [100] } as const;
  const x = image([0.5, 0.5, 0.05, 0.95]);
  const { images } = await fgsm(network(), x, [0], { epsilon: 0.1, preprocessing });
  await assertClose(images, [0.4, 0.6, 0, 1], "images", 1e-7);
});

onEachBackend("a BGR network gets its channel order, and the result is RGB", async () => {
  const bgr = linearNetwork([[1, -1], [-2, 2], [4, -4]], [0, 0]);
  const x = tf.fill([1, 1, 1, 3], 0.5);
  const preprocessing = { ...preprocessings.caffe, order: "bgr" } as const;
  const { images } = await fgsm(bgr, x, [1], { epsilon: 0.1, preprocessing });
  // The first weight is blue's.
  await assertClose(images, [0.6, 0.4, 0.6], "images", 1e-7);
});

onEachBackend(
  "steps of BIM and PGD add up to the corner of the ball that FGSM reaches",
  async () => {
    const x = image([0.5, 0.5, 0.05, 0.95]);
    const wanted = [0.4, 0.6, 0, 1];
    await assertClose((await bim(network(), x, [0], { epsilon: 0.1 })).images, wanted, "bim", 1e-6);
    const all = await pgd(network(), x, [0], { epsilon: 0.1, steps: 80 });
    await assertClose(all.images, wanted, "pgd", 1e-6);
    const two = { epsilon: 0.1, steps: 2, relativeStep: 0.25, randomStart: false } as const;
    const half = await pgd(network(), x, [0], two);
    await assertClose(half.images, [0.45, 0.55, 0, 1], "two quarters", 1e-6);
  },
);

onEachBackend("DeepFool on a linear network steps to the plane between the classes", async () => {
  const x = tf.tensor4d([0.5, 0.3, 0.4, 0.6, 0.2, 0.8, 0.5, 0.7], [2, 2, 2, 1]);
  const leads = [
    -2 * 0.5 + 4 * 0.3 - 0.4 + 6 * 0.6 - 6,
    -2 * 0.2 + 4 * 0.8 - 0.5 + 6 * 0.7 - 6,
  ];
  const found = await deepFool(network(), x, [0, 1], {});
  assertEquals(found.labels, { before: [0, 1], after: [1, 0] });
  // 2 % and 10⁻⁴ beyond: what the method says.
  const wanted = leads.map((lead) => 1.02 * (Math.abs(lead) / LENGTH + 1e-4));
  await assertClose(found.distances, wanted, "distances", 1e-5);
  const change = await tf.sub(found.images, x).slice([0], [1]).flatten().array() as number[];
  const along = SLOPE.map((slope) => slope / LENGTH * wanted[0]!);
  await assertClose(change, along, "change", 1e-5);
});

onEachBackend("Carlini and Wagner's attack is as near to the plane as DeepFool", async () => {
  const x = image([0.5, 0.3, 0.4, 0.6]);
  const least = Math.abs(-2 * 0.5 + 4 * 0.3 - 0.4 + 6 * 0.6 - 6) / LENGTH;
  const options = { steps: 200, searchSteps: 6, firstWeight: 0.05 };
  const found = await carliniWagner(network(), x, [0], { ...options, abortEarly: false });
  assertEquals(found.success, [true]);
  const [distance] = found.distances;
  assertEquals(
    distance! >= least - 1e-6 && distance! < 1.02 * least,
    true,
    `${distance} of ${least}`,
  );
});

onEachBackend("κ is the margin of the wrong logit", async () => {
  const x = image([0.5, 0.3, 0.4, 0.6]);
  const options = { steps: 300, searchSteps: 5, firstWeight: 1, confidence: 2 };
  const { images } = await carliniWagner(network(), x, [0], { ...options, targets: 1 });
  const lead = (await tf.sum(tf.mul(images.flatten(), SLOPE)).data())[0]! - 6;
  assertEquals(lead >= 2 - 1e-5 && lead < 2.2, true, `${lead}`);
});

onEachBackend(
  "logit ascent increases the target's logit, and stops when it is predicted",
  async () => {
    const x = tf.tensor4d([0.5, 0.3, 0.4, 0.6, 0.1, 0.9, 0.5, 0.9], [2, 2, 2, 1]);
    const found = await logitAscent(network(), x, [0, 0], 1, { rate: 0.02 });
    assertEquals(found.labels, { before: [0, 1], after: [1, 1] });
    // Each step is of length rate · √4 along the gradient (−1, 2, −0.5, 3) of logit 1.
    const steps = Math.ceil(Math.abs(-2 * 0.5 + 4 * 0.3 - 0.4 + 6 * 0.6 - 6) / LENGTH / 0.04);
    await assertClose(found.distances, [0.04 * steps, 0], "distances", 1e-5);
  },
);

onEachBackend("distances are per image, and those of the result", async () => {
  const x = tf.tensor4d([0.5, 0.5, 0.5, 0.5, 0, 1, 0, 1], [2, 2, 2, 1]);
  for (const norm of ["linf", "l2"] as const) {
    const { images, distances } = await pgd(network(), x, [0, 0], { epsilon: 0.2, norm, steps: 3 });
    await assertClose(await imageDistances(images, x, norm), distances, norm, 1e-6);
  }
});
