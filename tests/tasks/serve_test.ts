// The task serve: it says where it listens, answers, and ends when it is asked to.
import { assertEquals, assertStringIncludes } from "@std/assert";
import { encodePng } from "../../lib/image/mod.ts";
import { runTask, taskWords } from "./run_task.ts";

const root = new URL("../../", import.meta.url);
const weights = ["--weights", "examples/networks/lenet5-relu-mnist.safetensors"];

Deno.test({
  name: "serve says its address, takes a digit dark on light or not, and ends at SIGTERM",
  ignore: Deno.build.os === "windows",
  async fn() {
    const args = [...weights, "--port", "0", "--json", "--backend", "cpu", "--top", "1"];
    const child = new Deno.Command(Deno.execPath(), {
      args: [...taskWords("serve"), ...args],
      cwd: root,
      env: { NO_COLOR: "1" },
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let printed = "";
    while (!printed.includes("\n")) printed += (await lines.read()).value ?? "\n";
    const { url } = JSON.parse(printed) as { url: string };

    // A one: a bar, light on dark, and as it is drawn on paper.
    const bar = Float32Array.from(
      { length: 28 * 28 },
      (_, i) => Math.abs(i % 28 - 14) < 2 && Math.abs(i / 28 - 14) < 10 ? 1 : 0,
    );
    const one = async (pixels: Float32Array): Promise<unknown> => {
      const body = encodePng({ width: 28, height: 28, channels: 1, pixels });
      const response = await fetch(url, { method: "POST", body: body as BodyInit });
      const { classes } = await response.json();
      assertEquals([response.status, classes.length], [200, 1]);
      return classes[0].name;
    };
    assertEquals([await one(bar), await one(bar.map((value) => 1 - value))], ["1", "1"]);

    child.kill("SIGTERM");
    await lines.cancel();
    const err = await new Response(child.stderr).text();
    assertEquals((await child.status).code, 143, err);
    assertStringIncludes(err, "lenet5");
    assertEquals(err.includes("legacy"), false, err);
  },
});

Deno.test("serve refuses an address that is taken, and flags without an effect", async () => {
  await using taken = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response(),
  );
  const port = `${taken.addr.port}`;
  const refused = await runTask("serve", [...weights, "--port", port, "--backend", "cpu"]);
  assertEquals(refused.code, 1);
  assertStringIncludes(refused.err, `Cannot listen at 127.0.0.1:${port}`);
  assertStringIncludes(refused.err, "--port names another one");
  const { code, err } = await runTask("serve", ["--batch", "0"]);
  assertEquals(code, 2);
  assertStringIncludes(err, "--batch");
});
