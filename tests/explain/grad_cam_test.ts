// Grad-CAM by hand, guided Grad-CAM by its parts, and the default layer.
import { assertEquals, assertGreater } from "@std/assert";
import {
  chapterMnist,
  conv,
  dense,
  dropout,
  flatten,
  globalMeanPool,
  maxPool,
  relu,
  sequential,
  squeezenet,
  tf,
} from "../../mod.ts";
import { gradCam, guidedGradCam, inputTimesGradient } from "../../lib/explain/mod.ts";
import { lastFeatureMaps } from "../../lib/explain/attribution/last_feature_maps.ts";
import { onEachBackend } from "../backends.ts";
import { assertClose } from "../closeness.ts";
import { images, small, sum } from "./small_networks.ts";

onEachBackend(
  "Grad-CAM by hand: maps weighted by their mean gradients, ReLU, bilinear",
  async () => {
    // Two maps of 2 × 2 by a 1 × 1 convolution of stride 2; of a 4 × 4 image it sees four pixels.
    const model = sequential({
      conv: conv({ features: 2, size: 1, stride: 2, bias: false }),
      flatten: flatten(),
      logits: dense({ features: 2, bias: false }),
    });
    const pixels = Array.from({ length: 16 }, (_, i) => i);
    const seen = [0, 2, 8, 10];
    // Channels last: places of map 0 have the weights 1, 2, 3, 4, those of map 1 −8, 0, 4, 0.
    const kernel = tf.tensor2d([1, -8, 2, 0, 3, 4, 4, 0].flatMap((weight) => [weight, 0]), [8, 2]);
    const params = {
      conv: { kernel: tf.tensor4d([1, -1], [1, 1, 1, 2]) },
      flatten: {},
      logits: { kernel },
    };
    const network = { model, params, state: { conv: {}, flatten: {}, logits: {} } };
    const x = tf.tensor4d(pixels, [1, 4, 4, 1]);
    const found = await gradCam(network, x, 0);
    // α are 2.5 and −1; the maps are the seen pixels and their negatives: 3.5 times the pixels.
    const [a, b, c, d] = seen.map((pixel) => 3.5 * pixel) as [number, number, number, number];
    const row = (l: number, r: number) => [l, 0.75 * l + 0.25 * r, 0.25 * l + 0.75 * r, r];
    const [top, bottom] = [row(a, b), row(c, d)];
    const wanted = [1, 0.75, 0.25, 0].flatMap((t) =>
      top.map((value, i) => t * value + (1 - t) * bottom[i]!)
    );
    assertEquals([found.layer, found.shape], ["conv", [1, 4, 4, 1]]);
    await assertClose(found.values, wanted);
    // With the image's sign turned the weighted sum is below 0 everywhere.
    assertEquals(Math.max(...(await gradCam(network, tf.neg(x), 0)).values), 0);
  },
);

onEachBackend("guided Grad-CAM is the guided gradient times the map", async () => {
  const network = small();
  const x = images();
  const cam = await gradCam(network, x, 1, { layer: "relu1" });
  const guided = await inputTimesGradient(network, x, 1, { rule: "guided" });
  const pixels = await x.data();
  const both = await guidedGradCam(network, x, 1, { layer: "relu1" });
  assertGreater(sum(both.values.map(Math.abs)), 0);
  await assertClose(
    both.values.map((value, i) => value * pixels[i]!),
    guided.values.map((value, i) => value * cam.values[i >> 1]!),
    "guided Grad-CAM",
    1e-5,
  );
});

Deno.test("the last feature maps are those before the pooling, at any depth", () => {
  const block = () => sequential({ conv: conv({ features: 4, size: 3 }), relu: relu() });
  assertEquals(lastFeatureMaps(chapterMnist(), [28, 28, 1]), "relu2");
  assertEquals(lastFeatureMaps(squeezenet(), [224, 224, 3]), "relu10");
  assertEquals(
    lastFeatureMaps(sequential({ block: block(), pool: globalMeanPool() }), [8, 8, 1]),
    "block",
  );
  const features = sequential({ block: block(), pool: maxPool(), drop: dropout(0.1) });
  assertEquals(
    lastFeatureMaps(sequential({ features, flatten: flatten() }), [8, 8, 1]),
    "features/block",
  );
});
