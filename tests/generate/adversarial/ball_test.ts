// Changes stay within the ball and the pixels' range, for all shapes.
import { assert, assertEquals } from "@std/assert";
import { bim, fgsm, pgd } from "../../../lib/generate/mod.ts";
import { init, key, sizeOf, tf } from "../../../mod.ts";
import { normalArray, uniformArray } from "../../../lib/tensor/mod.ts";
import { conv, dense, flatten, relu, sequential } from "../../../mod.ts";
import { drawInBall, project } from "../../../lib/generate/adversarial/norm.ts";
import { onEachBackend } from "../../backends.ts";

const SHAPES = [[1, 1, 1, 1], [3, 5, 4, 3], [2, 7, 3, 1], [5, 2, 9, 2]] as const;

onEachBackend(
  "projections are in the ball and the pixels' range, and keep what is inside",
  async () => {
    for (const [i, shape] of SHAPES.entries()) {
      const size = sizeOf(shape);
      const origin = tf.tensor(uniformArray(key(i), size), [...shape]);
      const far = tf.add(origin, tf.tensor(normalArray(key(i + 50), size, 0, 0.3), [...shape]));
      for (const norm of ["linf", "l2"] as const) {
        for (const epsilon of [0, 0.03, 0.5]) {
          const held = project(norm, far, origin, tf.scalar(epsilon));
          await assertWithin(held, origin, norm, epsilon);
          const again = await project(norm, held, origin, tf.scalar(epsilon)).data();
          const [numbers, most] = [await held.data(), 1e-6];
          assert(numbers.every((x, j) => Math.abs(x - again[j]!) <= most), "projected twice");
        }
      }
    }
  },
);

async function assertWithin(
  x: tf.Tensor,
  origin: tf.Tensor,
  norm: "linf" | "l2",
  epsilon: number,
): Promise<void> {
  const [numbers, from] = [await x.data(), await origin.data()];
  assert(numbers.every((pixel) => pixel >= 0 && pixel <= 1), "from 0 to 1");
  const each = numbers.length / x.shape[0]!;
  for (let n = 0; n < x.shape[0]!; n++) {
    const change = Array.from(
      { length: each },
      (_, j) => numbers[n * each + j]! - from[n * each + j]!,
    );
    const far = norm === "linf" ? Math.max(...change.map(Math.abs)) : Math.hypot(...change);
    assert(far <= epsilon + 1e-6, `${norm}: ${far} of ${epsilon}`);
  }
}

onEachBackend("attacks end in the ball and the pixels' range", async () => {
  const model = sequential({
    conv: conv({ features: 3, size: 3, padding: 1 }),
    relu: relu(),
    flatten: flatten(),
    logits: dense({ features: 4 }),
  });
  for (const [i, shape] of [[3, 5, 4, 3], [2, 3, 7, 1]].entries()) {
    const network = init(model, key(i), shape.slice(1));
    const x = tf.tensor(uniformArray(key(i + 9), sizeOf(shape)), shape);
    const labels = Array.from({ length: shape[0]! }, (_, n) => n);
    for (const norm of ["linf", "l2"] as const) {
      for (const attack of [fgsm, bim, pgd]) {
        const { images } = await attack(network, x, labels, { epsilon: 0.3, norm, targets: 3 });
        assertEquals(images.shape, shape);
        await assertWithin(images, x, norm, 0.3);
      }
    }
  }
});

Deno.test("random starts fill the ball uniformly", () => {
  const [count, size] = [400, 12];
  for (const norm of ["linf", "l2"] as const) {
    const drawn = drawInBall(norm, key(1), count, size);
    const lengths = Array.from({ length: count }, (_, n) => {
      const one = [...drawn.subarray(n * size, (n + 1) * size)];
      return norm === "linf" ? Math.max(...one.map(Math.abs)) : Math.hypot(...one);
    });
    assert(lengths.every((length) => length <= 1 + 1e-6));
    // In 12 dimensions the mean length of what fills either ball is 12 / 13.
    const mean = lengths.reduce((sum, length) => sum + length, 0) / count;
    assert(Math.abs(mean - size / (size + 1)) < 0.015, `${norm}: ${mean}`);
  }
});
