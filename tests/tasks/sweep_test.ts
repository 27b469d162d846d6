// `deno task sweep`: what is tried, and the table that is left.
import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { UsageError } from "../../tasks/command.ts";
import { gridTrials, parseSpace, randomTrials } from "../../tasks/sweep/space.ts";
import { bestAccuracy } from "../../tasks/sweep/run_trial.ts";
import { runTask } from "./run_task.ts";
import { smallMnist } from "./small_mnist.ts";

Deno.test("a grid is all combinations", () => {
  const trials = gridTrials(
    parseSpace("--grid", "learning-rate=0.1,0.2; optimizer=adam,sgd", false),
  );
  assertEquals(trials, [
    { "learning-rate": "0.1", optimizer: "adam" },
    { "learning-rate": "0.1", optimizer: "sgd" },
    { "learning-rate": "0.2", optimizer: "adam" },
    { "learning-rate": "0.2", optimizer: "sgd" },
  ]);
});

Deno.test("random trials are within their ranges, spread by logarithm, the same for a seed", () => {
  const space = parseSpace(
    "--random",
    "learning-rate=1e-4..1e-1;batch-size=16..64;optimizer=a,b",
    true,
  );
  const trials = randomTrials(space, 200, 7);
  assertEquals(trials, randomTrials(space, 200, 7));
  const rates = trials.map((trial) => Number(trial["learning-rate"]));
  assert(rates.every((rate) => rate >= 1e-4 && rate <= 1e-1));
  const below = rates.filter((rate) => rate < 10 ** -2.5).length;
  assert(below > 70 && below < 130, `${below} of 200 are in the lower half`);
  assert(trials.every((trial) => /^\d+$/.test(trial["batch-size"]!)));
  assertEquals(new Set(trials.map(({ optimizer }) => optimizer)), new Set(["a", "b"]));
});

Deno.test("what cannot be tried is refused", () => {
  for (const wrong of ["", "rate", "rate=1..2", "a=1;a=2"]) {
    assertThrows(() => parseSpace("--grid", wrong, false), UsageError, "Cannot use --grid");
  }
  assertThrows(() => parseSpace("--random", "rate=0..1", true), UsageError, "above 0");
});

Deno.test("a sweep leaves a table, the best first, and does nothing twice", async () => {
  const dir = await Deno.makeTempDir();
  const data = await smallMnist(60, 10);
  const sweep = ["--grid", "limit=60,61", "--out", dir];
  const all = [...sweep, `--with=data-dir=${data};epochs=1;batch-size=27`];
  const first = await runTask("sweep", all);
  assertEquals(first.code, 1, first.err); // A trial failed.
  assertMatch(first.err, /trial 2 of 2: limit 61: .*must be/);
  const table = await Deno.readTextFile(`${dir}/sweep.csv`);
  const [header, best, failed] = table.trim().split("\r\n");
  assertMatch(header!, /^trial,limit,val_accuracy,test_accuracy,/);
  assertMatch(best!, /^1,60,[\d.]+,[\d.]+,/);
  assertMatch(failed!, /^2,61,,,/);
  const before = await Deno.stat(`${dir}/trial-1/history.csv`);
  await runTask("sweep", all);
  const after = await Deno.stat(`${dir}/trial-1/history.csv`);
  assertEquals(after.mtime, before.mtime);
  assertEquals(await Deno.readTextFile(`${dir}/sweep.csv`), table);
  // Flags of train that are wrong are refused before any work.
  for (const wrong of ["lerning-rate=0.1", "optimizer=sgd,adm"]) {
    const refused = await runTask("sweep", ["--grid", wrong, "--out", `${dir}/wrong`]);
    assertEquals(refused.code, 2, refused.err);
    assertMatch(refused.err, /did you mean/);
  }
  await assertRejects(() => Deno.stat(`${dir}/wrong`), Deno.errors.NotFound);
  await Deno.remove(dir, { recursive: true });
});

Deno.test("without held-back images a trial has no accuracy on them, not one of 0", async () => {
  const dir = await Deno.makeTempDir();
  const heading = "epoch,loss,accuracy,val_loss,val_accuracy\r\n";
  const write = (rows: string) => Deno.writeTextFile(`${dir}/history.csv`, `${heading}${rows}`);
  await write("1,2,0.5,,\r\n2,1,0.6,,\r\n");
  assertEquals(await bestAccuracy(dir), undefined);
  await write("1,2,0.5,3,0.25\r\n2,1,0.6,,\r\n3,1,0.6,3,0\r\n");
  assertEquals(await bestAccuracy(dir), 0.25);
  await Deno.remove(dir, { recursive: true });
});
