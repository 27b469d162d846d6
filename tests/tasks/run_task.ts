// Runs a task as a user does: in a process of its own, with the permissions deno.json gives it.

const root = new URL("../../", import.meta.url);
const tasks: Record<string, { command: string }> =
  JSON.parse(await Deno.readTextFile(new URL("deno.json", root))).tasks;

/** The result of a process. */
export type Outcome = { readonly code: number; readonly out: string; readonly err: string };

/**
 * The arguments of deno that a task's own command has.
 *
 * @param name the task
 */
export function taskWords(name: string): string[] {
  return tasks[name]!.command.split(" ").slice(1);
}

/**
 * Runs a task's own command, without what it depends on.
 *
 * @param name the task
 * @param args its arguments
 * @param env environment variables beside ours
 */
export async function runTask(
  name: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Outcome> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...taskWords(name), ...args],
    cwd: root,
    env: { NO_COLOR: "1", ...env },
  }).output();
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}
