// `deno task explore`: opens a network in the browser, as an instrument.
import { readBody } from "../lib/serve/read_body.ts";
import { runCommand, text, type Values } from "./command.ts";
import { abortOnInterrupt } from "./command/interrupt.ts";
import { say } from "./command/say.ts";
import { startDeviceThread } from "./explore/device_thread.ts";
import { networkFlags } from "./network.ts";
import { imageFlags } from "./pictures/flags.ts";
import { chartFiles } from "./web/chart_files.ts";
import { serverFlags } from "./web/flags.ts";
import { servePage, settle } from "./web/server.ts";
import { readStaticFiles } from "./web/static_files.ts";

/** What the task takes. */
export const command = {
  name: "explore",
  summary:
    "Opens a trained network in the browser: its layers, maps and units, why it decides, what fools it, what it dreams. Everything is computed here.",
  flags: {
    ...networkFlags,
    ...imageFlags,
    image: text({
      help: "the first picture: a PNG or JPEG file, or the number of a test image of --dataset",
      defaultText: "0 if there is a data set, else none; the page takes others",
    }),
    ...serverFlags,
  },
  examples: [
    ["deno task explore --open", "digits, with the LeNet-5 of the project"],
    [
      "deno task explore --weights squeezenet1_0.safetensors --image cat.png",
      "a photo",
    ],
    [
      "deno task explore --weights runs/fashion/checkpoint.safetensors --port 0 --json",
      "on a free port, which is printed as JSON",
    ],
  ],
} as const;

/** What is not needed any more once the network, the pictures and the page are read. */
const DROPPED = ["read", "write", "net", "run", "env"] as const;

/** The largest picture file, and how long it may take to come. */
const LIMITS = { maxBytes: 32 * 2 ** 20, timeout: 60_000 };

/** Serves the page until it is interrupted. */
export async function run(flags: Values<typeof command.flags>): Promise<void> {
  const files = await readStaticFiles(new URL("./", import.meta.url), ["explore/page", "web/page"]);
  for (const [path, file] of await chartFiles()) files.set(path, file);
  const device = await startDeviceThread(flags);
  const server = servePage(flags, {
    files,
    routes: {
      "POST /picture": async (request) =>
        Response.json({ image: await device.take(await readBody(request, LIMITS)) }),
    },
    onChannel: device.connect,
  });
  const signal = abortOnInterrupt("closing");
  await settle(server, flags, DROPPED);
  say("Ctrl-C ends it");
  await Promise.race([
    device.failed,
    new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve())),
  ]);
  // Open pages would keep the server alive.
  Deno.exit(0);
}

if (import.meta.main) await runCommand(command, Deno.args, run);
