// The text of `--help`.
import type { Flag } from "./flags.ts";
import type { Group } from "./group.ts";
import type { Command, Flags } from "./parse.ts";

/** The longest line of the text, if words allow it. */
const WIDTH = 88;

/** Breaks a sentence into lines of at most `width` characters, at spaces. */
function wrap(sentence: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of sentence.split(" ")) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + word.length <= width) {
      lines[lines.length - 1] = `${line} ${word}`;
    } else lines.push(word);
  }
  return lines;
}

/** Two columns, the second wrapped; each row indented by two. */
function columns(rows: readonly (readonly [string, string])[]): string[] {
  const indent = 2 + Math.max(...rows.map(([left]) => left.length)) + 2;
  return rows.flatMap(([left, right]) =>
    wrap(right, WIDTH - indent).map((line, i) =>
      (i === 0 ? `  ${left}`.padEnd(indent) : " ".repeat(indent)) + line
    )
  );
}

/** The least width of a readable second column. */
const LEAST_COLUMN = 30;

/** Command lines beside their purposes, or above them if one is too long. */
function exampleLines(examples: readonly (readonly [string, string])[]): string[] {
  const longest = Math.max(...examples.map(([line]) => line.length));
  if (WIDTH - longest - 4 >= LEAST_COLUMN) return columns(examples);
  return examples.flatMap(([line, purpose]) => [
    `  ${line}`,
    ...wrap(purpose, WIDTH - 6).map((part) => `      ${part}`),
  ]);
}

/** The default of a flag in words; `undefined` if it has none. */
export function defaultOf(flag: Flag): string | undefined {
  const value = flag.kind === "toggle" ? undefined : flag.default;
  return flag.required
    ? "required"
    : flag.defaultText ?? (value === undefined ? value : `${value}`);
}

/** What a flag is for, the values it accepts and its default. */
function meaning(flag: Flag): string {
  const standard = defaultOf(flag);
  const facts = [
    ...flag.range ? [flag.range] : [],
    ...standard === undefined ? [] : [flag.required ? standard : `default: ${standard}`],
  ];
  return facts.length === 0 ? flag.help : `${flag.help} (${facts.join("; ")})`;
}

/** A flag as it is written on a command line: `--epochs N`, `--no-labels`. */
export function writtenFlag(name: string, flag: Flag): string {
  const negated = flag.kind === "toggle" && flag.default === true ? "no-" : "";
  return `--${negated}${name} ${flag.placeholder}`.trimEnd();
}

function usageOf(command: Command<Flags, Flags>): string {
  const positionals = Object.entries(command.positionals ?? {}).map(
    ([name, { required, several }]) => {
      const written = `${name.toUpperCase()}${several ? "…" : ""}`;
      return required ? written : `[${written}]`;
    },
  );
  return `deno task ${[command.name, ...positionals, "[flags]"].join(" ")}`;
}

/**
 * The text that `--help` prints.
 *
 * @returns the text, without a line break at its end
 */
export function helpText(
  command: Command<Flags, Flags>,
  heading: (text: string) => string = String,
): string {
  const { summary, positionals = {}, flags, examples = [] } = command;
  const lines = [...wrap(summary, WIDTH), "", `${heading("Usage:")} ${usageOf(command)}`];
  const named = Object.entries(positionals).map(
    ([name, flag]) => [name.toUpperCase(), meaning(flag)] as const,
  );
  if (named.length > 0) lines.push("", heading("Arguments:"), ...columns(named));
  const rows = Object.entries(flags).map(
    ([name, flag]) => [writtenFlag(name, flag), meaning(flag)] as const,
  );
  lines.push("", heading("Flags:"), ...columns([...rows, ["-h, --help", "print this text"]]));
  if (examples.length > 0) lines.push("", heading("Examples:"), ...exampleLines(examples));
  return lines.join("\n");
}

/**
 * The text that `--help` prints for a task with subcommands.
 *
 * @returns the text, without a line break at its end
 */
export function groupHelpText(
  { name, summary, subcommands, examples = [] }: Group,
  heading: (text: string) => string = String,
): string {
  const rows = Object.entries(subcommands).map(
    ([subcommand, { command }]) => [subcommand, command.summary] as const,
  );
  const lines = [...wrap(summary, WIDTH), ""];
  lines.push(`${heading("Usage:")} deno task ${name} SUBCOMMAND [flags]`);
  lines.push("", heading("Subcommands:"), ...columns(rows));
  lines.push("", `deno task ${name} SUBCOMMAND --help prints the subcommand's flags.`);
  if (examples.length > 0) lines.push("", heading("Examples:"), ...exampleLines(examples));
  return lines.join("\n");
}
