// `deno task predict` on a folder: each picture's classes, as of the picture alone.
import { assertEquals, assertStringIncludes } from "@std/assert";
import { encodePng, type Image } from "../../lib/image/mod.ts";
import { madeCheckpoint } from "./made_network.ts";
import { runTask } from "./run_task.ts";

/** A gray picture of stripes, `period` pixels wide. */
function stripes(period: number): Image {
  const [height, width] = [30, 40];
  const pixels = Float32Array.from(
    { length: height * width },
    (_, i) => Number(i % width % (2 * period) < period),
  );
  return { height, width, channels: 1, pixels };
}

type Found = { readonly top: readonly { readonly class: string; readonly probability: number }[] };

Deno.test("predict takes each picture in a folder for what it takes it for alone", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const weights = await madeCheckpoint(dir);
    const folder = `${dir}/pictures`;
    await Deno.mkdir(folder);
    await Deno.writeTextFile(`${folder}/notes.txt`, "no picture");
    const rest = ["--weights", weights, "--backend", "cpu", "--top", "2"];
    const empty = await runTask("predict", [folder, ...rest]);
    assertEquals(empty.code, 1);
    assertStringIncludes(empty.err, "it must have files that end with .png, .jpg or .jpeg");
    const periods = [2, 3, 7];
    const files = periods.map((period) => `${folder}/${period}.PNG`);
    for (const [i, file] of files.entries()) {
      await Deno.writeFile(file, encodePng(stripes(periods[i]!)));
    }
    const { out } = await runTask("predict", [folder, ...rest, "--json"]);
    const { pictures } = JSON.parse(out.trim().split("\n").at(-1)!);
    assertEquals(pictures.map(({ image }: { image: string }) => image), files);
    for (const [i, file] of files.entries()) {
      const alone = await runTask("predict", [file, ...rest, "--json"]);
      const { top }: Found = JSON.parse(alone.out.trim().split("\n").at(-1)!);
      assertEquals(pictures[i].top, top);
    }
    const text = await runTask("predict", [folder, ...rest]);
    assertEquals(text.out.trim().split("\n").length, 3);
    // A file that is no picture ends it, by its name.
    await Deno.writeTextFile(`${folder}/5.png`, "no picture");
    const broken = await runTask("predict", [folder, ...rest]);
    assertEquals(broken.code, 1);
    assertStringIncludes(broken.err, "5.png");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
