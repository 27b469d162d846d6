// `deno task summary` as a user runs it: in a process of its own, with the permissions deno.json gives it.
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { models } from "../../mod.ts";
import { type Outcome, runTask } from "./run_task.ts";
import { assertWellFormed, boxesOf, framesOf } from "../sizing/svg_parts.ts";

const run = (...args: string[]): Promise<Outcome> => runTask("summary", args);

/** Runs the task, which must succeed, and returns what it printed. */
async function printed(...args: string[]): Promise<string> {
  const { code, out, err } = await run(...args);
  assertEquals(code, 0, err);
  return out;
}

Deno.test("summary prints a table with kernels, FLOPs and receptive fields, and the totals", async () => {
  const out = await printed("vgg16", "--batch-size", "2", "--optimizer", "sgd");
  assertMatch(out, /layer +kind +output +kernel +parameters +FLOPs +receptive field/);
  assertMatch(out, /conv1_1 +conv +224 × 224 × 64 +3×3 +1,792 +173 M +3 × 3\n/);
  assertMatch(out, /pool5 +maxPool +7 × 7 × 512 +2×2 \/2 +0 +\S+ k +212 × 212\n/);
  assertMatch(out, /fc6 +dense +4096 +102,764,544 +206 M +all\n/);
  assertMatch(out, /parameters +138,357,544, 553 MB in float32\n/);
  assertMatch(out, /depth +16 layers with weights\n/);
  assertMatch(out, /training +\S+ GB at batch size 2: .*sgd's moments 0 B/);
});

Deno.test("summary --json prints one object with the layers' sizes", async () => {
  const all = JSON.parse(await printed("vgg16", "--json"));
  assertEquals(all.model, "vgg16");
  assertEquals(all.inputShape, [224, 224, 3]);
  assertEquals(all.parameters, 138357544);
  assertEquals(
    all.flops,
    all.layers.reduce((sum: number, { flops }: { flops: number }) => sum + flops, 0),
  );
  const { path, op, outputShape, parameters, flops, receptiveField } = all.layers[0];
  assertEquals([path, op, outputShape], ["conv1_1", "conv", [224, 224, 64]]);
  assertEquals([parameters, flops, receptiveField], [1792, 2 * 224 * 224 * 64 * 27, 3]);
  const fc6 = all.layers.find((layer: { path: string }) => layer.path === "fc6");
  assertEquals([fc6.parameters, fc6.receptiveField], [102764544, 224]);
});

Deno.test("--input and --classes change what is summed up", async () => {
  const out = await printed("resnet20", "--input", "64x48x1", "--classes", "3", "--json");
  const { inputShape, outputShape, layers } = JSON.parse(out);
  assertEquals([inputShape, outputShape], [[64, 48, 1], [3]]);
  assertEquals(layers[0].outputShape, [64, 48, 16]);
});

Deno.test("--svg draws an Inception module's branches and residual links", async () => {
  const dir = await Deno.makeTempDir();
  const { code, out, err } = await run("googlenet", "--svg", `${dir}/googlenet.svg`);
  assertEquals(code, 0, err);
  assertEquals(err, `${dir}/googlenet.svg written\n`);
  assertStringIncludes(out, "6,998,552");
  const googlenet = await Deno.readTextFile(`${dir}/googlenet.svg`);
  assertWellFormed(googlenet);
  const [frame] = framesOf(googlenet).filter(({ title }) => title === "inception3a");
  const branches = boxesOf(googlenet).filter(({ x, y }) =>
    x > frame!.x && x < frame!.x + frame!.width && y > frame!.y && y < frame!.y + frame!.height
  );
  assertEquals(branches.length, 8);
  await printed("resnet18", "--svg", `${dir}/resnet18.svg`, "--blocks", `${dir}/blocks.svg`);
  const blocks = await Deno.readTextFile(`${dir}/blocks.svg`);
  assertWellFormed(blocks);
  assertStringIncludes(blocks, 'class="wire skips"');
  assertMatch(await Deno.readTextFile(`${dir}/resnet18.svg`), /class="residual"/);
  await Deno.remove(dir, { recursive: true });
});

Deno.test("--compare puts models side by side, with the errors that the chapter states", async () => {
  const dir = await Deno.makeTempDir();
  const names = "alexnet,vgg16,googlenet,resnet50";
  const out = await printed("--compare", names, "--svg", `${dir}/compare.svg`);
  assertMatch(
    out,
    /model +year +top-5 error +depth +parameters +weights +FLOPs +activations +field of last maps/,
  );
  assertMatch(out, /alexnet +2012 +15.4 % +8 +60,965,224 +244 MB +1.46 G/);
  assertMatch(out, /vgg16 +2014 +7.3 % \(VGGNet of 19 layers\) +16 +138,357,544/);
  assertMatch(out, /googlenet +2014 +6.7 % +22 +6,998,552/);
  assertMatch(out, /resnet50 +2015 +3.57 % \(ResNet of 152 layers\) +50 +25,557,032/);
  const svg = await Deno.readTextFile(`${dir}/compare.svg`);
  assertWellFormed(svg);
  for (const name of names.split(",")) assertStringIncludes(svg, `>${name}</text>`);
  await Deno.remove(dir, { recursive: true });
});

Deno.test("--compare --json is one object with a row for each model", async () => {
  const { models } = JSON.parse(await printed("--compare", "vgg19,resnet20", "--json"));
  assertEquals(models.map(({ model }: { model: string }) => model), ["vgg19", "resnet20"]);
  assertEquals(models[0].result, { year: 2014, error: 7.3 });
  assert(!("result" in models[1]) && !("layers" in models[1]));
});

Deno.test("without a name all models are listed", async () => {
  assertMatch(await printed(), /resnet20 +269,722 +32×32×3 +the CIFAR ResNet of 20 layers/);
  const { models: listed } = JSON.parse(await printed("--json"));
  assertEquals(listed.length, Object.keys(models).length);
});

Deno.test("what summary cannot use is refused in one line, before any work", async () => {
  const refused: [string[], string][] = [
    [["lenet5", "--compare", "resnet20"], "MODEL or --compare"],
    [["vgg61"], '"vgg11"'],
    [["--compare", "alexnet,resnt18"], '"resnet18"'],
    [["--compare", "alexnet,"], "unknown model"],
    [["lenet5", "--input", "28x28"], "HEIGHTxWIDTHxCHANNELS"],
    [["lenet5", "--input", "28x0x1"], "HEIGHTxWIDTHxCHANNELS"],
    [["lenet5", "--input", "28x-28x1"], "HEIGHTxWIDTHxCHANNELS"],
    [["lenet5", "--batch-size", "0"], "--batch-size"],
    [["lenet5", "--optimizer", "adan"], "adam"],
    [["lenet5", "--classes", "0"], "--classes"],
  ];
  const outcomes = await Promise.all(refused.map(([args]) => run(...args)));
  for (const [i, { code, out, err }] of outcomes.entries()) {
    const [args, expected] = refused[i]!;
    assertEquals([code, out], [2, ""], `${args}: ${err}`);
    assertMatch(err, /^error: .*\n$/);
    assertStringIncludes(err, expected);
  }
});

Deno.test("an input that the model cannot take, and a file that cannot be written, are errors", async () => {
  const small = await run("vgg16", "--input", "8x8x3");
  assertEquals([small.code, small.out], [1, ""]);
  assertMatch(small.err, /^error: In "pool4": Cannot apply a maxPool layer .*\n$/);
  const nowhere = await run("lenet5", "--svg", "/nowhere/a.svg");
  assertEquals([nowhere.code, nowhere.out], [1, ""]);
  assertStringIncludes(nowhere.err, "Cannot write /nowhere/a.svg");
});
