// `deno task bench`: training steps of the chapter's network beside stock tfjs-layers.
import { start, stop, table } from "../mod.ts";
import { count, runCommand, toggle } from "./command.ts";

const command = {
  name: "bench",
  summary:
    "Times training steps of the chapter's network (§12.10) in neocog and in stock tfjs-layers, in turn, on the same adapter.",
  flags: {
    "batch-size": count({ min: 1, default: 32, help: "images a step" }),
    steps: count({ min: 1, default: 3, help: "steps of a round, after one that compiles" }),
    rounds: count({ min: 1, default: 2, help: "rounds, each of both in turn" }),
    json: toggle({ help: "print one JSON object on stdout as the last line" }),
  },
  examples: [
    ["deno task bench", "a look, some minutes on a software adapter"],
    ["deno task bench --batch-size 128 --steps 1", "the chapter's batch"],
  ],
} as const;

/** The peers, by the files that time them. */
const PEERS = { "neocog": "neocog_step.ts", "stock tfjs-layers": "stock_step.ts" } as const;

async function time(file: string, batchSize: number, steps: number): Promise<number[]> {
  // By name, as --allow-run grants what is on the PATH.
  const { code, stdout } = await new Deno.Command("deno", {
    args: [
      "run",
      "--allow-read",
      "--allow-env",
      "--allow-sys",
      new URL(`bench/${file}`, import.meta.url).href,
      `${batchSize}`,
      `${steps}`,
    ],
    stderr: "inherit",
    env: { LD_LIBRARY_PATH: "", LD_PRELOAD: "" },
  }).output();
  if (code !== 0) {
    throw new Error(`Cannot time ${file} as its process must end well: exit code ${code}`);
  }
  return JSON.parse(new TextDecoder().decode(stdout));
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

await runCommand(command, Deno.args, async (flags) => {
  const { adapter } = await start();
  stop();
  const times = new Map<string, number[]>(Object.keys(PEERS).map((name) => [name, []]));
  for (let round = 1; round <= flags.rounds; round++) {
    for (const [name, file] of Object.entries(PEERS)) {
      console.error("%s", `round ${round}/${flags.rounds}: ${name}`);
      times.get(name)!.push(...await time(file, flags["batch-size"], flags.steps));
    }
  }
  const rows = [...times].map(([name, values]) => ({
    name,
    median: median(values),
    least: Math.min(...values),
    most: Math.max(...values),
  }));
  const factor = rows[1]!.median / rows[0]!.median;
  console.log(`training step of chapter-mnist, batch ${flags["batch-size"]}, on ${adapter}`);
  console.log(table([
    ["", "median ms", "least", "most"],
    ...rows.map((
      row,
    ) => [row.name, ...[row.median, row.least, row.most].map((ms) => ms.toFixed(0))]),
  ], { heading: true, align: ["left", "right", "right", "right"] }));
  console.log(`neocog takes ${factor.toFixed(1)} times as many steps a second`);
  if (flags.json) {
    console.log(JSON.stringify({ adapter, batchSize: flags["batch-size"], rows, factor }));
  }
});
