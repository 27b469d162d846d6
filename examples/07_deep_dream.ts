// A network that has just learned digits dreams into noise: at each of three sizes its second
// convolution answers more than before, and its image of a seven is one to it.
// deno run --allow-read --allow-write --allow-env=XDG_RUNTIME_DIR examples/07_deep_dream.ts
import { assertGreater } from "@std/assert";
import * as nc from "../mod.ts";

await nc.start();
const shape = [28, 28, 1] as const;
const model = nc.lenet5();
const { train } = await nc.mnist();
const optimizer = nc.adam({ learningRate: 0.003 });
const epochs = nc.fit(model, nc.takeExamples(train, 4000), {
  epochs: 1,
  optimizer,
  key: nc.key(0),
});

for await (const { network } of epochs) {
  // Larger than any digit: only the layers up to the second convolution are run.
  const noise = nc.tf.tensor3d(nc.uniformArray(nc.key(1), 112 * 168, 0.4, 0.6), [112, 168, 1]);
  const dream = await nc.generate.deepDream(network, noise, {
    layer: "conv2",
    octaves: 3,
    rate: 0.03,
  });
  const [picture] = await nc.explain.toPictures(dream.images);
  await Deno.writeFile("deep_dream.png", nc.image.encodePng(picture!));
  for (const scores of dream.scores) {
    console.log(`½ Σ z² of conv2 from ${scores[0]!.toFixed(0)} to ${scores.at(-1)!.toFixed(0)}`);
    assertGreater(scores.at(-1)!, scores[0]!);
  }

  const seven = await nc.generate.classImage(network, 7, { shape, steps: 64 });
  const [image] = await nc.explain.toPictures(seven.images);
  await Deno.writeFile("seven.png", nc.image.encodePng(nc.image.enlarge(image!, 8)));
  const logits = model.apply(network.params, network.state, seven.images, {})[0];
  const probability = (await nc.tf.softmax(logits).data())[7]!;
  console.log(`its image of a seven is a seven with p = ${probability.toFixed(3)}`);
  assertGreater(probability, 0.9);
  nc.disposeTraining(network);
}
