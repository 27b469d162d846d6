// `deno task train --distributed`: ranks train as one process does, and end together.
import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import { onEachMpi } from "../world/launchers.ts";
import { runTask, taskWords } from "./run_task.ts";
import { smallMnist } from "./small_mnist.ts";

const data = await smallMnist(80, 10);
const train = taskWords("train");
const NETWORK = "examples/networks/lenet5-relu-mnist.safetensors";

/** Few images, in batches of 32 and a last one of 16. */
function flags(out: string): string[] {
  const small = ["--data-dir", data, "--batch-size", "32", "--schedule", "constant"];
  return [...small, "--out", out, "--json"];
}

onEachMpi("ranks train as one process, also resumed by another number of them", async (launch) => {
  const dir = await Deno.makeTempDir();
  const one = await runTask("train", [...flags(`${dir}/one`), "--epochs", "2"]);
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

onEachMpi("a rank that sees no number ends all, with its number and the step", async (launch) => {
  const dir = await Deno.makeTempDir();
  const wild = ["--model", "lenet5-relu", "--optimizer", "sgd", "--learning-rate", "1e30"];
  const { code, stderr, seconds } = await launch(
    2,
    ...train,
    ...["--distributed", ...flags(dir), ...wild],
  );
  assert(code !== 0);
  assertMatch(
    stderr,
    /error: rank \d of 2: Cannot continue training: the loss of rank \d must be a finite number, got (NaN|Infinity) at step \d/,
  );
  assertLess(seconds, 60);
  await Deno.remove(dir, { recursive: true });
});

onEachMpi(
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
