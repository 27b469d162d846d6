// The flags by which a training run is steered, as a user gives them.
import {
  assert,
  assertEquals,
  assertGreater,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { decodeImage, encodePng } from "../../lib/image/mod.ts";
import { parseCheckpoint } from "../../lib/weights/checkpoint.ts";
import { runTask } from "./run_task.ts";
import { smallMnist } from "./small_mnist.ts";

/** The JSON object of a task's last line. */
function answer(out: string): Record<string, unknown> {
  return JSON.parse(out.trim().split("\n").at(-1)!);
}

Deno.test("a run that is steered holds images back, keeps its best epoch, and says what it reached", async () => {
  const dataDir = await smallMnist(500, 100);
  const out = `${dataDir}/run`;
  const flags = [
    ...["--data-dir", dataDir, "--out", out, "--epochs", "4", "--early-stop", "--patience", "2"],
    ...["--augment", "digits,erase:0.1", "--label-smoothing", "0.1", "--class-weights", "balanced"],
    ...["--schedule", "plateau", "--optimizer", "adamw", "--weight-decay", "0.02", "--json"],
    "--show-augmented",
  ];
  const { code, out: printed, err } = await runTask("train", flags);
  assertEquals(code, 0, err);
  const result = answer(printed);
  // Nothing was said of images to hold back: a tenth.
  assertEquals([result.trainSamples, result.validationSamples], [450, 50]);
  const done = result.epochsDone as number;
  assertEquals(result.stopped === null, done === 4);
  const files = [...Deno.readDirSync(out)].map(({ name }) => name).sort();
  assertEquals(files, (result.files as string[]).toSorted());
  assert(files.includes("best.safetensors"));
  assertMatch(err, /best epoch on 50 held-back images: \d/);
  assertMatch(err, /test accuracy \d+\.\d\d %, top 5 /);
  assertMatch(err, /weakest classes: \d \(/);
  assertStringIncludes(err, `files in ${out}: checkpoint.safetensors, best.safetensors`);

  assertStringIncludes(err, `: ${out}/augmented.png`);
  const sheet = await decodeImage(await Deno.readFile(`${out}/augmented.png`), "augmented.png");
  assertGreater(sheet.width, 8 * 28);
  const settings = JSON.parse(await Deno.readTextFile(`${out}/config.json`));
  assertEquals(
    [settings.augment, settings.validation, settings.earlyStop, settings.patience],
    ["digits,erase:0.1", 0.1, true, 2],
  );
  assertEquals([settings.labelSmoothing, settings.weightDecay], [0.1, 0.02]);
  const best = parseCheckpoint(await Deno.readFile(`${out}/best.safetensors`), "best");
  const last = parseCheckpoint(await Deno.readFile(`${out}/checkpoint.safetensors`), "last");
  assertEquals((best.run as { progress: { epoch: number } }).progress.epoch, result.bestEpoch);
  assertEquals(best.sections.params.get("conv1/kernel"), last.sections.params.get("conv1/kernel"));
  const measured = await runTask("evaluate", [
    ...["--weights", `${out}/best.safetensors`, "--data-dir", dataDir, "--json"],
  ]);
  assertEquals(answer(measured.out).accuracy, result.testAccuracy, measured.err);

  const rows = (await Deno.readTextFile(`${out}/classes.csv`)).trim().split("\r\n");
  assertEquals([rows.length, rows[0]], [11, "class,precision,recall,f1,support,run"]);
  const support = rows.slice(1).reduce((sum, row) => sum + Number(row.split(",")[4]), 0);
  assertEquals(support, 100);
  const confusion = (await Deno.readTextFile(`${out}/confusion.csv`)).trim().split("\r\n");
  const counts = confusion.slice(1).map((row) => row.split(",").slice(1, -1).map(Number));
  const right = counts.reduce((sum, row, i) => sum + row[i]!, 0);
  assertEquals(right / 100, result.testAccuracy);
  const picture = await decodeImage(await Deno.readFile(`${out}/wrongest.png`), "wrongest.png");
  assertGreater(picture.width, 120);

  const other = await runTask(
    "train",
    [...flags, "--resume", "--augment=flip"].filter((flag) =>
      flag !== "digits,erase:0.1" && flag !== "--augment"
    ),
  );
  assertEquals(other.code, 2);
  assertStringIncludes(other.err, "another augment");
  await Deno.remove(dataDir, { recursive: true });
});

Deno.test("a run that its time limit stopped resumes with more time, to the numbers of one without a limit", async () => {
  const dataDir = await smallMnist(240, 40);
  const common = [
    ...["--data-dir", dataDir, "--epochs", "2", "--batch-size", "40", "--augment", "crop:2"],
    ...["--validation", "0.2", "--early-stop", "--json"],
  ];
  const [whole, cut] = await Promise.all([
    runTask("train", [...common, "--out", `${dataDir}/whole`]),
    runTask("train", [...common, "--out", `${dataDir}/cut`, "--time-limit", "0.001"]),
  ]);
  assertEquals([whole.code, cut.code], [0, 0], whole.err + cut.err);
  assertEquals(answer(cut.out).stopped, "timeLimit: 0.001 seconds are over");
  assertEquals(answer(cut.out).epochsDone, 0);
  assertStringIncludes(cut.err, "no epoch was completed");
  const rest = await runTask("train", [
    ...common,
    ...["--out", `${dataDir}/cut`, "--time-limit", "1000", "--resume"],
  ]);
  assertEquals(rest.code, 0, rest.err);
  const sections = async (name: string): Promise<unknown> => {
    const bytes = await Deno.readFile(`${dataDir}/${name}/checkpoint.safetensors`);
    return parseCheckpoint(bytes, name).sections;
  };
  assertEquals(await sections("cut"), await sections("whole"));
  assertEquals(answer(rest.out).testLoss, answer(whole.out).testLoss);
  await Deno.remove(dataDir, { recursive: true });
});

Deno.test("a second run in a directory is refused while the first is there, and its files stay", async () => {
  const dataDir = await smallMnist(20, 10);
  const out = `${dataDir}/run`;
  await Deno.mkdir(out);
  await Deno.writeTextFile(`${out}/config.json`, "kept");
  const path = `${out}/run.lock`;
  const first = await Deno.open(path, { read: true, write: true, create: true });
  await first.lock(true);
  await Deno.writeTextFile(path, "4711\n");
  const args = ["--data-dir", dataDir, "--out", out, "--epochs", "1"];
  const { code, err } = await runTask("train", args);
  assertEquals(code, 1);
  assertStringIncludes(err, `Cannot use ${out}: no other run may be under way in it`);
  assertStringIncludes(err, "process 4711");
  assertEquals(await Deno.readTextFile(`${out}/config.json`), "kept");
  first.close();
  // The file without its lock is what a run leaves that was killed.
  const next = await runTask("train", args);
  assertEquals(next.code, 0, next.err);
  assert(![...Deno.readDirSync(out)].some(({ name }) => name === "run.lock"));
  await Deno.remove(dataDir, { recursive: true });
});

/** A folder of two classes of small pictures, bright ones and dark ones. */
async function pictures(names: readonly [string, string]): Promise<string> {
  const dir = await Deno.makeTempDir();
  for (const [label, name] of names.entries()) {
    await Deno.mkdir(`${dir}/${name}`);
    for (let i = 0; i < 10; i++) {
      const pixels = Float32Array.from(
        { length: 300 },
        (_, p) => 0.2 + 0.5 * label + 0.02 * ((p * 7 + i) % 10),
      );
      const png = encodePng({ width: 10, height: 10, channels: 3, pixels });
      await Deno.writeFile(`${dir}/${name}/${i}.png`, png);
    }
  }
  return dir;
}

Deno.test("a folder of pictures is trained on and measured, by its classes", async () => {
  const [dir, other] = [await pictures(["dark", "light"]), await pictures(["dark", "lit"])];
  const data = ["--dataset", "folder", "--data-dir", dir];
  const out = `${dir}-run`;
  const { code, err, out: printed } = await runTask("train", [
    ...[...data, "--out", out, "--epochs", "2", "--augment", "flip", "--json"],
  ]);
  assertEquals(code, 0, err);
  const { trainSamples, testSamples, testAccuracy } = answer(printed);
  assertEquals([trainSamples, testSamples], [16, 4]);
  assertStringIncludes(err, "2 classes, 16 images to train on, 4 to test with");
  const weights = ["--weights", `${out}/checkpoint.safetensors`, "--json"];
  const measured = await runTask("evaluate", [...weights, "--data-dir", dir]);
  assertEquals(answer(measured.out).accuracy, testAccuracy, measured.err);
  const refused = await runTask("evaluate", [...weights, "--data-dir", other]);
  assertEquals(refused.code, 2);
  assertStringIncludes(refused.err, "got lit in place of light");
  await Promise.all([dir, other, out].map((path) => Deno.remove(path, { recursive: true })));
});

Deno.test("a learning rate is found by a sweep, drawn, and kept with the run", async () => {
  const dataDir = await smallMnist(320, 20);
  const out = `${dataDir}/run`;
  const { code, err, out: printed } = await runTask("train", [
    ...["--data-dir", dataDir, "--out", out, "--epochs", "1", "--find-lr", "--json"],
    ...["--batch-size", "32"],
  ]);
  assertEquals(code, 0, err);
  const { learningRate } = JSON.parse(await Deno.readTextFile(`${out}/config.json`));
  assertStringIncludes(
    err,
    `learning rate ${learningRate}, from the curve in ${out}/learning_rate.svg`,
  );
  assert(learningRate > 1e-4 && learningRate < 1, `${learningRate}`);
  assertStringIncludes(
    await Deno.readTextFile(`${out}/learning_rate.svg`),
    "lenet5 on mnist, adam",
  );
  const checkpoint = parseCheckpoint(await Deno.readFile(`${out}/checkpoint.safetensors`), "last");
  const { settings } = checkpoint.run as { settings: { learningRate: number } };
  assertEquals(settings.learningRate, learningRate);
  assert((answer(printed).files as string[]).includes("learning_rate.svg"));
  await Deno.remove(dataDir, { recursive: true });
});

Deno.test("mixed precision on the CPU backend is refused before there is a folder", async () => {
  const dataDir = await smallMnist(10, 10);
  const out = `${dataDir}/run`;
  const args = ["--data-dir", dataDir, "--out", out, "--precision", "mixed", "--backend", "cpu"];
  const { code, err } = await runTask("train", args);
  assertEquals(code, 1);
  assertStringIncludes(err, 'the backend must be "webgpu", got "cpu". Choose precision "float32"');
  assert(!(await Array.fromAsync(Deno.readDir(dataDir))).some(({ name }) => name === "run"));
  await Deno.remove(dataDir, { recursive: true });
});

Deno.test("each wrong flag of a steered run is refused before any work, with what would be right", async () => {
  const refused: [string[], string][] = [
    [["--augment", "crp:4"], "crop"],
    [["--augment", "crop:-1"], "got -1"],
    [["--label-smoothing", "1"], "--label-smoothing"],
    [["--validation", "0"], "--validation"],
    [["--validation", "1"], "--validation"],
    [["--patience", "0"], "--patience"],
    [["--time-limit", "0"], "--time-limit"],
    [["--weight-decay", "-1"], "--weight-decay"],
    [["--class-weights", "some"], "balanced"],
    [["--schedule", "stepp"], '"step"'],
    [["--optimizer", "adamW"], '"adamw"'],
    [["--dataset", "folder"], "--data-dir"],
    [["--show-augmented"], "--augment"],
    [["--find-lr", "--learning-rate", "0.1"], "--find-lr"],
    [["--precision", "float16"], "mixed"],
    [["--loss-scale", "0", "--precision", "mixed"], "--loss-scale"],
    [["--loss-scale", "8"], "--precision mixed"],
  ];
  const outcomes = await Promise.all(refused.map(([args]) => runTask("train", args)));
  for (const [i, { code, err, out }] of outcomes.entries()) {
    const [args, expected] = refused[i]!;
    assertEquals([code, out], [2, ""], `${args}: ${err}`);
    assertMatch(err, /^error: .*\n$/);
    assertStringIncludes(err, expected);
  }
});
