// The public face: one page, each name in one place, a map on top that lists them all.
import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import * as nc from "../mod.ts";

const root = new URL("../", import.meta.url);
const text = Deno.readTextFileSync(new URL("mod.ts", root));

type Space = Readonly<Record<string, unknown>>;
const isSpace = (value: unknown): value is Space =>
  typeof value === "object" && value !== null &&
  (value as Record<symbol, unknown>)[Symbol.toStringTag] === "Module";

const all = Object.entries(nc as Space).filter(([name]) => name !== "tf");
const flat = all.filter(([, value]) => !isSpace(value)).map(([name]) => name);
const spaces = all.filter(([, value]) => isSpace(value)) as [string, Space][];

Deno.test("mod.ts is a page, and a first day's names fit on it", () => {
  assertLessOrEqual(text.split("\n").length, 200);
  assertLessOrEqual(flat.length, 142);
});

Deno.test("no name is exported in two places", () => {
  const places = new Map<string, string[]>();
  for (const name of flat) places.set(name, ["mod.ts"]);
  for (const [space, values] of spaces) {
    for (const name of [space, ...Object.keys(values)]) {
      places.set(name, [...places.get(name) ?? [], space]);
    }
  }
  assertEquals([...places].filter(([, where]) => where.length > 1), []);
});

Deno.test("every namespace is an entry of its own", async () => {
  const { exports } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", root)));
  assertEquals(Object.keys(exports).sort(), [".", ...spaces.map(([name]) => `./${name}`)].sort());
  for (const [name, values] of spaces) {
    const entry = await import(new URL(exports[`./${name}`], root).href);
    assertEquals(Object.keys(entry).sort(), Object.keys(values).sort(), name);
  }
});

Deno.test("the map on top of mod.ts lists every flat name and every namespace", () => {
  const map = text.slice(0, text.indexOf("*/"));
  const listed = new Set(map.match(/\w+/g));
  assertEquals([...flat, ...spaces.map(([name]) => name)].filter((one) => !listed.has(one)), []);
  const quoted = [...map.matchAll(/`(\w+)`/g)].map((match) => match[1]!);
  assertEquals(quoted.filter((one) => !Object.hasOwn(nc, one)), []);
  assert(quoted.length > 100);
});

/** A parameter, as `deno doc` describes it. */
type Parameter = {
  readonly kind: string;
  readonly name?: string;
  readonly left?: Parameter;
  readonly tsType?: { readonly value?: { readonly typeName?: string } };
};
type Declaration = {
  readonly kind: string;
  readonly def?: { readonly params?: readonly Parameter[] };
};
type Entry = {
  readonly symbols: readonly {
    readonly name: string;
    readonly declarations: readonly Declaration[];
  }[];
};

/** Whether a parameter is a record of options: by its name, by its type's, or as it is taken apart. */
function isOptions({ name, left, tsType }: Parameter): boolean {
  if (left) return isOptions(left) || left.kind === "object";
  return name === "options" || (tsType?.value?.typeName ?? "").endsWith("Options");
}

/** Functions of an entry that take options, and the place of these among their arguments. */
function takingOptions({ symbols }: Entry): (readonly [name: string, place: number])[] {
  return symbols.flatMap(({ name, declarations }) => {
    const places = declarations.filter(({ kind }) => kind === "function")
      .map(({ def }) => (def?.params ?? []).findIndex(isOptions));
    return places.some((place) => place >= 0) ? [[name, Math.max(...places)] as const] : [];
  });
}

type Call = (...given: unknown[]) => unknown;

const examples: nc.Examples = {
  name: "one pixel",
  images: new Uint8Array(1),
  labels: new Uint8Array(1),
  imageShape: [1, 1, 1],
  classNames: ["pixel"],
};

/** The message by which a function refuses an option; only fit looks at other arguments before. */
async function refusal(call: Call, place: number, option: string): Promise<string> {
  const others = call === nc.fit ? [nc.flatten(), examples] : Array(place).fill(undefined);
  const given = [...others, { [option]: 1 }];
  try {
    const made = await call(...given) as Partial<AsyncIterableIterator<unknown>> | undefined;
    await made?.next?.(); // Generators, such as fit, begin here.
  } catch (error) {
    return error instanceof TypeError ? error.message : `no TypeError: ${error}`;
  }
  return "passed over";
}

Deno.test("every function refuses options that it does not know, and names the nearest", async () => {
  const { exports } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", root)));
  const paths: string[] = Object.values(exports);
  const args = ["doc", "--json", ...paths];
  const { stdout } = await new Deno.Command(Deno.execPath(), { args, cwd: root }).output();
  const { nodes } = JSON.parse(new TextDecoder().decode(stdout));
  const accepting: string[] = [];
  let count = 0;
  for (const path of paths) {
    const { href } = new URL(path, root);
    const values: Space = await import(href);
    for (const [name, place] of takingOptions(nodes[href])) {
      count++;
      const call = values[name] as Call;
      const message = await refusal(call, place, "q");
      const known = /unknown option "q":.* known: (\w+)/.exec(message)?.[1];
      const near = await refusal(call, place, `${known}z`);
      if (known && near.includes(`unknown option "${known}z": did you mean "${known}"?`)) continue;
      accepting.push(`${path} ${name}: ${known ? near : message}`);
    }
  }
  assertEquals(accepting, []);
  assert(count > 190, `${count}`);
});
