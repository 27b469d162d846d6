// A task as one of the processes that mpirun started.
import { joinWorld, type World } from "../../mod.ts";
import { LIBRARY_PATH, WORLD_PERMISSIONS } from "../../lib/world/join.ts";
import { ALONE } from "../../lib/world/world.ts";
import { failureText, isDebugging } from "./failure.ts";
import { type Flag, toggle, UsageError } from "./flags.ts";
import { Interruption } from "./interrupt.ts";
import { say, silence } from "./say.ts";

/** The flag of tasks that several processes can do together. */
export const distributedFlag: Flag<boolean> = toggle({
  help: "share the work with the other processes of mpirun: mpirun -n 4 deno task …",
});

/** Milliseconds between two looks at whether the process that started this one is alive. */
const LOOK = 500;

/**
 * Starts a task again with the permissions that ranks need, which deno.json does not give to all.
 *
 * @param task its name in deno.json
 * @returns the exit code, 2 if the task may start no process; `undefined` if this process has the permissions
 */
export async function asRank(task: string, args: readonly string[]): Promise<number | undefined> {
  if (!args.includes("--distributed") || args.includes("--help")) return undefined;
  const { state } = await Deno.permissions.query({ name: "ffi" });
  if (state === "granted") return undefined;
  const run = await Deno.permissions.query({ name: "run", command: "deno" });
  if (run.state !== "granted") {
    // What reads files of others starts no processes.
    say(
      `error: Cannot use --distributed: deno task ${task} lacks --allow-ffi, start it as mpirun -n 4 deno run -A tasks/${task}.ts --distributed`,
    );
    return 2;
  }
  const child = new Deno.Command("deno", {
    args: [...withPermissions(await wordsOfTask(task)), ...args],
    // With a loader's settings no process may be started: they go under another name.
    env: { LD_LIBRARY_PATH: "", LD_PRELOAD: "", [LIBRARY_PATH]: valueOf("LD_LIBRARY_PATH") ?? "" },
    stdin: "null",
  }).spawn();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1"] as const) {
    Deno.addSignalListener(signal, () => child.kill(signal));
  }
  onOrphaned(() => child.kill("SIGKILL"));
  const { code, signal } = await child.status;
  if (signal) say(`error: ${rankName()} was ended by ${signal}`);
  return code;
}

/** The words after `deno` of a task's command in deno.json. */
export async function wordsOfTask(task: string): Promise<string[]> {
  const file = new URL("../../deno.json", import.meta.url);
  const { tasks } = JSON.parse(await Deno.readTextFile(file));
  return tasks[task].command.split(" ").slice(1);
}

/** The words of a command with the permissions that ranks need as well. */
function withPermissions(words: readonly string[]): string[] {
  const env = WORLD_PERMISSIONS.find((one) => one.startsWith("--allow-env="))!.split("=")[1];
  const isEnv = (word: string): boolean => word.startsWith("--allow-env=");
  return words.flatMap((word) => {
    if (word === "run") return [word, "--allow-ffi"];
    return isEnv(word) ? [`${word},${env},${LIBRARY_PATH}`] : [word];
  });
}

/** What launchers call this process, as far as it may read it. */
function rankName(): string {
  for (const variable of ["OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK"]) {
    const rank = valueOf(variable);
    if (rank !== undefined) return `rank ${rank} (process ${Deno.pid})`;
  }
  return `a rank (process ${Deno.pid})`;
}

/** A variable's value, if this process may read it. */
function valueOf(variable: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable });
  return state === "granted" ? Deno.env.get(variable) : undefined;
}

/** Calls a function when the process that started this one has ended. */
function onOrphaned(f: () => void): void {
  const parent = Deno.ppid;
  const timer = setInterval(() => {
    if (Deno.ppid === parent) return;
    clearInterval(timer);
    f();
  }, LOOK);
  Deno.unrefTimer(timer);
}

/**
 * Does a task's work in a world: with `--distributed` that of mpirun, else alone. Lines for the reader
 * are printed by the first rank. If one fails, all end.
 *
 * @param flags the task's
 * @param work what to do
 * @returns the exit code
 */
export async function inWorld(
  { distributed }: { readonly distributed: boolean },
  work: (world: World) => Promise<number>,
): Promise<number> {
  if (!distributed) return await work(ALONE);
  const world = await joinWorld();
  if (world.size === 1) {
    say("note: --distributed found one rank: start the task by mpirun -n 4 deno task …");
    return await work(world);
  }
  if (world.rank > 0) silence();
  say(`${world.size} ranks by ${world.library}`);
  onOrphaned(() => world.abort("the process that started it was ended"));
  try {
    const code = await work(world);
    // The launcher ends all as soon as one returns another code than 0.
    await world.leave();
    return code;
  } catch (error) {
    if (error instanceof Interruption) throw error;
    // Flags are wrong on all ranks: one says so, and has the time to.
    if (error instanceof UsageError) {
      if (world.rank > 0) await new Promise((done) => setTimeout(done, 1000));
      throw error;
    }
    return world.abort(failureText(error, isDebugging()));
  }
}
