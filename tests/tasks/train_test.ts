// The tasks as a user runs them: in processes of their own, with the permissions deno.json gives them.
import {
  assert,
  assertEquals,
  assertGreater,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { encodePng } from "../../lib/image/mod.ts";
import { mnist } from "../../mod.ts";
import { parseCheckpoint } from "../../lib/weights/checkpoint.ts";
import { hasAdapter } from "../device/adapter.ts";
import { runTask, taskWords } from "./run_task.ts";
import { smallMnist } from "./small_mnist.ts";

const root = new URL("../../", import.meta.url);

const backend = hasAdapter ? "webgpu" : "cpu";

Deno.test("train, evaluate and predict work one after the other", async () => {
  const dataDir = await smallMnist(640, 200);
  const out = `${dataDir}/run`;
  const trained = await runTask("train", [
    "--data-dir",
    dataDir,
    "--out",
    out,
    "--epochs",
    "2",
    "--json",
  ]);
  assertEquals(trained.code, 0, trained.err);
  const lines = trained.out.trim().split("\n");
  const result = JSON.parse(lines.at(-1)!);
  assertEquals(Object.keys(result), [
    "model",
    "dataset",
    "parameters",
    "parametersHash",
    "rank",
    "ranks",
    "epochs",
    "trainSamples",
    "testSamples",
    "testAccuracy",
    "testLoss",
    "seconds",
    "stepsPerSecond",
    "backend",
    "adapter",
    "software",
    "checkpoint",
    "epochsDone",
    "stopped",
    "validationSamples",
    "bestEpoch",
    "top5Accuracy",
    "files",
  ]);
  assertEquals([result.model, result.dataset, result.parameters], ["lenet5", "mnist", 61706]);
  assertEquals([result.trainSamples, result.testSamples, result.backend], [640, 200, backend]);
  assertGreater(result.testAccuracy, 0.3);
  assertGreater(result.stepsPerSecond, 0);
  assertMatch(
    trained.err,
    /Epoch 2\/2 - .*s - loss: .* - accuracy: .* - val_loss: .* - val_accuracy: /,
  );

  const files = [...Deno.readDirSync(out)].map(({ name }) => name).sort();
  assertEquals(files, [
    "checkpoint.safetensors",
    "classes.csv",
    "config.json",
    "confusion.csv",
    "curves.svg",
    "history.csv",
    "result.json",
    "wrongest.png",
  ]);
  assertEquals(result.files.toSorted(), files);
  const history = (await Deno.readTextFile(`${out}/history.csv`)).trim().split("\r\n");
  assertEquals(history.length, 3);
  assertStringIncludes(await Deno.readTextFile(`${out}/curves.svg`), "lenet5 on mnist");
  const checkpoint = parseCheckpoint(await Deno.readFile(result.checkpoint), result.checkpoint);
  assertEquals(checkpoint.sections.params.get("conv1/kernel")?.shape, [5, 5, 1, 6]);

  const weights = ["--weights", result.checkpoint];
  const evaluated = await runTask("evaluate", [...weights, "--data-dir", dataDir, "--json"]);
  assertEquals(evaluated.code, 0, evaluated.err);
  assertEquals(JSON.parse(evaluated.out).accuracy, result.testAccuracy);

  const { test } = await mnist();
  const pixels = Float32Array.from(test.images.subarray(0, 784), (value) => value / 255);
  const digit = `${dataDir}/digit.png`;
  await Deno.writeFile(digit, encodePng({ width: 28, height: 28, channels: 1, pixels }));
  const ink = `${dataDir}/ink.png`;
  await Deno.writeFile(
    ink,
    encodePng({ width: 28, height: 28, channels: 1, pixels: pixels.map((v) => 1 - v) }),
  );
  const [light, dark] = await Promise.all(
    [digit, ink].map((image) => runTask("predict", [image, ...weights, "--top", "3", "--json"])),
  );
  assertEquals([light!.code, dark!.code], [0, 0], light!.err + dark!.err);
  const { top } = JSON.parse(light!.out);
  assertEquals(top.length, 3);
  // Dark ink on white paper is the same digit.
  assertEquals(JSON.parse(dark!.out).top[0].class, top[0].class);
  assertMatch((await runTask("predict", [digit, ...weights])).out, /^\d +\d+\.\d\d %/);
  await Deno.remove(dataDir, { recursive: true });
});

Deno.test("train takes CIFAR-10 from its folder, and evaluate needs the test file alone", async () => {
  const dataDir = await Deno.makeTempDir();
  // Records of a label and 3,072 bytes, ten images of one color each.
  const batch = Uint8Array.from(
    { length: 10 * 3073 },
    (_, i) => i % 3073 === 0 ? i / 3073 : 25 * Math.floor(i / 3073),
  );
  await Deno.writeFile(`${dataDir}/test_batch.bin`, batch);
  const args = ["--dataset", "cifar10", "--epochs", "1", "--out", `${dataDir}/run`, "--json"];
  const nowhere = await runTask("train", args);
  assertEquals(nowhere.code, 1);
  assertStringIncludes(nowhere.err, "https://www.cs.toronto.edu/~kriz/cifar.html");
  const untrained = await runTask("train", [...args, "--data-dir", dataDir]);
  assertEquals(untrained.code, 1);
  assertStringIncludes(untrained.err, "must hold data_batch_1.bin to data_batch_5.bin");
  await Deno.writeFile(`${dataDir}/data_batch_2.bin`, batch);
  const trained = await runTask("train", [...args, "--data-dir", dataDir]);
  assertEquals(trained.code, 0, trained.err);
  const { dataset, trainSamples, checkpoint } = JSON.parse(trained.out.trim().split("\n").at(-1)!);
  assertEquals([dataset, trainSamples], ["cifar10", 10]);
  await Deno.remove(`${dataDir}/data_batch_2.bin`);
  const found = await runTask("evaluate", [
    "--weights",
    checkpoint,
    "--data-dir",
    dataDir,
    "--json",
  ]);
  assertEquals(found.code, 0, found.err);
  assertEquals(JSON.parse(found.out).samples, 10);
  await Deno.remove(dataDir, { recursive: true });
});

Deno.test("Ctrl-C ends the step, leaves a checkpoint and says how to continue; --resume comes to the same numbers", async () => {
  const dataDir = await smallMnist(900, 50);
  const common = ["--data-dir", dataDir, "--batch-size", "30", "--epochs", "2"];
  const whole = await runTask("train", [...common, "--out", `${dataDir}/whole`, "--json"]);
  assertEquals(whole.code, 0, whole.err);

  const out = `${dataDir}/cut`;
  const child = new Deno.Command(Deno.execPath(), {
    args: [...taskWords("train"), ...common, "--out", out],
    cwd: root,
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let err = "";
  for await (const chunk of child.stderr.pipeThrough(new TextDecoderStream())) {
    if (!err.includes("First step") && (err + chunk).includes("First step")) child.kill("SIGINT");
    err += chunk;
  }
  assertEquals((await child.status).code, 130, err);
  assertMatch(err, /to continue: deno task train --resume --out \S+cut/);
  // The checkpoint remembers the data's directory.
  const resumed = await runTask("train", ["--out", out, "--resume", "--json"]);
  assertEquals(resumed.code, 0, resumed.err);
  const numbers = (text: string): unknown => {
    const { testAccuracy, testLoss } = JSON.parse(text.trim().split("\n").at(-1)!);
    return { testAccuracy, testLoss };
  };
  assertEquals(numbers(resumed.out), numbers(whole.out));
  const values = async (dir: string): Promise<unknown> =>
    parseCheckpoint(await Deno.readFile(`${dir}/checkpoint.safetensors`), dir).sections;
  assertEquals(await values(out), await values(`${dataDir}/whole`));

  // A finished run is not trained again, however it is asked for.
  for (const words of [["--resume"], [...common.slice(2)]]) {
    const args = ["--data-dir", dataDir, "--out", out, "--json", ...words];
    const done = await runTask("train", args);
    assertEquals(done.code, 0, done.err);
    assertStringIncludes(done.err, `the run in ${out} is finished: test accuracy`);
    assertStringIncludes(done.err, `deno task train --out ${out} --resume --epochs 4`);
    assertEquals(done.out, resumed.out);
  }
  assertEquals(await values(out), await values(`${dataDir}/whole`));
  const less = ["--data-dir", dataDir, "--out", out, "--resume", "--epochs", "1"];
  const done = await runTask("train", less);
  assertEquals(done.code, 2);
  assertStringIncludes(done.err, "--epochs: it must be above 2");
  const other = await runTask("train", [
    "--data-dir",
    dataDir,
    "--out",
    out,
    "--resume",
    "--seed",
    "5",
  ]);
  assertEquals(other.code, 2);
  assertStringIncludes(other.err, "another seed: it must be the checkpoint's 0, got 5");
  await Deno.remove(dataDir, { recursive: true });
});

Deno.test("each wrong flag is refused before any work, with what would be right", async () => {
  const refused: [string, string[], string][] = [
    ["train", ["--modle", "lenet5"], "--model"],
    ["train", ["--lr", "0.1"], "--learning-rate"],
    ["train", ["--model", "lenet"], '"lenet5"'],
    ["train", ["--dataset", "minst"], '"mnist"'],
    ["train", ["--learning-rate", "0"], "--learning-rate"],
    ["train", ["--learning-rate", "-1"], "--learning-rate"],
    ["train", ["--learning-rate", "NaN"], "--learning-rate"],
    ["train", ["--batch-size", "0"], "--batch-size"],
    ["train", ["--batch-size", "60001"], "60000"],
    ["train", ["--limit", "0"], "--limit"],
    ["train", ["--limit", "60001"], "60000"],
    ["train", ["--epochs", "two"], "--epochs"],
    ["predict", [], "IMAGE"],
  ];
  const outcomes = await Promise.all(refused.map(([name, args]) => runTask(name, args)));
  for (const [i, { code, err, out }] of outcomes.entries()) {
    const [name, args, expected] = refused[i]!;
    assertEquals(code, 2, `${name} ${args}: ${err}`);
    assertEquals(out, "");
    assertMatch(err, /^error: .*\n$/);
    assertStringIncludes(err, expected);
  }
});

Deno.test("an output directory that cannot be written is refused before training", async () => {
  const dataDir = await smallMnist(10, 10);
  const file = `${dataDir}/file`;
  await Deno.writeTextFile(file, "kept");
  const { code, err } = await runTask("train", [
    "--data-dir",
    dataDir,
    "--batch-size",
    "5",
    "--out",
    `${file}/run`,
  ]);
  assertEquals(code, 1);
  assertStringIncludes(err, `${file}/run`);
  assert(!err.includes("Epoch"));
  assertEquals(await Deno.readTextFile(file), "kept");
  await Deno.remove(dataDir, { recursive: true });
});

Deno.test("files that are not what they should be are refused with the reason", async () => {
  const dir = await Deno.makeTempDir();
  const textual = `${dir}/text.png`;
  await Deno.writeTextFile(textual, "this is no picture");
  const predicted = await runTask("predict", [textual]);
  assertEquals(predicted.code, 1);
  assertMatch(predicted.err, /^error: .*text\.png.*\n$/);
  const corrupt = `${dir}/checkpoint.safetensors`;
  await Deno.writeFile(corrupt, new Uint8Array(100).fill(1));
  const evaluated = await runTask("evaluate", ["--weights", corrupt]);
  assertEquals(evaluated.code, 1);
  assertMatch(evaluated.err, /^error: .*checkpoint\.safetensors.*\n$/);
  const resumed = await runTask("train", ["--out", dir, "--resume"]);
  assertEquals(resumed.code, 1);
  assertStringIncludes(resumed.err, corrupt);
  assertEquals((await Deno.readFile(corrupt)).length, 100);
  await Deno.remove(dir, { recursive: true });
});

Deno.test("without an adapter train uses the CPU with one warning, unless WebGPU was asked for", async () => {
  const dataDir = await smallMnist(20, 10);
  const none = {
    DENO_WEBGPU_BACKEND: "vulkan",
    VK_ICD_FILENAMES: "/none",
    VK_DRIVER_FILES: "/none",
  };
  if (Deno.build.os !== "linux") return; // Elsewhere these variables do not hide the adapter.
  const args = [
    "--data-dir",
    dataDir,
    "--epochs",
    "1",
    "--out",
    `${dataDir}/run`,
  ];
  const { code, err, out } = await runTask("train", [...args, "--json"], none);
  assertEquals(code, 0, err);
  assertEquals(JSON.parse(out).backend, "cpu");
  assertEquals(err.match(/warning: /g)?.length, 1);
  const strict = await runTask("train", [...args, "--overwrite", "--backend", "webgpu"], none);
  assertEquals(strict.code, 1);
  assertStringIncludes(strict.err, "no GPU adapter was found");
  await Deno.remove(dataDir, { recursive: true });
});

Deno.test("--help and a refused flag run no other program, and need no permission to", async () => {
  const run = async (name: string, flag: string): Promise<[number, string]> => {
    const words = taskWords(name).filter((word) => !word.startsWith("--allow-run"));
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [...words, flag],
      cwd: root,
      env: { NO_COLOR: "1" },
    }).output();
    const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    return [code, `${out}${err}`];
  };
  const names = ["setup", "train", "transfer", "selftest", "bench", "explain", "generate"];
  await Promise.all(names.map(async (name) => {
    const [code, out] = await run(name, "--help");
    assertEquals(code, 0, out);
    assertMatch(out, new RegExp(`\\nExamples:\\n {2}deno task ${name}`));
  }));
  for (const name of ["train", "bench"]) {
    assertEquals(await run(name, "--bogus"), [
      2,
      `error: unknown flag --bogus (see deno task ${name} --help)\n`,
    ]);
  }
});
