// Runs an experiment: every variant with every seed, then CSV, picture, figures and claims.
import { assert } from "@std/assert";
import * as nc from "../../mod.ts";
import { csvOf } from "./csv.ts";
import type { Experiment, Measure, Row, Run } from "./experiment.ts";
import { FlagError, type Flags, FLAGS_HELP, parseFlags } from "./flags.ts";
import { pictureOf } from "./picture.ts";
import { figuresTable, holds, verdictsOf, verdictText } from "./report.ts";

/**
 * Runs an experiment as the command line asks for it.
 *
 * @param experiment the experiment
 * @param args the command line
 */
export async function conduct(experiment: Experiment, args: readonly string[]): Promise<void> {
  const flags = flagsOrExit(args);
  if (flags.help) return console.log(helpOf(experiment));
  const began = performance.now();
  const { adapter } = await nc.start();
  console.log(`${experiment.title}, on ${adapter}`);
  const runs = await allRuns(experiment, await experiment.prepare(flags.quick), flags);
  console.log(`\n${figuresTable(experiment, runs)}\n`);
  console.log(`${((performance.now() - began) / 60_000).toFixed(1)} minutes`);
  if (flags.quick) return console.log("By --quick, which shows that it runs and nothing else.");
  const verdicts = verdictsOf(experiment, runs);
  for (const verdict of verdicts) console.log(verdictText(verdict));
  for (const verdict of verdicts) {
    if (verdict.claim.asserted) assert(holds(verdict), verdictText(verdict));
  }
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

function helpOf({ name, question }: Experiment): string {
  return `${question}

deno run --allow-read --allow-write --allow-env=XDG_RUNTIME_DIR examples/experiments/${name}.ts

${FLAGS_HELP}`;
}

/** Runs seed after seed, and leaves the files after each: who stops it has what was done. */
async function allRuns(
  experiment: Experiment,
  measure: Measure,
  flags: Flags,
): Promise<Run[]> {
  const { variants } = experiment;
  const { seeds } = flags;
  const runs: Run[] = [];
  for (let seed = 0; seed < seeds; seed++) {
    for (const variant of variants) {
      const began = performance.now();
      const heading = `${runs.length + 1}/${seeds * variants.length} ${variant}, seed ${seed}`;
      const rows = await measure(variant, seed, (row) => progress(`${heading}: ${rowText(row)}`));
      const seconds = (performance.now() - began) / 1000;
      finish(`${heading}: ${rowText(rows.at(-1) ?? {})}, ${seconds.toFixed(1)} s`);
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

/** Writes over the terminal's last line; a file gets the finished runs alone. */
function progress(text: string): void {
  if (Deno.stdout.isTerminal()) Deno.stdout.writeSync(new TextEncoder().encode(`\r\x1b[K${text}`));
}

function finish(text: string): void {
  progress("");
  console.log(text);
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
  for (const [path, text] of Object.entries(files)) {
    await nc.files.writeFileAtomically(path, new TextEncoder().encode(text));
  }
  console.log(`wrote ${Object.keys(files).join(" and ")}`);
}
