// What the board makes of the files of runs: whole, half written, damaged, outside the folder.
import { assert, assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../../tasks/command.ts";
import { findRuns, requireFolders } from "../../../tasks/board/find_runs.ts";
import { watchRun } from "../../../tasks/board/run_state.ts";

const HEADING = "epoch,loss,accuracy,val_loss,val_accuracy,seconds,learning_rate,run\r\n";

/** A folder with files. */
async function withFiles(
  files: Readonly<Record<string, string>>,
  work: (dir: string) => void | Promise<void>,
): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    for (const [path, text] of Object.entries(files)) {
      await Deno.mkdir(`${dir}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
      await Deno.writeTextFile(`${dir}/${path}`, text);
    }
    await work(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

const step = (at: number, step: number, epoch = 1): string =>
  `${
    JSON.stringify({
      kind: "step",
      at,
      step,
      epoch,
      stepInEpoch: step,
      stepsPerEpoch: 100,
      loss: 1 / step,
      meanLoss: 1,
      accuracy: 0.5,
    })
  }\n`;

Deno.test("runs and logs of scripts are found, at any depth, and nothing behind links", async () => {
  await withFiles({
    "runs/a/config.json": "{}",
    "runs/deep/er/b/history.csv": HEADING,
    "runs/script.csv": "epoch,loss\n",
    "runs/.hidden/c/history.csv": HEADING,
    "runs/a/inner/history.csv": HEADING,
    "outside/d/history.csv": HEADING,
  }, async (dir) => {
    await Deno.symlink(`${dir}/outside`, `${dir}/runs/link`);
    const found = findRuns([`${dir}/runs/`, `${dir}/runs/a`]).map(({ id }) => id.slice(dir.length));
    assertEquals(found.sort(), [
      "/runs/a",
      "/runs/a/inner",
      "/runs/deep/er/b",
      "/runs/script.csv",
    ]);
    // A file of a run that is a link is not read either.
    await Deno.mkdir(`${dir}/runs/e`);
    await Deno.writeTextFile(`${dir}/runs/e/config.json`, "{}");
    await Deno.symlink(`${dir}/outside/d/history.csv`, `${dir}/runs/e/history.csv`);
    const run = findRuns([`${dir}/runs/e`])[0]!;
    assertEquals(watchRun(run).summary().epochs, 0);
    assertThrows(() => requireFolders([`${dir}/none`]), UsageError, "no such folder");
    assertThrows(() => requireFolders([`${dir}/runs/script.csv`]), UsageError, "got a file");
  });
});

Deno.test("an epoch that is half written waits, a damaged line is left out and told", async () => {
  await withFiles({
    "config.json": '{"run":"ab","epochs":5,"learningRate":0.01,"model":"lenet5","limit":null}',
    "history.csv":
      `${HEADING}1,2,0.5,1.5,0.6,10,0.01,ab\r\n2,rubbish\r\n3,1,0.7,0.9,0.8,11,0.01,ab\r\n4,0.5,0.`,
  }, async (dir) => {
    const state = watchRun({ id: "r", dir });
    const { epochs, epochsTotal, best, last, seconds, settings, faults, status } = state.summary();
    assertEquals([epochs, epochsTotal, best, seconds, status], [2, 5, 0.8, 21, "stopped"]);
    assertEquals([last!.epoch, last!.val_loss], [3, 0.9]);
    assertEquals(settings, { epochs: 5, learningRate: 0.01, model: "lenet5" });
    assertEquals(faults, ["history.csv: damaged lines that are left out: 1"]);
    // The rest of the line, and of the file another one.
    const rows = `${HEADING}1,2,0.5,1.5,0.6,10,0.01,ab\r\n2,1,,,,9,,ab\r\n`;
    await Deno.writeTextFile(`${dir}/history.csv`, rows);
    assertEquals(state.curves().epochs.map(({ epoch, loss }) => [epoch, loss]), [[1, 2], [2, 1]]);
    assertEquals(state.summary().faults, []);
    await Deno.writeTextFile(`${dir}/config.json`, '{"run": "ab", "epo');
    assertEquals(state.summary().faults, ["config.json is damaged"]);
    await Deno.remove(`${dir}/history.csv`);
    assertEquals(state.summary().epochs, 0);
  });
});

Deno.test("lines that grow are read from where they were, a half one when it is whole", async () => {
  const begin = '{"kind":"begin","at":1,"epochs":2,"batchSize":10}\n';
  await withFiles({ "live.jsonl": begin + step(1000, 10) }, async (dir) => {
    const file = `${dir}/live.jsonl`;
    const state = watchRun({ id: "r", dir });
    const steps = () => state.curves().steps;
    assertEquals(steps()!.step, [10]);
    const line = step(3000, 30);
    await Deno.writeTextFile(file, line.slice(0, 40), { append: true });
    assertEquals(steps()!.step, [10]);
    await Deno.writeTextFile(file, line.slice(40), { append: true });
    assertEquals(steps()!.step, [10, 30]);
    // 20 steps of 10 images in 2 seconds.
    assertEquals(steps()!.imagesPerSecond, [null, 100]);
    const { status, imagesPerSecond, left, epochsTotal, step: now } = state.summary();
    assertEquals([status, imagesPerSecond, epochsTotal, now!.step], ["running", 100, 2, 30]);
    // 170 steps are left, at a tenth of a second each.
    assertEquals(left, 17);
    await Deno.writeTextFile(file, "no JSON\n[1]\n", { append: true });
    assertEquals(state.summary().faults, ["damaged lines of JSON that are left out: 2"]);
    // Another run begins in the folder.
    await Deno.writeTextFile(file, begin);
    assertEquals(steps(), undefined);
    await Deno.writeTextFile(file, '{"kind":"end","at":9}\n', { append: true });
    assertEquals(state.summary().status, "finished");
  });
});

Deno.test("a run is under way while it has its lock, and silent if nothing comes any more", async () => {
  await withFiles(
    { "config.json": "{}", "run.lock": "1\n", "history.csv": HEADING },
    async (dir) => {
      const state = watchRun({ id: "r", dir });
      assertEquals(state.summary().status, "running");
      const old = new Date(Date.now() - 3600_000);
      for (const name of ["config.json", "history.csv"]) {
        await Deno.utime(
          `${dir}/${name}`,
          old,
          old,
        );
      }
      assertEquals(state.summary().status, "silent");
      await Deno.remove(`${dir}/run.lock`);
      assertEquals(state.summary().status, "stopped");
      await Deno.writeTextFile(`${dir}/result.json`, "");
      assertEquals(state.summary().status, "finished");
    },
  );
});

Deno.test("the confusion matrix is that of the test images, or of the last epoch", async () => {
  const epoch = (counts: number[][]): string =>
    `${JSON.stringify({ kind: "epoch", at: 1, epoch: 3, loss: 1, confusion: counts })}\n`;
  await withFiles({ "live.jsonl": epoch([[3, 1], [0, 4]]) }, async (dir) => {
    const state = watchRun({ id: "r", dir });
    assertEquals(state.confusion(), {
      classNames: ["0", "1"],
      counts: [[3, 1], [0, 4]],
      source: "the validation images after epoch 3",
    });
    await Deno.writeTextFile(
      `${dir}/confusion.csv`,
      'actual,"cat, wild",dog,run\r\n"cat, wild",5,1,ab\r\ndog,2,8,ab\r\n',
    );
    const { classNames, counts } = state.confusion()!;
    assertEquals([classNames, counts], [["cat, wild", "dog"], [[5, 1], [2, 8]]]);
    assertEquals(state.summary().testAccuracy, 13 / 16);
    await Deno.writeTextFile(`${dir}/confusion.csv`, "actual,cat,dog,run\r\ncat,5");
    assert(state.confusion()!.source.startsWith("the validation images"));
  });
});

Deno.test("logs of scripts are read: JSON lines with metrics, and tables with columns of their own", async () => {
  await withFiles({
    "a.jsonl":
      '{"epoch":1,"loss":2,"valLoss":3,"metrics":{"meanError":4},"valMetrics":{"meanError":5},"seconds":1}\n',
    "b.csv": "epoch,loss,mae\n1,2,0.5\n",
    "c.csv": "name,price\nbread,3\n",
  }, (dir) => {
    const rows = (log: string) => watchRun({ id: log, dir, log }).curves().epochs;
    assertEquals(rows("a.jsonl"), [
      { epoch: 1, loss: 2, val_loss: 3, seconds: 1, mean_error: 4, val_mean_error: 5 },
    ]);
    assertEquals(rows("b.csv"), [{ epoch: 1, loss: 2, mae: 0.5 }]);
    assertEquals(watchRun({ id: "c", dir, log: "c.csv" }).summary().faults.length, 1);
  });
});
