// Auto-PGD as torchattacks has it, its losses, and the square attack by its properties.
import { assert, assertAlmostEquals, assertEquals, assertLess, assertRejects } from "@std/assert";
import { autoAttack, autoPgd, imageDistances, squareAttack } from "../../../lib/generate/mod.ts";
import { type AutoSteps, takeAutoSteps } from "../../../lib/generate/adversarial/auto_pgd.ts";
import { attackLoss, logitsRatioSum } from "../../../lib/generate/adversarial/margin_losses.ts";
import { runAttack } from "../../../lib/generate/adversarial/run_attack.ts";
import { squareSide } from "../../../lib/generate/adversarial/square_attack.ts";
import { twoPeaks } from "../../../lib/generate/adversarial/square_windows.ts";
import { normalArray } from "../../../lib/tensor/mod.ts";
import { key, layers, type Tensor, tf } from "../../../mod.ts";
import { onCpu, onEachBackend } from "../../backends.ts";
import { assertClose } from "../../closeness.ts";
import { goldenNetwork, goldenNumbers, spread } from "../../golden/golden_network.ts";

const pixels = (count = 2): Tensor => spread(31, [count, 10, 11, 2], 0.5, 0.5);

/** The point where torchattacks began: noise, scaled to the ball's border. */
function startOf(x: Tensor, { norm, epsilon }: AutoSteps): Tensor {
  const noise = spread(32, x.shape);
  const length = norm === "linf"
    ? tf.max(tf.abs(noise), [1, 2, 3], true)
    : tf.sqrt(tf.sum(tf.square(noise), [1, 2, 3], true));
  return tf.clipByValue(tf.add(x, tf.mul(tf.div(noise, length), epsilon)), 0, 1);
}

onEachBackend("Auto-PGD takes the steps of torchattacks, by both norms and losses", async () => {
  const network = goldenNetwork();
  const x = pixels();
  for (const [loss, short] of [["cross-entropy", "ce"], ["dlr", "dlr"]] as const) {
    for (
      const [norm, name, near, far] of [["linf", "Linf", 0.02, 0.4], ["l2", "L2", 0.2, 4]] as const
    ) {
      for (const [size, epsilon] of [["Near", near], ["Far", far]] as const) {
        const steps = { norm, epsilon, steps: 16, loss };
        const found = await runAttack(
          { network, images: x, labels: goldenNumbers("labels"), options: {}, norm },
          (run) => takeAutoSteps(run, startOf(x, steps), steps),
        );
        assertEquals(found.success, [size === "Far", size === "Far"]);
        // Of three classes the ratio is 1, without a slope, where the label is last.
        if (loss === "dlr" && size === "Far") continue;
        const wanted = goldenNumbers(`apgd${short}${name}${size}` as "apgdceL2Near");
        await assertClose(found.images, wanted, `${loss} ${norm} ${size}`, 1e-4);
      }
    }
  }
});

onEachBackend(
  "the ratio of logits is the same on the device and the host, and its slope",
  async () => {
    const logits = normalArray(key(4), 3 * 6);
    const z = tf.tensor2d(logits, [3, 6]);
    const hot = (classes: number[]) => tf.oneHot(tf.tensor1d(classes, "int32"), 6).toFloat();
    const [labels, targets] = [[2, 0, 5], [1, 3, 4]];
    for (const goals of [undefined, targets]) {
      const sum = (values: ArrayLike<number>) =>
        labels.reduce((sum, label, i) => {
          const row = Float32Array.from(values).slice(6 * i, 6 * i + 6);
          return sum + attackLoss("dlr", row, label, goals?.[i]);
        }, 0);
      const f = (z: Tensor) => logitsRatioSum(z, hot(labels), goals && hot(goals));
      assertAlmostEquals((await f(z).data())[0]!, sum(logits), 1e-5);
      const slopes = await tf.grad(f)(z).data();
      for (let i = 0; i < logits.length; i++) {
        const at = (by: number) => sum(logits.map((value, j) => i === j ? value + by : value));
        assertAlmostEquals(slopes[i]!, (at(1e-3) - at(-1e-3)) / 2e-3, 2e-3);
      }
    }
    // Equal logits count each, as AutoAttack sorts them.
    for (const tied of [[4, 4, 3, 1, 0], [4, 3, 3, 3, 0], [1, 0, 2, 2, 2]]) {
      const z = tf.tensor2d([tied]);
      const hot = (place: number) => tf.oneHot([place], 5).toFloat();
      for (const target of [undefined, 4]) {
        const on = await logitsRatioSum(z, hot(0), target === undefined ? target : hot(target))
          .data();
        const off = attackLoss("dlr", Float32Array.from(tied), 0, target);
        // Of three largest alike a difference is divided by next to nothing.
        assertAlmostEquals(on[0]!, off, 1e-5 * Math.max(1, Math.abs(off)), `${tied}, ${target}`);
      }
    }
    const row = Float32Array.of(1, 3, 2, 0);
    assertAlmostEquals(attackLoss("dlr", row, 1), (2 - 3) / (3 - 1), 1e-6);
    assertAlmostEquals(attackLoss("dlr", row, 1, 0), (1 - 3) / (3 - 0.5), 1e-6);
    const entropy = Math.log(Math.E + Math.E ** 3 + Math.E ** 2 + 1);
    assertAlmostEquals(attackLoss("cross-entropy", row, 1), entropy - 3, 1e-6);
    assertAlmostEquals(attackLoss("cross-entropy", row, 1, 2), 2 - entropy, 1e-6);
  },
);

onEachBackend("Auto-PGD reaches targets, stays in the ball, and leaves no tensor", async () => {
  const network = goldenNetwork();
  const x = pixels(3);
  const labels = await tf.argMax(network.model.apply(network.params, network.state, x, {})[0], 1)
    .data();
  const targets = Array.from(labels, (label) => (label + 1) % 3);
  for (const norm of ["linf", "l2"] as const) {
    const epsilon = norm === "linf" ? 0.5 : 6;
    const options = { epsilon, norm, steps: 20, targets };
    const before = tf.memory().numTensors;
    const found = await autoPgd(network, x, labels, options);
    assertEquals(tf.memory().numTensors, before + 1);
    assertEquals(found.success, [true, true, true]);
    assertEquals(found.labels.after, targets);
    const far = await imageDistances(found.images, x, norm);
    assert(far.every((distance) => distance <= epsilon * (1 + 1e-5)));
    const same = await autoPgd(network, x, labels, { ...options, jit: false });
    await assertClose(same.images, found.images, "without jit", 1e-4);
  }
});

onEachBackend(
  "the square attack fools by L∞ without a gradient, and lowers the margin",
  async () => {
    const network = goldenNetwork();
    const x = pixels(3);
    const labels = await tf.argMax(network.model.apply(network.params, network.state, x, {})[0], 1)
      .data();
    const before = tf.memory().numTensors;
    const found = await squareAttack(network, x, labels, { epsilon: 0.4, steps: 200 });
    assertEquals(tf.memory().numTensors, before + 1);
    assertEquals(found.success, [true, true, true]);
    assert(found.distances.every((distance) => distance <= 0.4 + 1e-6));
    const numbers = await found.images.data();
    assert(numbers.every((pixel) => pixel >= 0 && pixel <= 1));
    // Too near to fool: more steps never make the label more probable.
    const few = await squareAttack(network, x, labels, { epsilon: 0.02, steps: 3 });
    const many = await squareAttack(network, x, labels, { epsilon: 0.02, steps: 60 });
    many.probabilities.after.forEach((probability, i) => {
      assertEquals(many.success[i], false);
      assertLess(probability, few.probabilities.after[i]!);
      assertLess(probability, few.probabilities.before[i]!);
    });
    const target = (labels[0]! + 1) % 3;
    const own = tf.slice(x, [0], [1]);
    const options = { epsilon: 0.6, steps: 300, targets: [target], key: key(3) };
    const reached = await squareAttack(network, own, [labels[0]!], options);
    assertEquals(reached.labels.after, [target]);
  },
);

Deno.test("squares shrink as in AutoAttack's table", () => {
  // p of 0.8 is halved after 10, 50, 200, 500, 1000, 2000, 4000, 6000 and 8000 of 10,000 steps.
  const shareAt = (step: number) => squareSide(step / 10_000, 0.8, 1000, 1000) ** 2 / 1e6;
  const table = [
    [0, 0],
    [10, 0],
    [11, 1],
    [51, 2],
    [201, 3],
    [501, 4],
    [1001, 5],
    [2001, 6],
    [4001, 7],
    [6001, 8],
    [8001, 9],
  ];
  for (const [step, halvings] of table) {
    assertAlmostEquals(shareAt(step!) / (0.8 / 2 ** halvings!), 1, 0.03, `step ${step}`);
  }
  assertEquals(squareSide(1, 0.8, 4, 4), 1);
  assertEquals(squareSide(0, 1, 4, 40), 4);
});

onEachBackend("the square attack by L2 fools within the ball, and lowers the margin", async () => {
  const network = goldenNetwork();
  const x = pixels(3);
  const labels = await tf.argMax(network.model.apply(network.params, network.state, x, {})[0], 1)
    .data();
  const options = { norm: "l2", epsilon: 5, steps: 300 } as const;
  const found = await squareAttack(network, x, labels, options);
  assertEquals(found.success, [true, true, true]);
  assert(found.distances.every((distance) => distance > 0 && distance <= 5 * (1 + 1e-6)));
  const numbers = await found.images.data();
  assert(numbers.every((pixel) => pixel >= 0 && pixel <= 1));
  const few = await squareAttack(network, x, labels, { ...options, epsilon: 0.2, steps: 3 });
  const many = await squareAttack(network, x, labels, { ...options, epsilon: 0.2, steps: 100 });
  many.probabilities.after.forEach((probability, i) => {
    assertEquals(many.success[i], false);
    assertLess(probability, few.probabilities.after[i]!);
    assertLess(probability, few.probabilities.before[i]!);
  });
});

Deno.test("the L2 attack's peak and trough have length 1, and cancel if they are as large", () => {
  for (const side of [1, 2, 3, 5, 8]) {
    for (const isTurned of [false, true]) {
      const peaks = twoPeaks(side, isTurned);
      assertEquals(peaks.length, side * side);
      assertAlmostEquals(peaks.reduce((sum, x) => sum + x * x, 0), 1, 1e-9);
      if (side % 2 === 0) assertAlmostEquals(peaks.reduce((sum, x) => sum + x, 0), 0, 1e-9);
    }
  }
  const [flat, turned] = [twoPeaks(3, false), twoPeaks(3, true)];
  assertEquals([turned[1], turned[3], turned[6]], [flat[3], flat[1], flat[2]]);
});

onEachBackend(
  "AutoAttack goes on with what withstands, and says by what each is fooled",
  async () => {
    const network = goldenNetwork();
    const x = pixels(4);
    const labels = [
      ...await tf.argMax(
        network.model.apply(network.params, network.state, x, {})[0],
        1,
      ).data(),
    ];
    labels[3] = (labels[3]! + 1) % 3; // Wrong before.
    const tensors = tf.memory().numTensors;
    for (const [norm, near, far] of [["linf", 0.02, 0.4], ["l2", 0.2, 5]] as const) {
      const options = { norm, steps: 8, queries: 10 };
      const found = await autoAttack(network, x, labels, { ...options, epsilon: far });
      assertEquals(found.success, [true, true, true, true]);
      assertEquals(found.by, ["apgd-ce", "apgd-ce", "apgd-ce", null]);
      assert(found.distances.every((distance) => distance <= far * (1 + 1e-5)));
      assertEquals(found.distances[3], 0);
      const none = await autoAttack(network, x, labels, { ...options, epsilon: near });
      assertEquals(none.by, [null, null, null, null]);
      assertEquals(none.distances, [0, 0, 0, 0]);
      tf.dispose([found.images, none.images]);
    }
    assertEquals(tf.memory().numTensors, tensors);
  },
);

onCpu(
  "where softmax saturates, AutoAttack goes on by the ratio, toward other classes",
  async () => {
    const three = goldenNetwork();
    const x = pixels(2);
    const labels = await tf.argMax(three.model.apply(three.params, three.state, x, {})[0], 1)
      .data();
    // Of scores so far apart the cross-entropy has no slope in float32.
    const far = (more: number) =>
      layers.readOut(three.model, {
        output: (logits) =>
          tf.mul(tf.concat([logits, tf.fill([logits.shape[0]!, more], -9)], 1), 1e6),
        shape: () => [3 + more],
      });
    for (const [more, name] of [[0, "apgd-dlr"], [2, "apgd-t"]] as const) {
      const network = {
        ...three,
        model: more ? far(more) : layers.readOut(three.model, {
          output: (logits) => tf.mul(logits, 1e6),
          shape: () => [3],
        }),
      };
      const { by } = await autoAttack(network, x, labels, { epsilon: 0.4, steps: 16, queries: 2 });
      assert(by.includes(name), `${by}`);
    }
  },
);

onCpu("where the slope vanishes, AutoAttack finds by squares what gradients do not", async () => {
  // Rounded scores: no gradient anywhere.
  const model = layers.readOut(goldenNetwork().model, {
    output: (logits) => tf.round(tf.mul(logits, 8)),
    shape: (shape) => shape as readonly number[],
  });
  const network = { ...goldenNetwork(), model };
  const x = pixels(2);
  const labels = await tf.argMax(model.apply(network.params, network.state, x, {})[0], 1).data();
  const options = { epsilon: 0.4, steps: 4, queries: 200 };
  const { success, by } = await autoAttack(network, x, labels, options);
  assertEquals([success, by], [[true, true], ["square", "square"]]);
});

onCpu("what AutoAttack's parts cannot do is refused", async () => {
  const network = goldenNetwork();
  const x = pixels();
  const refused = (attack: typeof autoPgd | typeof squareAttack, options: object, text: string) =>
    assertRejects(() => attack(network, x, [0, 1], { epsilon: 0.1, ...options }), RangeError, text);
  await refused(
    autoPgd,
    { loss: "hinge" },
    'the loss must be "cross-entropy" or "dlr", got "hinge"',
  );
  await refused(autoPgd, { steps: 0 }, "the number of steps must be a whole number of at least 1");
  await refused(autoPgd, { norm: "l1" }, "the norm must be one of linf, l2, got l1");
  await refused(autoPgd, { epsilon: -1 }, "ε must be finite and at least 0");
  await refused(
    autoPgd,
    { loss: "dlr", targets: 2 },
    'for the loss "dlr" there must be 4 classes, got 3',
  );
  await refused(squareAttack, { steps: 1.5 }, "the number of steps must be");
  await refused(squareAttack, { share: 0 }, "the share must be above 0 and at most 1, got 0");
  await refused(squareAttack, { epsilon: NaN }, "ε must be finite");
  await refused(squareAttack, { targets: 0 }, "another class than the label");
});
