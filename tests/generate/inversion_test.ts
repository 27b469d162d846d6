// Feature inversion: early layers give back the image, late ones less of it.
import { assertEquals, assertGreater, assertLess, assertRejects } from "@std/assert";
import { decodeImage, preprocess, preprocessings } from "../../lib/image/mod.ts";
import { init, key, lenet5, type Network, start, tf } from "../../mod.ts";
import { uniformArray } from "../../lib/tensor/mod.ts";
import { inversionStrip, invert, type InvertOptions } from "../../lib/generate/mod.ts";
import { open } from "../../lib/weights/open.ts";
import { onCpu, onEachBackend } from "../backends.ts";
import { hasAdapter } from "../device/adapter.ts";
import { sharedDataTest, sharedPath } from "../shared_data.ts";

const SHAPE = [28, 28, 1] as const;

function network(): Network {
  const model = lenet5();
  const { params, state } = init(model, key(1), SHAPE);
  return { model, params, state } as Network;
}

const image = (): tf.Tensor3D => tf.tensor3d(uniformArray(key(4), 28 * 28, 0.2, 0.8), [...SHAPE]);

onEachBackend(
  "an early layer's features are matched from noise, with the same bytes each time",
  async () => {
    const make = () => invert(network(), image(), "conv1", { steps: 60, key: key(3) });
    const { images, distances } = await make();
    assertEquals(images.shape, [1, ...SHAPE]);
    assertLess(distances.at(-1)!, 0.05 * distances[0]!);
    assertEquals(await images.data(), await (await make()).images.data());
  },
);

onCpu(
  "the strip inverts one layer after another, and leaves no tensor but its images",
  async () => {
    const [net, picture] = [network(), image()];
    const before = tf.memory().numTensors;
    const seen = new Set<string>();
    const layers = ["conv1", "pool2"];
    const strip = await inversionStrip(net, picture, layers, {
      steps: 2,
      onStep: ({ layer }) => void seen.add(layer),
    });
    assertEquals([[...seen], strip.map(({ layer }) => layer)], [layers, layers]);
    strip.forEach(({ images }) => images.dispose());
    assertEquals(tf.memory().numTensors, before);
  },
);

onCpu("the image may have the axis of a batch", async () => {
  const results = [];
  for (const picture of [image(), tf.expandDims(image())]) {
    const { distances } = await invert(network(), picture, "conv1", { steps: 2 });
    const [one] = await inversionStrip(network(), picture, ["conv1"], { steps: 1 });
    results.push([distances, one!.images.shape]);
  }
  assertEquals(results[1], results[0]);
});

onCpu("bad input is refused", async () => {
  const refuse = (layer: string, options: InvertOptions, says: string) =>
    assertRejects(() => invert(network(), image(), layer, options), Error, says);
  await refuse("conv7", {}, "conv");
  await refuse("conv1", { steps: 0 }, "at least 1, got 0");
  await refuse("conv1", { variationWeight: -1 }, "at least 0");
  await assertRejects(
    () => invert(network(), tf.zeros([2, ...SHAPE]), "conv1"),
    TypeError,
    "one image, [H, W, C] or [1, H, W, C], got [2,",
  );
  const strip = () => inversionStrip(network(), image(), ["conv1", "conv9"], { steps: 1 });
  await assertRejects(strip, RangeError, "conv9");
});

sharedDataTest(
  "SqueezeNet's early layers give the cat back, and the error grows with depth",
  async () => {
    await start();
    const net = await open(sharedPath("squeezenet1_0-imagenet.safetensors"));
    const file = sharedPath("photos/chelsea.png");
    const photo = await decodeImage(await Deno.readFile(file), file);
    const plain = { ...preprocessings.caffe, range: 1, mean: [0, 0, 0] } as const;
    const pixels = tf.tensor3d(preprocess(photo, plain), [227, 227, 3]);
    const layers = ["relu1", "fire4", "fire9"];
    const strip = await inversionStrip(net, pixels, layers, {
      preprocessing: preprocessings.caffe,
      steps: 30,
    });
    const last = strip.map(({ distances }) => distances.at(-1)!);
    assertLess(last[0]!, 0.05 * strip[0]!.distances[0]!);
    assertGreater(last[1]!, last[0]!);
    assertGreater(last[2]!, last[1]!);
  },
  { ignore: !hasAdapter },
);
