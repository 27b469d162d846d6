// From a command's declaration and its arguments to typed values, or a refusal before any work.
import { parseArgs } from "@std/cli/parse-args";
import { nearest } from "../../lib/text/nearest.ts";
import { type Flag, UsageError } from "./flags.ts";

/** Flags, or positional arguments, by name; positionals in their order. */
export type Flags = Readonly<Record<string, Flag>>;

/** The values of flags, by name. */
export type Values<Declared extends Flags> = {
  readonly [Name in keyof Declared]: Declared[Name] extends Flag<infer Value> ? Value : never;
};

/** The declaration of a task: its arguments and its help. */
export type Command<F extends Flags, P extends Flags = Record<never, never>> = {
  /** The task's name, as in `deno task NAME`. */
  readonly name: string;
  /** One sentence on what it does. */
  readonly summary: string;
  /** Arguments without a name, in their order; optional ones come last. */
  readonly positionals?: P;
  readonly flags: F;
  /** Command lines with their purposes. */
  readonly examples?: readonly (readonly [line: string, purpose: string])[];
};

/** The toggles whose default is `true`, which `--no-name` turns off. */
function negated(flags: Flags): string[] {
  return Object.keys(flags).filter((name) =>
    flags[name]!.kind === "toggle" && flags[name]!.default === true
  );
}

/** A long flag as it is written: its name without dashes, and its `=value` if it has one. */
function longFlag(arg: string): { name: string; value?: string } | undefined {
  const match = /^--([^=]+)(?:=(.*))?$/s.exec(arg);
  return match ? { name: match[1]!, value: match[2] } : undefined;
}

/** `--rate -1` as `--rate=-1`: parseArgs takes a value that begins with a dash for another flag. */
function joinNegativeValues(args: readonly string[], flags: Flags): string[] {
  const joined: string[] = [];
  for (const arg of args) {
    const last = longFlag(joined.at(-1) ?? "");
    const wants = last?.value === undefined && Object.hasOwn(flags, last?.name ?? "") &&
      flags[last!.name]!.kind === "value";
    if (wants && /^-(\.?\d|inf|nan)/i.test(arg)) joined.push(`${joined.pop()}=${arg}`);
    else joined.push(arg);
  }
  return joined;
}

/** Refuses what parseArgs accepts: a flag given twice, `--json=maybe`, `--epochs=`. */
function checkWritten(args: readonly string[], flags: Flags): void {
  const seen = new Set<string>();
  const negatable = new Set(negated(flags).map((name) => `no-${name}`));
  for (const arg of args) {
    const written = longFlag(arg);
    if (!written) continue;
    const name = negatable.has(written.name) ? written.name.slice(3) : written.name;
    if (!Object.hasOwn(flags, name)) continue;
    if (seen.has(name)) throw new UsageError(`Cannot use --${name}: it is given more than once`);
    seen.add(name);
    if (written.value === undefined) continue;
    if (written.value === "") refuseMissing(name);
    if (flags[name]!.kind === "toggle") flags[name]!.parse(written.value, `--${written.name}`);
  }
}

function refuseMissing(name: string): never {
  throw new UsageError(`Cannot use --${name}: it needs a value, got none`);
}

/** The flag that a wrong one was probably meant to be: `learning-rate` for `lr`. */
function nearestFlag(written: string, names: readonly string[]): string | undefined {
  const initials = (name: string): string => name.split("-").map((word) => word[0]).join("");
  return names.find((name) => name.includes("-") && initials(name) === written) ??
    nearest(written, names);
}

function refuseUnknown(arg: string, { flags, positionals = {} }: Command<Flags, Flags>): never {
  const written = arg.split("=")[0]!;
  const name = /^--?(..+)$/s.exec(written)?.[1];
  const near = name && nearestFlag(name.replace(/^-/, ""), [...Object.keys(flags), "help"]);
  const unnamed = Object.keys(positionals).map((one) => one.toUpperCase()).join(" and ");
  const hint = near
    ? `: did you mean --${near}?`
    : unnamed && `: ${unnamed} is given without a flag`;
  throw new UsageError(`unknown flag ${written}${hint}`);
}

/** A flag's value: what was given, or its default. */
function flagValue(flag: Flag, given: unknown, name: string): unknown {
  if (flag.kind === "toggle") return given ?? flag.default;
  if (given === "") return refuseMissing(name);
  if (given !== undefined) return flag.parse(String(given), `--${name}`);
  if (flag.required) {
    throw new UsageError(`Cannot run without --${name} ${flag.placeholder}: ${flag.help}`);
  }
  return flag.default;
}

function positionalValues(given: readonly string[], positionals: Flags): Record<string, unknown> {
  const names = Object.keys(positionals);
  const last = names.at(-1);
  const several = last !== undefined && positionals[last]!.several === true;
  const stray = several ? undefined : given[names.length];
  if (stray !== undefined) {
    const hint = stray.startsWith("-") ? ": flags must not follow a lone --" : "";
    throw new UsageError(`unexpected argument ${JSON.stringify(stray)}${hint}`);
  }
  return Object.fromEntries(names.map((name, i) => {
    const positional = positionals[name]!;
    if (positional.several && given.length > i) {
      return [name, given.slice(i).flatMap((text) => positional.parse(text, name))];
    }
    if (given[i] !== undefined) return [name, positional.parse(given[i], name)];
    if (positional.required) {
      throw new UsageError(`Cannot run without ${name.toUpperCase()}: ${positional.help}`);
    }
    return [name, positional.default];
  }));
}

/**
 * Parses the arguments of a command.
 *
 * @param args the arguments, as `Deno.args`
 * @returns the values of flags and positionals by name, or `"help"` if that is asked for
 * @throws {UsageError} if an argument is unknown, missing, repeated or out of range
 */
export function parseCommand<F extends Flags, P extends Flags>(
  command: Command<F, P>,
  args: readonly string[],
): (Values<F> & Values<P>) | "help" {
  const { flags } = command;
  const names = Object.keys(flags);
  const isToggle = (name: string): boolean => flags[name]!.kind === "toggle";
  const toggles = names.filter(isToggle);
  const unknown: string[] = [];
  const written = joinNegativeValues(args, flags);
  const parsed: Record<string, unknown> = parseArgs(written, {
    string: [...names.filter((name) => !isToggle(name)), "_"],
    boolean: [...toggles, "help"],
    alias: { help: "h" },
    // Without defaults of their own, absent toggles would all be `false`.
    default: Object.fromEntries(toggles.map((name) => [name, flags[name]!.default])),
    negatable: negated(flags),
    unknown(arg: string, key?: string): boolean {
      if (key !== undefined) unknown.push(arg);
      return key === undefined;
    },
  });
  if (parsed.help === true) return "help";
  const end = written.indexOf("--");
  checkWritten(end < 0 ? written : written.slice(0, end), flags);
  if (unknown[0] !== undefined) refuseUnknown(unknown[0], command);
  const values = names.map((name) => [name, flagValue(flags[name]!, parsed[name], name)]);
  const positionals = positionalValues(parsed._ as string[], command.positionals ?? {});
  const found = Object.fromEntries(values);
  for (const [name, value] of Object.entries(positionals)) {
    if (found[name] === undefined) continue;
    // A flag that says the same: --model lenet5 for MODEL.
    if (value !== undefined) {
      throw new UsageError(
        `Cannot use --${name}: ${name.toUpperCase()} is given too, got ${value}`,
      );
    }
    positionals[name] = found[name];
  }
  return { ...found, ...positionals } as Values<F> & Values<P>;
}
