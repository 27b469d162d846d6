// A run is not resumed on other pictures, unless a flag says so.
import { assertEquals, assertStringIncludes } from "@std/assert";
import { encodePng } from "../../lib/image/mod.ts";
import { type Outcome, runTask } from "./run_task.ts";

/** Two classes of six gray pictures each. */
async function pictures(dir: string): Promise<void> {
  for (const [name, first] of [["a_black", 0], ["b_white", 0.5]] as const) {
    await Deno.mkdir(`${dir}/${name}`, { recursive: true });
    for (let i = 0; i < 6; i++) {
      const pixels = new Float32Array(28 * 28).fill(first + i / 16);
      const png = encodePng({ width: 28, height: 28, channels: 1, pixels });
      await Deno.writeFile(`${dir}/${name}/${i}.png`, png);
    }
  }
}

Deno.test("train does not resume on a folder whose class was renamed, or with one picture more", async () => {
  const dir = await Deno.makeTempDir();
  const data = `${dir}/photos`;
  await pictures(data);
  const train = (...flags: string[]): Promise<Outcome> =>
    runTask("train", ["--out", `${dir}/run`, "--backend", "cpu", ...flags]);
  const begin = ["--dataset", "folder", "--data-dir", data, "--epochs", "1", "--batch-size", "4"];
  const resume = (...flags: string[]): Promise<Outcome> =>
    train("--resume", "--data-dir", data, "--epochs", "2", ...flags);
  try {
    const begun = await train(...begin);
    assertEquals(begun.code, 0, begun.err);
    await Deno.rename(`${data}/a_black`, `${data}/z_black`);
    const renamed = await resume();
    assertEquals(renamed.code, 1);
    assertStringIncludes(
      renamed.err,
      'classes ["b_white","z_black"] instead of ["a_black","b_white"]',
    );
    assertStringIncludes(renamed.err, "--other-data");
    const more = `${data}/z_black/6.png`;
    await Deno.copyFile(`${data}/z_black/5.png`, more);
    await Deno.rename(`${data}/z_black`, `${data}/a_black`);
    assertStringIncludes((await resume()).err, "number of examples 11 instead of 10");
    const accepted = await resume("--other-data");
    assertEquals(accepted.code, 0, accepted.err);
    const alone = await train(...begin, "--other-data");
    assertStringIncludes(alone.err, "it needs --resume");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
