// `deno task generate` as a user runs it: in a process of its own, with the permissions deno.json gives it.
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { decodeImage, encodePng, type Image } from "../../lib/image/mod.ts";
import { readGif } from "../image/gif_reader.ts";
import { madeCheckpoint } from "./made_network.ts";
import { type Outcome, runTask, taskWords } from "./run_task.ts";

const run = (...args: string[]): Promise<Outcome> => runTask("generate", args);
const cpu = ["--backend", "cpu"];

type Result = { readonly files: string[]; readonly scores: Record<string, Record<string, number>> };

/** The object that `--json` prints. */
function result({ code, out, err }: Outcome): Result {
  assertEquals(code, 0, err);
  return JSON.parse(out.trim().split("\n").at(-1)!);
}

async function pictureAt(file: string): Promise<Image> {
  return await decodeImage(await Deno.readFile(file), file);
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

/** A file with a gray slope. */
async function slope(dir: string, width: number, height: number): Promise<string> {
  const pixels = Float32Array.from({ length: width * height }, (_, i) => (i % width) / width);
  await Deno.writeFile(`${dir}/slope.png`, encodePng({ width, height, channels: 1, pixels }));
  return `${dir}/slope.png`;
}

withNetwork(
  "generate class-image leaves a picture of each class, and its steps",
  async (dir, args) => {
    const made = ["class-image", ...args, "--class", "3,7", "--steps", "3", "--animate"];
    const { files, scores } = result(await run(...made));
    const names = [
      "class-3.png",
      "class-3-steps.gif",
      "class-7.png",
      "class-7-steps.gif",
      "classes.png",
    ];
    assertEquals(files, names.map((name) => `${dir}/out/${name}`));
    assert(scores["7"]!.after! > scores["7"]!.before!);
    const { width, height } = await pictureAt(files[0]!);
    assertEquals([width, height], [28, 28]);
    const way = readGif(await Deno.readFile(files[1]!));
    assertEquals(
      [way.width, way.height],
      [224, 224],
      "digits move as large as people look at them",
    );
    const bytes = await Deno.readFile(files[0]!);
    result(await run(...made));
    assertEquals(await Deno.readFile(files[0]!), bytes);
    const beside = JSON.parse(await Deno.readTextFile(`${dir}/out/class-3.json`));
    assertEquals([beside.class, beside.seed, beside.style], [3, 0, "natural"]);
  },
);

withNetwork("generate activation-atlas draws the cells of a map", async (_, args) => {
  const made = ["activation-atlas", ...args, "--layer", "conv2", "--method", "pca", "--steps", "1"];
  const { files, scores } = result(
    await run(...made, "--limit", "8", "--side", "2", "--least", "1"),
  );
  assertEquals(files.map((file) => file.split("/").at(-1)), ["activation-atlas.png"]);
  assertEquals(scores.images as unknown, 8);
  const { width, height } = await pictureAt(files[0]!);
  assertEquals([width, height], [2 * 29 + 1, 2 * 29 + 1]);
});

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

withNetwork(
  "generate deep-dream makes digits and noise large enough for its octaves",
  async (_dir, args) => {
    for (const image of ["noise", "7"]) {
      const made = ["deep-dream", ...args, "--image", image, "--layer", "conv1", "--steps", "1"];
      const { files } = result(await run(...made));
      const { width, height } = await pictureAt(files[1]!);
      assertEquals([width, height], [112, 112]);
    }
  },
);

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
  result(await run(...made, "--variation", "0.5"));
  assertEquals(JSON.parse(await Deno.readTextFile(`${dir}/out/strip.json`)).variation, 0.5);
});

withNetwork(
  "generate adversarial runs each method, and leaves image and change",
  async (dir, args) => {
    const image = await slope(dir, 28, 28);
    for (
      const method of [
        "ascent",
        "fgsm",
        "bim",
        "pgd",
        "apgd",
        "square",
        "autoattack",
        "deepfool",
        "carlini-wagner",
      ]
    ) {
      const flags = method === "fgsm" ? [] : ["--steps", "2"];
      if (method === "ascent") flags.push("--target", "5");
      const made = ["adversarial", ...args, "--image", image, "--method", method, ...flags];
      const { files } = result(await run(...made));
      assertEquals(files.map((file) => file.split("/").at(-1)), [
        "side-by-side.png",
        "original.png",
        "adversarial.png",
        "difference.png",
      ]);
      const { width, height } = await pictureAt(files[2]!);
      assertEquals([width, height], [28, 28]);
      const beside = JSON.parse(await Deno.readTextFile(`${dir}/out/adversarial.json`));
      assertEquals([beside.method, beside.steps], [method, method === "fgsm" ? undefined : 2]);
    }
  },
);

withNetwork("generate adversarial draws accuracy against ε", async (dir, args) => {
  const made = ["adversarial", ...args, "--limit", "4", "--epsilon", "0.05,0.2", "--steps", "2"];
  const curve = await run(...made);
  const { files } = result(curve);
  assertMatch(curve.err, /^0\.2 /m, "tenths of white, no 51/255");
  assertEquals(files[0], `${dir}/out/accuracy.svg`);
  assertStringIncludes(await Deno.readTextFile(`${dir}/out/accuracy.svg`), "<svg");
});

withNetwork("adversarial images that cannot be are refused", async (_dir, args) => {
  const refuse = async (says: string, ...wrong: string[]): Promise<void> => {
    const { code, err } = await run("adversarial", ...args, "--image", "0", ...wrong);
    assert(code !== 0);
    assertStringIncludes(err, says);
  };
  await refuse("--epsilon", "--epsilon", "-0.1");
  await refuse("Cannot use --target: it must be a number from 0 to 9", "--target", "11");
  await refuse("--steps", "--steps", "0");
  await refuse('unknown --method "pdg"', "--method", "pdg");
  await refuse("without --target", "--method", "ascent");
  await refuse("got --image 0 and --limit 4", "--limit", "4");
});

withNetwork("Ctrl-C ends an ascent with the picture as it is", async (dir, args) => {
  const made = ["class-image", ...args, "--class", "3", "--steps", "100000"];
  const child = new Deno.Command(Deno.execPath(), {
    args: [...taskWords("generate"), ...made],
    cwd: new URL("../../", import.meta.url),
    env: { NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let err = "";
  for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
    const climbs = !err.includes("score") && (err + text).includes("score");
    err += text;
    if (climbs) child.kill("SIGINT");
  }
  const out = await new Response(child.stdout).text();
  const { files, scores } = result({ code: (await child.status).code, out, err });
  assertEquals(files, [`${dir}/out/class-3.png`]);
  assertEquals((await pictureAt(files[0]!)).width, 28);
  assert(Number.isFinite(scores["3"]!.after));
  assertStringIncludes(err, "Ctrl-C again");
});

withNetwork("what cannot be made is refused before anything is written", async (_dir, args) => {
  const refuse = async (says: string, ...wrong: string[]): Promise<void> => {
    const { code, err } = await run(wrong[0]!, ...args, ...wrong.slice(1));
    assert(code !== 0);
    assertStringIncludes(err, says);
  };
  await refuse("from 0 to 9", "class-image", "--class", "12");
  await refuse("--steps", "class-image", "--class", "1", "--steps", "0");
  await refuse("pool", "deep-dream", "--image", "noise", "--layer", "pool7");
  await refuse(
    "got 100000, which gives 100000 × 100000",
    ...["deep-dream", "--image", "noise", "--size", "100000"],
  );
  const missing = "Cannot read nothere.png: there is no such file";
  await refuse(missing, "deep-dream", "--image", "nothere.png");
  await refuse(missing, "deep-dream", "--image", "noise", "--guide", "nothere.png");
  await refuse(
    "--octaves 7: Cannot dream in 7 octaves: take at most 3, or a larger image: at 10 × 10 pixels",
    "deep-dream",
    "--image",
    "noise",
    "--size",
    "28",
    "--layer",
    "conv2",
    "--octaves",
    "7",
  );
});
