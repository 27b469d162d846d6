// Activation atlases: whitened directions, cells and what is drawn in them.
import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { whitened } from "../../lib/generate/activation_atlas.ts";
import { activationAtlas, type ActivationAtlasOptions } from "../../lib/generate/mod.ts";
import { normalArray } from "../../lib/tensor/mod.ts";
import * as nc from "../../mod.ts";
import { onCpu, onEachBackend } from "../backends.ts";

const { tf } = nc;
const model = nc.sequential({
  conv: nc.conv({ features: 5, size: 3 }),
  relu: nc.relu(),
  pool: nc.maxPool(),
  flatten: nc.flatten(),
  logits: nc.dense({ features: 3 }),
});

/** Images of stripes, every second one across. */
function stripes(count: number): nc.Examples {
  const images = new Uint8Array(count * 144);
  for (let i = 0; i < images.length; i++) {
    const [image, place] = [Math.floor(i / 144), i % 144];
    const at = image % 2 === 0 ? place % 12 : Math.floor(place / 12);
    images[i] = (at + image) % 4 < 2 ? 255 : 0;
  }
  return {
    name: "stripes",
    images,
    labels: Uint8Array.from({ length: count }, (_, i) => i % 2),
    imageShape: [12, 12, 1],
    classNames: ["down", "across"],
  };
}

Deno.test("whitened directions solve (A + λ I) w = m", () => {
  const [count, size] = [40, 9];
  const values = normalArray(nc.key(1), count * size).map((x, i) => x * (1 + i % size));
  const mean = normalArray(nc.key(2), size);
  const [w] = whitened({ values, count, size }, [mean]);
  const ridge = 0.1 * values.reduce((sum, x) => sum + x * x, 0) / values.length;
  const back = Array.from({ length: size }, (_, c) => {
    let sum = ridge * w![c]!;
    for (let n = 0; n < count; n++) {
      const along = w!.reduce((sum, x, j) => sum + x * values[n * size + j]!, 0);
      sum += values[n * size + c]! * along / count;
    }
    return sum;
  });
  const scale = back.reduce((sum, x, c) => sum + x * mean[c]!, 0) /
    mean.reduce((sum, x) => sum + x * x, 0);
  back.forEach((x, c) => assertAlmostEquals(x / scale, mean[c]!, 5e-3));
  assertAlmostEquals(w!.reduce((sum, x) => sum + x * x, 0), 1, 1e-9);
});

onEachBackend(
  "each image is in one cell, whose mean is of activations that the layer has",
  async () => {
    const network = nc.init(model, nc.key(3), [12, 12, 1]);
    const examples = stripes(24);
    const tensors = tf.memory().numTensors;
    const options = { side: 3, least: 1, method: "pca", steps: 12, together: 2 } as const;
    const atlas = await activationAtlas(network, examples, "pool", options);
    assertEquals(tf.memory().numTensors, tensors);
    const seen = atlas.cells.flatMap(({ examples }) => examples);
    assertEquals(seen.toSorted((a, b) => a - b), Array.from({ length: 24 }, (_, i) => i));
    assertEquals([atlas.image.width, atlas.image.height], [3 * 13 + 1, 3 * 13 + 1]);
    for await (const { images } of nc.batches(examples, { batchSize: 24 })) {
      const maps = nc.explain.activations(network, images, ["pool"]).get("pool")!;
      const rows = await tf.reshape(maps, [24, 25, 5]).array() as number[][][];
      for (const { examples, activation } of atlas.cells) {
        if (examples.length > 1) continue;
        const own = rows[examples[0]!]!;
        assert(own.some((row) => row.every((x, c) => Math.abs(x - activation[c]!) < 1e-5)));
      }
    }
    // The same key, the same atlas.
    const again = await activationAtlas(network, examples, "pool", { ...options, jit: false });
    assertEquals(
      again.cells.map(({ examples }) => examples),
      atlas.cells.map(({ examples }) => examples),
    );
  },
);

onCpu(
  "what is drawn activates the layer in its cell's direction more than noise does",
  async () => {
    const network = nc.init(model, nc.key(3), [12, 12, 1]);
    const likeness = async (steps: number): Promise<number> => {
      const options = { side: 2, least: 1, method: "pca", steps } as const;
      const { cells } = await activationAtlas(network, stripes(16), "pool", options);
      const pixels = cells.flatMap(({ image }) => [...image.pixels]);
      const x = tf.tensor4d(pixels, [cells.length, 12, 12, 1]);
      const maps = nc.explain.activations(network, x, ["pool"]).get("pool")!;
      const z = tf.reshape(tf.slice(maps, [0, 2, 2, 0], [-1, 1, 1, -1]), [cells.length, 5]);
      const mean = tf.tensor2d(cells.flatMap(({ activation }) => [...activation]), [
        cells.length,
        5,
      ]);
      return (await tf.sum(tf.mul(z, mean)).data())[0]!;
    };
    assert(await likeness(30) > await likeness(1));
  },
);

onCpu("what an atlas cannot be made of is refused", async () => {
  const network = nc.init(model, nc.key(3), [12, 12, 1]);
  const refused = (options: ActivationAtlasOptions, text: string, layer = "pool") =>
    assertRejects(() => activationAtlas(network, stripes(8), layer, options), RangeError, text);
  await refused({ side: 0 }, "the cells of a row must be a whole number");
  await refused({ method: "tsne" as "pca" }, 'the method must be "umap" or "pca"');
  await refused({ power: -1 }, "the power must be finite and at least 0");
  await refused({}, 'did you mean "pool"?', "poll");
  await refused({ method: "pca", least: 9, steps: 1 }, "a cell must have 9 images");
});
