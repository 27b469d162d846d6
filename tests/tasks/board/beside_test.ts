// `--board` beside a run: its address, its buttons, and what the run leaves.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { decodeMessage } from "../../../tasks/web/page/channel.js";
import { runTask, taskWords } from "../run_task.ts";
import { smallMnist } from "../small_mnist.ts";

const root = new URL("../../../", import.meta.url);

type Ended = { readonly code: number; readonly out: string; readonly err: string };

/** Runs a task with a board, and presses a button once a step is done. */
async function pressing(
  task: string,
  args: readonly string[],
  when: "step" | "epoch",
): Promise<Ended> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...taskWords(task), ...args, "--board", "--port", "0", "--json"],
    cwd: root,
    env: { NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const err = new Response(child.stderr).text();
  let out = "";
  let socket: WebSocket | undefined;
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    out += text;
    if (socket || !out.includes("\n")) continue;
    const { url } = JSON.parse(out.split("\n")[0]!);
    socket = new WebSocket(`${url.replace("http", "ws")}channel`);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => socket!.send(JSON.stringify({ id: 1, do: "watch" }));
    socket.onmessage = ({ data }) => {
      const { id, runs, canStop } = decodeMessage(data);
      if (id !== 1 || runs[0]?.step === undefined) return;
      assert(canStop);
      socket!.send(JSON.stringify({ id: 2, do: "end", when }));
    };
  }
  const { code } = await child.status;
  socket?.close();
  return { code, out, err: await err };
}

Deno.test("buttons end a run with its step, from which it resumes, or with its epoch, after which it is measured", async () => {
  const dataDir = await smallMnist(400, 50);
  const out = `${dataDir}/run`;
  const args = ["--data-dir", dataDir, "--batch-size", "10", "--epochs", "3", "--out", out];
  const common = [...args, "--limit", "400"];
  const first = await pressing("train", common, "step");
  assertEquals(first.code, 130, first.err);
  assertStringIncludes(first.err, "stopping after this step, as the board says");
  assertStringIncludes(first.err, "to continue: deno task train --resume");
  const second = await pressing("train", [...common, "--resume", "--tensorboard"], "epoch");
  assertEquals(second.code, 0, second.err);
  const result = JSON.parse(second.out.trimEnd().split("\n").at(-1)!);
  assertEquals(result.stopped, "board: after this epoch");
  const names = [...Deno.readDirSync(out)].map(({ name }) => name);
  for (const name of ["live.jsonl", "layers.jsonl", "history.csv", "confusion.csv"]) {
    assert(names.includes(name), name);
  }
  assertEquals(names.filter((name) => name.startsWith("events.out.tfevents.")).length, 1);
  assert(!names.includes("run.lock"));
  // Another run in the folder begins without them.
  const third = await runTask("train", [...common, "--overwrite", "--time-limit", "1"]);
  assertEquals(third.code, 0, third.err);
  const left = [...Deno.readDirSync(out)].map(({ name }) => name);
  assertEquals(left.filter((name) => /jsonl|events/.test(name)), []);
  await Deno.remove(dataDir, { recursive: true });
});

Deno.test("a port without a board, or that another program uses, is refused before there is a folder", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const dir = await Deno.makeTempDir();
  const used = `${taken.addr.port}`;
  for (
    const [flags, message] of [
      [["--port", "0"], "Cannot use --port: it needs --board"],
      [["--board", "--port", used], `it must be a free port, got ${used}`],
    ] as const
  ) {
    const { code, err } = await runTask("train", [
      ...["--limit", "100", "--out", `${dir}/run`],
      ...flags,
    ]);
    assertEquals(code, 2);
    assertStringIncludes(err, message);
    assertEquals([...Deno.readDirSync(dir)], []);
  }
  await Deno.remove(dir);
});
