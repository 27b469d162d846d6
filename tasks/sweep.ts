// `deno task sweep`: trains with many settings, by one process or by all ranks, and writes one table.
import { writeFileAtomically } from "../lib/files/mod.ts";
import { csvText } from "../lib/text/csv.ts";
import type { World } from "../mod.ts";
import { count, path, refuse, runCommand, text, UsageError, type Values } from "./command.ts";
import { makeOutputDir } from "./command/files.ts";
import { abortOnInterrupt, exitCodeOf } from "./command/interrupt.ts";
import { asRank, distributedFlag, inWorld, wordsOfTask } from "./command/ranks.ts";
import { say } from "./command/say.ts";
import { runTrial, type TrialResult } from "./sweep/run_trial.ts";
import { parseCommand } from "./command/parse.ts";
import { gridTrials, parseSpace, randomTrials, type Trial, wordsOf } from "./sweep/space.ts";
import { trainFlags } from "./train/flags.ts";

/** What the task takes. */
export const command = {
  name: "sweep",
  summary: "Trains with many settings, divided among ranks, and writes one table.",
  flags: {
    grid: text({
      help:
        "all combinations of values of train's flags: learning-rate=0.001,0.01;batch-size=32,64",
      defaultText: "none",
    }),
    random: text({
      help: "values drawn at random; of a range evenly by logarithm: learning-rate=1e-4..1e-1",
      defaultText: "none",
    }),
    trials: count({ min: 1, help: "how many are drawn", defaultText: "10" }),
    seed: count({ min: 0, help: "seed of what is drawn", defaultText: "0" }),
    with: text({
      help: "flags of train for all trials: model=compact;epochs=2",
      defaultText: "validation=0.1",
    }),
    distributed: distributedFlag,
    out: path({ help: "folder for the trials' folders and the table", defaultText: "runs/sweep" }),
  },
  examples: [
    [
      'deno task sweep --grid "learning-rate=0.001,0.005,0.02;batch-size=64,128"',
      "six trials, one after the other; again after Ctrl-C, it goes on with those that are left",
    ],
    [
      'mpirun -n 4 deno task sweep --distributed --random "learning-rate=1e-4..1e-1" --trials 20',
      "twenty trials, by four processes at a time",
    ],
  ],
} as const;

type SweepFlags = Values<typeof command.flags>;

/** The name of the table. */
const TABLE = "sweep.csv";

/** Seconds that a rank may wait for the others' trials. */
const A_WEEK = 7 * 24 * 3600;

function trialsOf({ grid, random, trials, seed }: SweepFlags): readonly Trial[] {
  if ((grid === undefined) === (random === undefined)) {
    throw new UsageError("Cannot sweep: either --grid or --random must be given");
  }
  if (grid !== undefined) return gridTrials(parseSpace("--grid", grid, false));
  return randomTrials(parseSpace("--random", random!, true), trials ?? 10, seed ?? 0);
}

async function sweep(world: World, flags: SweepFlags): Promise<number> {
  const dir = flags.out ?? "runs/sweep";
  const trials = trialsOf(flags);
  const shared = flags.with === undefined ? {} : fixedFlags(flags.with);
  // Chosen by images that are held back, not by those of the test.
  const words = wordsOf({ validation: "0.1", ...shared });
  const train = { name: "train", summary: "", flags: trainFlags };
  for (const trial of trials) parseCommand(train, [...words, ...wordsOf(trial)]);
  const signal = abortOnInterrupt("stopping: trials that are done are kept");
  if (world.rank === 0) await makeOutputDir(dir);
  await world.barrier();
  const options = { words: await wordsOfTask("train"), flags: words, signal };
  const own: (TrialResult & { readonly number: number })[] = [];
  await world.during("run trials", async () => {
    for (const [i, trial] of trials.entries()) {
      if (i % world.size !== world.rank || signal.aborted) continue;
      const result = await runTrial(trial, `${dir}/trial-${i + 1}`, options);
      if (signal.aborted) break;
      own.push({ number: i + 1, ...result });
      const reached = result.error ?? `accuracy on held-back images ${result.valAccuracy}`;
      say(`trial ${i + 1} of ${trials.length}: ${textOf(trial)}: ${reached}`);
    }
  }, A_WEEK);
  const gathered = await world.during(
    "wait for the trials of others",
    () => world.allGather(new TextEncoder().encode(JSON.stringify(own))),
    A_WEEK,
  );
  const results: typeof own = gathered.flatMap((bytes) =>
    JSON.parse(new TextDecoder().decode(bytes))
  );
  results.sort((a, b) => (b.valAccuracy ?? -1) - (a.valAccuracy ?? -1) || a.number - b.number);
  if (world.rank === 0) {
    await writeFileAtomically(`${dir}/${TABLE}`, tableOf(trials, results));
    const [best] = results;
    if (best?.said) say(`best: ${textOf(best.trial)}, in ${best.dir}`);
    say(`${results.length} of ${trials.length} trials in ${dir}/${TABLE}`);
  }
  if (signal.aborted) return exitCodeOf(signal);
  return results.every(({ error }) => error === undefined) ? 0 : 1;
}

/** Flags with a single value each. */
function fixedFlags(given: string): Trial {
  const [fixed, ...others] = gridTrials(parseSpace("--with", given, false));
  if (others.length === 0) return fixed!;
  return refuse("--with", "one value a flag (see --grid)", given);
}

function textOf(trial: Trial): string {
  return Object.entries(trial).map(([name, value]) => `${name} ${value}`).join(", ");
}

/** The table: a line a trial, the best first. */
function tableOf(
  trials: readonly Trial[],
  results: readonly (TrialResult & { readonly number: number })[],
): string {
  const names = Object.keys(trials[0] ?? {});
  const said = ["testAccuracy", "testLoss", "epochsDone", "seconds", "parametersHash"] as const;
  const header = ["trial", ...names, "val_accuracy"];
  const last = ["test_accuracy", "test_loss", "epochs", "seconds", "parameters_hash"];
  return csvText([
    [...header, ...last, "folder", "error"],
    ...results.map((result) => [
      result.number,
      ...names.map((name) => result.trial[name]!),
      result.valAccuracy ?? "",
      ...said.map((name) => `${result.said?.[name] ?? ""}`),
      result.dir,
      result.error ?? "",
    ]),
  ]);
}

if (import.meta.main) {
  const code = await asRank(command.name, Deno.args);
  if (code !== undefined) Deno.exit(code);
  await runCommand(command, Deno.args, (flags) => inWorld(flags, (world) => sweep(world, flags)));
}
