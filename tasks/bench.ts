// `deno task bench`: times neocog and other libraries, and counts what a step costs.
import { start, stop, tf } from "../mod.ts";
import { writeFileAtomically } from "../lib/files/mod.ts";
import { type Bench, makeBench } from "./bench/bench.ts";
import { charts, onePicture } from "./bench/charts.ts";
import { profileForward, profileStep, profileText } from "./bench/profile.ts";
import type { BenchRecord } from "./bench/record.ts";
import { shareBlock } from "./bench/share.ts";
import { report } from "./bench/report.ts";
import { agreementJobs, agreementSection, costJobs, costSection } from "./bench/sections/checks.ts";
import {
  opsSection,
  startupJobs,
  startupSection,
  zooJobs,
  zooSection,
} from "./bench/sections/neocog_alone.ts";
import { growthJobs, growthSection, timeJobs, timeSection } from "./bench/sections/times.ts";
import { type BenchSettings, benchSettings, type Section, SECTIONS } from "./bench/settings.ts";
import { PEER_NAMES } from "./bench/peers/peers.ts";
import { writeKernels } from "./bench/wgsl.ts";
import { choice, count, path, runCommand, text, toggle, type Values } from "./command.ts";
import { abortOnInterrupt, exitCodeOf } from "./command/interrupt.ts";
import { makeOutputDir } from "./command/files.ts";
import { modelFlag, ownModelFlags } from "./own_model.ts";
import { jobProgress } from "./progress.ts";
import { setUp } from "./setup.ts";

/** What the task takes. */
export const command = {
  name: "bench",
  summary:
    "Times neocog beside PyTorch, ONNX Runtime, jax-js, stock tfjs-layers and tinygrad on the same machine, one after the other, and counts what a training step costs.",
  flags: {
    quick: toggle({ help: "within three minutes: the least of everything" }),
    full: toggle({ help: "everything: all operations, models, peers and batches, three rounds" }),
    share: toggle({ help: "print one block at the end, to paste into an issue" }),
    only: text({
      help: `parts to measure, then as with --full: of ${SECTIONS.join(",")}`,
      defaultText: "all but agreement; without zoo with --quick; all with --full",
    }),
    models: text({
      help:
        "networks: lenet5, chapter-mnist, resnet20 or deeper; with --only zoo any model, also your own, in a file: ./model.ts",
      defaultText: "lenet5,chapter-mnist,resnet20; of zoo eight, all with --full",
    }),
    "batch-sizes": text({ help: "images per step", defaultText: "32; 1,32,128 with --full" }),
    peers: text({
      help: `libraries, of ${PEER_NAMES.join(",")}; those in Python need NEOCOG_PYTHON`,
      defaultText: "all but the last two; all with --full",
    }),
    rounds: count({
      min: 1,
      help: "rounds, each of which measures everything once",
      defaultText: "1; 3 with --full",
    }),
    steps: count({
      min: 1,
      help: "samples of each figure per round",
      defaultText: "3; 2 with --quick",
    }),
    ops: text({
      help: "words that select single operations",
      defaultText: "some; all with --full",
    }),
    out: path({ default: "runs/bench", help: "folder for bench.json and charts" }),
    json: toggle({ help: "print the record as one JSON object on stdout as the last line" }),
    profile: toggle({
      help: "list the dispatches of one training step, and their floors, instead",
    }),
    forward: toggle({ help: "profile a forward pass in the place of a training step" }),
    model: modelFlag({ help: "the model to profile", defaultText: "resnet20" }),
    export: ownModelFlags.export,
    "batch-size": count({ min: 1, default: 32, help: "images of the step to profile" }),
    wgsl: path({
      help: "write the WGSL of every single operation's kernels to this folder instead",
    }),
    form: choice(["gpu", "software"], {
      default: "gpu",
      help: "which kernels --wgsl writes: those for GPUs or those for software adapters",
    }),
  },
  examples: [
    ["deno task bench", "the main figures beside those of others: five minutes at the most"],
    ["deno task bench --quick --share", "three minutes, and a block to paste into an issue"],
    ["deno task bench --full", "everything: over an hour on a software adapter"],
    ["deno task bench --only ops --ops conv", "single operations, those of convolutions"],
    [
      "deno task bench --only training --models chapter-mnist --batch-sizes 128",
      "the training step of the chapter's network",
    ],
    ["deno task bench --only zoo", "every model at its own size, batch 1: 15 minutes"],
    ["deno task bench --profile --model lenet5", "where the time of a step goes"],
    [
      "deno task bench --profile --forward --model resnet18 --batch-size 1",
      "where the time of a forward pass goes",
    ],
    [
      "deno task bench --wgsl runs/wgsl",
      "the kernels' text, with workgroup counts in kernels.json",
    ],
  ],
} as const;

async function emptyRecord(settings: BenchSettings): Promise<BenchRecord> {
  const { adapter, software } = await start();
  // Only the processes that are timed may use the device.
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
      tfjs: tf.version_core,
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
    zooPeers: [],
    finished: false,
  };
}

/** The sections in the order in which they are measured, the most asked for first. */
const PARTS: readonly {
  readonly sections: readonly Section[];
  /** How many processes it takes. */
  readonly jobs: (settings: BenchSettings) => number;
  readonly run: (bench: Bench, out: string) => Promise<void>;
}[] = [
  { sections: ["startup"], jobs: startupJobs, run: startupSection },
  { sections: ["agreement"], jobs: agreementJobs, run: agreementSection },
  { sections: ["cost"], jobs: costJobs, run: costSection },
  { sections: ["ops"], jobs: () => 1, run: opsSection },
  { sections: ["training", "inference"], jobs: timeJobs, run: timeSection },
  { sections: ["zoo"], jobs: zooJobs, run: zooSection },
  { sections: ["growth"], jobs: growthJobs, run: growthSection },
];

/** Measures the sections that are wanted. */
async function measure(
  settings: BenchSettings,
  out: string,
  signal: AbortSignal,
): Promise<BenchRecord> {
  await makeOutputDir(out);
  const record = await emptyRecord(settings);
  const save = (): Promise<void> =>
    writeFileAtomically(`${out}/bench.json`, JSON.stringify(record, null, 2) + "\n");
  const parts = PARTS.filter(({ sections }) =>
    sections.some((section) => settings.only.includes(section))
  );
  const progress = jobProgress(parts.reduce((sum, { jobs }) => sum + jobs(settings), 0));
  const bench = makeBench(settings, record, { signal, save, display: progress });
  try {
    for (const { run } of parts) if (!bench.over()) await run(bench, out);
  } finally {
    progress.stop();
  }
  record.finished = !signal.aborted;
  await save();
  const drawn = await charts(record);
  if (drawn.size > 0) drawn.set("bench.svg", onePicture([...drawn.values()]));
  for (const [name, svg] of drawn) await writeFileAtomically(`${out}/${name}`, svg);
  return record;
}

/** Runs the task; returns the exit code. */
async function run(flags: Values<typeof command.flags>): Promise<number> {
  const settings = benchSettings(flags);
  await setUp("webgpu", { keepDeno: true });
  if (flags.profile) {
    const { model = "resnet20" } = flags;
    const take = flags.forward ? profileForward : profileStep;
    const { adapter, entries, rates } = await take(model, flags["batch-size"], flags.export);
    const what = flags.forward ? "forward pass" : "training step";
    const title = `one ${what} of ${model}, batch ${flags["batch-size"]}, on ${adapter}`;
    console.log(profileText(title, entries, rates));
    if (flags.json) console.log(JSON.stringify({ adapter, model, entries, rates }));
    return 0;
  }
  if (flags.wgsl !== undefined) {
    const kernels = await writeKernels(flags.wgsl, flags.form);
    console.log(`${kernels.length} kernels in ${flags.wgsl}, and kernels.json`);
    if (flags.json) console.log(JSON.stringify(kernels));
    return 0;
  }
  const signal = abortOnInterrupt(
    "stopping; what was measured is kept (Ctrl-C again: at once)",
  );
  const record = await measure(settings, flags.out, signal);
  console.log(report(record));
  console.log(`\nfiles in ${flags.out}: bench.json, bench.svg and its charts`);
  if (flags.share) console.log(`\n${shareBlock(record)}`);
  if (flags.json) console.log(JSON.stringify(record));
  return record.finished ? 0 : exitCodeOf(signal);
}

if (import.meta.main) await runCommand(command, Deno.args, run);
