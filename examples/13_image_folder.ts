// Trains LeNet-5 on a folder of 600 PNG files with a subfolder for each class; one more file is
// broken. It must classify more than 95 % of the images held back for testing correctly.
// deno run --allow-read --allow-write --allow-env=XDG_RUNTIME_DIR examples/13_image_folder.ts
import { assertEquals, assertGreater } from "@std/assert";
import * as nc from "../mod.ts";

await nc.start();
const folder = await Deno.makeTempDir();
try {
  // Write Trouser/16.png and so on, from Fashion-MNIST.
  const { train: clothes } = await nc.fashionMnist();
  for (const name of ["Trouser", "Sneaker", "Bag"]) {
    await Deno.mkdir(`${folder}/${name}`);
    const label = clothes.classNames.indexOf(name);
    const indices = [...clothes.labels.keys()].filter((i) => clothes.labels[i] === label);
    for (const i of indices.slice(0, 200)) {
      const png = nc.image.encodePng(nc.data.exampleImage(clothes, i));
      await Deno.writeFile(`${folder}/${name}/${i}.png`, png);
    }
  }
  await Deno.writeTextFile(`${folder}/Bag/broken.png`, "not a picture");

  // Hold back a quarter of each class for testing. At most 400 images are kept in memory; workers
  // decode the others again in each epoch, while the GPU is busy.
  const size = 28;
  using images = await nc.imageFolder(folder, {
    size,
    channels: 1,
    testFraction: 0.25,
    skipBroken: true,
    memoryLimit: 400 * size * size,
  });
  const { train, test, broken, classCounts, imbalance, cache } = images;
  console.log(`${train.classNames}: ${classCounts} images, imbalance ${imbalance} to 1`);
  console.log(`skipped: ${broken.map(({ reason }) => reason.replace(folder, "…"))}`);
  assertEquals([classCounts, broken.length], [[150, 150, 150], 1]);

  const model = nc.lenet5({ activation: "relu", numClasses: train.classNames.length });
  const optimizer = nc.adam({ learningRate: 0.003 });
  const options = { epochs: 3, batchSize: 32, optimizer, validation: test, key: nc.key(0) };
  for await (const { epoch, valAccuracy, network } of nc.fit(model, train, options)) {
    console.log(`epoch ${epoch}: ${(100 * valAccuracy!).toFixed(1)} % of ${test.labels.length}`);
    if (epoch < options.epochs) continue;
    assertGreater(valAccuracy!, 0.95);
    nc.disposeTraining(network);
  }
  assertEquals(cache.heldBytes, 400 * size * size);
} finally {
  await Deno.remove(folder, { recursive: true });
}
