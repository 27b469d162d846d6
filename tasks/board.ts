// `deno task board`: shows runs in the browser, also while they go on, one laid over the other.
import { requireFolders } from "./board/find_runs.ts";
import { serveBoard } from "./board/serve.ts";
import { paths, runCommand, type Values } from "./command.ts";
import { abortOnInterrupt } from "./command/interrupt.ts";
import { say } from "./command/say.ts";
import { serverFlags } from "./web/flags.ts";
import { settle } from "./web/server.ts";

/** What the task takes. */
export const command = {
  name: "board",
  summary:
    "Shows runs in the browser, finished ones and those under way: curves, settings, confusion matrices, the most wrong images, layers.",
  positionals: {
    folder: paths({ default: ["runs"], help: "folders of runs, or of logs of scripts" }),
  },
  flags: serverFlags,
  examples: [
    ["deno task board --open", "all runs in runs/"],
    ["deno task board runs/lenet5-mnist runs/compact-mnist", "two runs"],
    ["deno task board runs --port 0 --json", "on a free port, which is printed as JSON"],
  ],
} as const;

/** What is not needed any more once the page is served. Checkpoints and data sets are read later. */
const DROPPED = ["net", "run"] as const;

/** Serves the page until it is interrupted. */
export async function run(
  flags: Values<typeof command.flags> & Values<typeof command.positionals>,
): Promise<void> {
  requireFolders(flags.folder);
  const server = await serveBoard(flags, { folders: flags.folder });
  const signal = abortOnInterrupt("closing");
  await settle(server, flags, DROPPED);
  say("Ctrl-C ends it");
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
  // Open pages would keep the server alive.
  Deno.exit(0);
}

if (import.meta.main) await runCommand(command, Deno.args, run);
