// `deno task test:zoo`: weights written here are all that PyTorch's networks need, with the same outputs there.
import { assertEquals, assertLess } from "@std/assert";
import { disposeTree, findModel, init, key, start, tf } from "../../mod.ts";
import { torchLayouts, writeTorch } from "../../lib/weights/mod.ts";
import { gpuTest, hasAdapter } from "../device/adapter.ts";
import { type ModelName, type ModelRow, MODELS } from "../models/table.ts";
import { hashed } from "./hashed.ts";

/** float32 over up to a hundred layers. */
const TOLERANCE = 1e-4;

/** The Python that has torch, torchvision and safetensors. */
const PYTHON = Deno.env.get("NEOCOG_PYTHON") ?? "python3";

/** One network of each family. */
const NETWORKS = [
  "alexnet-torchvision",
  "vgg11-bn",
  "squeezenet",
  "googlenet-torchvision",
  "inception-v3",
  "resnet18",
  "densenet121",
  "mobilenet-v3-small",
  "shufflenet-v2",
  "efficientnet-b0",
  "convnext-tiny",
  "resnet20",
] as const satisfies readonly ModelName[];

/** Number of classes: not that of the published networks. */
const CLASSES = 7;

async function hasTorch(): Promise<boolean> {
  try {
    const args = ["-c", "import torch, torchvision, safetensors"];
    const { success } = await new Deno.Command(PYTHON, { args, stderr: "null" }).output();
    return success;
  } catch {
    return false;
  }
}

/** The outputs of PyTorch's network with the weights of a file. */
async function torchOutputs(...args: readonly string[]): Promise<number[]> {
  const script = new URL("round_trip.py", import.meta.url).pathname;
  const { success, stdout, stderr } = await new Deno.Command(PYTHON, {
    args: [script, ...args],
  }).output();
  assertEquals(success, true, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

async function assertSameInTorch(name: ModelName): Promise<void> {
  await start();
  const { build, inputShape: shape } = findModel(name);
  const size = shape[0]!;
  const model = build({ numClasses: CLASSES });
  // round_trip.py's name.
  const network = (MODELS as Record<string, ModelRow>)[name]!.torchvision ?? `cifar_${name}`;
  const { params, state } = init(model, key(3), shape);
  const image = tf.tensor(hashed("image", size * size * 3), [1, ...shape]);
  const y = tf.tidy(() => model.apply(params, state, image, {})[0]);
  const outputs = [...await y.data()];
  const file = await Deno.makeTempFile({ suffix: ".safetensors" });
  try {
    await writeTorch(file, { model, params, state }, shape, torchLayouts[name]![0]!);
    const theirs = await torchOutputs(network, file, `${size}`, `${CLASSES}`);
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
    gpuTest(`${network} is the same network in PyTorch`, () => assertSameInTorch(network));
  }
} else {
  Deno.test.ignore(`networks are the same in PyTorch (ignored: ${PYTHON} has no torch)`, () => {});
}
