// `--model ./file.ts`: a network of one's own in every task, and what a checkpoint says of its file.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import * as nc from "../../mod.ts";
import { encodePng } from "../../lib/image/mod.ts";
import { writeTorch } from "../../lib/weights/mod.ts";
import { type Outcome, runTask } from "./run_task.ts";
import { smallMnist } from "./small_mnist.ts";

/** A small network for digits, as a user writes it, and another export. */
const CODE = `
import * as nc from "@neocog/neocog";
export const inputShape = [28, 28, 1];
export default ({ numClasses = 10 }: nc.ModelOptions = {}) =>
  nc.sequential({
    conv1: nc.conv({ features: 4, size: 4, stride: 2 }),
    relu1: nc.relu(),
    flatten: nc.flatten(),
    logits: nc.dense({ features: numClasses }),
  });
export const plain = nc.sequential({ flatten: nc.flatten(), logits: nc.dense({ features: 10 }) });
export const five = 5;
`;

/** The same network. */
function sameModel(): nc.Layer {
  return nc.sequential({
    conv1: nc.conv({ features: 4, size: 4, stride: 2 }),
    relu1: nc.relu(),
    flatten: nc.flatten(),
    logits: nc.dense({ features: 10 }),
  }) as nc.Layer;
}

/** A folder with the code in `net.ts`, a digit in `digit.png`, and images of digits. */
async function folder(code = CODE): Promise<string> {
  const dir = await smallMnist(160, 60);
  await Deno.writeTextFile(`${dir}/net.ts`, code);
  const { test } = await nc.mnist();
  const pixels = Float32Array.from(test.images.subarray(0, 784), (byte) => byte / 255);
  const image = { width: 28, height: 28, channels: 1, pixels } as const;
  await Deno.writeFile(`${dir}/digit.png`, encodePng(image));
  return dir;
}

function json(done: Outcome): Record<string, unknown> {
  assertEquals(done.code, 0, done.err);
  return JSON.parse(done.out.trim().split("\n").at(-1)!);
}

/** Trains `net.ts` for an epoch. */
function train(dir: string, ...more: string[]): Promise<Outcome> {
  const args = ["--data-dir", dir, "--out", `${dir}/run`, "--backend", "cpu", "--json"];
  return runTask("train", [...args, "--model", `${dir}/net.ts`, "--epochs", "1", ...more]);
}

Deno.test("a network in a file is trained, measured, asked, looked into, drawn and transferred", async () => {
  const dir = await folder();
  const trained = json(await train(dir));
  assertEquals([trained.model, trained.parameters], [`${dir}/net.ts`, 4 * 16 + 4 + 676 * 10 + 10]);
  const named = ["--weights", `${dir}/run/checkpoint.safetensors`, "--model", `${dir}/net.ts`];
  const cpu = ["--backend", "cpu"];
  const measured = json(
    await runTask("evaluate", [...named, ...cpu, "--data-dir", dir, "--json"]),
  );
  assertEquals(measured.accuracy, trained.testAccuracy);
  const asked = json(
    await runTask("predict", [`${dir}/digit.png`, ...named, ...cpu, "--json"]),
  );
  assertEquals((asked.top as unknown[]).length, 5);
  for (
    const [task, args] of [
      ["explain", ["saliency", "--image", `${dir}/digit.png`]],
      ["explain", ["filters"]],
      ["generate", ["class-image", "--class", "3", "--steps", "2"]],
    ] as const
  ) {
    const done = await runTask(task, [...args, ...named, ...cpu, "--out", `${dir}/${args[0]}`]);
    assertEquals(done.code, 0, done.err);
    assert([...Deno.readDirSync(`${dir}/${args[0]}`)].some(({ name }) => name.endsWith(".png")));
  }
  const drawn = await runTask("summary", ["--model", `${dir}/net.ts`, "--svg", `${dir}/net.svg`]);
  assertEquals(drawn.code, 0, drawn.err);
  assertStringIncludes(drawn.out, "6,838");
  for (const name of ["a", "b"]) {
    await Deno.mkdir(`${dir}/photos/${name}`, { recursive: true });
    for (let i = 0; i < 4; i++) {
      await Deno.copyFile(`${dir}/digit.png`, `${dir}/photos/${name}/${i}.png`);
    }
  }
  const out = ["--data", `${dir}/photos`, "--out", `${dir}/transfer`, "--epochs", "1"];
  const learned = json(await runTask("transfer", [...named, ...out, ...cpu, "--json"]));
  assertEquals(learned.classNames, ["a", "b"]);
  const again = ["--weights", `${dir}/transfer/checkpoint.safetensors`, "--model", `${dir}/net.ts`];
  const two = json(await runTask("predict", [`${dir}/digit.png`, ...again, ...cpu, "--json"]));
  assertEquals((two.top as { class: string }[]).map(({ class: name }) => name).sort(), ["a", "b"]);
});

Deno.test("a checkpoint never runs code by itself, and knows its file by its hash", async () => {
  const dir = await folder();
  json(await train(dir, "--export", "plain"));
  const file = `${dir}/run/checkpoint.safetensors`;
  const cpu = ["--backend", "cpu"];
  const evaluate = (...args: string[]): Promise<Outcome> =>
    runTask("evaluate", ["--weights", file, "--data-dir", dir, ...cpu, ...args]);
  const unnamed = await evaluate();
  assertEquals(unnamed.code, 1);
  assertStringIncludes(unnamed.err, `run only if you name it: --model ${dir}/net.ts`);
  const resume = ["--data-dir", dir, "--out", `${dir}/run`, ...cpu, "--resume", "--epochs", "2"];
  const unnamedRun = await runTask("train", resume);
  assertEquals(unnamedRun.code, 2);
  assertStringIncludes(unnamedRun.err, `--model ${dir}/net.ts`);
  // The export is the checkpoint's; a moved file is the same.
  await Deno.copyFile(`${dir}/net.ts`, `${dir}/moved.ts`);
  const moved = await runTask("train", [...resume, "--model", `${dir}/moved.ts`]);
  assertEquals(moved.code, 0, moved.err);
  const asBefore = await evaluate("--model", `${dir}/moved.ts`, "--export", "plain");
  assertEquals(asBefore.code, 0, asBefore.err);
  await Deno.writeTextFile(`${dir}/net.ts`, `${CODE}\n// Changed.\n`);
  const changed = await evaluate("--model", `${dir}/net.ts`, "--export", "plain");
  assertEquals(changed.code, 1);
  assertStringIncludes(changed.err, "as it was when the checkpoint was written");
  const more = ["--model", `${dir}/net.ts`, "--epochs", "3"];
  const changedRun = await runTask("train", [...resume.slice(0, -2), ...more]);
  assertStringIncludes(changedRun.err, "--changed-model");
  const accepted = await evaluate(
    ...["--model", `${dir}/net.ts`, "--export", "plain", "--changed-model"],
  );
  assertEquals(accepted.code, 0, accepted.err);
  const acceptedRun = await runTask("train", [...resume.slice(0, -2), ...more, "--changed-model"]);
  assertEquals(acceptedRun.code, 0, acceptedRun.err);
  // Another export has other parameters.
  const other = await evaluate("--model", `${dir}/moved.ts`, "--changed-model");
  assertStringIncludes(other.err, "conv1/kernel");
});

Deno.test("weights of a script are read: of a snapshot, and by PyTorch's names", async () => {
  const dir = await folder();
  await nc.start({ backend: "cpu" });
  const network = nc.beginTraining(sameModel(), nc.adam(), nc.key(0), [28, 28, 1]);
  await nc.writeCheckpoint(`${dir}/snapshot.safetensors`, await nc.snapshot(network));
  await writeTorch(`${dir}/torch.safetensors`, network, [28, 28, 1]);
  const predict = async (weights: string, ...args: string[]): Promise<unknown> => {
    const cpu = ["--backend", "cpu", "--json"];
    const named = ["--weights", `${dir}/${weights}.safetensors`, "--model", `${dir}/net.ts`];
    return json(await runTask("predict", [`${dir}/digit.png`, ...named, ...cpu, ...args])).top;
  };
  const found = await predict("snapshot");
  assertEquals(found, await predict("torch"));
  const { top } = { top: found as { class: string }[] };
  assertEquals(top.every(({ class: name }) => name.startsWith("class ")), true);
});

Deno.test("what a file exports beside its model is used, also in training", async () => {
  const names = Array.from({ length: 10 }, (_, i) => `digit ${i}`);
  const preprocessing = { crop: 28, range: 1, mean: [0.5], std: [0.25] };
  const dir = await folder(`${CODE}
export const classNames = ${JSON.stringify(names)};
export const preprocessing = ${JSON.stringify(preprocessing)};
`);
  const trained = json(await train(dir));
  const file = `${dir}/run/checkpoint.safetensors`;
  const { run } = await nc.readCheckpoint(file);
  const { data, settings } = run as unknown as {
    data: { normalize: unknown };
    preprocessing: unknown;
    settings: { modelSha256: string };
  };
  assertEquals(data.normalize, { mean: [0.5], std: [0.25] });
  assertEquals(settings.modelSha256.length, 64);
  const named = ["--weights", file, "--model", `${dir}/net.ts`, "--backend", "cpu", "--json"];
  const measured = json(await runTask("evaluate", [...named, "--data-dir", dir]));
  assertEquals(measured.accuracy, trained.testAccuracy);
  assertEquals(measured.normalize, { mean: [0.5], std: [0.25] });
});

Deno.test("a file that makes no model is refused before any work", async () => {
  const dir = await folder();
  const refused = async (message: string, ...args: string[]): Promise<void> => {
    const { code, err } = await runTask("summary", args);
    assertEquals(code, 2, err);
    assertStringIncludes(err, message);
  };
  await refused("five must be a layer", "--model", `${dir}/net.ts`, "--export", "five");
  await refused("got wid of default", "--model", `${dir}/net.ts`, "--export", "wid");
  await refused("needs a file as --model", "--model", "lenet5", "--export", "x");
  await refused('did you mean "lenet5"', "--model", "lenet6");
  await refused("MODEL is given too", "lenet5", "--model", "lenet5");
  await Deno.writeTextFile(`${dir}/broken.ts`, "throw new Error('a broken file');");
  await refused("a broken file", "--model", `${dir}/broken.ts`);
  await Deno.writeTextFile(`${dir}/shape.ts`, `${CODE.replace("[28, 28, 1]", '"28x28"')}`);
  await refused("inputShape must be", "--model", `${dir}/shape.ts`);
  const missing = await runTask("summary", ["--model", `${dir}/none.ts`]);
  assertStringIncludes(missing.err, "none.ts");
  const fixed = `export { plain as default, inputShape } from "./net.ts";`;
  await Deno.writeTextFile(`${dir}/fixed.ts`, fixed);
  await Deno.mkdir(`${dir}/photos/a`, { recursive: true });
  await Deno.mkdir(`${dir}/photos/b`, { recursive: true });
  for (const name of ["a/0", "a/1", "b/0", "b/1"]) {
    await Deno.copyFile(`${dir}/digit.png`, `${dir}/photos/${name}.png`);
  }
  const { code, err } = await runTask("train", [
    ...["--model", `${dir}/fixed.ts`, "--dataset", "folder", "--data-dir", `${dir}/photos`],
    ...["--out", `${dir}/no`, "--backend", "cpu"],
  ]);
  assertEquals(code, 2);
  assertStringIncludes(err, "it must output [2], a score for each class, got [10]");
});

/** A network with two inputs and outputs, a part of it with one input, and its outputs one by one. */
const SEVERAL = `
import * as nc from "@neocog/neocog";
const { tf } = nc;
const tower = nc.sequential({ conv: nc.conv({ features: 3, size: 4, stride: 2 }), relu: nc.relu() });
export const inputShape = { left: [28, 28, 1], right: [28, 28, 1] };
export default nc.graph({
  seen: { layer: tower, from: "left" },
  other: { layer: tower, from: "right" },
}, { inputs: ["left", "right"], outputs: ["seen", "other"] });
export const one = { model: nc.sequential({ seen: tower }), inputShape: [28, 28, 1] };
export const ink = {
  model: nc.layers.readOut(one.model, {
    output: (maps) => tf.mean(maps, [1, 2]),
    shape: () => [3],
  }),
  inputShape: [28, 28, 1],
  classNames: ["a", "b", "c"],
};
export const outputs = {
  model: nc.graph({
    maps: { layer: tower, from: "input" },
    pool: nc.globalMeanPool(),
  }, { outputs: ["maps", "pool"] }),
  inputShape: [28, 28, 1],
};
`;

Deno.test("of a network with several inputs or outputs tasks take a part, and say so", async () => {
  const dir = await folder(SEVERAL);
  const file = `${dir}/net.ts`;
  const described = await runTask("summary", [file]);
  assertEquals(described.code, 0, described.err);
  assertStringIncludes(described.out, "left 28 × 28 × 1, right 28 × 28 × 1");
  const { default: model, inputShape, outputs } = await import(`file://${file}`);
  await nc.start({ backend: "cpu" });
  for (
    const [name, layer, shape] of [["two", model, inputShape], ["outs", outputs.model, [28, 28, 1]]]
  ) {
    const network = nc.beginTraining(layer, nc.adam(), nc.key(0), shape);
    await nc.writeCheckpoint(`${dir}/${name}.safetensors`, await nc.snapshot(network));
  }
  const done = (task: string, args: readonly string[], weights = "two") =>
    runTask(task, [
      ...args,
      ...["--model", file, "--backend", "cpu"],
      ...(task === "train" ? [] : ["--weights", `${dir}/${weights}.safetensors`]),
    ]);
  const image = ["--image", `${dir}/digit.png`, "--out", `${dir}/out`];
  const one = await done("explain", ["activations", ...image, "--export", "one"]);
  assertEquals(one.code, 0, one.err);
  const asked = json(await done("predict", [`${dir}/digit.png`, "--export", "ink", "--json"]));
  const classes = (asked.top as { class: string }[]).map(({ class: name }) => name);
  assertEquals(classes.toSorted(), ["a", "b", "c"]);
  const refused = async (message: string, task: string, args: string[], weights?: string) => {
    const { code, err } = await done(task, args, weights);
    assert(code > 0);
    assertStringIncludes(err, message);
  };
  await refused("got the inputs left 28 × 28 × 1", "train", []);
  await refused("got the inputs left 28 × 28 × 1", "explain", ["filters"]);
  const output = ["--export", "outputs"];
  // The bench trains by cross-entropy, of one picture's classes.
  for (
    const [message, ...more] of [
      ["got the inputs left 28 × 28 × 1"],
      ["it must output [classes], a score for each class, got [13,13,3]", "--export", "one"],
      ["it must output [classes], a score for each class, got maps 13 × 13 × 3", ...output],
    ] as const
  ) {
    const { code, err } = await runTask("bench", ["--profile", "--model", file, ...more]);
    assertEquals(code, 2);
    assertStringIncludes(err, message);
  }
  await refused("it must output [10], a score for each class, got maps", "train", output);
  await refused('layers.readOut(model, "maps")', "explain", ["filters", ...output], "outs");
  const saliency = ["saliency", ...image, "--export", "one"];
  await refused("got [13,13,3]. layers.readOut makes them", "explain", saliency);
});
