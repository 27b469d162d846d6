// `deno task test:zoo`: the recipes reach their targets by the commands in their headers.
import { assertEquals } from "@std/assert";
import { gpuTest } from "../device/adapter.ts";

const root = new URL("../../", import.meta.url);
const recipes = new URL("examples/recipes/", root);
const files = [...Deno.readDirSync(recipes)].map(({ name }) => name).filter((name) =>
  name.endsWith(".ts")
).sort();

for (const file of files) {
  gpuTest(`examples/recipes/${file} reaches its target`, async () => {
    const text = Deno.readTextFileSync(new URL(file, recipes));
    const header = /^(?:\/\/.*\n)*?\/\/ deno (run .*)\n/.exec(text)![1]!;
    const args = header.trim().split(/ +/);
    assertEquals(args.at(-1), `examples/recipes/${file}`);
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args,
      cwd: root,
      stdin: "null",
      env: { NO_COLOR: "1" },
    }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
  });
}
