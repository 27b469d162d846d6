// `deno task test:notebooks`: runs all cells of examples/notebooks, and compares what they show.
// NEOCOG_PYTHON names a Python with nbclient; without one it is visibly ignored.
import { assertEquals } from "@std/assert";

const python = Deno.env.get("NEOCOG_PYTHON") ?? "python3";
const script = decodeURIComponent(new URL("run.py", import.meta.url).pathname);

async function run(...args: string[]): Promise<{ readonly code: number; readonly text: string }> {
  try {
    const { code, stdout, stderr } = await new Deno.Command(python, { args }).output();
    const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    return { code, text: `${out}${err}` };
  } catch {
    return { code: 1, text: "" };
  }
}

const ignore = (await run("-c", "import nbclient")).code !== 0;

Deno.test({
  name: `the notebooks run, and show what they hold${
    ignore ? ` (ignored: ${python} has no nbclient; NEOCOG_PYTHON names another)` : ""
  }`,
  ignore,
  async fn() {
    const { code, text } = await run(script);
    console.log(text);
    assertEquals(code, 0, text);
  },
});
