// `deno task docs`: writes the tables of docs/tasks.md from what `--help` and `deno task` say.
import { writeFileAtomically } from "../lib/files/mod.ts";
import { models } from "../mod.ts";
import { command as bench } from "./bench.ts";
import { command as bundle } from "./bundle.ts";
import type { Command, Flag, Flags } from "./command.ts";
import { defaultOf, writtenFlag } from "./command/help.ts";
import { command as convert } from "./convert.ts";
import { command as evaluate } from "./evaluate.ts";
import { group as explain } from "./explain.ts";
import { command as board } from "./board.ts";
import { command as explore } from "./explore.ts";
import { group as generate } from "./generate.ts";
import { command as predict } from "./predict.ts";
import { command as selftest } from "./selftest.ts";
import { command as serve } from "./serve.ts";
import { command as setup } from "./setup.ts";
import { command as summary } from "./summary.ts";
import { command as sweep } from "./sweep.ts";
import { command as train } from "./train.ts";
import { command as transfer } from "./transfer/flags.ts";

/** All commands with flags: those of tasks, then those of subcommands. */
export const commands: readonly Command<Flags, Flags>[] = [
  ...[
    setup,
    train,
    sweep,
    transfer,
    evaluate,
    predict,
    convert,
    serve,
    explore,
    board,
    summary,
    selftest,
    bench,
    bundle,
  ],
  ...[explain, generate].flatMap(({ subcommands }) =>
    Object.values(subcommands).map(({ command }) => command)
  ),
];

const ALL_MODELS = Object.keys(models).join(", ");

/** A table as `deno fmt` writes it. */
function markdownTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, i) => Math.max(3, ...rows.map((row) => [...row[i]!].length)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, i) => cell + " ".repeat(widths[i]! - [...cell].length)).join(" | ")} |`;
  const [heading, ...others] = rows;
  return [line(heading!), line(widths.map((width) => "-".repeat(width))), ...others.map(line)]
    .join("\n");
}

/** Text in which Markdown finds nothing to format. */
function plain(text: string): string {
  return text.replace(/[^\s,;]*[*[\]|_<>][^\s;]*/g, "`$&`");
}

function flagRow(written: string, flag: Flag): string[] {
  const range = flag.range === ALL_MODELS ? "a [model](models.md)" : plain(flag.range ?? "");
  const help = plain(flag.help);
  return [
    `\`${written}\``,
    range === "" ? help : `${help} (${range})`,
    plain(defaultOf(flag) ?? ""),
  ];
}

/** The table of a command's arguments and flags. */
function flagTable({ positionals = {}, flags }: Command<Flags, Flags>): string {
  return markdownTable([
    ["flag", "what it does", "default"],
    ...Object.entries(positionals).map(([name, flag]) => flagRow(name.toUpperCase(), flag)),
    ...Object.entries(flags).map(([name, flag]) => flagRow(writtenFlag(name, flag), flag)),
  ]);
}

/** The permissions that a task's command line grants. */
function permissionsOf(line: string): string {
  const found = [...line.matchAll(/--allow-(read|write|net|run)(?:=(\S+))?/g)];
  if (found.length === 0) return "everything";
  const programs = (names: string): string =>
    names.split(",").map((name) => name.split("/").at(-1)).join(" and ");
  return found.map(([, kind, names]) => kind === "run" ? `run ${programs(names!)}` : kind).join(
    ", ",
  );
}

async function taskTable(): Promise<string> {
  const { default: { tasks } } = await import("../deno.json", { with: { type: "json" } });
  const rows = Object.entries(tasks).map(([name, { description, command }]) => [
    `\`${name}\``,
    plain(description),
    permissionsOf(command),
  ]);
  return markdownTable([["task", "what it does", "permissions"], ...rows]);
}

/**
 * A page with its tables as they should be. A table stands between `<!-- table: NAME -->` and
 * `<!-- end -->`, where NAME is a command's, or `tasks`.
 *
 * @throws {RangeError} if a name is unknown, or a command has no table
 */
export async function withTables(page: string): Promise<string> {
  const tables = new Map(commands.map((command) => [command.name, flagTable(command)]));
  tables.set("tasks", await taskTable());
  const written = page.replace(
    /(<!-- table: (.+?) -->\n).*?(<!-- end -->)/gs,
    (_, begin: string, name: string, end: string) => {
      const table = tables.get(name);
      if (table === undefined) {
        throw new RangeError(`Cannot write a table: its name must be a command's, got ${name}`);
      }
      tables.delete(name);
      return `${begin}\n${table}\n\n${end}`;
    },
  );
  const [missing] = tables.keys();
  if (missing === undefined) return written;
  throw new RangeError(`Cannot write the tables: each must be on the page, got none of ${missing}`);
}

if (import.meta.main) {
  const page = new URL("../docs/tasks.md", import.meta.url).pathname;
  await writeFileAtomically(page, await withTables(await Deno.readTextFile(page)));
}
