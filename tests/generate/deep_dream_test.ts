// DeepDream: sizes, octaves, the guide, and bad input.
import { assert, assertEquals, assertGreater, assertRejects } from "@std/assert";
import { channel } from "../../lib/explain/mod.ts";
import { init, key, lenet5, type Network, type Tensor, tf } from "../../mod.ts";
import { uniformArray } from "../../lib/tensor/mod.ts";
import { type DeepDream, deepDream, type DeepDreamOptions } from "../../lib/generate/mod.ts";
import { onCpu, onEachBackend } from "../backends.ts";

function network(): Network {
  const model = lenet5();
  const { params, state } = init(model, key(1), [28, 28, 1]);
  return { model, params, state } as Network;
}

const photo = (height: number, width: number, seed = 5): Tensor =>
  tf.tensor3d(uniformArray(key(seed), height * width, 0.3, 0.7), [height, width, 1]);

const dream = (image: Tensor, options: Partial<DeepDreamOptions> = {}): Promise<DeepDream> =>
  deepDream(network(), image, { layer: "conv2", octaves: 3, steps: 3, ...options });

onEachBackend(
  "each octave increases the objective at any image size, and the same key gives the same bytes",
  async () => {
    for (const [height, width] of [[28, 28], [61, 47]] as const) {
      const image = photo(height, width);
      const before = (await image.data()).slice();
      const { images, scores } = await dream(image);
      assertEquals(images.shape, [1, height, width, 1]);
      assertEquals(scores.map((each) => each.length), [4, 4, 4]);
      for (const each of scores) assertGreater(each.at(-1)!, each[0]!);
      const pixels = await images.data();
      assert(pixels.every((x) => x >= 0 && x <= 1));
      const shifted = () => dream(image, { key: key(7) });
      assertEquals(await (await shifted()).images.data(), await (await shifted()).images.data());
      assertEquals(await image.data(), before, "the caller's image is left as it was");
    }
  },
);

onEachBackend("a guide's features are amplified, and your own objective", async () => {
  const image = photo(40, 30);
  const guided = await dream(image, { guide: photo(33, 52, 6), jitter: 0 });
  for (const each of guided.scores) assertGreater(each.at(-1)!, each[0]!);
  const { scores } = await dream(image, { objective: channel("conv1", 2), jitter: 0 });
  for (const each of scores) assertGreater(each.at(-1)!, each[0]!);
});

onCpu("steps are reported with their octave, and no tensor is left", async () => {
  const net = network();
  const image = photo(40, 30);
  const seen: string[] = [];
  const before = tf.memory().numTensors;
  const { images } = await deepDream(net, image, {
    layer: "conv1",
    octaves: 2,
    steps: 1,
    guide: image,
    onStep: ({ octave, octaves, step, images }) =>
      void seen.push(`${octave}/${octaves} ${step} ${images.shape.slice(1, 3)}`),
  });
  assertEquals(seen, ["0/2 0 29,21", "0/2 1 29,21", "1/2 0 40,30", "1/2 1 40,30"]);
  images.dispose();
  assertEquals(tf.memory().numTensors, before);
});

onCpu("a signal stops the dream at the image's own size", async () => {
  const control = new AbortController();
  const { images, scores } = await dream(photo(40, 30), {
    signal: control.signal,
    onStep: ({ step }) => step === 1 && control.abort(),
  } as Partial<DeepDreamOptions>);
  assertEquals([images.shape, scores.length], [[1, 40, 30, 1], 1]);
});

onCpu("image and guide may have the axis of a batch", async () => {
  const [image, guide] = [photo(24, 20), photo(20, 20)];
  const options = { octaves: 2, steps: 1 } as const;
  const dreams = [
    await dream(image, { ...options, guide }),
    await dream(tf.expandDims(image), { ...options, guide: tf.expandDims(guide) }),
  ];
  assertEquals(dreams.map(({ images }) => images.shape), [[1, 24, 20, 1], [1, 24, 20, 1]]);
  const [flat, batch] = await Promise.all(dreams.map(({ images }) => images.data()));
  assertEquals(batch, flat);
});

onCpu("bad input is refused before anything is computed", async () => {
  const refuse = async (image: Tensor, options: Partial<DeepDreamOptions>, says: string) => {
    const error = await assertRejects(() => dream(image, options), Error, says);
    assert(/^(Cannot|In "conv2": Cannot)/.test((error as Error).message), (error as Error).message);
  };
  const image = photo(40, 30);
  await refuse(image, { layer: "conv3" }, "conv");
  await refuse(image, { octaves: 0 }, "whole number of at least 1, got 0");
  await refuse(image, { octaveScale: 1 }, "above 1");
  await refuse(image, { steps: 0 }, "at least 1, got 0");
  await refuse(image, { rate: 0 }, "above 0");
  await refuse(image, { jitter: -1 }, "must be a whole number of at least 0, got -1");
  await refuse(
    tf.zeros([2, 40, 30, 1]),
    {},
    "one image, [H, W, C] or [1, H, W, C], got [2,40,30,1]",
  );
  await refuse(image, { guide: tf.zeros([40, 30]) }, "the guide");
  await refuse(image, { octaves: 20 }, "in 20 octaves: take at most 3, or a larger image");
  await refuse(
    photo(16, 16),
    { octaves: 4 },
    "take at most 1, or a larger image: at 11 × 11 pixels: ",
  );
  await refuse(photo(8, 8), { octaves: undefined }, "window");
  await refuse(tf.zeros([40, 30, 3]), {}, '"conv1/kernel" would be [5,5,3,6], not [5,5,1,6]');
  // Its dense layers are for 28 × 28 alone.
  await refuse(image, { layer: "dense1", octaves: 1 }, '"dense1/kernel" would be');
});

onCpu("by default there are as many octaves as fit, at most four", async () => {
  const octavesOf = async (size: number): Promise<number> => {
    const { images, scores } = await deepDream(network(), photo(size, size), {
      layer: "conv2",
      steps: 1,
    });
    images.dispose();
    return scores.length;
  };
  // The smallest image that conv2 takes is 14 × 14.
  assertEquals([await octavesOf(16), await octavesOf(20), await octavesOf(60)], [1, 2, 4]);
});

onCpu("images for which the outputs of layers do not fit into memory are refused", async () => {
  // A view of one number, as large as it says.
  const huge = tf.zeros([1, 1, 1]).broadcastTo([1, 1, 1]);
  Object.defineProperty(huge, "shape", { value: [16384, 16384, 1] });
  await assertRejects(() => dream(huge, { octaves: 1 }), RangeError, "must take at most");
});
