// Integrated gradients by hand, their completeness, and the quadrature.
import { assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import { integratedGradients } from "../../lib/explain/mod.ts";
import { type Tensor, tf } from "../../mod.ts";
import { quadrature } from "../../lib/explain/attribution/quadrature.ts";
import { onEachBackend } from "../backends.ts";
import { assertClose } from "../closeness.ts";
import { images, linear, small, sum } from "./small_networks.ts";

onEachBackend(
  "integrated gradients of a product are those by hand, and complete",
  async () => {
    // S = x₀ · x₁ from (0, 0): each gets half; from (1, 0): x₀ gets (x₀ − 1) x₁ / 2, x₁ the rest.
    const network = linear([1, 2, 1], [[0, 0], [0, 0]]);
    const product = {
      name: "product",
      paths: [],
      score: (_: unknown, x: Tensor) => tf.sum(tf.prod(x, 2)).asScalar(),
      check() {},
    };
    const x = tf.tensor4d([3, 4], [1, 1, 2, 1]);
    for (const quadrature of ["gauss-legendre", "midpoint"] as const) {
      const zero = await integratedGradients(network, x, product, { steps: 3, quadrature });
      await assertClose(zero.values, [6, 6]);
      const baseline = tf.tensor3d([1, 0], [1, 2, 1]);
      const one = await integratedGradients(network, x, product, {
        steps: 3,
        quadrature,
        baseline,
      });
      await assertClose(one.values, [4, 8]);
      assertEquals([one.scores, one.baselineScores], [[12], [0]]);
      assertAlmostEquals(one.deltas[0]!, 0, 1e-5);
    }
  },
);

onEachBackend(
  "integrated gradients of a ConvNet add up for each image, more exactly with more steps",
  async () => {
    const network = small();
    const x = images(2);
    // From zeros a network without biases is linear: one step would do.
    const baseline = 0.7;
    const few = await integratedGradients(network, x, 1, { steps: 2, baseline });
    const many = await integratedGradients(network, x, 1, { steps: 60, baseline });
    for (const image of [0, 1]) {
      const all = sum(many.values.subarray(288 * image, 288 * (image + 1)));
      const difference = many.scores[image]! - many.baselineScores[image]!;
      assertAlmostEquals(many.deltas[image]!, all - difference, 1e-4);
      assertLess(Math.abs(many.deltas[image]!), 0.01 * Math.max(1, Math.abs(difference)));
    }
    const worst = (deltas: readonly number[]) => Math.max(...deltas.map(Math.abs));
    assertLess(worst(many.deltas), worst(few.deltas));
  },
);

Deno.test("Gauss points are the known ones, and exact up to degree 2n − 1", () => {
  const at = (count: number) => quadrature("gauss-legendre", count);
  assertAlmostEquals(at(1)[0]!.at, 0.5, 1e-15);
  assertAlmostEquals(at(2)[0]!.at, (1 - 1 / Math.sqrt(3)) / 2, 1e-15);
  assertAlmostEquals(at(3)[2]!.at, (1 + Math.sqrt(0.6)) / 2, 1e-15);
  assertAlmostEquals(at(3)[1]!.weight, 4 / 9, 1e-15);
  for (const count of [1, 2, 5, 50]) {
    for (let degree = 0; degree < 2 * count; degree++) {
      const integral = sum(at(count).map(({ at, weight }) => weight * at ** degree));
      assertAlmostEquals(integral, 1 / (degree + 1), 1e-13, `${count} points, degree ${degree}`);
    }
  }
});
