// docs/tasks.md and --help: what they say of flags is one definition.
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { helpText } from "../../tasks/command/help.ts";
import { commands, withTables } from "../../tasks/docs.ts";

const page = new URL("../../docs/tasks.md", import.meta.url);

Deno.test("the tables of docs/tasks.md are what deno task docs writes", async () => {
  const text = await Deno.readTextFile(page);
  const written = await withTables(text);
  assert(text === written, "docs/tasks.md is out of date: run deno task docs");
  assertStringIncludes(text, "| `--epochs N`");
});

Deno.test("a table without a command, and a command without a table, are refused", async () => {
  const text = await Deno.readTextFile(page);
  const wrong = text.replace("<!-- table: train -->", "<!-- table: trian -->");
  await assertRejects(() => withTables(wrong), RangeError, "got trian");
  const less = text.replace(/<!-- table: bench -->.*?<!-- end -->/s, "");
  await assertRejects(() => withTables(less), RangeError, "got none of bench");
});

Deno.test("every command has examples, which are commands that there are", () => {
  const names = commands.map(({ name }) => name);
  assertEquals(new Set(names).size, names.length);
  for (const command of commands) {
    assertMatch(helpText(command), new RegExp(`\nExamples:\n {2}deno task ${command.name}\\b`));
    for (const [shown, purpose] of command.examples!) {
      const line = shown.replace(/^mpirun -n \d+ /, "");
      assert(names.some((name) => line.startsWith(`deno task ${name}`)), line);
      assert(purpose !== "", line);
      const flags = [...line.matchAll(/ --([\w-]+)/g)].map(([, flag]) => flag!);
      const own = commands.findLast(({ name }) => line.startsWith(`deno task ${name}`))!;
      assertEquals(flags.filter((flag) => !Object.hasOwn(own.flags, flag)), [], line);
    }
  }
});
