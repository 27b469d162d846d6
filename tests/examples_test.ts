// Runs each example as a reader does: by the command in its header, in its own process.
import { assertEquals, assertGreater, assertMatch } from "@std/assert";
import { gpuTest } from "./device/adapter.ts";

const root = new URL("../", import.meta.url);

/** The example files in order. */
const files = [...Deno.readDirSync(new URL("examples/", root))]
  .map(({ name }) => name).filter((name) => name.endsWith(".ts")).sort();

function read(file: string): string {
  return Deno.readTextFileSync(new URL(`examples/${file}`, root));
}

/** The arguments of the command in an example's header, `// deno run … examples/FILE`. */
function statedArguments(file: string): string[] {
  const header = /^(?:\/\/.*\n)*?\/\/ deno (run .*)\n/.exec(read(file));
  if (!header) throw new Error(`examples/${file} does not say how to run it`);
  return header[1]!.trim().split(/ +/);
}

Deno.test("there are examples, numbered from 01 without a gap", () => {
  assertGreater(files.length, 0);
  files.forEach((file, i) => {
    assertMatch(file, /^\d\d_[a-z0-9_]+\.ts$/);
    assertEquals(Number(file.slice(0, 2)), i + 1);
  });
});

for (const file of files) {
  Deno.test(`examples/${file} asserts its target and names its permissions`, () => {
    const text = read(file);
    assertMatch(text, /from "@std\/assert"/);
    assertMatch(text, /^ *assert\w*\(/m);
    const args = statedArguments(file);
    assertEquals(args.at(-1), `examples/${file}`);
    assertEquals(args.filter((arg) => arg === "-A" || arg === "--allow-all"), []);
  });

  gpuTest(`examples/${file} reaches its target by the command in its header`, async () => {
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: statedArguments(file),
      cwd: root,
      stdin: "null",
      env: { NO_COLOR: "1" },
    }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
  });
}
