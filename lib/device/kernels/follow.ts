// Programs in each other's pass: what is made of each number of a result, before it is written.

/**
 * How each number of a program's one result follows from numbers at its own place and of its own
 * feature, in a text that reads the same for one number as for four (`V`).
 */
export type Pointwise = {
  /** Inputs with a number for each of the result's, by their names in the text. */
  readonly elements: Readonly<Record<string, string>>;
  /** Inputs of rows of one number a feature, which `once` reads at `c`. */
  readonly features: readonly string[];
  /** What depends on the feature alone, by the names that the text reads: a `V` each. */
  readonly once: Readonly<Record<string, string>>;
  /** WGSL functions that the text calls, given whether `V` is a vector. */
  readonly functions?: ((wide: boolean) => string) | undefined;
  /** The variable that the text sets. */
  readonly result: string;
  readonly text: string;
};

/** WGSL functions through which each number of a result goes before it is written. */
export type Follower = {
  /** `fn name(i, value) -> V`, or with a third argument what `name_once(c)` makes of feature `c`. */
  readonly name: string;
  /** The number of features, in fours where numbers are; if it depends on them. */
  readonly strips?: string | undefined;
};

/** What of a program is of interest here; `Shape` is whatever has one. */
type Followed = {
  readonly operation: string;
  readonly variant: string;
  readonly results: Readonly<Record<string, readonly number[]>>;
  readonly inputs: Readonly<Record<string, { readonly shape: readonly number[] }>>;
  readonly vectors?: readonly string[];
  readonly mayBeQuads?: readonly string[];
  readonly uniforms: Readonly<Record<string, number>>;
  readonly code: string | (() => string);
  readonly half?: { readonly names: readonly string[]; readonly anyway?: boolean };
  readonly followers?: readonly Follower[];
  readonly pointwise?: Pointwise | undefined;
};

/**
 * A program with another in its pass, which takes the first's result as one of its inputs. The inputs
 * are those of the first, then the other's without that one.
 *
 * @param input the name of the other's input that is the first's result
 * @returns the program; `undefined` if their numbers do not come in the same fours
 */
export function followed<P extends Followed>(program: P, other: P, input: string): P | undefined {
  const { pointwise } = other;
  if (!pointwise) return undefined;
  const [result] = Object.keys(program.results) as [string];
  const shape = Object.values(other.results)[0]!;
  const features = shape.at(-1) ?? 1;
  const wide = program.vectors?.includes(result) ?? false;
  if (wide && pointwise.features.length > 0 && features % 4 !== 0) return undefined;
  const before = program.followers ?? [];
  const prefix = `then${before.length + 1}_`;
  const byFeature = pointwise.features.length > 0;
  const more = Object.entries(other.inputs).filter(([name]) => name !== input);
  const named = more.map(([name, info]) => [`${prefix}${name}`, info] as const);
  const values = { ...other.uniforms, strips: wide ? features / 4 : features };
  const used = new Set<string>();
  const functions = pointwise.functions?.(wide) ?? "";
  const own = { features: pointwise.features, declared: declaredIn(functions) };
  const rename = (text: string): string => renamed(text, own, prefix, wide, used);
  const text = rename(pointwise.text);
  const called = rename(functions);
  const once = Object.entries(pointwise.once).map(([name, made]) => [name, rename(made)] as const);
  const reader = wide ? "quad" : "at";
  const type = wide ? "vec4<f32>" : "f32";
  const [value] = Object.entries(pointwise.elements).find(([, name]) => name === input)!;
  const others = Object.entries(pointwise.elements).filter(([, name]) => name !== input);
  const code = (): string =>
    `${typeof program.code === "string" ? program.code : program.code()}
${byFeature ? onceText(prefix, type, once) : ""}
${called}
fn ${prefix}result(i: u32, ${value}: ${type}${
      byFeature ? `, once: ${prefix}result_Once` : ""
    }) -> ${type} {
  ${once.map(([name]) => `let ${name} = once.${name};`).join(" ")}
  ${others.map(([name, from]) => `let ${name} = ${prefix}${from}_${reader}(i);`).join("\n  ")}
  var ${pointwise.result}: ${type};
  ${text}
  return ${pointwise.result};
}`;
  const uniforms = Object.entries(values).filter(([name]) =>
    used.has(name) || (name === "strips" && byFeature)
  ).map(([name, value]) => [`${prefix}${name}`, value]);
  return {
    ...program,
    operation: `${program.operation}+${other.operation}`,
    variant: `${program.variant}, ${other.operation} ${other.variant} of ${input}`,
    results: { [result]: shape },
    inputs: { ...program.inputs, ...Object.fromEntries(named) },
    vectors: [...program.vectors ?? [], ...(wide ? named.map(([name]) => name) : [])],
    mayBeQuads: [
      ...program.mayBeQuads ?? [],
      ...(wide ? (other.mayBeQuads ?? []).filter((name) => name !== input) : [])
        .map((name) => `${prefix}${name}`),
    ],
    uniforms: { ...program.uniforms, ...Object.fromEntries(uniforms) },
    code,
    ...(program.half ? { half: halfOf(program.half, result, other, input, prefix) } : {}),
    followers: [
      ...before,
      { name: `${prefix}result`, strips: byFeature ? `uniforms.${prefix}strips` : undefined },
    ],
  };
}

/** WGSL: what a follower makes of a feature, and how. */
function onceText(
  prefix: string,
  type: string,
  once: readonly (readonly [name: string, made: string])[],
): string {
  return `struct ${prefix}result_Once { ${once.map(([name]) => `${name}: ${type}`).join(", ")} }
fn ${prefix}result_once(c: u32) -> ${prefix}result_Once {
  return ${prefix}result_Once(${once.map(([, made]) => made).join(", ")});
}`;
}

/** What may be float16 of both: the result, if it may be in both. */
function halfOf(
  half: NonNullable<Followed["half"]>,
  result: string,
  { half: others, results }: Followed,
  input: string,
  prefix: string,
): NonNullable<Followed["half"]> {
  const may = others?.names ?? [];
  const isWide = !may.includes(Object.keys(results)[0]!);
  const own = half.names.filter((name) => name !== result || !isWide);
  const more = may.filter((name) => name !== input && !(name in results));
  return { ...half, names: [...own, ...more.map((name) => `${prefix}${name}`)] };
}

/** The text with names that are its own in another program; notes the numbers that it uses. */
function renamed(
  text: string,
  { features, declared }: { features: readonly string[]; declared: readonly string[] },
  prefix: string,
  wide: boolean,
  used: Set<string>,
): string {
  const numbers = text.replace(/\buniforms\.(\w+)/g, (_, name: string) => {
    used.add(name);
    return `uniforms.${prefix}${name}`;
  }).replace(/\bV\b/g, wide ? "vec4<f32>" : "f32");
  const ownNames = declared.length > 0
    ? numbers.replace(new RegExp(`\\b(${declared.join("|")})\\b`, "g"), `${prefix}$1`)
    : numbers;
  return features.reduce(
    (text, name) => text.replace(new RegExp(`\\b${name}\\[`, "g"), `${prefix}${name}[`),
    ownNames,
  );
}

/** The names that a WGSL text declares: two programs may have the same. */
function declaredIn(functions: string): string[] {
  return [...functions.matchAll(/^\s*(?:fn|const|struct) (\w+)/gm)].map(([, name]) => name!);
}
