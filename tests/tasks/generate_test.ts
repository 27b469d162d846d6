// `deno task generate` as a user runs it: in a process of its own, with the permissions deno.json gives it.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { decodeImage, encodePng, type Image } from "../../mod.ts";
import { madeCheckpoint } from "./made_network.ts";
import { type Outcome, runTask } from "./run_task.ts";

const run = (...args: string[]): Promise<Outcome> => runTask("generate", args);
const cpu = ["--backend", "cpu"];

type Result = { readonly files: string[]; readonly scores: Record<string, Record<string, number>> };

/** The object that `--json` prints. */
function result({ code, out, err }: Outcome): Result {
  assertEquals(code, 0, err);
  return JSON.parse(out.trim().split("\n").at(-1)!);
}

async function pictureAt(file: string): Promise<Image> {
  return decodeImage(await Deno.readFile(file), file);
}

/** Runs a test with a directory and a network of its own. */
function withNetwork(name: string, body: (dir: string, args: string[]) => Promise<void>): void {
  Deno.test(name, async () => {
    const dir = await Deno.makeTempDir();
    try {
      const weights = await madeCheckpoint(dir);
      await body(dir, ["--weights", weights, "--out", `${dir}/out`, "--json", ...cpu]);
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  });
}

/** A file with a grey slope. */
async function slope(dir: string, width: number, height: number): Promise<string> {
  const pixels = Float32Array.from({ length: width * height }, (_, i) => (i % width) / width);
  await Deno.writeFile(`${dir}/slope.png`, encodePng({ width, height, channels: 1, pixels }));
  return `${dir}/slope.png`;
}

withNetwork(
  "generate class-image leaves a picture of each class, and the way there",
  async (dir, args) => {
    const made = ["class-image", ...args, "--class", "3,7", "--steps", "3", "--animate"];
    const { files, scores } = result(await run(...made));
    const names = ["class-3.png", "class-3-steps.gif", "class-7.png", "class-7-steps.gif"];
    assertEquals(files, names.map((name) => `${dir}/out/${name}`));
    assert(scores["7"]!.after! > scores["7"]!.before!);
    const { width, height } = await pictureAt(files[0]!);
    assertEquals([width, height], [28, 28]);
    const bytes = await Deno.readFile(files[0]!);
    result(await run(...made));
    assertEquals(await Deno.readFile(files[0]!), bytes);
    const beside = JSON.parse(await Deno.readTextFile(`${dir}/out/class-3.json`));
    assertEquals([beside.class, beside.seed, beside.style], [3, 0, "natural"]);
  },
);

withNetwork("generate deep-dream takes photos of any size", async (dir, args) => {
  const image = await slope(dir, 50, 40);
  const made = ["deep-dream", ...args, "--image", image, "--layer", "conv2", "--octaves", "2"];
  const { files, scores } = result(
    await run(...made, "--steps", "2", "--jitter", "0", "--animate"),
  );
  assertEquals(files.map((file) => file.split("/").at(-1)), [
    "before.png",
    "dream.png",
    "dream-steps.gif",
  ]);
  const { width, height } = await pictureAt(files[1]!);
  assertEquals([width, height], [50, 40]);
  const octaves = scores.octaves as unknown as { before: number; after: number }[];
  assertEquals(octaves.map(({ before, after }) => after > before), [true, true]);
});

withNetwork("generate inversion leaves an image a layer, and the strip", async (dir, args) => {
  const image = await slope(dir, 28, 28);
  const made = ["inversion", ...args, "--image", image, "--layer", "conv1,pool2", "--steps", "4"];
  const { files, scores } = result(await run(...made));
  assertEquals(files.map((file) => file.split("/").at(-1)), [
    "inversion-conv1.png",
    "inversion-pool2.png",
    "strip.png",
  ]);
  assert(scores.conv1!.after! < scores.conv1!.before!);
});

withNetwork("what cannot be made is said before anything is written", async (_dir, args) => {
  const refuse = async (says: string, ...wrong: string[]): Promise<void> => {
    const { code, err } = await run(wrong[0]!, ...args, ...wrong.slice(1));
    assert(code !== 0);
    assertStringIncludes(err, says);
  };
  await refuse("from 0 to 9", "class-image", "--class", "12");
  await refuse("--steps", "class-image", "--class", "1", "--steps", "0");
  await refuse("pool", "deep-dream", "--image", "noise", "--layer", "pool7");
  await refuse(
    "At 4 × 4 pixels",
    "deep-dream",
    "--image",
    "noise",
    "--layer",
    "conv2",
    "--octaves",
    "7",
  );
});
