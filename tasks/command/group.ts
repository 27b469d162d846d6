// Tasks with subcommands, which the first argument selects.
import { unknownName } from "../../lib/text/nearest.ts";
import { UsageError } from "./flags.ts";
import type { Command, Flags } from "./parse.ts";

/** A subcommand's module: its declaration, named `TASK NAME`, and its function. */
export type Subcommand = {
  readonly command: Command<Flags, Flags>;
  /** Runs it with the values of its own flags. */
  run(values: never): void | number | Promise<void | number>;
};

/** A task with subcommands. */
export type Group = {
  /** The task's name, as in `deno task NAME SUBCOMMAND`. */
  readonly name: string;
  /** One sentence on what it does. */
  readonly summary: string;
  /** Its subcommands by name, in the order `--help` lists them. */
  readonly subcommands: Readonly<Record<string, Subcommand>>;
  /** Command lines with their purposes. */
  readonly examples?: readonly (readonly [line: string, purpose: string])[];
};

/** A subcommand with its arguments. */
export type Choice = { readonly subcommand: Subcommand; readonly args: readonly string[] };

/**
 * The subcommand that the first argument names.
 *
 * @param args the arguments, as `Deno.args`
 * @returns the subcommand and the arguments after its name, or `"help"` if that is asked for
 * @throws {UsageError} if none is named, or an unknown one: with the nearest name
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
