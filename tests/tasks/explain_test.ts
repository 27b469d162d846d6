// `deno task explain` as a user runs it: in a process of its own, with the permissions deno.json gives it.
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { decodeImage, encodePng, type Image } from "../../lib/image/mod.ts";
import { madeCheckpoint, madeTorch } from "./made_network.ts";
import { type Outcome, runTask } from "./run_task.ts";

const run = (...args: string[]): Promise<Outcome> => runTask("explain", args);
const cpu = ["--backend", "cpu"];

/** The object that `--json` prints. */
function result({ code, out, err }: Outcome): Record<string, unknown> & { files: string[] } {
  assertEquals(code, 0, err);
  return JSON.parse(out.trim().split("\n").at(-1)!);
}

async function pictureAt(file: string): Promise<Image> {
  return await decodeImage(await Deno.readFile(file), file);
}

/** Runs a test with a directory of its own. */
function inDirectory(name: string, body: (dir: string) => Promise<void>): void {
  Deno.test(name, async () => {
    const dir = await Deno.makeTempDir();
    try {
      await body(dir);
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  });
}

inDirectory(
  "explain filters leaves a picture, its settings and a page that shows it",
  async (dir) => {
    const weights = await madeCheckpoint(dir);
    const args = ["filters", "--weights", weights, "--out", `${dir}/out`, "--json", ...cpu];
    const { files, page, task, model } = result(await run(...args));
    assertEquals([files, page], [[`${dir}/out/filters-conv1.png`], `${dir}/out/index.html`]);
    assertEquals([task, model], ["explain filters", "lenet5"]);
    // Six filters of 5 × 5, sixteen pixels a weight, in rows of three with numbers.
    const { width, height, channels } = await pictureAt(files[0]!);
    assertEquals([width, height, channels], [2 + 3 * 82, 2 + 2 * 93, 1]);
    const beside = JSON.parse(await Deno.readTextFile(`${dir}/out/filters-conv1.json`));
    assertEquals(beside, {
      picture: "filters-conv1.png",
      caption: "All 6 filters of conv1, 5×5 of 1 channel",
      task: "explain filters",
      model: "lenet5",
      weights,
      preprocessing: "that of deno task train",
      layer: "conv1",
      normalize: "each",
      scale: 16,
    });
    const html = await Deno.readTextFile(`${dir}/out/index.html`);
    assertStringIncludes(html, '<img src="filters-conv1.png" alt="All 6 filters of conv1');
    assertEquals(html.match(/https?:/g), null);
    const bytes = await Deno.readFile(files[0]!);
    await run(...args);
    assertEquals(await Deno.readFile(files[0]!), bytes);
  },
);

inDirectory(
  "explain activations shows the outputs of layers for a test image, and for a file",
  async (dir) => {
    const weights = await madeCheckpoint(dir);
    const common = ["activations", "--weights", weights, "--json", ...cpu];
    const first = result(await run(...common, "--out", `${dir}/a`, "--layer", "conv1,pool2"));
    assertEquals(first.files.map((file) => file.slice(dir.length)), [
      "/a/input.png",
      "/a/conv1.png",
      "/a/pool2.png",
    ]);
    assertEquals([first.dataset, first.image, first.label], ["mnist", "0", "7"]);
    const seven = await pictureAt(`${dir}/a/input.png`);
    assertEquals([seven.width, seven.height, seven.channels], [28, 28, 1]);
    // The same digit from a file, dark on light: inverted, and so the same pictures.
    const dark = { ...seven, pixels: seven.pixels.map((value) => 1 - value) };
    await Deno.writeFile(`${dir}/seven.png`, encodePng(dark));
    const flags = ["--out", `${dir}/b`, "--layer", "conv1,pool2", "--image", `${dir}/seven.png`];
    assertEquals(result(await run(...common, ...flags)).inverted, true);
    for (const name of ["input", "conv1", "pool2"]) {
      assertEquals((await pictureAt(`${dir}/b/${name}.png`)).pixels.length > 0, true);
    }
    const [one, other] = await Promise.all(
      ["a", "b"].map((at) => pictureAt(`${dir}/${at}/input.png`)),
    );
    one!.pixels.forEach((value, i) =>
      assertEquals(Math.abs(value - other!.pixels[i]!) < 0.006, true)
    );
  },
);

inDirectory(
  "without --layer all layers with feature maps are shown; --unit shows one map",
  async (dir) => {
    const weights = await madeTorch(dir);
    const pixels = Float32Array.from({ length: 40 * 50 * 3 }, (_, i) => (i % 256) / 255);
    await Deno.writeFile(`${dir}/p.png`, encodePng({ width: 50, height: 40, channels: 3, pixels }));
    const common = [
      "activations",
      "--weights",
      weights,
      "--image",
      `${dir}/p.png`,
      "--json",
      ...cpu,
    ];
    const { files } = result(await run(...common, "--out", `${dir}/all`, "--unit", "2"));
    const names = files.map((file) => file.slice(`${dir}/all/`.length));
    assertEquals(names.slice(0, 4), ["input.png", "conv1-2.png", "norm1-2.png", "relu1-2.png"]);
    const map = await pictureAt(`${dir}/all/conv1-2.png`);
    assertEquals([map.width, map.height], [3 + 64 + 3, 3 + 64 + 11 + 3]);
  },
);

inDirectory(
  "if DeconvNet reconstructs the same from all images, explain patches says so",
  async (dir) => {
    const few = [
      "patches",
      "--rule",
      "deconvnet",
      "--limit",
      "9",
      "--units",
      "1",
      "--json",
      ...cpu,
    ];
    const said = async (layer: string): Promise<boolean> => {
      const outcome = await run(...few, "--layer", layer, "--out", `${dir}/${layer}`);
      assertEquals(result(outcome).files, [`${dir}/${layer}/patches-${layer}-deconvnet.png`]);
      return outcome.err.includes(`no max-pooling before ${layer}`);
    };
    // Before act1 there is a convolution, before act2 a max-pooling too.
    assertEquals([await said("act1"), await said("act2")], [true, false]);
  },
);

Deno.test("explain --help lists subcommands, and each has a help of its own", async () => {
  const { code, out } = await run("--help");
  assertEquals(code, 0);
  assertMatch(out, /Usage: deno task explain SUBCOMMAND \[flags\]\n/);
  assertMatch(out, /\n {2}filters +\S.*\n/);
  assertMatch(out, /\n {2}activations +\S.*\n/);
  const filters = await run("filters", "--help");
  assertEquals(filters.code, 0);
  assertMatch(filters.out, /Usage: deno task explain filters \[flags\]\n/);
  assertMatch(
    filters.out,
    /--out PATH +folder for the pictures \(default: runs\/explain-filters\)/,
  );
});

inDirectory("what explain cannot use is refused in one line, before any work", async (dir) => {
  const weights = await madeCheckpoint(dir);
  const torch = await madeTorch(dir);
  const w = ["--weights", weights, "--out", `${dir}/out`];
  const refused: [code: number, args: string[], expected: string][] = [
    [2, [], "must be one of filters, activations"],
    [2, ["--json"], "got --json"],
    [2, ["filtres"], 'did you mean "filters"?'],
    [2, ["filters", "--layers", "conv1"], "did you mean --layer?"],
    [2, ["filters", "--unit", "-1"], "--unit"],
    [1, ["filters", "--weights", `${dir}/none.safetensors`], "none.safetensors"],
    [1, ["filters", ...w, "--layer", "conv3"], 'did you mean "conv1"?'],
    [1, ["filters", ...w, "--layer", "pool1"], "must be a convolution"],
    [1, ["filters", ...w, "--unit", "6"], "from 0 to 5"],
    [1, ["activations", ...w, "--layer", "conv1,pol2"], 'did you mean "pool2"?'],
    [2, ["activations", ...w, "--layer", "conv1", "--unit", "6"], "--unit: it must be below 6"],
    [2, ["activations", ...w, "--image", "10000"], "--image: it must be below 10000"],
    [1, ["activations", ...w, "--image", `${dir}/none.png`], "none.png"],
    [2, ["activations", "--weights", torch], "without --image"],
    [2, ["activations", "--weights", torch, "--image", "3"], "a number needs --dataset"],
    [1, ["filters", "--weights", weights, "--out", weights], "Cannot use the output directory"],
  ];
  const outcomes = await Promise.all(refused.map(([, args]) => run(...args)));
  for (const [i, { code, out, err }] of outcomes.entries()) {
    const [expectedCode, args, expected] = refused[i]!;
    assertEquals([code, out], [expectedCode, ""], `${args}: ${err}`);
    assertMatch(err.trim().split("\n").at(-1)!, /^error: /);
    assertStringIncludes(err, expected);
  }
  // Nothing was written, as nothing was done.
  await Deno.stat(`${dir}/out`).then(() => assertEquals("a folder", "none"), async () => {});
});
