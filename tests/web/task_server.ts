// A task with a page, in a process of its own, and an open page of it.
import { type Outcome, taskWords } from "../tasks/run_task.ts";

const root = new URL("../../", import.meta.url);

/** A server that runs. */
export type TaskServer = AsyncDisposable & {
  readonly url: string;
  readonly port: number;
  /** Ends the process, and waits for it. */
  stop(): Promise<void>;
  /** Waits until the process ends by itself. */
  ended(): Promise<Outcome>;
};

/**
 * Starts a task with the permissions that deno.json gives it, and reads its address from stdout.
 *
 * @param name the task
 * @param args its arguments besides `--json` and `--port`
 * @param port where; a free one by default
 */
export async function startTask(
  name: string,
  args: readonly string[] = [],
  port = 0,
): Promise<TaskServer> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...taskWords(name), ...args, "--port", `${port}`, "--json"],
    cwd: root,
    env: { NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const errors = new Response(child.stderr).text();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let said = "";
  const reads = async (): Promise<boolean> => {
    const { value, done } = await lines.read();
    said += value ?? "";
    return !done;
  };
  while (!said.includes("\n")) {
    if (!await reads()) throw new Error(`The task ended: ${await errors}`);
  }
  const { url } = JSON.parse(said.split("\n")[0]!);
  let isOver = false;
  const stop = async (): Promise<void> => {
    if (isOver) return;
    isOver = true;
    child.kill("SIGTERM");
    await child.status;
    await errors;
    await lines.cancel();
  };
  const ended = async (): Promise<Outcome> => {
    while (await reads());
    isOver = true;
    return { code: (await child.status).code, out: said, err: await errors };
  };
  return { url, port: Number(new URL(url).port), stop, ended, [Symbol.asyncDispose]: stop };
}
