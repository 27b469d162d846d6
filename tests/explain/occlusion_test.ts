// Occlusion by hand, of linear networks.
import { assertEquals } from "@std/assert";
import { occlusion } from "../../lib/explain/mod.ts";
import { tf } from "../../mod.ts";
import { onEachBackend } from "../backends.ts";
import { assertClose } from "../closeness.ts";
import { linear, sum } from "./small_networks.ts";

onEachBackend(
  "occlusion of a linear network is the mean contribution of the windows",
  async () => {
    // One channel, 2 × 3; windows of 2 × 2 at columns 0 and 1, over a baseline of 1.
    const weights = [1, -2, 3, 0, 5, 4];
    const pixels = [2, 3, 1, 4, 2, -1];
    const network = linear([2, 3, 1], weights.map((weight) => [0, weight]));
    const x = tf.tensor4d(pixels, [1, 2, 3, 1]);
    const options = { window: 2, stride: 1, baseline: 1 };
    const lost = pixels.map((pixel, i) => (pixel - 1) * weights[i]!);
    const left = lost[0]! + lost[1]! + lost[3]! + lost[4]!;
    const right = lost[1]! + lost[2]! + lost[4]! + lost[5]!;
    const mean = (left + right) / 2;
    for (const batchSize of [1, 2, 8]) {
      const { values, scores, shape } = await occlusion(network, x, 1, { ...options, batchSize });
      await assertClose(values, [left, mean, right, left, mean, right]);
      assertEquals([scores, shape], [[sum(pixels.map((pixel, i) => pixel * weights[i]!))], [
        1,
        2,
        3,
        1,
      ]]);
    }
  },
);

onEachBackend("the last window of occlusion ends at the edge", async () => {
  // Windows of 2 at stride 2 on 5 pixels begin at 0, 2 and 3.
  const network = linear([1, 5, 1], [1, 2, 3, 4, 5].map((weight) => [weight, 0]));
  const x = tf.ones([1, 1, 5, 1]);
  const { values } = await occlusion(network, x, 0, { window: [1, 2], stride: [1, 2] });
  await assertClose(values, [3, 3, 7, 8, 9]);
});
