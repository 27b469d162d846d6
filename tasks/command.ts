// Runs a task: parses its flags by a declaration, prints `--help`, and every failure as one line.
import { UsageError } from "./command/flags.ts";
import { chooseSubcommand, type Group } from "./command/group.ts";
import { groupHelpText, helpText } from "./command/help.ts";
import { type Command, type Flags, parseCommand, type Values } from "./command/parse.ts";
import { failureText, isDebugging } from "./command/failure.ts";
import { Interruption } from "./command/interrupt.ts";

export {
  choice,
  count,
  type Flag,
  type FlagOptions,
  number,
  numbersIn,
  path,
  paths,
  refuse,
  text,
  toggle,
  UsageError,
} from "./command/flags.ts";
export type { Group } from "./command/group.ts";
export type { Command, Flags, Values } from "./command/parse.ts";

/** Where a command prints, and whether in color. */
export type Output = {
  /** Prints to stdout, with a line break. */
  print(text: string): void;
  /** Prints to stderr, with a line break. */
  warn(text: string): void;
  readonly colors: { readonly stdout: boolean; readonly stderr: boolean };
  /** Whether failures show their stack. */
  readonly debugging: boolean;
};

/** What a command does with its values; it may return an exit code. */
export type Body<F extends Flags, P extends Flags> = (
  values: Values<F> & Values<P>,
) => void | number | Promise<void | number>;

/** The process's streams: color on a terminal only, and never under `NO_COLOR`. */
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
 * Runs a command, and prints help and failures.
 *
 * @returns the exit code: 0, or what `body` returned; 1 if it failed; 2 if the arguments are refused
 */
export async function execute<F extends Flags, P extends Flags = Record<never, never>>(
  command: Command<F, P>,
  args: readonly string[],
  body: Body<F, P>,
  output: Output = standardOutput(),
): Promise<number> {
  return await reporting(command.name, output, async () => {
    const values = parseCommand(command, args);
    if (values !== "help") return await body(values);
    output.print(helpText(command, style(1, output.colors.stdout)));
  });
}

/**
 * Runs the subcommand that the first argument names.
 *
 * @returns as {@linkcode execute}; 2 also if there is no such subcommand
 */
export async function executeGroup(
  group: Group,
  args: readonly string[],
  output: Output = standardOutput(),
): Promise<number> {
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
  work: () => Promise<number | void>,
): Promise<number> {
  try {
    return await work() ?? 0;
  } catch (error) {
    if (error instanceof Interruption) return error.exitCode;
    if (!(error instanceof UsageError)) {
      reportFailure(error, output);
      return 1;
    }
    const label = style(31, output.colors.stderr)("error:");
    output.warn(`${label} ${error.message} (see deno task ${name} --help)`);
    return 2;
  }
}

/**
 * Runs a task as the process's whole work: parses `args`, runs `body` with the values, and ends
 * with the exit code of {@linkcode execute}. To refuse flags that are wrong only together, `body`
 * throws a {@linkcode UsageError}.
 *
 * @param args the arguments, as `Deno.args`
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
 * @param args the arguments, as `Deno.args`
 */
export async function runGroup(group: Group, args: readonly string[]): Promise<void> {
  await asProcess(() => executeGroup(group, args));
}

/** Ends the process with the exit code of the work. */
async function asProcess(work: () => Promise<number>): Promise<void> {
  // A device that is lost between awaits rejects where no caller listens.
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    reportFailure(event.reason, standardOutput());
    Deno.exit(1);
  });
  const code = await work();
  // At once: a failure may leave timers that would keep the process alive.
  if (code !== 0) Deno.exit(code);
}
