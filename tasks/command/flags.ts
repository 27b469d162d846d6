// The kinds of flags a command can declare: what each accepts, and how it says so.
import { unknownName } from "../../lib/text/nearest.ts";

/** Arguments that a task refuses; the message says what it wants and what it got. */
export class UsageError extends Error {
  override name = "UsageError";
}

/**
 * Refuses a flag's value.
 *
 * @param label what messages call the flag, such as `--epochs`
 * @param rule what it must be, such as `at least 1`
 * @throws {UsageError} always
 */
export function refuse(label: string, rule: string, value: string | number): never {
  throw new UsageError(`Cannot use ${label}: it must be ${rule}, got ${value}`);
}

/** Options of every kind of flag. */
export type FlagOptions<Value> = {
  /** What it is for, in a few words, for `--help` and docs/tasks.md. */
  readonly help: string;
  /** Its value if it is absent. */
  readonly default?: Value;
  /** What `--help` says in place of the default, if that depends on other flags. */
  readonly defaultText?: string;
  /** Whether the command is refused without it. */
  readonly required?: boolean;
};

/** A flag, or a positional argument, whose value is a `Value`. */
export type Flag<Value = unknown> = {
  readonly kind: "toggle" | "value";
  readonly help: string;
  /** The name of its value in `--help`, such as `N`; empty for a toggle. */
  readonly placeholder: string;
  /** The values it accepts, in words, if not all. */
  readonly range?: string;
  readonly default?: Value;
  readonly defaultText?: string;
  readonly required: boolean;
  /** Of the last positional argument: whether there may be several, whose values are a list. */
  readonly several?: true;
  /** The value of the text given; `label` is what messages call the flag, such as `--epochs`. */
  parse(text: string, label: string): Value;
};

/** `Value`; also `undefined` if the options have neither a default nor `required: true`. */
export type FlagValue<Value, Options> = Options extends { readonly default: infer Default }
  ? Default extends undefined ? Value | undefined : Value
  : Options extends { readonly required: true } ? Value
  : Value | undefined;

/** Bounds of a number. */
export type NumberOptions = FlagOptions<number> & {
  /** The least value allowed. */
  readonly min?: number;
  /** The greatest value allowed. */
  readonly max?: number;
  /** A bound that the value must exceed. */
  readonly above?: number;
  /** A bound that the value must stay under. */
  readonly below?: number;
};

function flag<Value>(
  placeholder: string,
  options: FlagOptions<Value>,
  parse: Flag<Value>["parse"],
  range?: string,
): Flag<Value> {
  const { help, default: value, defaultText, required = false } = options;
  const kind = "value";
  return { kind, help, placeholder, range, default: value, defaultText, required, parse };
}

/** The bounds in words: "above 0, at most 1"; "" if there are none. */
function boundsText({ min, max, above, below }: NumberOptions): string {
  if (min !== undefined && max !== undefined) return `from ${min} to ${max}`;
  return [
    min !== undefined ? `at least ${min}` : "",
    above !== undefined ? `above ${above}` : "",
    max !== undefined ? `at most ${max}` : "",
    below !== undefined ? `below ${below}` : "",
  ].filter((part) => part !== "").join(" and ");
}

function withBounds(noun: string, bounds: string): string {
  return bounds === "" ? noun : `${noun} ${bounds.startsWith("at ") ? "of " : ""}${bounds}`;
}

function within(value: number, { min, max, above, below }: NumberOptions): boolean {
  return (min === undefined || value >= min) && (max === undefined || value <= max) &&
    (above === undefined || value > above) && (below === undefined || value < below);
}

/** The finite decimal number that the whole text is, or NaN. */
function strictNumber(text: string): number {
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return NaN;
  const value = Number(text);
  return Number.isFinite(value) ? value : NaN;
}

/**
 * A flag whose value is a number, such as `0.01` or `1e-3`.
 *
 * @param options help, default and bounds
 */
export function number<const Options extends NumberOptions>(
  options: Options,
): Flag<FlagValue<number, Options>> {
  const bounds = boundsText(options);
  const parse = (text: string, label: string): number => {
    const value = strictNumber(text);
    if (!within(value, options) || Number.isNaN(value)) {
      refuse(label, withBounds("a number", bounds), text);
    }
    return value;
  };
  return flag("X", options, parse, bounds || undefined) as Flag<FlagValue<number, Options>>;
}

/**
 * A flag whose value is a whole number.
 *
 * @param options help, default and bounds
 */
export function count<const Options extends NumberOptions>(
  options: Options,
): Flag<FlagValue<number, Options>> {
  const bounds = boundsText(options);
  const parse = (text: string, label: string): number => {
    const value = strictNumber(text);
    if (!Number.isSafeInteger(value) || !within(value, options)) {
      refuse(label, withBounds("a whole number", bounds), text);
    }
    return value;
  };
  return flag("N", options, parse, bounds || undefined) as Flag<FlagValue<number, Options>>;
}

/**
 * A flag whose value is one of a few names.
 *
 * @param options help and default
 */
export function choice<const Name extends string, const Options extends FlagOptions<NoInfer<Name>>>(
  names: readonly Name[],
  options: Options,
): Flag<FlagValue<Name, Options>> {
  const parse = (text: string, label: string): Name => {
    const found = names.find((name) => name === text);
    if (found !== undefined) return found;
    throw new UsageError(unknownName(label, text, names));
  };
  return flag("NAME", options, parse, names.join(", ")) as Flag<FlagValue<Name, Options>>;
}

/** A flag whose value is any text that is not blank. */
function textual<const Options extends FlagOptions<string>>(
  placeholder: string,
  rule: string,
  options: Options,
): Flag<FlagValue<string, Options>> {
  const parse = (text: string, label: string): string =>
    text.trim() === "" || text.includes("\0") ? refuse(label, rule, text.trim() || "empty") : text;
  return flag(placeholder, options, parse) as Flag<FlagValue<string, Options>>;
}

/**
 * A flag whose value is a path of a file or directory.
 *
 * @param options help and default
 */
export function path<const Options extends FlagOptions<string>>(
  options: Options,
): Flag<FlagValue<string, Options>> {
  return textual("PATH", "a path", options);
}

/**
 * The last positional argument, of which there may be several: paths of files or directories.
 *
 * @param options help, and the default
 */
export function paths(
  { default: standard, ...options }: FlagOptions<readonly string[]> & {
    readonly default: readonly string[];
  },
): Flag<readonly string[]> {
  const { parse, ...flag } = textual("PATH", "a path", options);
  return {
    ...flag,
    several: true,
    default: standard,
    defaultText: standard.join(" "),
    parse: (text, label) => [parse(text, label) as string],
  };
}

/**
 * A flag whose value is any text.
 *
 * @param options help and default
 */
export function text<const Options extends FlagOptions<string>>(
  options: Options,
): Flag<FlagValue<string, Options>> {
  return textual("TEXT", "some text", options);
}

/**
 * A flag without a value. If its default is `true`, `--no-name` turns it off.
 *
 * @param options help and default (`false`)
 */
export function toggle(options: Omit<FlagOptions<boolean>, "required">): Flag<boolean> {
  const parse = (text: string, label: string): boolean =>
    text === "true" || (text !== "false" && refuse(label, "given without a value", text));
  return { kind: "toggle", placeholder: "", default: false, ...options, required: false, parse };
}

/**
 * The whole numbers that a flag lists.
 *
 * @param value what was given, such as `3,17`
 * @param count how many there are to choose from
 * @throws {UsageError} if one is not a whole number from 0 to `count` − 1
 */
export function numbersIn(flag: string, value: string, count: number): number[] {
  return value.split(",").map((part) => {
    const word = part.trim();
    if (/^\d+$/.test(word) && Number(word) < count) return Number(word);
    return refuse(flag, `whole numbers from 0 to ${count - 1}, separated by commas`, value);
  });
}
