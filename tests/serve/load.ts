// The figures of docs/serving.md: requests a second and waiting times, with and without batches, and
// of ONNX Runtime where NEOCOG_PYTHON names a Python with onnxruntime, uvicorn and pillow.
// deno run -A tests/serve/load.ts [WEIGHTS PICTURE] [--seconds 6]
// deno-lint-ignore-file no-import-prefix
import { Buffer } from "node:buffer";
import { parseArgs } from "@std/cli/parse-args";
import autocannon from "npm:autocannon@8.0.0";
import { encodePng, inputShapeOf } from "../../lib/image/mod.ts";
import { exampleImage } from "../../lib/data/example_image.ts";
import { mnist, open, start, weights } from "../../mod.ts";
import { table } from "../../lib/text/table.ts";
import { taskWords } from "../tasks/run_task.ts";

const { _: [network = "examples/networks/lenet5-relu-mnist.safetensors", picture], seconds } =
  parseArgs(Deno.args, { string: ["_", "seconds"], default: { seconds: "6" } });
const port = 8931;
const url = `http://127.0.0.1:${port}/`;

async function pictureBytes(): Promise<Uint8Array> {
  if (picture !== undefined) return await Deno.readFile(`${picture}`);
  return encodePng(exampleImage((await mnist()).test, 0));
}

const body = Buffer.from(await pictureBytes());

/** Waits until a server answers. */
async function isUp(): Promise<void> {
  for (let trial = 0; trial < 300; trial++) {
    try {
      await (await fetch(url, { method: "POST", body: body as BodyInit })).body?.cancel();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  throw new Error("the server does not answer");
}

type Row = readonly [what: string, clients: string, rate: string, p50: string, p99: string];

/** Loads a server from 1, 16 and 64 clients, and ends it. */
async function load(what: string, server: Deno.Command): Promise<Row[]> {
  const child = server.spawn();
  const rows: Row[] = [];
  try {
    await isUp();
    for (const connections of [1, 16, 64]) {
      const request = { url, connections, duration: Number(seconds), method: "POST" as const };
      // A first second for what is compiled at first use.
      await autocannon({ ...request, body, duration: 1 });
      const { requests, latency, non2xx, errors } = await autocannon({ ...request, body });
      if (non2xx + errors > 0) console.error(`${what}: ${non2xx} refused, ${errors} failed`);
      const rate = requests.average.toFixed(0);
      rows.push([what, `${connections}`, rate, `${latency.p50} ms`, `${latency.p99} ms`]);
    }
  } finally {
    child.kill("SIGTERM");
    await child.status;
  }
  return rows;
}

const quiet = { stdout: "null", stderr: "null" } as const;
const ours = (batch: number): Deno.Command =>
  new Deno.Command(Deno.execPath(), {
    args: [
      ...taskWords("serve"),
      ...["--weights", `${network}`, "--port", `${port}`, "--batch", `${batch}`],
    ],
    ...quiet,
  });
const rows = [
  ...await load("neocog, batches up to 16", ours(16)),
  ...await load("neocog, one at a time", ours(1)),
];
const python = Deno.env.get("NEOCOG_PYTHON");
if (python === undefined) console.error("ONNX Runtime is absent: NEOCOG_PYTHON is unset");
else {
  await start({ backend: "cpu" });
  const opened = await open(`${network}`);
  const [side, , channels] = inputShapeOf(opened.preprocessing);
  const file = await Deno.makeTempFile({ suffix: ".onnx" });
  await weights.writeOnnx(file, opened);
  const server = decodeURIComponent(new URL("onnx_server.py", import.meta.url).pathname);
  const args = [server, file, `${side}`, `${channels}`, `${port}`];
  rows.push(...await load("ONNX Runtime", new Deno.Command(python, { args, ...quiet })));
}
console.log(table([["server", "clients", "requests/s", "p50", "p99"], ...rows], {
  heading: true,
  align: ["left", "right", "right", "right", "right"],
}));
Deno.exit(0);
