// A script with its weights as one executable, which runs without Deno.
import { assertEquals, assertMatch } from "@std/assert";
import { encodePng } from "../lib/image/mod.ts";

const root = new URL("../", import.meta.url);

/** Whether what deno compile puts in front of a script is there, or can be fetched. */
async function hasBase(): Promise<boolean> {
  if (Deno.env.get("DENORT_BIN")) return true;
  try {
    const signal = AbortSignal.timeout(3000);
    const response = await fetch("https://dl.deno.land/release-latest.txt", { signal });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

const isPossible = await hasBase();

Deno.test({
  name: `an executable with weights inside classifies a picture${
    isPossible ? "" : " (ignored: denort cannot be fetched from dl.deno.land)"
  }`,
  ignore: !isPossible,
  async fn() {
    const dir = await Deno.makeTempDir();
    await Deno.copyFile(
      new URL("examples/networks/lenet5-relu-mnist.safetensors", root),
      `${dir}/digits.safetensors`,
    );
    await Deno.writeTextFile(
      `${dir}/classify.ts`,
      `import * as nc from ${JSON.stringify(new URL("mod.ts", root).href)};
       await nc.start({ backend: "cpu" });
       const network = await nc.open(import.meta.dirname + "/digits.safetensors");
       const [first] = await nc.classify(network, Deno.args[0]!);
       console.log(first!.name);`,
    );
    const pixels = Float32Array.from(
      { length: 28 * 28 },
      (_, i) => Math.abs(i % 28 - 14) < 2 && Math.abs(i / 28 - 14) < 10 ? 1 : 0,
    );
    await Deno.writeFile(
      `${dir}/one.png`,
      encodePng({ width: 28, height: 28, channels: 1, pixels }),
    );
    const compiled = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["compile", "--allow-read", "--allow-env", "--allow-sys=uid", "--output", "classify"],
        ...["--include", "digits.safetensors", "classify.ts"],
      ],
      cwd: dir,
    }).output();
    assertEquals(compiled.code, 0, new TextDecoder().decode(compiled.stderr));
    await Deno.remove(`${dir}/digits.safetensors`);
    const { code, stdout, stderr } = await new Deno.Command(`${dir}/classify`, {
      args: [`${dir}/one.png`],
      env: { PATH: "/usr/bin" },
      clearEnv: true,
    }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    assertMatch(new TextDecoder().decode(stdout), /^1\n$/);
  },
});
