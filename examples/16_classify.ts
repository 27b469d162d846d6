// Opens a trained network and classifies pictures. Of 20 test digits of MNIST, saved as PNG files, it
// must classify at least 19 correctly.
// deno run --allow-read --allow-write --allow-env=XDG_RUNTIME_DIR examples/16_classify.ts
import { assertGreaterOrEqual } from "@std/assert";
import * as nc from "../mod.ts";

await nc.start();
// This can also be a URL, a checkpoint, or a known name such as "resnet18".
const network = await nc.open("examples/networks/lenet5-relu-mnist.safetensors");
console.log(`${network.name} with the classes ${network.classNames.join(", ")}`);

const { test } = await nc.mnist();
const picture = await Deno.makeTempFile({ suffix: ".png" });
let correct = 0;
for (let i = 0; i < 20; i++) {
  await Deno.writeFile(picture, nc.image.encodePng(nc.data.exampleImage(test, i)));
  const [first, second] = await nc.classify(network, picture, { top: 2 });
  const [p, q] = [first!, second!].map(({ probability }) => (100 * probability).toFixed(1));
  console.log(`${first!.name} with ${p} %, ${second!.name} with ${q} %`);
  if (first!.index === test.labels[i]) correct++;
}
await Deno.remove(picture);
console.log(`${correct} of 20 are correct`);
assertGreaterOrEqual(correct, 19);
