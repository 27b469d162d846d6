// SmoothGrad in terms of saliency, and its noise.
import { assertAlmostEquals, assertEquals, assertGreater } from "@std/assert";
import { key, type Tensor, tf } from "../../mod.ts";
import { saliency, smoothGrad } from "../../lib/explain/mod.ts";
import { onEachBackend } from "../backends.ts";
import { assertClose } from "../closeness.ts";
import { images, linear, small, sum } from "./small_networks.ts";

onEachBackend(
  "SmoothGrad without noise is saliency, and the noise depends on the key",
  async () => {
    const network = small();
    const x = images();
    const plain = await saliency(network, x, 2);
    const still = await smoothGrad(network, x, 2, { samples: 4, noise: 0 });
    assertEquals(still.shape, plain.shape);
    await assertClose(still.values, plain.values, "SmoothGrad", 1e-6);
    const [first, again, other] = [
      await smoothGrad(network, x, 2, { samples: 4 }),
      await smoothGrad(network, x, 2, { samples: 4 }),
      await smoothGrad(network, x, 2, { samples: 4, key: key(1) }),
    ];
    assertEquals(first.values, again.values);
    const differences = (values: Float32Array) =>
      values.filter((value, i) => value !== first.values[i]).length;
    assertGreater(differences(other.values), 72);
    assertGreater(differences(plain.values), 72);
  },
);

onEachBackend("the noise of SmoothGrad is a share of the range of each image", async () => {
  // S = Σ x²/2 by the objective: the gradient is x + ε, so that ε can be read off.
  const network = linear([40, 40, 1], Array.from({ length: 1600 }, () => [0, 0]));
  const wide = tf.tensor4d(
    Array.from({ length: 3200 }, (_, i) => (i < 1600 ? 1 : 10) * (100 + i % 2)),
    [2, 40, 40, 1],
  );
  const halfSquares = {
    name: "½ Σ x²",
    paths: [],
    score: (_: unknown, x: Tensor) => tf.mul(tf.sum(tf.square(x)), 0.5).asScalar(),
    check() {},
  };
  const { values } = await smoothGrad(network, wide, halfSquares, { samples: 1, noise: 0.2 });
  const pixels = await wide.data();
  [1, 10].forEach((range, image) => {
    const noise = [...values.subarray(image * 1600, image * 1600 + 1600)].map((value, i) =>
      value - pixels[image * 1600 + i]!
    );
    assertAlmostEquals(
      Math.sqrt(sum(noise.map((value) => value ** 2)) / 1600),
      0.2 * range,
      0.015 * range,
    );
  });
});
