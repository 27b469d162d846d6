// The task as a user runs it: a folder of pictures, a checkpoint that other tasks read, refusals.
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { encodePng } from "../../lib/image/mod.ts";
import { key } from "../../mod.ts";
import { uniformArray } from "../../lib/tensor/mod.ts";
import { madeCheckpoint } from "./made_network.ts";
import { runTask } from "./run_task.ts";

/** A folder of two classes of gray pictures: bright above, bright below. */
async function pictures(dir: string, count = 6): Promise<string> {
  for (const [label, name] of ["above", "below"].entries()) {
    await Deno.mkdir(`${dir}/photos/${name}`, { recursive: true });
    for (let i = 0; i < count; i++) {
      const noise = uniformArray(key(10 * i + label), 40 * 40, 0, 0.3);
      const pixels = noise.map((value, at) => value + ((at < 800) === (label === 0) ? 0.6 : 0));
      const file = encodePng({ width: 40, height: 40, channels: 1, pixels });
      await Deno.writeFile(`${dir}/photos/${name}/${i}.png`, file);
    }
  }
  return `${dir}/photos`;
}

Deno.test("transfer leaves a network that predict reads, and a run that is done", async () => {
  const dir = await Deno.makeTempDir();
  const [weights, data] = [await madeCheckpoint(dir), await pictures(dir, 8)];
  const out = `${dir}/out`;
  const done = await runTask("transfer", [
    ...["--weights", weights, "--data", data, "--out", out, "--backend", "cpu", "--json"],
    ...["--epochs", "3", "--batch-size", "4", "--fine-tune-from", "dense1"],
    ...["--fine-tune-epochs", "1", "--augment", "flip", "--compare", "--compare-epochs", "1"],
    ...["--board", "--port", "0", "--tensorboard"],
  ]);
  assertEquals(done.code, 0, done.err);
  const result = JSON.parse(done.out.trim().split("\n").at(-1)!);
  assertEquals([result.trainSamples, result.testSamples, result.epochs], [12, 4, 4]);
  assertEquals([result.model, result.classNames], ["lenet5", ["above", "below"]]);
  assert(result.accuracy >= 0 && result.accuracy <= 1 && result.fromScratchAccuracy >= 0);
  assert(result.seconds > 0 && result.fromScratchSeconds > 0);
  for (const file of result.files) assert((await Deno.stat(file)).size > 0, file);
  assertStringIncludes(done.err, "new: logits/kernel, logits/bias");
  assertStringIncludes(done.err, "features [84] below logits are computed once");
  assertStringIncludes(done.err, "every step runs the whole network (images are augmented)");
  const history = await Deno.readTextFile(`${out}/history.csv`);
  assertEquals(
    history.trim().split("\r\n").map((line) => line.split(",")[0]).join(),
    "epoch,1,2,3,4",
  );
  // Both phases are one run on the board.
  assertMatch(done.out, /^\{"url":"http:\/\/127\.0\.0\.1:\d+\/"\}\n/);
  const lines = async (name: string): Promise<Record<string, unknown>[]> =>
    (await Deno.readTextFile(`${out}/${name}`)).trimEnd().split("\n")
      .map((line) => JSON.parse(line));
  const live = await lines("live.jsonl");
  const epochs = live.filter(({ kind }) => kind === "epoch").map(({ epoch }) => epoch);
  assertEquals([live[0]!.kind, live.at(-1)!.kind, epochs], ["begin", "end", [1, 2, 3, 4]]);
  const steps = live.filter(({ kind }) => kind === "step").map(({ step }) => step as number);
  assertEquals(steps, [...steps].sort((a, b) => a - b));
  assertEquals(steps.at(-1), 12);
  assertEquals((await lines("layers.jsonl")).map(({ epoch }) => epoch), [1, 2, 3, 4]);
  const events = [...Deno.readDirSync(out)].filter(({ name }) => name.startsWith("events.out."));
  assertEquals(events.length, 1);
  const checkpoint = `${out}/checkpoint.safetensors`;
  const asked = [`${data}/above/0.png`, "--weights", checkpoint, "--backend", "cpu", "--json"];
  const predicted = await runTask("predict", [...asked, "--invert", "no"]);
  assertEquals(predicted.code, 0, predicted.err);
  const { top } = JSON.parse(predicted.out.trim().split("\n").at(-1)!);
  assertEquals(top.map((each: { class: string }) => each.class).sort(), ["above", "below"]);
  const again = await runTask("transfer", ["--resume", "--out", out, "--json"]);
  assertEquals(again.code, 0, again.err);
  assertStringIncludes(again.err, `the run in ${out} is finished: test accuracy`);
  assertEquals(JSON.parse(again.out), result);
  const other = await runTask("transfer", ["--resume", "--out", out, "--epochs", "5"]);
  assertEquals(other.code, 2);
  assertStringIncludes(other.err, "another epochs");
});

Deno.test("transfer refuses what it cannot begin from in one line, before it trains", async () => {
  const dir = await Deno.makeTempDir();
  const [weights, data] = [await madeCheckpoint(dir), await pictures(dir, 3)];
  const refused = async (args: string[], code: number, message: RegExp): Promise<void> => {
    const outcome = await runTask("transfer", ["--backend", "cpu", ...args]);
    assertEquals(outcome.code, code, outcome.err);
    assertMatch(outcome.err.trim().split("\n").at(-1)!, message);
  };
  const given = ["--weights", weights, "--data", data, "--out", `${dir}/out`];
  await refused(["--data", data, "--out", dir], 2, /Cannot run without --weights/);
  await refused(
    [...given, "--freeze", "cov1"],
    1,
    /got "cov1", did you mean "conv1"\?/,
  );
  await refused([...given, "--fine-tune-epochs", "2"], 2, /it needs --fine-tune-from/);
  await refused(
    [...given, "--fine-tune-from", "dense1", "--fine-tune-rates", "1"],
    2,
    /it must be two numbers above 0/,
  );
  await refused(["--resume", "--out", dir], 1, /from before the head was replaced of 10 classes/);
  await Deno.remove(`${data}/below`, { recursive: true });
  await refused(
    given,
    1,
    /must hold a folder for each of 2 to 65536 classes, got one class/,
  );
});
