// Saliency and input × gradient by hand.
import { assertEquals } from "@std/assert";
import { attributionMap, inputTimesGradient, saliency } from "../../lib/explain/mod.ts";
import { type Layer, tf } from "../../mod.ts";
import { onEachBackend } from "../backends.ts";
import { images, linear, small } from "./small_networks.ts";

onEachBackend(
  "for a linear network, saliency is the largest weight and input × gradient the products",
  async () => {
    // A pixel a row: the weights of class 1 for its two channels are in turn 1 −4, 2 0.
    const network = linear([1, 2, 2], [[9, 1], [9, -4], [9, 2], [9, 0]]);
    const x = tf.tensor4d([3, 2, -5, 7], [1, 1, 2, 2]);
    const map = await saliency(network, x, 1);
    assertEquals(map, {
      method: "saliency",
      target: "class 1",
      scores: [3 - 8 - 10],
      shape: [1, 1, 2, 1],
      values: Float32Array.of(4, 2),
      gradient: Float32Array.of(1, -4, 2, 0),
    });
    const products = await inputTimesGradient(network, x, 1);
    assertEquals([products.shape, [...products.values]], [[1, 1, 2, 2], [3, -8, -10, 0]]);
    assertEquals([...attributionMap(products)], [-5, -10]);
  },
);

onEachBackend("saliency runs the network once", async () => {
  const network = small();
  let calls = 0;
  const model: Layer = {
    ...network.model,
    apply(...args) {
      calls++;
      return network.model.apply(...args);
    },
  };
  const { gradient, values } = await saliency({ ...network, model }, images(2), 1);
  assertEquals([calls, gradient.length, values.length], [1, 2 * 288, 2 * 144]);
});
