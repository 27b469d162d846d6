// `deno task bench`: neocog beside its peers, and what its work costs.
import { start, stop, tf } from "../mod.ts";
import { writeFileAtomically } from "../lib/files/mod.ts";
import { makeBench } from "./bench/bench.ts";
import { charts } from "./bench/charts.ts";
import { profileStep, profileText } from "./bench/profile.ts";
import type { BenchRecord } from "./bench/record.ts";
import { report } from "./bench/report.ts";
import { runSections } from "./bench/sections/sections.ts";
import { type BenchSettings, benchSettings, modelsOf, SECTIONS } from "./bench/settings.ts";
import { PEER_NAMES } from "./bench/peers/peers.ts";
import { count, path, runCommand, text, toggle } from "./command.ts";
import { say } from "./command/say.ts";

/** What the task takes. */
export const command = {
  name: "bench",
  summary:
    "Times neocog beside jax-js and stock tfjs-layers, in turn and on the same adapter, and says what a training step costs.",
  flags: {
    quick: toggle({ help: "a look within three minutes: batch 32, one round, some operations" }),
    only: text({ help: `parts, of ${SECTIONS.join(",")}`, defaultText: "all" }),
    models: text({
      help: "lenet5, chapter-mnist, resnet20 …; for --only zoo any",
      defaultText: "these three; all",
    }),
    "batch-sizes": text({ help: "images a step", defaultText: "1,32,128; quick: 32" }),
    peers: text({ help: `of ${PEER_NAMES.join(",")}`, defaultText: "all" }),
    rounds: count({ min: 1, help: "rounds, each of all in turn", defaultText: "3; quick: 1" }),
    steps: count({ min: 1, help: "samples of a figure a round", defaultText: "3; quick: 2" }),
    ops: text({ help: "words that choose single operations", defaultText: "all; quick: some" }),
    out: path({ default: "runs/bench", help: "directory for bench.json and charts" }),
    json: toggle({ help: "print the record as one JSON object on stdout as the last line" }),
    profile: toggle({ help: "list the dispatches of one training step instead" }),
    model: text({ help: "the model to profile", defaultText: "resnet20" }),
    "batch-size": count({ min: 1, default: 32, help: "images of the step to profile" }),
  },
  examples: [
    ["deno task bench --quick", "a look within three minutes"],
    ["deno task bench", "everything: an hour or so on a software adapter"],
    ["deno task bench --only ops --ops conv", "single operations, those of convolution"],
    [
      "deno task bench --only training --models chapter-mnist --batch-sizes 128",
      "the chapter's step",
    ],
    ["deno task bench --only zoo", "every model at its own size, batch 1: half an hour"],
    ["deno task bench --profile --model lenet5", "where the time of a step goes"],
  ],
} as const;

/** Ends the run at the first Ctrl-C; the processes it started have ended by the same. */
function abortOnInterrupt(): AbortSignal {
  const controller = new AbortController();
  Deno.addSignalListener("SIGINT", () => {
    if (controller.signal.aborted) Deno.exit(130);
    say("stopping; what was measured is kept (Ctrl-C again: at once)");
    controller.abort();
  });
  return controller.signal;
}

async function emptyRecord(settings: BenchSettings): Promise<BenchRecord> {
  const { adapter, software } = await start();
  // The device is left to the processes that are timed.
  stop();
  return {
    command: ["deno task bench", ...Deno.args].join(" "),
    date: new Date().toISOString(),
    machine: {
      os: Deno.build.os,
      arch: Deno.build.arch,
      cpus: navigator.hardwareConcurrency,
      memoryBytes: Deno.systemMemoryInfo().total,
      load: Deno.loadavg(),
    },
    adapter,
    software,
    versions: {
      deno: Deno.version.deno,
      v8: Deno.version.v8,
      tfjs: tf.version.tfjs,
      "jax-js": "0.1.25",
    },
    settings,
    times: [],
    agreement: [],
    cost: [],
    startup: [],
    growth: [],
    ops: [],
    zoo: [],
    finished: false,
  };
}

async function measure(settings: BenchSettings, out: string): Promise<BenchRecord> {
  await Deno.mkdir(out, { recursive: true });
  const signal = abortOnInterrupt();
  const record = await emptyRecord(settings);
  const save = (): Promise<void> =>
    writeFileAtomically(`${out}/bench.json`, JSON.stringify(record, null, 2) + "\n");
  await runSections(makeBench(settings, record, { signal, save, say }), out);
  record.finished = !signal.aborted;
  await save();
  for (const [name, svg] of await charts(record)) await writeFileAtomically(`${out}/${name}`, svg);
  return record;
}

await runCommand(command, Deno.args, async (flags) => {
  if (flags.profile) {
    const [model = "resnet20"] = modelsOf(flags.model, []);
    const { adapter, entries } = await profileStep(model, flags["batch-size"]);
    const title = `one training step of ${model}, batch ${flags["batch-size"]}, on ${adapter}`;
    console.log(profileText(title, entries));
    if (flags.json) console.log(JSON.stringify({ adapter, model, entries }));
    return;
  }
  const record = await measure(benchSettings(flags), flags.out);
  console.log(report(record));
  console.log(`\nkept in ${flags.out}: bench.json and charts`);
  if (flags.json) console.log(JSON.stringify(record));
  Deno.exit(record.finished ? 0 : 130);
});
