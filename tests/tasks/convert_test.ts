// deno task convert: every format from a checkpoint of ours, and what it refuses.
import { assertEquals, assertStringIncludes } from "@std/assert";
import { openNetworkFile } from "../../lib/weights/network_file.ts";
import { runTask } from "./run_task.ts";

const CHECKPOINT = "examples/networks/lenet5-relu-mnist.safetensors";

/** Calls with a folder. */
async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a checkpoint becomes a file of each format, which opens with the same answers", async () => {
  await inFolder(async (folder) => {
    for (const [name, words] of [["a.onnx", "ONNX"], ["a.keras", "Keras 3"], ["a.h5", "Keras 3"]]) {
      const { code, out, err } = await runTask("convert", [CHECKPOINT, `${folder}/${name}`]);
      assertEquals(code, 0, err);
      assertStringIncludes(out, `${folder}/${name}, ${words}`);
      assertStringIncludes(out, "the same answer, to the last bit");
    }
    // From one program's file into another's.
    const { code, out, err } = await runTask("convert", [
      ...[`${folder}/a.onnx`, `${folder}/tfjs`, "--json"],
    ]);
    assertEquals(code, 0, err);
    const said = JSON.parse(out);
    assertEquals(said.format, "a layers model of TensorFlow.js");
    assertEquals(said.parameters, 61706);
    assertEquals(said.inputShape, [28, 28, 1]);
    assertEquals(Deno.statSync(`${folder}/tfjs/model.json`).isFile, true);
  });
});

Deno.test("safetensors are a checkpoint of ours, or have PyTorch's names", async () => {
  await inFolder(async (folder) => {
    const path = `${folder}/a.safetensors`;
    const ours = await runTask("convert", [CHECKPOINT, path]);
    assertEquals(ours.code, 0, ours.err);
    const opened = await openNetworkFile(path);
    assertEquals(opened.name, "lenet5-relu");
    assertEquals(opened.checkpoint?.classNames?.length, 10);
    const torch = await runTask("convert", [CHECKPOINT, path, "--names", "torch"]);
    assertEquals(torch.code, 0, torch.err);
    assertStringIncludes(torch.out, "safetensors with the names of");
  });
});

Deno.test("16 bits are half the size, and what they cost is said of images that are given", async () => {
  await inFolder(async (folder) => {
    const args = [CHECKPOINT, `${folder}/a.onnx`, "--float16", "--dataset", "mnist"];
    const { code, out, err } = await runTask("convert", [...args, "--limit", "50", "--json"]);
    assertEquals(code, 0, err);
    const { bytes, accuracy, difference } = JSON.parse(out);
    assertEquals(bytes < 0.55 * 4 * 61706, true, `${bytes}`);
    assertEquals(accuracy.samples, 50);
    assertEquals(Math.abs(accuracy.before - accuracy.after) <= 0.02, true);
    assertEquals(difference > 0 && difference < 1e-2, true, `${difference}`);
  });
});

Deno.test("other endings, and flags without an effect, are refused before any work", async () => {
  await inFolder(async (folder) => {
    const refused: readonly [args: string[], message: string][] = [
      [["a.zip"], "it must be .onnx, .keras, .h5, .hdf5, .safetensors, or a folder"],
      [["a.onnx", "--kind", "graph"], "Cannot use --kind for"],
      [["a.keras", "--layout", "NHWC"], "it is of ONNX"],
      [["tfjs", "--names", "torch"], "it is of safetensors"],
      [["a.safetensors", "--float16"], "it is of ONNX, Keras, TensorFlow.js"],
      [["a.onnx", "--limit", "5"], "without --float16"],
    ];
    for (const [[name, ...flags], message] of refused) {
      const outcome = await runTask("convert", [CHECKPOINT, `${folder}/${name}`, ...flags]);
      assertEquals(outcome.code, 2, outcome.err);
      assertStringIncludes(outcome.err, message);
    }
    assertEquals([...Deno.readDirSync(folder)].length, 0);
  });
});
