// Writes a network for ONNX Runtime, Keras and TensorFlow.js, and opens each file again. All must
// classify 100 test digits of MNIST as the network does.
// deno run --allow-read --allow-write --allow-env=XDG_RUNTIME_DIR examples/18_other_programs.ts
import { assertEquals } from "@std/assert";
import * as nc from "../mod.ts";

await nc.start();
const network = await nc.open("examples/networks/lenet5-relu-mnist.safetensors");
const folder = await Deno.makeTempDir();
await nc.weights.writeOnnx(`${folder}/lenet5.onnx`, network);
await nc.weights.writeOnnx(`${folder}/lenet5-float16.onnx`, network, { float16: true });
await nc.weights.writeKeras(`${folder}/lenet5.keras`, network);
const kind = await nc.weights.writeTfjs(`${folder}/lenet5`, network);
console.log(`The folder for TensorFlow.js is a ${kind} model`);

const { test } = await nc.mnist();
const digits = nc.takeExamples(test, 100);
const expected = await nc.evaluate(network, digits);
for (const file of ["lenet5.onnx", "lenet5-float16.onnx", "lenet5.keras", "lenet5/model.json"]) {
  const opened = await nc.open(`${folder}/${file}`);
  const { confusion, accuracy } = await nc.evaluate(opened, digits);
  console.log(`${file}: ${Math.round(100 * accuracy)} of 100 are correct`);
  assertEquals(confusion, expected.confusion);
  assertEquals(opened.classNames, network.classNames);
}
await Deno.remove(folder, { recursive: true });
