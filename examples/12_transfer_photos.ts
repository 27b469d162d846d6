// SqueezeNet, trained on ImageNet, learns five classes from 50 photos of each (§12.8). Its accuracy
// must be at least ten points above that of training from scratch for ten times as long. The
// weights and the photos (CIFAR-10, enlarged) are in a folder given as argument, here
// `../shared/data`. Without the argument the example is skipped.
// deno run --allow-read --allow-write --allow-env=XDG_RUNTIME_DIR examples/12_transfer_photos.ts
import { assertGreaterOrEqual } from "@std/assert";
import * as nc from "../mod.ts";

const [shared] = Deno.args;
if (!shared) {
  console.log("skipped: give the folder of squeezenet1_0-imagenet.safetensors and cifar10/");
  Deno.exit(0);
}
await nc.start();

// Write photos as a user would have them: PNG files in train and test, with a folder for each
// class.
const folder = await Deno.makeTempDir();
const data = await nc.cifar10({ dataDir: `${shared}/cifar10` });
for (const [part, count] of [["train", 50], ["test", 100]] as const) {
  const { labels, classNames } = data[part];
  for (const name of ["airplane", "cat", "frog", "ship", "truck"]) {
    await Deno.mkdir(`${folder}/${part}/${name}`, { recursive: true });
    const indices = [...labels.keys()].filter((i) => classNames[labels[i]!] === name);
    for (const i of indices.slice(0, count)) {
      const png = nc.image.encodePng(nc.data.exampleImage(data[part], i));
      await Deno.writeFile(`${folder}/${part}/${name}/${i}.png`, png);
    }
  }
}

using photos = await nc.imageFolder(folder, { size: 64 });
const { train, test } = photos;

const pretrained = await nc.open(`${shared}/squeezenet1_0-imagenet.safetensors`);
const normalize = nc.image.momentsOf(pretrained.preprocessing);
const model = nc.squeezenet({ numClasses: 5 });

/** Runs a training to its end and measures its test accuracy and its time. */
async function measure(name: string, run: AsyncIterable<nc.EpochReport>) {
  const began = performance.now();
  let last: nc.EpochReport | undefined;
  for await (last of run);
  const seconds = (performance.now() - began) / 1000;
  const { accuracy } = await nc.evaluate(last!.network, test, { normalize });
  console.log(`${name}: ${(100 * accuracy).toFixed(1)} % in ${seconds.toFixed(0)} s`);
  return { accuracy, seconds };
}

const transfer = await measure(
  "transfer",
  nc.transfer(model, pretrained, train, { normalize, epochs: 20, learningRate: 0.003 }),
);
const scratch = await measure(
  "from scratch",
  nc.fit(model, train, {
    normalize,
    batchSize: 32,
    epochs: 1000,
    optimizer: nc.adam({ learningRate: 1e-4 }), // At 1e-3 the ReLUs of the last layer die.
    callbacks: [nc.callbacks.timeLimit(10 * transfer.seconds)],
  }),
);
assertGreaterOrEqual(transfer.accuracy, scratch.accuracy + 0.1);
await Deno.remove(folder, { recursive: true });
