// Trains LeNet-5, then uses it to make pictures. DeepDream must raise the activations of the second
// convolution at each of three sizes, and the image made for the class 7 must be classified as a 7.
// deno run --allow-read --allow-write --allow-env=XDG_RUNTIME_DIR examples/07_deep_dream.ts
import { assertGreater } from "@std/assert";
import * as nc from "../mod.ts";

await nc.start();
const shape = [28, 28, 1] as const;
const model = nc.lenet5();
const { train } = await nc.mnist();
const optimizer = nc.adam({ learningRate: 0.003 });
const options = { epochs: 1, optimizer, key: nc.key(0) };

for await (const { network } of nc.fit(model, nc.takeExamples(train, 4000), options)) {
  // The picture may be larger than a digit: only the layers up to conv2 are run.
  const noise = nc.tf.tensor3d(nc.tensor.uniformArray(nc.key(1), 112 * 168, 0.4, 0.6), [
    112,
    168,
    1,
  ]);
  const dream = await nc.generate.deepDream(network, noise, {
    layer: "conv2",
    octaves: 3,
    rate: 0.03,
  });
  const [picture] = await nc.explain.toPictures(dream.images);
  await Deno.writeFile("deep_dream.png", nc.image.encodePng(picture!));
  for (const scores of dream.scores) {
    const [first, last] = [scores[0]!, scores.at(-1)!];
    console.log(`½ Σ z² of conv2 from ${first.toFixed(0)} to ${last.toFixed(0)}`);
    assertGreater(last, first);
  }

  const seven = await nc.generate.classImage(network, 7, { shape, steps: 64 });
  const [image] = await nc.explain.toPictures(seven.images);
  await Deno.writeFile("seven.png", nc.image.encodePng(nc.image.enlarge(image!, 8)));
  const [logits] = model.apply(network.params, network.state, seven.images, {});
  const probability = (await nc.tf.softmax(logits).data())[7]!;
  console.log(`the image made for 7 is a 7 with probability ${probability.toFixed(3)}`);
  assertGreater(probability, 0.9);
  nc.disposeTraining(network);
}
