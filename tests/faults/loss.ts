// Devices that are lost: at submits of work in this process, and of `train` and `transfer`.
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { DeviceError, fold, key, start, tf } from "../../mod.ts";
import { uniformArray } from "../../lib/tensor/mod.ts";
import { type Fault, injectSubmits } from "./inject.ts";
import { requireSameEnd, wholeRun } from "./kill.ts";
import { requireToldOrRight, tried } from "./memory.ts";
import { attempt, note, type Tally, tally } from "./report.ts";
import { ended, spawnTask, type Subject } from "./trials.ts";
import { type Work, works } from "./work.ts";

type Chances = { readonly count: number; readonly seed: number };

/** Calls from 1 to `all`, drawn at random. */
function drawn(all: number, { count, seed }: Chances, name: string): number[] {
  const shares = uniformArray(fold(key(seed), name), count, 0, 1);
  return [...shares].map((share) => 1 + Math.min(all - 1, Math.floor(share * all)));
}

/** Whether a loss comes before or after the submit at which it happens, in turn. */
const WHEN = ["not", "whole"] as const;

/** Loses the device at random submits of work: the error says where, and a new device is as good. */
export async function loseDevices(work: Work, chances: Chances): Promise<Tally> {
  const counts = tally(`device lost: ${work.name}`);
  let fault: Fault = { of: "submits", at: [], what: "lose" };
  await loseNow(); // So that the next device is opened under watch.
  let injected = injectSubmits(fault);
  try {
    await start();
    await work.run();
    const before = injected.calls();
    const right = await work.run();
    const all = injected.calls() - before;
    injected.restore();
    for (const [i, at] of drawn(all, chances, work.name).entries()) {
      const done = WHEN[i % 2]!;
      await attempt(counts, `${work.name}, submit ${at} of ${all}, ${done} done`, async () => {
        fault = { of: "submits", at: [at], what: "lose", done };
        await loseNow();
        injected = injectSubmits(fault);
        await start();
        const outcome = await tried(work).finally(injected.restore);
        requireToldOrRight(outcome, right, counts);
        if (outcome instanceof DeviceError) {
          assertEquals(outcome.kind, "lost", outcome.message);
          assertStringIncludes(outcome.message, `${outcome.operation}`);
        }
        await start();
        const again = await tried(work);
        if (typeof again !== "string") throw again;
        assert(again === right, "other numbers on the next device");
      });
    }
  } finally {
    injected.restore();
  }
  return counts;
}

/** Loses the device, and waits until that is known. */
async function loseNow(): Promise<void> {
  await start();
  const { device } = tf.backend() as unknown as { device: GPUDevice };
  device.destroy();
  await device.lost;
  await new Promise((done) => setTimeout(done, 1));
}

/** Loses the device of a task with `--recover`, at one to three submits: it ends as a whole run. */
export async function loseInRuns(subject: Subject, dir: string, chances: Chances): Promise<Tally> {
  const counts = tally(`device lost: ${subject.name} --recover`);
  const { task, flags } = subject;
  const whole = await wholeRun(subject, dir);
  const count = `${dir}/count`;
  const out = `${dir}/counted`;
  const counting: Fault = { of: "submits", at: [], what: "lose", count };
  await ended(spawnTask(task, [...flags, "--out", out], counting));
  const all = Number(await Deno.readTextFile(count));
  for (const [i, at] of drawn(all, chances, subject.name).entries()) {
    const times = 1 + i % 3;
    const done = WHEN[i % 2]!;
    const calls = Array.from({ length: times }, (_, n) => at + 7 * n);
    await attempt(counts, `submits ${calls} of ${all}, ${done} done`, async () => {
      const out = `${dir}/${counts.trials}`;
      const fault: Fault = { of: "submits", at: calls, what: "lose", done };
      const { code, err } = await ended(
        spawnTask(task, [...flags, "--out", out, "--recover"], fault),
      );
      assertEquals(code, 0, err);
      const recoveries = err.match(/recovery \d of 3/g)?.length ?? 0;
      assert(recoveries <= times, err);
      if (recoveries > 0) assertMatch(err, /Cannot .*: the GPU device was lost/);
      note(counts, `${recoveries} recoveries`);
      await requireSameEnd(subject, out, whole);
      await Deno.remove(out, { recursive: true });
    });
  }
  return counts;
}

/** Loses devices of all work. */
export async function lossTallies(chances: Chances, match: string): Promise<Tally[]> {
  const chosen = works.filter(({ name }) => name.includes(match));
  const count = Math.ceil(chances.count / Math.max(1, chosen.length));
  const tallies: Tally[] = [];
  for (const work of chosen) tallies.push(await loseDevices(work, { ...chances, count }));
  return tallies;
}
