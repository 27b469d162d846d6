// SqueezeNet, trained on ImageNet, learns five classes from 50 photos each (§12.8): at least ten
// points better than from scratch, in a tenth of the time. Weights and photos (of CIFAR-10, enlarged)
// are in a folder that is named: run it with `../shared/data` as argument; it skips without.
// deno run --allow-read --allow-write --allow-env=XDG_RUNTIME_DIR examples/12_transfer_photos.ts
import { assertGreaterOrEqual } from "@std/assert";
import * as nc from "../mod.ts";

const [shared] = Deno.args;
if (!shared) {
  console.log("skipped: give the folder of squeezenet1_0-imagenet.safetensors and cifar10/");
  Deno.exit(0);
}
await nc.start();

// A folder of photos, as a user has one: PNG files, a folder a class, in train and test.
const folder = await Deno.makeTempDir();
const data = await nc.cifar10({ dataDir: `${shared}/cifar10` });
for (const [part, most] of [["train", 50], ["test", 100]] as const) {
  const { labels, classNames } = data[part];
  for (const name of ["airplane", "cat", "frog", "ship", "truck"]) {
    await Deno.mkdir(`${folder}/${part}/${name}`, { recursive: true });
    const places = [...labels.keys()].filter((i) => classNames[labels[i]!] === name);
    for (const i of places.slice(0, most)) {
      const png = nc.image.encodePng(nc.data.exampleImage(data[part], i));
      await Deno.writeFile(`${folder}/${part}/${name}/${i}.png`, png);
    }
  }
}

using photos = await nc.imageFolder(folder, { size: 64 });
const { train, test } = photos;
const file = `${shared}/squeezenet1_0-imagenet.safetensors`;
const pretrained = await nc.open(file);
const normalize = nc.image.momentsOf(pretrained.preprocessing);
const model = nc.squeezenet({ numClasses: 5 }) as nc.Layer;

/** Goes through a run, and says how good it became, and in what time. */
async function measured(name: string, run: AsyncIterable<nc.EpochReport>) {
  const began = performance.now();
  let last: nc.EpochReport | undefined;
  for await (last of run);
  const seconds = (performance.now() - began) / 1000;
  const { accuracy } = await nc.evaluate(last!.network, test, { normalize });
  console.log(`${name}: ${(100 * accuracy).toFixed(1)} % in ${seconds.toFixed(0)} s`);
  return { accuracy, seconds };
}

const frozen = { normalize, epochs: 20, learningRate: 0.003 };
const transfer = nc.transfer(model, pretrained, train, frozen);
const first = await measured("transfer", transfer);
const optimizer = nc.adam({ learningRate: 1e-4 }); // At 1e-3 its last ReLUs die.
const callbacks = [nc.callbacks.timeLimit(10 * first.seconds)];
const scratch = { normalize, batchSize: 32, epochs: 1000, optimizer, callbacks };
const second = await measured("from scratch", nc.fit(model, train, scratch));
assertGreaterOrEqual(first.accuracy, second.accuracy + 0.1);
await Deno.remove(folder, { recursive: true });
