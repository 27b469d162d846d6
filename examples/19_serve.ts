// Serves a network over HTTP, and asks it. Of 20 test digits of MNIST, posted together as PNG files,
// it must classify at least 19 correctly, in fewer batches than there are digits.
// deno run --allow-read --allow-net=127.0.0.1 --allow-env=XDG_RUNTIME_DIR examples/19_serve.ts
import { assertGreaterOrEqual, assertLess } from "@std/assert";
import * as nc from "../mod.ts";

await nc.start();
const network = await nc.open("examples/networks/lenet5-relu-mnist.safetensors");
const service = nc.serve(network, { batchSize: 8 });
const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, service);
const url = `http://127.0.0.1:${server.addr.port}`;

const { test } = await nc.mnist();
const answers = await Promise.all(Array.from({ length: 20 }, async (_, i) => {
  const body = nc.image.encodePng(nc.data.exampleImage(test, i));
  const response = await fetch(`${url}/?top=1`, { method: "POST", body });
  const { classes: [first] } = await response.json();
  console.log(`digit ${i}: ${first.name} with ${(100 * first.probability).toFixed(1)} %`);
  return first.index === test.labels[i];
}));
const metrics = await (await fetch(`${url}/metrics`)).text();
const batches = Number(/^neocog_batch_size_count (\d+)$/m.exec(metrics)![1]);
await service.close();
await server.shutdown();

const correct = answers.filter((isCorrect) => isCorrect).length;
console.log(`${correct} of 20 are correct, in ${batches} batches`);
assertGreaterOrEqual(correct, 19);
assertLess(batches, 20);
