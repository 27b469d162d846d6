// `deno task test:zoo`: weights written here are all that PyTorch's networks want, and answer the same there.
import { assertEquals, assertLess } from "@std/assert";
import { disposeTree, findModel, init, key, start, tf } from "../../mod.ts";
import { torchLayouts, writeTorch } from "../../lib/weights/mod.ts";
import { gpuTest, hasAdapter } from "../device/adapter.ts";
import { hashed } from "./hashed.ts";

/** float32 over up to a hundred layers. */
const TOLERANCE = 1e-4;

/** The Python that has torch, torchvision and safetensors. */
const PYTHON = Deno.env.get("NEOCOG_PYTHON") ?? "python3";

/** One network of each family: our name, round_trip.py's, size of the image, number of classes. */
const NETWORKS = [
  ["alexnet-torchvision", "alexnet", 224, 7],
  ["vgg11-bn", "vgg11_bn", 224, 7],
  ["squeezenet", "squeezenet1_0", 224, 7],
  ["googlenet-torchvision", "googlenet", 224, 7],
  ["inception-v3", "inception_v3", 299, 7],
  ["resnet18", "resnet18", 224, 7],
  ["resnet20", "cifar_resnet20", 32, 7],
] as const;

async function hasTorch(): Promise<boolean> {
  try {
    const args = ["-c", "import torch, torchvision, safetensors"];
    const { success } = await new Deno.Command(PYTHON, { args, stderr: "null" }).output();
    return success;
  } catch {
    return false;
  }
}

/** What PyTorch's network answers with the weights of a file. */
async function torchOutputs(...args: readonly string[]): Promise<number[]> {
  const script = new URL("round_trip.py", import.meta.url).pathname;
  const { success, stdout, stderr } = await new Deno.Command(PYTHON, {
    args: [script, ...args],
  }).output();
  assertEquals(success, true, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

async function assertSameInTorch(
  [name, network, size, numClasses]: typeof NETWORKS[number],
): Promise<void> {
  await start();
  const shape = [size, size, 3];
  const model = findModel(name).build({ numClasses });
  const { params, state } = init(model, key(3), shape);
  const image = tf.tensor(hashed("image", size * size * 3), [1, ...shape]);
  const y = tf.tidy(() => model.apply(params, state, image, {})[0]);
  const outputs = [...await y.data()];
  const file = await Deno.makeTempFile({ suffix: ".safetensors" });
  try {
    await writeTorch(file, { model, params, state }, shape, torchLayouts[name]![0]!);
    const theirs = await torchOutputs(network, file, `${size}`, `${numClasses}`);
    const largest = Math.max(...theirs.map(Math.abs));
    assertEquals(outputs.length, theirs.length);
    const worst = Math.max(...outputs.map((value, i) => Math.abs(value - theirs[i]!))) / largest;
    assertLess(worst, TOLERANCE, `${outputs} in place of ${theirs}`);
  } finally {
    await Deno.remove(file);
    tf.dispose([image, y]);
    disposeTree(params, state);
  }
}

if (hasAdapter && await hasTorch()) {
  for (const network of NETWORKS) {
    gpuTest(`${network[0]} is the same network in PyTorch`, () => assertSameInTorch(network));
  }
} else {
  Deno.test.ignore(`networks are the same in PyTorch (ignored: ${PYTHON} has no torch)`, () => {});
}
