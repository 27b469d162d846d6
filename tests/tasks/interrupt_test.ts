// What ends a run before its end: Ctrl-C, SIGTERM, SIGHUP, and an output that nobody reads any more.
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { encodePng } from "../../lib/image/mod.ts";
import { parseCheckpoint } from "../../lib/weights/checkpoint.ts";
import { madeCheckpoint } from "./made_network.ts";
import { runTask, taskWords } from "./run_task.ts";
import { smallMnist } from "./small_mnist.ts";

const root = new URL("../../", import.meta.url);
const ignore = Deno.build.os === "windows";

type Ended = { readonly code: number; readonly err: string };

/** Runs a task, and does something to it once it has printed a text on stderr. */
async function runUntil(
  name: string,
  args: readonly string[],
  text: string,
  end: (child: Deno.ChildProcess, reader: ReadableStreamDefaultReader<string>) => void,
): Promise<Ended> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...taskWords(name), ...args],
    cwd: root,
    env: { NO_COLOR: "1" },
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const reader = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
  let err = "";
  let isEnded = false;
  for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
    err += chunk.value;
    if (isEnded || !err.includes(text)) continue;
    isEnded = true;
    end(child, reader);
  }
  return { code: (await child.status).code, err };
}

const namesIn = (dir: string): string[] => [...Deno.readDirSync(dir)].map(({ name }) => name);

Deno.test({
  name:
    "SIGTERM, SIGHUP and a closed pipe end a run as Ctrl-C does: it resumes to the same numbers",
  ignore,
  async fn() {
    const dataDir = await smallMnist(600, 50);
    const common = ["--data-dir", dataDir, "--batch-size", "30", "--epochs", "2"];
    const sections = async (dir: string): Promise<unknown> =>
      parseCheckpoint(await Deno.readFile(`${dir}/checkpoint.safetensors`), dir).sections;
    const whole = await runTask("train", [...common, "--out", `${dataDir}/whole`]);
    assertEquals(whole.code, 0, whole.err);
    const ways = [
      { name: "SIGTERM", code: 143 },
      { name: "SIGHUP", code: 129 },
      { name: "pipe", code: 141 },
    ] as const;
    await Promise.all(ways.map(async ({ name, code }) => {
      const out = `${dataDir}/${name}`;
      const args = [...common, "--out", out];
      const ended = await runUntil("train", args, "First step", (child, reader) => {
        if (name === "pipe") reader.cancel();
        else child.kill(name);
      });
      assertEquals(ended.code, code, ended.err);
      if (name !== "pipe") assertMatch(ended.err, /to continue: deno task train --resume --out /);
      assert(namesIn(out).includes("checkpoint.safetensors"));
      assert(!namesIn(out).includes("run.lock"));
      const resumed = await runTask("train", ["--out", out, "--resume"]);
      assertEquals(resumed.code, 0, resumed.err);
      assertEquals(await sections(out), await sections(`${dataDir}/whole`));
    }));
    await Deno.remove(dataDir, { recursive: true });
  },
});

Deno.test({
  name: "Ctrl-C ends a transfer with a checkpoint and without a lock, and it resumes",
  ignore,
  async fn() {
    const dir = await Deno.makeTempDir();
    const weights = await madeCheckpoint(dir);
    for (const [label, name] of ["dark", "light"].entries()) {
      await Deno.mkdir(`${dir}/photos/${name}`, { recursive: true });
      for (let i = 0; i < 8; i++) {
        const pixels = new Float32Array(28 * 28).fill(0.1 * i / 8 + 0.8 * label);
        const png = encodePng({ width: 28, height: 28, channels: 1, pixels });
        await Deno.writeFile(`${dir}/photos/${name}/${i}.png`, png);
      }
    }
    const out = `${dir}/out`;
    const ended = await runUntil(
      "transfer",
      [
        ...["--weights", weights, "--data", `${dir}/photos`, "--out", out, "--backend", "cpu"],
        ...["--epochs", "2000", "--batch-size", "4"],
      ],
      "Epoch 1/2000",
      (child) => child.kill("SIGINT"),
    );
    assertEquals(ended.code, 130, ended.err);
    assertStringIncludes(ended.err, `to continue: deno task transfer --resume --out ${out}`);
    const names = namesIn(out).sort();
    assertEquals(names, ["checkpoint.safetensors", "config.json", "curves.svg", "history.csv"]);
    const again = await runTask("transfer", ["--weights", weights, "--data", dir, "--out", out]);
    assertEquals(again.code, 1, again.err);
    const resumed = await runUntil(
      "transfer",
      ["--resume", "--out", out, "--backend", "cpu"],
      "Epoch ",
      (child) => child.kill("SIGTERM"),
    );
    assertEquals(resumed.code, 143, resumed.err);
    await Deno.remove(dir, { recursive: true });
  },
});
