// `@std/cli/parse-args` where JSR cannot be reached: the same names, signatures and results.
// By hand, not over node:util's parseArgs, which differs in nearly every case the tests list
// (unknown flags, numbers, `-n5`, `--a=`, dotted names). One line of deno.json
// ("jsr:@std/cli@1/parse-args") puts the real package in its place.

type Names<Name extends string> = Name | readonly Name[];

type Value = string | number | boolean;

type Nested = { [key: string]: unknown };

/** The result of {@linkcode parseArgs}: a value for each flag, and in `_` what belongs to none. */
export type Args<Values = Record<string, unknown>, DoubleDash extends boolean = false> =
  & { [name: string]: unknown }
  & Values
  & { _: (string | number)[] }
  & (DoubleDash extends true ? { "--": string[] } : unknown);

/** Options of {@linkcode parseArgs}. */
export type ParseOptions<
  Booleans extends string = string,
  Strings extends string = string,
  Collected extends string = string,
  Defaults extends Record<string, unknown> = Record<string, unknown>,
  DoubleDash extends boolean = boolean,
> = {
  /** Whether what follows `--` goes into the result's `--` and not into `_`. */
  readonly "--"?: DoubleDash;
  /** Other names of a flag; each gets the same value. */
  readonly alias?: { readonly [name: string]: string | readonly string[] };
  /** Flags without a value, `false` where absent; `true`: all `--name` without `=`. */
  readonly boolean?: boolean | Names<Booleans>;
  /** Flags whose values stay strings, even those that look like numbers; `_`: the positionals. */
  readonly string?: Names<Strings>;
  /** Flags that may be repeated: their values are gathered in an array. */
  readonly collect?: Names<Collected>;
  /** Flags that `--no-name` sets to `false`. */
  readonly negatable?: Names<string>;
  /** The values of flags that are absent. */
  readonly default?: Defaults;
  /** Whether everything after the first positional goes into `_`. */
  readonly stopEarly?: boolean;
  /** Called with what no option names; `false` leaves it out of the result. */
  readonly unknown?: (arg: string, key?: string, value?: unknown) => unknown;
};

type Collectable<Name extends string, Type, Collected extends string> = Name extends Collected
  ? Type[]
  : Type;

/** Names known at compile time, without the dotted ones, which nest. */
type Literal<Name> = Name extends string
  ? string extends Name ? never : Name extends `${string}.${string}` ? never : Name
  : never;

type Parsed<
  Booleans extends string,
  Strings extends string,
  Collected extends string,
  Defaults extends Record<string, unknown>,
> =
  & {
    [Name in Exclude<Literal<Booleans>, keyof Defaults>]: Collectable<Name, boolean, Collected>;
  }
  & { [Name in Exclude<Extract<Literal<Strings>, Collected>, keyof Defaults>]: string[] }
  & { [Name in Exclude<Literal<Strings>, Collected | keyof Defaults | "_">]?: string }
  & {
    [Name in Literal<keyof Defaults>]:
      | Defaults[Name]
      | (Name extends Booleans ? Collectable<Name, boolean, Collected>
        : Name extends Strings ? Collectable<Name, string, Collected>
        : unknown);
  };

/** What the options say of each name, aliases included. */
type Declared = {
  readonly aliases: ReadonlyMap<string, ReadonlySet<string>>;
  readonly booleans: ReadonlySet<string>;
  readonly strings: ReadonlySet<string>;
  readonly collected: ReadonlySet<string>;
  readonly negatable: ReadonlySet<string>;
  readonly allBooleans: boolean;
  readonly unknown: (arg: string, key?: string, value?: unknown) => unknown;
};

/** Where the parser is: the arguments before `--`, and the result so far. */
type Parser = { readonly args: readonly string[]; next: number; readonly result: Nested };

/** The names of each group of aliases, each name mapped to all the others. */
function aliasGroups(alias: ParseOptions["alias"] = {}): Map<string, Set<string>> {
  const groups = new Map<string, Set<string>>();
  for (const [name, value] of Object.entries(alias)) {
    if (value === undefined) throw new TypeError("Alias value must be defined");
    const others = [value].flat() as string[];
    for (const each of [name, ...others]) {
      groups.set(each, new Set([name, ...others].filter((other) => other !== each)));
    }
  }
  return groups;
}

/** A list of names with all their aliases. */
function withAliases(
  names: Names<string> | boolean | undefined,
  aliases: Declared["aliases"],
): Set<string> {
  const all = new Set<string>();
  if (names === undefined || typeof names === "boolean") return all;
  for (const name of ([names].flat() as string[]).filter((each) => each !== "")) {
    all.add(name);
    aliases.get(name)?.forEach((other) => all.add(other));
  }
  return all;
}

function declare(options: ParseOptions): Declared {
  const aliases = aliasGroups(options.alias);
  return {
    aliases,
    booleans: withAliases(options.boolean, aliases),
    strings: withAliases(options.string, aliases),
    collected: withAliases(options.collect, aliases),
    negatable: withAliases(options.negatable, aliases),
    allBooleans: options.boolean === true,
    unknown: options.unknown ?? ((arg: string): unknown => arg),
  };
}

function looksNumeric(text: string): boolean {
  return text.trim() !== "" && Number.isFinite(Number(text));
}

/** Puts a value at a dotted path, as one more of an array where `collect` is set. */
function setPath(target: Nested, path: string, value: unknown, collect = false): void {
  const keys = path.split(".");
  const last = keys.pop()!;
  for (const key of keys) target = (target[key] ??= {}) as Nested;
  const held = target[last];
  if (!collect) target[last] = value;
  else if (Array.isArray(held)) held.push(value);
  else target[last] = held ? [held, value] : [value];
}

function hasPath(target: Nested, path: string): boolean {
  for (const key of path.split(".")) {
    if (!Object.hasOwn(target, key)) return false;
    target = target[key] as Nested;
  }
  return true;
}

/** Sets a flag and its aliases, unless no option names it and `unknown` refuses it. */
function setFlag(
  { result }: Parser,
  declared: Declared,
  key: string,
  value: Value,
  arg: string,
  mayCollect = true,
): void {
  const known = declared.booleans.has(key) || declared.strings.has(key) ||
    declared.aliases.has(key) || (declared.allBooleans && /^--[^=]+$/.test(arg));
  if (!known && declared.unknown(arg, key, value) === false) return;
  const typed = typeof value === "string" && !declared.strings.has(key) && looksNumeric(value)
    ? Number(value)
    : value;
  const collect = mayCollect && declared.collected.has(key);
  setPath(result, key, typed, collect);
  declared.aliases.get(key)?.forEach((other) => setPath(result, other, typed, collect));
}

function isBoolean({ booleans, aliases }: Declared, key: string): boolean {
  return booleans.has(key) || [...aliases.get(key) ?? []].some((other) => booleans.has(other));
}

/** Sets a flag that has no `=`: the next argument is its value where `mayTake` allows it. */
function setFromNext(
  parser: Parser,
  declared: Declared,
  key: string,
  arg: string,
  mayTake: (next: string) => boolean,
): void {
  const next = parser.args[parser.next];
  let value: Value = declared.strings.has(key) ? "" : true;
  if (next && !isBoolean(declared, key) && mayTake(next)) {
    value = next;
    parser.next++;
  } else if (next === "true" || next === "false") {
    value = next === "true";
    parser.next++;
  }
  setFlag(parser, declared, key, value, arg);
}

/** `--name`, `--name=value`, `--name value` or `--no-name`. */
function parseLong(parser: Parser, declared: Declared, arg: string): void {
  // The name is at least one character and so is the value: `--a=` is a flag named `a=`.
  const [, negated, name, text] = /^--(no-)?(.+?)(?:=(.+))?$/s.exec(arg)!;
  if (text !== undefined) {
    const value = declared.booleans.has(name!) ? text !== "false" : text;
    return setFlag(parser, declared, name!, value, arg);
  }
  if (negated && declared.negatable.has(name!)) {
    return setFlag(parser, declared, name!, false, arg, false);
  }
  const mayTake = (next: string): boolean => !declared.allBooleans && !next.startsWith("-");
  setFromNext(parser, declared, `${negated ?? ""}${name}`, arg, mayTake);
}

/** The value that is joined to a letter, as in `-n5`, `-n=5`, `-n-` or `-I/usr`; or none. */
function joinedValue(letter: string, rest: string): string | undefined {
  if (/[A-Za-z]/.test(letter)) {
    const assigned = /=(.+)/.exec(rest);
    if (assigned) return assigned[1];
    if (/-?\d+(\.\d*)?(e-?\d+)?$/.test(rest)) return rest;
  }
  // The last character is a flag of its own, so that it alone is no joined value.
  return rest.length > 1 && /\W/.test(rest[0]!) ? rest : undefined;
}

/** `-a`, `-abc`, `-n5`, `-n=5` or `-n 5`. */
function parseShort(parser: Parser, declared: Declared, arg: string): void {
  const letters = arg.slice(1, -1);
  for (let i = 0; i < letters.length; i++) {
    const letter = letters[i]!;
    const rest = arg.slice(i + 2);
    if (rest === "-") {
      setFlag(parser, declared, letter, "-", arg);
      continue;
    }
    const joined = joinedValue(letter, rest);
    if (joined !== undefined) return setFlag(parser, declared, letter, joined, arg);
    setFlag(parser, declared, letter, declared.strings.has(letter) ? "" : true, arg);
  }
  const key = arg.slice(-1);
  const mayTake = (next: string): boolean => !/^--?[^-]/.test(next);
  if (key !== "-") setFromNext(parser, declared, key, arg, mayTake);
}

function fillDefaults(result: Nested, declared: Declared, defaults: ParseOptions["default"]): void {
  for (const [name, value] of Object.entries(defaults ?? {})) {
    if (hasPath(result, name)) continue;
    for (const each of [name, ...declared.aliases.get(name) ?? []]) setPath(result, each, value);
  }
  for (const name of declared.booleans) {
    if (!hasPath(result, name)) setPath(result, name, declared.collected.has(name) ? [] : false);
  }
  for (const name of declared.strings) {
    if (!hasPath(result, name) && declared.collected.has(name)) setPath(result, name, []);
  }
}

/** Everything before the first `--`, parsed into `result`. */
function parseAll(parser: Parser, declared: Declared, stopEarly: boolean): void {
  const positionals = parser.result._ as (string | number)[];
  while (parser.next < parser.args.length) {
    const arg = parser.args[parser.next++]!;
    if (/^--./s.test(arg)) parseLong(parser, declared, arg);
    else if (/^-./s.test(arg)) parseShort(parser, declared, arg);
    else {
      if (declared.unknown(arg) !== false) {
        positionals.push(declared.strings.has("_") || !looksNumeric(arg) ? arg : Number(arg));
      }
      if (stopEarly) positionals.push(...parser.args.slice(parser.next));
      if (stopEarly) return;
    }
  }
}

/**
 * Parses command line arguments, with the conventions of minimist.
 *
 * @param args the arguments, as `Deno.args`
 * @param options what to expect
 * @returns each flag's value under its name, and the positionals in `_`
 * @throws {TypeError} where an alias is `undefined`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseArgs } from "@std/cli/parse-args";
 *
 * assertEquals(parseArgs(["--foo", "--bar=baz", "./quux.txt"], { boolean: ["foo"] }), {
 *   foo: true,
 *   bar: "baz",
 *   _: ["./quux.txt"],
 * });
 * ```
 */
export function parseArgs<
  // `never` where nothing is declared: such names are then `unknown`, where the original says `any`.
  const Booleans extends string = never,
  const Strings extends string = never,
  const Collected extends string = never,
  Defaults extends Record<string, unknown> = Record<never, never>,
  DoubleDash extends boolean = false,
>(
  args: readonly string[],
  options: ParseOptions<Booleans, Strings, Collected, Defaults, DoubleDash> = {},
): Args<Parsed<Booleans, Strings, Collected, Defaults>, DoubleDash> {
  const declared = declare(options as ParseOptions);
  const end = args.indexOf("--");
  const rest = end < 0 ? [] : args.slice(end + 1);
  const result: Nested & { _: unknown[] } = { _: [] };
  const parser: Parser = { args: end < 0 ? args : args.slice(0, end), next: 0, result };
  parseAll(parser, declared, options.stopEarly ?? false);
  fillDefaults(result, declared, options.default);
  if (options["--"]) result["--"] = rest;
  else result._.push(...rest);
  return result as Args<Parsed<Booleans, Strings, Collected, Defaults>, DoubleDash>;
}
