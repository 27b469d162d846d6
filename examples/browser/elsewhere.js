// A network of neocog's in onnxruntime-web, beside itself.
import * as nc from "neocog";
import { run, say, start } from "./common.js";

const count = 200;

await run(async () => {
  await start();
  const file = (name) => new URL(`./npm/onnxruntime/${name}`, location.href).href;
  const ort = await import(file("ort.wasm.bundle.min.mjs"));
  // Threads need a page that is isolated from other origins.
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = { wasm: file("ort-wasm-simd-threaded.wasm") };
  const session = await ort.InferenceSession.create("./digits.onnx");
  const network = await nc.open("./digits.safetensors");
  const { test } = await nc.mnist({ dataDir: "./mnist" });
  const [name] = session.inputNames;
  let [same, right, difference] = [0, 0, 0];
  for (let i = 0; i < count; i++) {
    const { pixels } = nc.data.exampleImage(test, i);
    // One channel: [1, 1, 28, 28] there are the numbers of [1, 28, 28, 1] here.
    const input = new ort.Tensor("float32", pixels, [1, 1, 28, 28]);
    const [output] = Object.values(await session.run({ [name]: input }));
    const x = nc.tf.tensor(pixels, [1, 28, 28, 1]);
    const logits = nc.predict(network, x, { probabilities: false });
    const ours = await logits.data();
    nc.disposeTree({ x, logits });
    const best = (scores) => scores.indexOf(Math.max(...scores));
    if (best([...output.data]) === best([...ours])) same++;
    if (best([...output.data]) === test.labels[i]) right++;
    const largest = Math.max(...ours.map(Math.abs));
    ours.forEach((score, c) => {
      difference = Math.max(difference, Math.abs(score - output.data[c]) / largest);
    });
    document.querySelector("#progress").value = (i + 1) / count;
  }
  document.querySelector("#answers").textContent =
    `${right} of ${count} digits are right in ONNX Runtime, ${same} of ${count} answers are neocog's; ` +
    `the largest difference of a score is ${difference.toExponential(1)} of the largest score.`;
  say("Done");
});
