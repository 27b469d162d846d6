// Runs a task: its flags from a declaration, `--help`, and every failure as one line.
import { UsageError } from "./command/flags.ts";
import { chooseSubcommand, type Group } from "./command/group.ts";
import { groupHelpText, helpText } from "./command/help.ts";
import { type Command, type Flags, parseCommand, type Values } from "./command/parse.ts";
import { failureText, isDebugging } from "./command/report.ts";

export { choice, count, number, path, text, toggle, UsageError } from "./command/flags.ts";
export type { Flag, FlagOptions, NumberOptions } from "./command/flags.ts";
export type { Group, Subcommand } from "./command/group.ts";
export type { Command, Flags, Values } from "./command/parse.ts";

/** Where a command prints, and whether in colors. */
export type Output = {
  /** Prints to stdout, with a line break. */
  print(text: string): void;
  /** Prints to stderr, with a line break. */
  warn(text: string): void;
  readonly colors: { readonly stdout: boolean; readonly stderr: boolean };
  /** Whether failures show their stack. */
  readonly debugging: boolean;
};

/** What a command does with its values. */
export type Body<F extends Flags, P extends Flags> = (
  values: Values<F> & Values<P>,
) => void | Promise<void>;

/** The process's own streams: colors on a terminal only, and never under `NO_COLOR`. */
function standardOutput(): Output {
  return {
    print: (text) => console.log("%s", text),
    warn: (text) => console.error("%s", text),
    colors: {
      stdout: !Deno.noColor && Deno.stdout.isTerminal(),
      stderr: !Deno.noColor && Deno.stderr.isTerminal(),
    },
    debugging: isDebugging(),
  };
}

function style(code: number, colors: boolean): (text: string) => string {
  return (text) => colors ? `\x1b[${code}m${text}\x1b[0m` : text;
}

function reportFailure(error: unknown, output: Output): void {
  const label = style(31, output.colors.stderr)("error:");
  output.warn(`${label} ${failureText(error, output.debugging)}`);
}

/**
 * Runs a command and answers with the exit code, printing help and failures.
 *
 * @param command the declaration
 * @param args the arguments
 * @param body what to do with the values
 * @param output where to print
 * @returns 0; 1 where `body` failed; 2 where the arguments are refused
 */
export async function execute<F extends Flags, P extends Flags = Record<never, never>>(
  command: Command<F, P>,
  args: readonly string[],
  body: Body<F, P>,
  output: Output = standardOutput(),
): Promise<0 | 1 | 2> {
  return await reporting(command.name, output, async () => {
    const values = parseCommand(command, args);
    if (values === "help") output.print(helpText(command, style(1, output.colors.stdout)));
    else await body(values);
  });
}

/**
 * Runs the subcommand that the first argument names, and answers with the exit code.
 *
 * @param group the task
 * @param args the arguments
 * @param output where to print
 * @returns as {@linkcode execute}; 2 too where there is no such subcommand
 */
export async function executeGroup(
  group: Group,
  args: readonly string[],
  output: Output = standardOutput(),
): Promise<0 | 1 | 2> {
  return await reporting(group.name, output, async () => {
    const chosen = chooseSubcommand(group, args);
    if (chosen === "help") {
      output.print(groupHelpText(group, style(1, output.colors.stdout)));
      return 0;
    }
    const { command, run } = chosen.subcommand;
    return await execute(command, chosen.args, (values) => run(values as never), output);
  });
}

/** Does the work of a task, and turns what it throws into a line and an exit code. */
async function reporting(
  name: string,
  output: Output,
  work: () => Promise<0 | 1 | 2 | void>,
): Promise<0 | 1 | 2> {
  try {
    return await work() ?? 0;
  } catch (error) {
    if (!(error instanceof UsageError)) {
      reportFailure(error, output);
      return 1;
    }
    const label = style(31, output.colors.stderr)("error:");
    output.warn(`${label} ${error.message}; see deno task ${name} --help`);
    return 2;
  }
}

/**
 * Runs a task as the process's whole work: parses `args`, runs `body` with the
 * values, and sets the exit code: 0, 1 where `body` fails, 2 where the
 * arguments are refused (before any work). A `body` can refuse what only
 * several flags together make wrong by throwing a {@linkcode UsageError}.
 *
 * @param command the declaration
 * @param args the arguments, as `Deno.args`
 * @param body what to do with the values
 */
export async function runCommand<
  const F extends Flags,
  const P extends Flags = Record<never, never>,
>(
  command: Command<F, P>,
  args: readonly string[],
  body: Body<F, P>,
): Promise<void> {
  await asProcess(() => execute(command, args, body));
}

/**
 * Runs a task with subcommands as the process's whole work, as {@linkcode runCommand} does.
 *
 * @param group the task
 * @param args the arguments, as `Deno.args`
 */
export async function runGroup(group: Group, args: readonly string[]): Promise<void> {
  await asProcess(() => executeGroup(group, args));
}

/** Ends the process with the exit code that the work comes to. */
async function asProcess(work: () => Promise<0 | 1 | 2>): Promise<void> {
  // A device that is lost between awaits rejects where no caller listens.
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    reportFailure(event.reason, standardOutput());
    Deno.exit(1);
  });
  const code = await work();
  // At once, as a failure may leave timers behind that would keep the process alive.
  if (code !== 0) Deno.exit(code);
}
