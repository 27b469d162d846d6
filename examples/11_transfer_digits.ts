// A network that knows the digits 0 to 4 learns 5 to 9 (§12.8, Figure 12.23): with 20 images a class
// it reads more of them right than one that learns from scratch, whichever 20 they are. With
// `--allow-write` and a folder as argument: the table over 1, 5, 20 and 100 images, as CSV and SVG.
// deno run --allow-read --allow-env=XDG_RUNTIME_DIR examples/11_transfer_digits.ts
import { assertGreater } from "@std/assert";
import * as nc from "../mod.ts";

await nc.start();
const { train, test } = await nc.mnist();

/** Digits from `first` on as five classes, the first `most` of each in an order by the key. */
function digits(of: nc.Examples, first: number, most = Infinity, key = nc.key(0)): nc.Examples {
  const seen = [0, 0, 0, 0, 0];
  const isTaken = (c: number) => c >= 0 && c < 5 && seen[c]!++ < most;
  const taken = nc.permutation(key, of.labels.length).filter((i) => isTaken(of.labels[i]! - first));
  const images = new Uint8Array(taken.length * 784);
  taken.forEach((i, to) => images.set(of.images.subarray(784 * i, 784 * (i + 1)), 784 * to));
  const labels = Uint8Array.from(taken, (i) => of.labels[i]! - first);
  return { ...of, images, labels, classNames: of.classNames.slice(first, first + 5) };
}

/** Goes through a run, and measures what it came to on the digits 5 to 9 of the test images. */
const model = nc.lenet5({ numClasses: 5, activation: "relu" }) as nc.Layer;
const judge = digits(test, 5, Deno.args[0] ? Infinity : 300);
async function accuracy(run: AsyncIterable<nc.EpochReport>): Promise<number> {
  let last: nc.Training | undefined;
  for await (const { network } of run) last = network;
  const { accuracy } = await nc.evaluate(last!, judge);
  nc.disposeTraining(last!);
  return accuracy;
}
const rate = (epochs: number, images: number, batchSize: number) =>
  nc.oneCycle({ learningRate: 0.003, steps: epochs * Math.ceil(images / batchSize) });

const known = digits(train, 0);
const optimizer = nc.adam({ learningRate: rate(1, known.labels.length, 64) });
const [knows] = await Array.fromAsync(nc.fit(model, known, { batchSize: 64, optimizer }));
console.log(`0 to 4: ${(100 * knows!.accuracy).toFixed(1)} % read right while learning`);

const counts = Deno.args[0] ? [1, 5, 20, 100] : [20];
const rows: { images: number; seed: number; transfer: number; scratch: number }[] = [];
for (const images of counts) {
  for (let seed = 1; seed <= (Deno.args[0] ? 5 : 3); seed++) {
    const few = digits(train, 5, images, nc.key(seed));
    const how = { epochs: 20, batchSize: Math.min(10, 5 * images), key: nc.key(seed) };
    const frozen = { ...how, freeze: ["conv*"], learningRate: 0.003 };
    const optimizer = nc.adam({ learningRate: rate(20, 5 * images, how.batchSize) });
    const transfer = await accuracy(nc.transfer(model, knows!.network, few, frozen));
    const scratch = await accuracy(nc.fit(model, few, { ...how, optimizer }));
    rows.push({ images, seed, transfer, scratch });
    const figures = [transfer, scratch].map((share) => `${(100 * share).toFixed(1)} %`);
    console.log(`${images} images a class: ${figures.join(" by transfer, from scratch ")}`);
    if (images !== 20) continue;
    assertGreater(transfer, scratch);
  }
}
if (Deno.args[0]) await (await import("./transfer/table.ts")).writeTable(Deno.args[0], rows);
