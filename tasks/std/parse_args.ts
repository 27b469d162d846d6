// `@std/cli/parse-args` where JSR cannot be reached: the options that this project uses, over
// node:util's parseArgs. One line of deno.json ("jsr:@std/cli@1/parse-args") switches to the package.
import { parseArgs as tokenize } from "node:util";

type Names<Name extends string> = Name | readonly Name[];

/** The result of {@linkcode parseArgs}: a value per flag, and the other arguments in `_`. */
export type Args<Booleans extends string = never, Strings extends string = never> =
  & { [name: string]: unknown }
  & { [Name in Booleans]: boolean }
  & { [Name in Exclude<Strings, "_">]?: string }
  & { _: (string | number)[] };

/** Options of {@linkcode parseArgs}. */
export type ParseOptions<Booleans extends string = string, Strings extends string = string> = {
  /** Other names of a flag; each gets the same value. */
  readonly alias?: { readonly [name: string]: Names<string> };
  /** Flags without a value; `false` if absent. */
  readonly boolean?: Names<Booleans>;
  /** Flags whose values stay strings, even if they look like numbers; `_`: the positionals. */
  readonly string?: Names<Strings>;
  /** Flags that `--no-name` sets to `false`. */
  readonly negatable?: Names<string>;
  /** The values of flags that are absent. */
  readonly default?: Readonly<Record<string, unknown>>;
  /** Called with each argument that no option names; `false` leaves it out of the result. */
  readonly unknown?: (arg: string, key?: string, value?: unknown) => unknown;
};

const SUPPORTED = ["alias", "boolean", "string", "negatable", "default", "unknown"];

/** The declared names with their aliases. */
function declaration(options: ParseOptions): {
  readonly booleans: ReadonlySet<string>;
  readonly strings: ReadonlySet<string>;
  readonly negatable: ReadonlySet<string>;
  readonly namesOf: (name: string) => readonly string[];
} {
  const other = Object.keys(options).find((name) => !SUPPORTED.includes(name));
  if (other !== undefined) {
    throw new TypeError(
      `Cannot parse arguments: each option must be one of ${SUPPORTED.join(", ")}, got ${other}`,
    );
  }
  const groups = Object.entries(options.alias ?? {}).map((
    [name, more],
  ) => [name, ...[more].flat()]);
  const namesOf = (name: string): readonly string[] =>
    groups.find((group) => group.includes(name)) ?? [name];
  const all = (names: Names<string> = []): Set<string> => new Set([names].flat().flatMap(namesOf));
  return {
    booleans: all(options.boolean),
    strings: all(options.string),
    negatable: all(options.negatable),
    namesOf,
  };
}

function typed(text: string): string | number {
  return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
}

/**
 * Parses command line arguments. What the package can do beyond `ParseOptions` is refused.
 *
 * @param args the arguments, as `Deno.args`
 * @param options the flags to expect
 * @returns each flag's value under its name, and the positionals in `_`
 * @throws {TypeError} if an option is not supported
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseArgs } from "@std/cli/parse-args";
 *
 * const args = parseArgs(["--foo", "--bar=baz", "./quux.txt"], { boolean: ["foo"] });
 * assertEquals(args, { foo: true, bar: "baz", _: ["./quux.txt"] });
 * ```
 */
export function parseArgs<
  const Booleans extends string = never,
  const Strings extends string = never,
>(
  args: readonly string[],
  options: ParseOptions<Booleans, Strings> = {},
): Args<Booleans, Strings> {
  const { booleans, strings, negatable, namesOf } = declaration(options);
  const { unknown = () => true } = options;
  const found = new Map<string, unknown>();
  const positionals: (string | number)[] = [];
  const set = (name: string, value: string | boolean, arg: string): void => {
    const isKnown = booleans.has(name) || strings.has(name) || namesOf(name).length > 1;
    if (!isKnown && unknown(arg, name, value) === false) return;
    const kept = typeof value === "boolean" || strings.has(name) ? value : typed(value);
    namesOf(name).forEach((each) => found.set(each, kept));
  };

  const { tokens } = tokenize({ args: [...args], strict: false, tokens: true });
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!;
    if (token.kind === "option-terminator") {
      positionals.push(...args.slice(token.index + 1));
      break;
    }
    const arg = args[token.index]!;
    if (token.kind === "positional") {
      if (unknown(arg) !== false) positionals.push(strings.has("_") ? arg : typed(arg));
      continue;
    }
    const { name, rawName, value } = token;
    const next = tokens[i + 1];
    const isLong = rawName.startsWith("--");
    // "" if the next argument is no value.
    const free = next?.kind === "positional" && !(isLong && next.value === "-") ? next.value : "";
    const isNegated = isLong && name.startsWith("no-") && negatable.has(name.slice(3));
    if (value !== undefined) set(name, booleans.has(name) ? value !== "false" : value, arg);
    else if (isNegated) set(name.slice(3), false, arg);
    else if (free !== "" && !booleans.has(name)) {
      set(name, free, arg);
      i++;
    } else if (free === "true" || free === "false") {
      set(name, free === "true", arg);
      i++;
    } else set(name, !strings.has(name) || "", arg);
  }

  for (const [name, value] of Object.entries(options.default ?? {})) {
    if (!found.has(name)) namesOf(name).forEach((each) => found.set(each, value));
  }
  booleans.forEach((name) => found.has(name) || found.set(name, false));
  return { ...Object.fromEntries(found), _: positionals } as Args<Booleans, Strings>;
}
