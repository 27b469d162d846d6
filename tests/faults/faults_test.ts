// A short part of the campaign of faults: `deno task test:faults` does more of it.
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { start } from "../../mod.ts";
import { gpuTest, hasAdapter } from "../device/adapter.ts";
import { fillDisks, refuseInRuns, refuseWritings } from "./disk.ts";
import { growthIn, type Sample, workFor } from "./hour.ts";
import { killRuns } from "./kill.ts";
import { loseDevices, loseInRuns } from "./loss.ts";
import { exhaust, failBuffers, mayExhaust } from "./memory.ts";
import type { Tally } from "./report.ts";
import type { Fault } from "./inject.ts";
import { ended, namesIn, spawnTask, type Subject, subjectsIn } from "./trials.ts";
import { works } from "./work.ts";

const isUnix = Deno.build.os !== "windows";

/** Asserts that there were trials, and nothing was lost in them. */
function requireNoLoss(tallies: readonly Tally[]): void {
  for (const { name, lost, trials } of tallies) {
    assertEquals(lost, [], name);
    assertEquals(trials > 0, true, name);
  }
}

/** Does something with each kind of run, in an empty folder. */
async function withRuns(
  backend: "cpu" | "webgpu",
  work: (runs: readonly [Subject, Subject, Subject], dir: string) => Promise<void>,
): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await work(await subjectsIn(dir, backend), dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test({
  name: "a transfer that was killed goes on to the same numbers",
  ignore: !isUnix,
  fn: () =>
    withRuns("cpu", async ([, , transfer], dir) => {
      requireNoLoss([await killRuns(transfer, dir, { moments: 0, calls: 2, seed: 2 })]);
    }),
});

gpuTest(
  "training that was killed in its first epoch, or before it was measured, goes on",
  () =>
    withRuns("webgpu", async ([train], dir) => {
      requireNoLoss([await killRuns(train, dir, { moments: 1, calls: 1, seed: 2 })]);
    }),
);

Deno.test({
  name: "a run that was killed while its learning rate was looked for is begun again, not resumed",
  ignore: !isUnix,
  fn: () =>
    withRuns("cpu", async ([{ flags }], dir) => {
      const out = ["--out", `${dir}/out`];
      // The folder, three calls for the lock, and the last of four for config.json.
      const fault: Fault = { of: "files", at: [8], what: "kill", done: "whole" };
      const words = [...flags, "--find-lr", ...out];
      await ended(spawnTask("train", words, fault));
      assertEquals(namesIn(`${dir}/out`), ["config.json", "run.lock"]);
      const { code, err } = await ended(spawnTask("train", ["--resume", ...out]));
      assertEquals(code, 2, err);
      assertStringIncludes(err, "got one that ended before --find-lr had found it");
    }),
});

Deno.test({
  name: "a run that was killed while it replaced another one is one of both, not a mixture",
  ignore: !isUnix,
  fn: () =>
    withRuns("cpu", async ([, , { flags }], dir) => {
      const out = `${dir}/out`;
      const words = [...flags, "--out", out];
      const first = await ended(spawnTask("transfer", words));
      assertEquals(first.code, 0, first.err);
      const files = namesIn(out);
      // The calls for the folder, the lock and the copies of a finished run: then it is removed.
      const [locked, copied] = [4, 2 + files.length];
      const trials: [at: number, gone: string[]][] = [
        [locked + copied + 1, []],
        [locked + copied + 2, ["result.json"]],
        [locked + 2, ["result.json", "config.json"]],
      ];
      for (const [at, gone] of trials) {
        const fault: Fault = { of: "files", at: [at], what: "kill", done: "not" };
        await ended(spawnTask("transfer", [...words, "--seed", "1", "--overwrite"], fault));
        const left = namesIn(out).filter((name) => files.includes(name));
        assertEquals(left, files.filter((name) => !gone.includes(name)), `killed at ${at}`);
        assertEquals(namesIn(`${out}/.previous`), files);
      }
      const resumed = await ended(spawnTask("transfer", ["--resume", "--out", out]));
      assertEquals(resumed.code, 0, resumed.err);
    }),
});

Deno.test("a refusal at each call leaves files whole, names one and says why", () =>
  withRuns("cpu", async (_, dir) => {
    for (const match of ["over an old", "run's folder", "cache"]) {
      requireNoLoss(await refuseWritings(`${dir}/photos`, match, false));
    }
  }));

Deno.test({
  name: "a transfer goes on after a refusal, and after its disk was full",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    withRuns("cpu", async ([, , transfer], dir) => {
      // When its last checkpoint is written, but not yet what is drawn of it.
      requireNoLoss([await refuseInRuns(transfer, dir, [0.9])]);
      await Deno.mkdir(`${dir}/disks`);
      assertEquals((await fillDisks(transfer, `${dir}/disks`, 1)).lost, []);
    }),
});

gpuTest(
  "no memory for a buffer is an error that names the operation, and is overcome",
  async () => {
    requireNoLoss([await failBuffers(works.find(({ name }) => name === "operations")!, 5)]);
  },
);

Deno.test({
  name: "memory that the system has no more of is an error that names the operation",
  ignore: !hasAdapter || !await mayExhaust(),
  async fn() {
    for (const name of ["Add", "Jit"] as const) {
      const { kind, operation, kept, small, large } = (await exhaust(name, 64, 400e6))!;
      assertEquals([kind, kept, small, large], ["out-of-memory", true, 2, 6]);
      assertMatch(operation, /Fill|BinaryOp|read a tensor|function under jit/);
    }
  },
});

gpuTest(
  "a lost device is an error that names the operation, and the next one is as good",
  async () => {
    for (const name of ["operations", "fit"]) {
      const work = works.find((each) => each.name === name)!;
      requireNoLoss([await loseDevices(work, { count: 3, seed: 5 })]);
    }
  },
);

gpuTest(
  "with --recover training goes on by itself after its device was lost",
  () =>
    withRuns("webgpu", async ([train], dir) => {
      requireNoLoss([await loseInRuns(train, dir, { count: 1, seed: 3 })]);
    }),
);

gpuTest("rounds of training, prediction and dreaming leave memory as it was", async () => {
  await start();
  const samples: Sample[] = [];
  const onSample = (sample: Sample): void => void samples.push(sample);
  await workFor({ rounds: 4, every: 0, onSample });
  // In so few rounds the process itself still grows.
  const [, ...later] = samples.map((sample) => ({ ...sample, memory: 1 }));
  assertEquals(growthIn(later, 0), []);
});
