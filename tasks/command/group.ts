// Tasks with several subcommands: each a command of its own, chosen by the first argument.
import { unknownName } from "../../lib/text/nearest.ts";
import { UsageError } from "./flags.ts";
import type { Command, Flags } from "./parse.ts";

/** A subcommand's module: its declaration, named `TASK NAME`, and what it does. */
export type Subcommand = {
  readonly command: Command<Flags, Flags>;
  /** Takes the values of the command's own flags: whatever those are. */
  run(values: never): void | Promise<void>;
};

/** A task that does one of several things. */
export type Group = {
  /** The task's name, as in `deno task NAME SUBCOMMAND`. */
  readonly name: string;
  /** One sentence on what it does. */
  readonly summary: string;
  /** Its subcommands by name, in the order `--help` lists them. */
  readonly subcommands: Readonly<Record<string, Subcommand>>;
  /** Command lines, each with what it is for. */
  readonly examples?: readonly (readonly [line: string, purpose: string])[];
};

/** A subcommand with the arguments that are its own. */
export type Choice = { readonly subcommand: Subcommand; readonly args: readonly string[] };

/**
 * The subcommand that the first argument names.
 *
 * @param group the task
 * @param args the arguments, as `Deno.args`
 * @returns the subcommand and the arguments after its name, or `"help"` where that is asked for
 * @throws {UsageError} where none is named, or one that there is not: with the nearest name
 */
export function chooseSubcommand(
  { subcommands }: Group,
  [name, ...rest]: readonly string[],
): Choice | "help" {
  const known = Object.keys(subcommands);
  if (name === "--help" || name === "-h") return "help";
  if (name === undefined || name.startsWith("-")) {
    const found = name === undefined ? "nothing" : name;
    throw new UsageError(
      `Cannot run: the first argument must be one of ${known.join(", ")}, got ${found}`,
    );
  }
  if (!Object.hasOwn(subcommands, name)) {
    throw new UsageError(unknownName("subcommand", name, known));
  }
  return { subcommand: subcommands[name]!, args: rest };
}
