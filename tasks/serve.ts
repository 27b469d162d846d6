// `deno task serve`: a trained network over HTTP.
import { inputShapeOf, type Preprocessing } from "../lib/image/mod.ts";
import { unresized } from "../lib/image/preprocessing.ts";
import { disposeTree, predict, serve, type ServeOptions, tf } from "../mod.ts";
import type { NetworkFile } from "../lib/weights/network_file.ts";
import { findClassNames, findPreprocessing } from "../lib/weights/sidecars.ts";
import { choice, count, number, runCommand, text, toggle, type Values } from "./command.ts";
import { startDevice } from "./command/device.ts";
import { abortOnInterrupt, exitCodeOf } from "./command/interrupt.ts";
import { say } from "./command/say.ts";
import { DEFAULT_WEIGHTS, networkFlags, openWeights, weightsFlag } from "./network.ts";
import { inversionOf, INVERSIONS, INVERT_HELP } from "./pictures/flags.ts";
import { prepareGray } from "../lib/image/gray_input.ts";
import { requireInvertible } from "./pictures/read_picture.ts";

/** What the task takes. */
export const command = {
  name: "serve",
  summary: "Serves a trained network over HTTP: pictures (PNG, JPEG, JSON) in, classes out.",
  flags: {
    ...networkFlags,
    weights: weightsFlag(DEFAULT_WEIGHTS),
    port: count({ min: 0, max: 65535, default: 8000, help: "where to listen; 0 takes a free one" }),
    host: text({
      default: "127.0.0.1",
      help:
        "the address to listen at; 0.0.0.0 lets other machines in, and asks nobody who they are",
    }),
    batch: count({ min: 1, default: 16, help: "the most pictures that are computed together" }),
    wait: number({
      min: 0,
      default: 2,
      help: "milliseconds that a picture waits for others to be computed with",
    }),
    queue: count({ min: 1, default: 256, help: "the most pictures that wait; more get 429" }),
    "max-size": number({
      above: 0,
      default: 10,
      help: "MiB that a request may have; more get 413",
    }),
    timeout: number({
      above: 0,
      default: 10,
      help: "seconds for a request to come (408) and for its turn to come (503)",
    }),
    top: count({ min: 1, default: 5, help: "number of classes if a request does not say ?top=" }),
    "allow-origin": text({ help: "the origin of pages that may read the answers, or *" }),
    invert: choice(INVERSIONS, {
      default: "auto",
      help: INVERT_HELP,
    }),
    json: toggle({ help: 'print the address as {"url": …}' }),
  },
  examples: [
    [
      "deno task serve",
      "what deno task train left; curl --data-binary @digit.png http://127.0.0.1:8000/ asks it",
    ],
    ["deno task serve --weights resnet18 --port 9000 --batch 32", "a known network"],
    [
      "deno task serve --host 0.0.0.0 --allow-origin https://example.org",
      "for other machines, and pages of a site",
    ],
  ],
} as const;

/** How pictures are prepared: gray ones as MNIST has them, others as the weights expect. */
function preparation(
  network: NetworkFile,
  how: Preprocessing,
  { preprocessing, invert }: Values<typeof command.flags>,
): { readonly how: Preprocessing } & Pick<ServeOptions, "prepare"> {
  const inversion = inversionOf(invert, network);
  if (network.inputShape[2] !== 1 || preprocessing !== undefined || !inversion) return { how };
  return {
    how: unresized(how),
    prepare: (image) => prepareGray(image, how, inversion, network.checkpoint?.classNames).image,
  };
}

/** Opens the address, or says why it cannot. */
function listen(
  { host: hostname, port, json }: Values<typeof command.flags>,
  handler: (request: Request) => Promise<Response>,
): Deno.HttpServer<Deno.NetAddr> {
  try {
    return Deno.serve({
      hostname,
      port,
      onListen({ hostname, port }) {
        const host = hostname.includes(":") ? `[${hostname}]` : hostname;
        const url = `http://${host}:${port}/`;
        console.log(json ? JSON.stringify({ url }) : url);
      },
    }, handler);
  } catch (cause) {
    const mend = cause instanceof Deno.errors.AddrInUse ? ": --port names another one" : "";
    throw new Error(`Cannot listen at ${hostname}:${port}: ${(cause as Error).message}${mend}`);
  }
}

/** Runs the task. */
async function run(flags: Values<typeof command.flags>): Promise<number> {
  const file = await openWeights(flags.weights, flags);
  requireInvertible(file, flags);
  const classNames = await findClassNames(file, flags.classes);
  const found = await findPreprocessing(file, flags.preprocessing);
  const { how, prepare } = preparation(file, found.how, flags);
  const { backend, adapter } = await startDevice(flags.backend);
  const network = await file.load(inputShapeOf(how));
  const origin = flags["allow-origin"];
  const service = serve({ ...network, name: file.name, classNames, preprocessing: how }, {
    batchSize: flags.batch,
    maxWait: flags.wait,
    queueSize: flags.queue,
    maxBytes: Math.round(flags["max-size"] * 2 ** 20),
    timeout: flags.timeout * 1000,
    top: flags.top,
    device: { backend },
    onError: (error) => say(`error: ${(error as Error).message}`),
    ...(prepare ? { prepare } : {}),
    ...(origin === undefined ? {} : { allowOrigin: origin }),
  });
  // So that the first request does not wait for pipelines.
  const blank = tf.zeros([1, ...inputShapeOf(how)]);
  disposeTree({ blank, output: predict(network, blank) });
  const signal = abortOnInterrupt("answering those who wait; the same signal again ends at once");
  say(`${file.name} by ${file.origin} on ${adapter}; preprocessing: ${found.source}`);
  const server = listen(flags, service);
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  await service.close();
  await server.shutdown();
  return exitCodeOf(signal);
}

if (import.meta.main) await runCommand(command, Deno.args, run);
