// What code here may rely on of @std/cli's parseArgs. These tests pass on the real package too.
import { assert, assertEquals, assertThrows } from "@std/assert";
import { parseArgs, type ParseOptions } from "@std/cli/parse-args";

/** What is parsed, whatever its type: types have a test of their own. */
function parse(args: string[], options?: ParseOptions): unknown {
  return parseArgs(args, options);
}

Deno.test("parseArgs takes --name=value, --name value, and a bare --name as true", () => {
  assertEquals(parse(["--a=b", "--c", "d", "--e"]), { a: "b", c: "d", e: true, _: [] });
  assertEquals(parse(["--a=b=c", "--x", "y z"]), { a: "b=c", x: "y z", _: [] });
});

Deno.test("parseArgs splits -abc into letters, the last taking a value", () => {
  assertEquals(parse(["-abc"]), { a: true, b: true, c: true, _: [] });
  assertEquals(parse(["-abc", "x"]), { a: true, b: true, c: "x", _: [] });
});

Deno.test("parseArgs turns what looks like a number into one, unless it is declared a string", () => {
  assertEquals(parse(["--a", "1e-3", "--b=0x10", "--c=12abc", "--d=NaN", "7", "x"]), {
    a: 0.001,
    b: 16,
    c: "12abc",
    d: "NaN",
    _: [7, "x"],
  });
  assertEquals(parse(["--a", "1e-3", "7"], { string: ["a", "_"] }), { a: "1e-3", _: ["7"] });
});

Deno.test("parseArgs takes a value with a dash for another flag", () => {
  assertEquals(parse(["--rate", "-1"], { string: ["rate"] }), { rate: "", "1": true, _: [] });
  assertEquals(parse(["--rate=-1"], { string: ["rate"] }), { rate: "-1", _: [] });
  assertEquals(parse(["-r", "-1"]), { r: true, "1": true, _: [] });
  assertEquals(parse(["-n", "-"]), { n: "-", _: [] });
});

Deno.test("parseArgs reads --a= as an empty value", () => {
  assertEquals(parse(["--a="], { string: ["a"] }), { a: "", _: [] });
});

Deno.test("parseArgs gives a declared string without a value the empty string", () => {
  assertEquals(parse(["--a", "--b"], { string: ["a", "b"] }), { a: "", b: "", _: [] });
  assertEquals(parse([], { string: ["a"] }), { _: [] });
});

Deno.test("parseArgs keeps the last value of a repeated flag", () => {
  assertEquals(parse(["--a", "1", "--a", "2"]), { a: 2, _: [] });
});

Deno.test("parseArgs gives declared booleans no value but true and false", () => {
  const options = { boolean: ["a", "b"] };
  assertEquals(parse(["--a", "x"], options), { a: true, b: false, _: ["x"] });
  assertEquals(parse(["--a", "false"], options), { a: false, b: false, _: [] });
  assertEquals(parse(["--a=false", "--b=maybe"], options), { a: false, b: true, _: [] });
});

Deno.test("parseArgs negates with --no- only what is negatable", () => {
  assertEquals(parse(["--no-a"]), { "no-a": true, _: [] });
  const options = { boolean: ["a"], negatable: ["a"], default: { a: true } };
  assertEquals(parse(["--no-a"], options), { a: false, _: [] });
  assertEquals(parse(["--no-a", "--a"], options), { a: true, _: [] });
  assertEquals(parse([], options), { a: true, _: [] });
});

Deno.test("parseArgs gives aliases the same value and type", () => {
  assertEquals(parse(["-h"], { boolean: ["help"], alias: { help: "h" } }), {
    help: true,
    h: true,
    _: [],
  });
  assertEquals(parse(["--str", "007"], { string: "s", alias: { s: ["str", "t"] } }), {
    s: "007",
    str: "007",
    t: "007",
    _: [],
  });
  assertEquals(parse([], { alias: { a: "b" }, default: { a: 1 } }), { a: 1, b: 1, _: [] });
});

Deno.test("parseArgs parses nothing after --", () => {
  assertEquals(parse(["--a", "--", "--b", "5"]), { a: true, _: ["--b", "5"] });
});

Deno.test("parseArgs asks about what no option names and leaves out what is refused", () => {
  const asked: unknown[] = [];
  const parsed = parse(["--known", "1", "--odd=2", "-x", "stray"], {
    string: ["known"],
    unknown(arg: string, key?: string, value?: unknown): boolean {
      asked.push([arg, key, value]);
      return false;
    },
  });
  assertEquals(parsed, { known: "1", _: [] });
  assertEquals(asked, [["--odd=2", "odd", "2"], ["-x", "x", "stray"]]);
});

Deno.test("parseArgs types strings, booleans and positionals", () => {
  const parsed = parseArgs(["--s", "x"], { string: ["s"], boolean: ["t"], default: { n: 1 } });
  const s: string | undefined = parsed.s;
  const t: boolean = parsed.t;
  const positionals: (string | number)[] = parsed._;
  assertEquals([s, t, positionals], ["x", false, []]);
  assert(parsed.n === 1);
});

Deno.test({
  name: "the stand-in for parseArgs refuses options that it does not support",
  ignore: !import.meta.resolve("@std/cli/parse-args").endsWith("/tasks/std/parse_args.ts"),
  fn() {
    for (const option of ["collect", "stopEarly", "--"]) {
      assertThrows(() => parse([], { [option]: true }), TypeError, `got ${option}`);
    }
  },
});
