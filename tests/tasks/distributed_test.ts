// `deno task train --distributed`: ranks train as one process does, and end together.
import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import { onEachMpi, onOneMpi } from "../world/launchers.ts";
import { type Outcome, runTask, taskWords } from "./run_task.ts";
import { plainPng } from "../data/picture_folder.ts";
import { tar } from "../files/tar_fixture.ts";
import { smallMnist } from "./small_mnist.ts";

const data = await smallMnist(80, 10);
const train = taskWords("train");
const NETWORK = "examples/networks/lenet5-relu-mnist.safetensors";

/** Few images, in batches of 32 and a last one of 16. */
function flags(out: string): string[] {
  const small = ["--data-dir", data, "--batch-size", "32", "--schedule", "constant"];
  return [...small, "--out", out, "--json"];
}

let alone: Promise<Outcome> | undefined;

/** What one process prints that trains for two epochs. */
function oneProcess(): Promise<Outcome> {
  return alone ??= runTask("train", [...flags(`${data}/one`), "--epochs", "2"]);
}

onEachMpi("ranks train as one process, also resumed by another number of them", async (launch) => {
  const dir = await Deno.makeTempDir();
  const one = await oneProcess();
  assertEquals(one.code, 0, one.err);
  const expected = JSON.parse(one.out);
  assertEquals([expected.rank, expected.ranks], [0, 1]);
  const many = flags(`${dir}/many`);
  const first = await launch(2, ...train, "--distributed", ...many, "--epochs", "1");
  assertEquals([first.code, first.said.length], [0, 2], first.stderr);
  assertEquals(first.said[0].parametersHash, first.said[1].parametersHash);
  assertEquals(first.said.map(({ rank, ranks }) => [rank, ranks]), [[0, 2], [1, 2]]);
  const rest = ["--resume", "--out", `${dir}/many`, "--epochs", "2", "--json"];
  const resumed = await launch(3, ...train, "--distributed", ...rest);
  assertEquals([resumed.code, resumed.said.length], [0, 3], resumed.stderr);
  assertEquals(new Set(resumed.said.map(({ parametersHash }) => parametersHash)).size, 1);
  for (const { testLoss, testAccuracy } of resumed.said) {
    assertLess(Math.abs(testLoss - expected.testLoss), 1e-5);
    assertEquals(testAccuracy, expected.testAccuracy);
  }
  await Deno.remove(dir, { recursive: true });
});

onOneMpi(
  "ranks train on shards as one process does, also resumed in the middle of an epoch",
  async (launch) => {
    const dir = await Deno.makeTempDir();
    // Numbers 0 to 3 as grays; the shards are of other lengths than the parts of batches.
    const sample = (i: number): [string, Uint8Array][] => [
      [`c${i % 4}/${String(i).padStart(3, "0")}.png`, plainPng([20 + 60 * (i % 4), i, 0], 4, 4)],
      [`c${i % 4}/${String(i).padStart(3, "0")}.txt`, new TextEncoder().encode(`c${i % 4}`)],
    ];
    const shards = {
      "train-0": [0, 17],
      "train-1": [17, 20],
      "train-2": [20, 44],
      "test-0": [44, 60],
    };
    await Deno.mkdir(`${dir}/shards`);
    for (const [name, [from, to]] of Object.entries(shards)) {
      const numbers = Array.from({ length: to! - from! }, (_, i) => from! + i);
      await Deno.writeFile(`${dir}/shards/${name}.tar`, tar(numbers.flatMap(sample)));
      for (const [path, bytes] of numbers.map((i) => sample(i)[0]!)) {
        const folder = `${dir}/folder/${name.split("-")[0]}/${path.split("/")[0]}`;
        await Deno.mkdir(folder, { recursive: true });
        await Deno.writeFile(`${folder}/${path.split("/")[1]}`, bytes);
      }
    }
    const common = ["--dataset", "folder", "--image-size", "32", "--batch-size", "11", "--json"];
    const run = (
      data: string,
      out: string,
      ...more: string[]
    ): string[] => [
      ...common,
      "--epochs",
      "2",
      "--data-dir",
      `${dir}/${data}`,
      "--out",
      `${dir}/${out}`,
      ...more,
    ];
    const one = await runTask("train", run("shards", "one"));
    assertEquals(one.code, 0, one.err);
    const expected = JSON.parse(one.out);
    const two = await launch(2, ...train, "--distributed", ...run("shards", "two"));
    assertEquals([two.code, two.said.length], [0, 2], two.stderr);
    assertEquals(two.said[0].parametersHash, two.said[1].parametersHash);
    assertLess(Math.abs(two.said[0].testLoss - expected.testLoss), 1e-5);
    assertEquals(two.said[0].testAccuracy, expected.testAccuracy);
    // A folder orders its pictures by class: other batches, but whole and the same on all ranks.
    const folder = await launch(3, ...train, "--distributed", ...run("folder", "three"));
    assertEquals([folder.code, folder.said.length], [0, 3], folder.stderr);
    assertEquals(new Set(folder.said.map(({ parametersHash }) => parametersHash)).size, 1);
    // Stopped in the middle of an epoch, and resumed by another number of ranks.
    const stopped = run("shards", "stopped", "--time-limit", "0.001");
    const cut = await launch(2, ...train, "--distributed", ...stopped);
    assertEquals([cut.code, cut.said.length], [0, 2], cut.stderr);
    assertEquals(cut.said[0].epochsDone, 0);
    const rest = ["--resume", "--out", `${dir}/stopped`, "--time-limit", "1000", "--json"];
    const resumed = await launch(3, ...train, "--distributed", ...rest);
    assertEquals([resumed.code, resumed.said.length], [0, 3], resumed.stderr);
    assertLess(Math.abs(resumed.said[0].testLoss - expected.testLoss), 1e-5);
    await Deno.remove(dir, { recursive: true });
  },
);

onEachMpi("a rank that sees no number ends all, with its number and the step", async (launch) => {
  const dir = await Deno.makeTempDir();
  const wild = ["--model", "lenet5-relu", "--optimizer", "sgd", "--learning-rate", "1e30"];
  const { code, stderr } = await launch(
    2,
    ...train,
    ...["--distributed", ...flags(dir), ...wild],
  );
  assert(code !== 0);
  assertMatch(
    stderr,
    /error: rank \d of 2: Cannot continue training: the loss of rank \d must be a finite number, got (NaN|Infinity) at step \d/,
  );
  await Deno.remove(dir, { recursive: true });
});

onOneMpi(
  "ranks explain and evaluate with the files and numbers of one process",
  async (launch) => {
    const dir = await Deno.makeTempDir();
    // Two batches, so that a third rank has none.
    const some = ["--limit", "300", "--backend", "cpu", "--json"];
    for (const args of [["neighbors"], ["embedding", "--method", "pca"]]) {
      const [one, many] = [`${dir}/one`, `${dir}/many`];
      const alone = await runTask("explain", [...args, ...some, "--out", one]);
      assertEquals(alone.code, 0, alone.err);
      const words = ["run", "-A", "tasks/explain.ts", ...args, "--distributed", ...some];
      const { code, said, stderr } = await launch(3, ...words, "--out", many);
      assertEquals([code, said.length], [0, 1], stderr);
      assertEquals(said[0].scores, JSON.parse(alone.out).scores);
      for await (const { name } of Deno.readDir(one)) {
        assertEquals(
          await Deno.readFile(`${many}/${name}`),
          await Deno.readFile(`${one}/${name}`),
          name,
        );
      }
    }
    const measuring = ["--weights", NETWORK, "--dataset", "mnist", ...some];
    const alone = await runTask("evaluate", measuring);
    assertEquals(alone.code, 0, alone.err);
    const expected = JSON.parse(alone.out);
    const words = ["run", "-A", "tasks/evaluate.ts", "--distributed", ...measuring];
    const { code, said, stderr } = await launch(3, ...words);
    assertEquals([code, said.length], [0, 3], stderr);
    for (const each of said) {
      assertLess(Math.abs(each.loss - expected.loss), 1e-6);
      assertEquals([each.accuracy, each.confusion], [expected.accuracy, expected.confusion]);
    }
    await Deno.remove(dir, { recursive: true });
  },
);

Deno.test("--distributed without mpirun is one process; flags that exclude it are refused", async () => {
  const refused = await runTask("train", ["--distributed", "--find-lr"]);
  assertEquals(refused.code, 2);
  assertMatch(refused.err, /Cannot use --find-lr: a rate is found by one process/);
  const needs = await runTask("train", ["--batch-statistics", "synchronized"]);
  assertEquals(needs.code, 2);
  assertMatch(needs.err, /Cannot use --batch-statistics: it needs --distributed/);
});
