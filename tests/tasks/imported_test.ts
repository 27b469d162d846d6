// Tasks on files of Keras and TensorFlow.js: predict and summary, and transfer with its checkpoint.
import { assertEquals, assertStringIncludes } from "@std/assert";
import { encodePng } from "../../lib/image/mod.ts";
import golden from "../golden/keras_files.json" with { type: "json" };
import { onKerasFile, unpacked } from "../keras/files.ts";
import { runTask } from "./run_task.ts";

/** A picture of one brightness. */
async function writePicture(path: string, brightness: number): Promise<void> {
  const pixels = new Float32Array(8 * 8 * 3).fill(brightness);
  await Deno.writeFile(path, await encodePng({ width: 8, height: 8, channels: 3, pixels }));
}

const preprocessing = { resize: 6, crop: [6, 6], range: 1, mean: [0, 0, 0], std: [1, 1, 1] };

Deno.test("predict, summary and transfer take a Keras file, predict its transfer's checkpoint", async () => {
  await onKerasFile(await unpacked(golden.whole.h5), async (path, folder) => {
    const photo = `${folder}/photo.png`;
    await writePicture(photo, 0.5);
    const predict = ["--json", "--backend", "cpu", "--weights"];
    const without = await runTask("predict", [photo, ...predict, path]);
    assertEquals(without.code === 0, false);
    assertStringIncludes(
      without.err,
      "a Keras file does not say how, got none. Name it with --pre",
    );

    await Deno.writeTextFile(`${folder}/model.json`, JSON.stringify(preprocessing));
    const { code, out, err } = await runTask("predict", [photo, ...predict, path]);
    assertEquals(code, 0, err);
    assertStringIncludes(out, '"class 0"');

    const summary = await runTask("summary", [path]);
    assertEquals(summary.code, 0, summary.err);
    assertStringIncludes(summary.out, "block.conv");

    for (const [name, brightness] of [["dark", 0.2], ["light", 0.8]] as const) {
      await Deno.mkdir(`${folder}/data/${name}`, { recursive: true });
      for (let i = 0; i < 4; i++) {
        await writePicture(`${folder}/data/${name}/${i}.png`, brightness + i / 50);
      }
    }
    const run = `${folder}/run`;
    const transfer = await runTask("transfer", [
      ...["--weights", path, "--data", `${folder}/data`, "--out", run],
      ...["--epochs", "1", "--backend", "cpu"],
    ]);
    assertEquals(transfer.code, 0, transfer.err);
    const again = await runTask("predict", [photo, ...predict, `${run}/checkpoint.safetensors`]);
    assertEquals(again.code, 0, again.err);
    assertStringIncludes(again.out, '"light"');
  }, ".h5");
});
