// Processes of `train` and `transfer` that are killed: their folders go on to the same numbers.
import { assert, assertEquals } from "@std/assert";
import { fold, key } from "../../mod.ts";
import { uniformArray } from "../../lib/tensor/mod.ts";
import type { Fault } from "./inject.ts";
import { attempt, note, type Tally, tally } from "./report.ts";
import { ended, finish, namesIn, numbersIn, spawnTask, type Subject } from "./trials.ts";

/** A run that nothing disturbed. */
export type Whole = {
  readonly numbers: string;
  readonly files: readonly string[];
  readonly milliseconds: number;
  /** Its calls that change files. */
  readonly calls: number;
};

/** Does a run undisturbed. */
export async function wholeRun({ task, flags }: Subject, dir: string): Promise<Whole> {
  const out = `${dir}/whole`;
  const count = `${dir}/count`;
  const began = performance.now();
  const done = await ended(
    spawnTask(task, [...flags, "--out", out], { of: "files", at: [], what: "kill", count }),
  );
  assertEquals(done.code, 0, done.err);
  const whole = {
    numbers: await numbersIn(out),
    files: namesIn(out),
    milliseconds: performance.now() - began,
    calls: Number(await Deno.readTextFile(count)),
  };
  await Deno.remove(out, { recursive: true });
  return whole;
}

/** Where a killed run was, by what it has left. */
function stageOf(out: string): string {
  const names = namesIn(out);
  if (names.includes("result.json")) return "when it was done";
  if (names.includes("checkpoint.safetensors")) return "after an epoch";
  return names.includes("config.json") ? "in the first epoch" : "before its settings were written";
}

/** Asserts that a disturbed run in a folder goes on to the numbers of an undisturbed one. */
export async function requireSameEnd(subject: Subject, out: string, whole: Whole): Promise<void> {
  if (!namesIn(out).includes("result.json")) {
    const { code, err } = await finish(subject, out);
    assertEquals(code, 0, err);
  }
  const names = namesIn(out).filter((name) => name !== "run.lock");
  assertEquals(names, whole.files);
  assert(
    await numbersIn(out) === whole.numbers,
    "the numbers are others than those of a whole run",
  );
}

/**
 * Kills runs: at random moments, and at chosen calls that change files, before, in the midst of and
 * after them.
 *
 * @param dir an empty folder
 * @param moments how many random moments
 * @param calls how many calls, evenly over all; all of them if there are fewer
 */
export async function killRuns(
  subject: Subject,
  dir: string,
  { moments, calls, seed }: { readonly moments: number; readonly calls: number; seed: number },
): Promise<Tally> {
  const counts = tally(subject.name);
  const whole = await wholeRun(subject, dir);
  const { task, flags } = subject;
  const trial = async (what: string, fault?: Fault, after?: number): Promise<void> => {
    await attempt(counts, what, async () => {
      const out = `${dir}/${counts.trials}`;
      const child = spawnTask(task, [...flags, "--out", out], fault);
      const timer = after === undefined ? undefined : setTimeout(() => {
        try {
          child.kill("SIGKILL");
        } catch { /* It had ended. */ }
      }, after);
      await ended(child);
      clearTimeout(timer);
      note(counts, `killed ${stageOf(out)}`);
      await requireSameEnd(subject, out, whole);
      await Deno.remove(out, { recursive: true });
    });
  };
  const random = uniformArray(fold(key(seed), subject.name), moments, 0.1, 1);
  for (const share of random) {
    const after = Math.round(share * whole.milliseconds);
    await trial(`after ${after} ms`, undefined, after);
  }
  const ways = ["not", "half", "whole"] as const;
  for (let i = 0; i < Math.min(calls, whole.calls); i++) {
    const at = 1 + Math.floor(i * whole.calls / Math.min(calls, whole.calls));
    const done = ways[i % ways.length]!;
    await trial(`at call ${at}, ${done} done`, { of: "files", at: [at], what: "kill", done });
  }
  return counts;
}
