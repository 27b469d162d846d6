// Runs an experiment: every variant with every seed, then its files, table and claims.
import { assert } from "@std/assert";
import { parseArgs } from "@std/cli/parse-args";
import * as nc from "../../mod.ts";
import type { Experiment, Row, Run, RunVariant } from "./experiment.ts";
import { csvOf, holds, metricsTable, pictureOf, verdictsOf, verdictText } from "./results.ts";

/**
 * Runs an experiment as its command line says.
 *
 * @param experiment the experiment
 * @param args the command line
 */
export async function runExperiment(
  experiment: Experiment,
  args: readonly string[],
): Promise<void> {
  const flags = flagsOrExit(args);
  if (flags.help) return console.log(helpText(experiment));
  const began = performance.now();
  const { adapter } = await nc.start();
  console.log(`${experiment.title}, on ${adapter}`);
  const runs = await runAll(experiment, await experiment.prepare(flags.quick), flags);
  console.log(`\n${metricsTable(experiment, runs)}\n`);
  console.log(`${((performance.now() - began) / 60_000).toFixed(1)} minutes`);
  if (flags.quick) return console.log("--quick only shows that the experiment runs");
  const verdicts = verdictsOf(experiment, runs);
  for (const verdict of verdicts) console.log(verdictText(verdict));
  for (const verdict of verdicts) {
    if (verdict.claim.asserted) assert(holds(verdict), verdictText(verdict));
  }
}

/** What a command line asks for. */
export type Flags = {
  readonly help: boolean;
  /** Use tiny sizes, only to see that the experiment runs. */
  readonly quick: boolean;
  /** How many seeds each variant runs with, from 1. */
  readonly seeds: number;
  /** The folder for the files. */
  readonly out: string;
};

const FLAGS_HELP = `  --quick      use tiny sizes, only to see that the experiment runs
  --seeds N    run each variant with the seeds 0 to N - 1 (default 3, 1 with --quick)
  --out DIR    folder for the CSV and the picture (default runs/experiments)
  --help       show this text`;

/** An error of the command line, which is printed without a stack. */
export class FlagError extends Error {
  override readonly name = "FlagError";
}

/**
 * Parses the command line.
 *
 * @param args the arguments after the file's name
 * @throws {FlagError} if a flag is unknown or its value is invalid
 */
export function parseFlags(args: readonly string[]): Flags {
  const { help, quick, seeds = quick ? "1" : "3", out = "runs/experiments" } = parseArgs(
    [...args],
    {
      boolean: ["help", "quick"],
      string: ["seeds", "out"],
      unknown(arg) {
        throw new FlagError(
          `Cannot run the experiment: its flags are --help, --quick, --seeds and --out, got ${arg}`,
        );
      },
    },
  );
  if (!/^[1-9]\d{0,2}$/.test(seeds)) {
    throw new FlagError(
      `Cannot run the experiment: --seeds must be a whole number from 1 to 999, got ${seeds}`,
    );
  }
  return { help, quick, seeds: Number(seeds), out };
}

function flagsOrExit(args: readonly string[]): Flags {
  try {
    return parseFlags(args);
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    console.error(error.message);
    Deno.exit(2);
  }
}

function helpText({ name, question }: Experiment): string {
  return `${question}

deno run --allow-read --allow-write --allow-env=XDG_RUNTIME_DIR examples/experiments/${name}.ts

${FLAGS_HELP}`;
}

/** Runs seed after seed and writes the files after each, so that an interrupted run leaves them. */
async function runAll(
  experiment: Experiment,
  runVariant: RunVariant,
  flags: Flags,
): Promise<Run[]> {
  const { variants } = experiment;
  const { seeds } = flags;
  const runs: Run[] = [];
  for (let seed = 0; seed < seeds; seed++) {
    for (const variant of variants) {
      const began = performance.now();
      const heading = `${runs.length + 1}/${seeds * variants.length} ${variant}, seed ${seed}`;
      const showRow = (row: Row): void => showProgress(`${heading}: ${rowText(row)}`);
      const rows = await runVariant(variant, seed, showRow);
      const seconds = (performance.now() - began) / 1000;
      showProgress("");
      console.log(`${heading}: ${rowText(rows.at(-1) ?? {})}, ${seconds.toFixed(1)} s`);
      runs.push({ variant, seed, rows, seconds });
    }
    await writeFiles(experiment, runs, flags);
  }
  return runs;
}

function rowText(row: Row): string {
  return Object.entries(row).map(([name, value]) => `${name} ${Number(value.toPrecision(4))}`)
    .join(", ");
}

/** Overwrites the last line of a terminal. Output to a file has only the finished runs. */
function showProgress(text: string): void {
  if (Deno.stdout.isTerminal()) Deno.stdout.writeSync(new TextEncoder().encode(`\r\x1b[K${text}`));
}

async function writeFiles(
  experiment: Experiment,
  runs: readonly Run[],
  { out, quick }: Flags,
): Promise<void> {
  const title = quick ? `${experiment.title} (--quick)` : experiment.title;
  const files = {
    [`${out}/${experiment.name}.csv`]: csvOf(runs),
    [`${out}/${experiment.name}.svg`]: await pictureOf(experiment, runs, title),
  };
  await Deno.mkdir(out, { recursive: true });
  for (const [path, text] of Object.entries(files)) await nc.files.writeFileAtomically(path, text);
  console.log(`wrote ${Object.keys(files).join(" and ")}`);
}
