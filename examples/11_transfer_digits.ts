// A network that knows the digits 0 to 4 learns 5 to 9 from 20 images of each (§12.8, Figure
// 12.23). It must be more accurate than a network trained from scratch, with each of three draws of
// the images. With `--allow-write` and a folder as argument, it makes the table for 1, 5, 20 and
// 100 images with five draws each, as CSV and SVG.
// deno run --allow-read --allow-env=XDG_RUNTIME_DIR examples/11_transfer_digits.ts
import { assertGreater } from "@std/assert";
import * as nc from "../mod.ts";

const [folder] = Deno.args;
await nc.start();
const { train, test } = await nc.mnist();

/** The five digits from `first` on as a data set, with at most `count` images of each. */
function fiveDigits(
  examples: nc.Examples,
  first: number,
  count = Infinity,
  key = nc.key(0),
): nc.Examples {
  const taken = [0, 0, 0, 0, 0];
  const order = nc.tensor.permutation(key, examples.labels.length);
  const indices = order.filter((i) => {
    const label = examples.labels[i]! - first;
    return label >= 0 && label < 5 && taken[label]!++ < count;
  });
  const images = new Uint8Array(indices.length * 784);
  indices.forEach((i, to) =>
    images.set(examples.images.subarray(784 * i, 784 * (i + 1)), 784 * to)
  );
  const labels = Uint8Array.from(indices, (i) => examples.labels[i]! - first);
  const classNames = examples.classNames.slice(first, first + 5);
  return { ...examples, images, labels, classNames };
}

const model = nc.lenet5({ numClasses: 5, activation: "relu" });
const testDigits = fiveDigits(test, 5, folder ? Infinity : 300);

/** Runs a training to its end and returns its accuracy on the test images of 5 to 9. */
async function testAccuracy(run: AsyncIterable<nc.EpochReport>): Promise<number> {
  const { network } = (await Array.fromAsync(run)).at(-1)!;
  const { accuracy } = await nc.evaluate(network, testDigits);
  nc.disposeTraining(network);
  return accuracy;
}

/** Adam with a learning rate that rises once and falls again over the whole run. */
const oneCycleAdam = (epochs: number, images: number, batchSize: number) =>
  nc.adam({
    learningRate: nc.oneCycle({
      learningRate: 0.003,
      steps: epochs * Math.ceil(images / batchSize),
    }),
  });

const known = fiveDigits(train, 0);
const optimizer = oneCycleAdam(1, known.labels.length, 64);
const [pretraining] = await Array.fromAsync(nc.fit(model, known, { batchSize: 64, optimizer }));
const pretrained = pretraining!.network;
console.log(`digits 0 to 4: training accuracy ${(100 * pretraining!.accuracy).toFixed(1)} %`);

const counts = folder ? [1, 5, 20, 100] : [20];
const seeds = folder ? [1, 2, 3, 4, 5] : [1, 2, 3];
const rows: { images: number; seed: number; transfer: number; scratch: number }[] = [];
for (const images of counts) {
  for (const seed of seeds) {
    const few = fiveDigits(train, 5, images, nc.key(seed));
    const options = { epochs: 20, batchSize: Math.min(10, 5 * images), key: nc.key(seed) };
    const transfer = await testAccuracy(
      nc.transfer(model, pretrained, few, { ...options, freeze: ["conv*"], learningRate: 0.003 }),
    );
    const optimizer = oneCycleAdam(20, 5 * images, options.batchSize);
    const scratch = await testAccuracy(nc.fit(model, few, { ...options, optimizer }));
    rows.push({ images, seed, transfer, scratch });
    console.log(
      `${images} images per class: ${(100 * transfer).toFixed(1)} % by transfer,`,
      `${(100 * scratch).toFixed(1)} % from scratch`,
    );
    if (images !== 20) continue;
    assertGreater(transfer, scratch);
  }
}
if (folder) await (await import("./transfer/table.ts")).writeTable(folder, rows);
