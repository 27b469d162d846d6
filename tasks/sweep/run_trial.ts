// A trial of a sweep: `deno task train` in a process of its own, whose folder it leaves.
import { writeFileAtomically } from "../../lib/files/mod.ts";
import { parseCsv } from "../../lib/text/csv.ts";
import { type Trial, wordsOf } from "./space.ts";

/** What a trial came to. */
export type TrialResult = {
  readonly trial: Trial;
  readonly dir: string;
  /** What `train --json` said; absent if it failed. */
  readonly said?: { readonly [name: string]: unknown };
  /** The best accuracy on held-back images, 0 to 1. */
  readonly valAccuracy?: number;
  /** Why it failed. */
  readonly error?: string;
};

/** What a trial's process said, in its folder: it is not run again. */
const RESULT = "trial.json";

/** How a trial is run. */
export type TrialOptions = {
  /** The words of deno's command line up to the task's file. */
  readonly words: readonly string[];
  /** The flags of all trials. */
  readonly flags: readonly string[];
  readonly signal: AbortSignal;
};

/** Runs a trial, unless its folder says that it was run with the same flags. */
export async function runTrial(
  trial: Trial,
  dir: string,
  { words, flags, signal }: TrialOptions,
): Promise<TrialResult> {
  const all = [...flags, ...wordsOf(trial)];
  const before = await resultIn(dir);
  if (before && `${before.flags}` === `${all}`) return { trial, dir, ...before.result };
  const process = new Deno.Command("deno", {
    args: [...words, ...all, "--out", dir, "--overwrite", "--json"],
    env: { LD_LIBRARY_PATH: "", LD_PRELOAD: "" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal,
  });
  const { success, stdout, stderr } = await process.output();
  const lines = (bytes: Uint8Array): string[] => new TextDecoder().decode(bytes).trim().split("\n");
  if (!success) {
    const error = lines(stderr).findLast((line) => line.startsWith("error:")) ?? "it was ended";
    return { trial, dir, error: error.replace(/^error: /, "") };
  }
  const valAccuracy = await bestAccuracy(dir);
  const said = JSON.parse(lines(stdout).at(-1)!);
  const result = { said, ...(valAccuracy === undefined ? {} : { valAccuracy }) };
  await writeFileAtomically(`${dir}/${RESULT}`, `${JSON.stringify({ flags: all, result })}\n`);
  return { trial, dir, ...result };
}

async function resultIn(
  dir: string,
): Promise<
  | { readonly flags: readonly string[]; readonly result: Omit<TrialResult, "trial" | "dir"> }
  | undefined
> {
  try {
    return JSON.parse(await Deno.readTextFile(`${dir}/${RESULT}`));
  } catch {
    return undefined;
  }
}

/** The best accuracy on held-back images in a run's history; none if no images were held back. */
export async function bestAccuracy(dir: string): Promise<number | undefined> {
  const [heading, ...rows] = parseCsv(await Deno.readTextFile(`${dir}/history.csv`));
  const column = heading!.indexOf("val_accuracy");
  // An empty field would be the number 0.
  const values = rows.map((row) => Number(row[column] || NaN)).filter(Number.isFinite);
  return values.length === 0 ? undefined : Math.max(...values);
}
