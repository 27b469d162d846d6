// `deno task test:faults`: kills runs, refuses files, loses devices, lets memory run out.
import { parseArgs } from "@std/cli/parse-args";
import { fillDisks, refuseInRuns, refuseWritings } from "./disk.ts";
import { hourTally } from "./hour.ts";
import { killRuns } from "./kill.ts";
import { loseInRuns, lossTallies } from "./loss.ts";
import { memoryTallies } from "./memory.ts";
import { reportLines, type Tally } from "./report.ts";
import { subjectsIn } from "./trials.ts";

const HELP = `deno task test:faults -- what faults do to runs: nothing may be lost

  --only PARTS   kill, disk, memory, loss, time, separated by commas (default: all but time)
  --seed N       of random moments (default: 0)
  --count N      trials of each part (default: 200)
  --backend B    webgpu or cpu (default: webgpu)
  --match TEXT   only runs whose names contain it
  --seconds N    how long time takes (default: 3600)
  --help         this text`;

type Options = {
  readonly seed: number;
  readonly count: number;
  readonly backend: "cpu" | "webgpu";
  readonly match: string;
  readonly seconds: number;
};

/** Does something with each run, in an empty folder. */
async function eachRun(
  { backend, match }: Options,
  work: (
    subject: Awaited<ReturnType<typeof subjectsIn>>[number],
    dir: string,
    among: number,
  ) => Promise<Tally>,
): Promise<Tally[]> {
  const dir = await Deno.makeTempDir();
  try {
    const all = (await subjectsIn(dir, backend)).filter(({ name }) => name.includes(match));
    const tallies: Tally[] = [];
    for (const [i, subject] of all.entries()) {
      await Deno.mkdir(`${dir}/${i}`);
      tallies.push(await work(subject, `${dir}/${i}`, all.length));
    }
    return tallies;
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** The pictures of a transfer, in a folder that is removed afterwards. */
async function withPhotos(work: (photos: string) => Promise<Tally[]>): Promise<Tally[]> {
  const dir = await Deno.makeTempDir();
  try {
    await subjectsIn(dir, "cpu");
    return await work(`${dir}/photos`);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

const PARTS: Readonly<Record<string, (options: Options) => Promise<Tally[]>>> = {
  // Half of them at random moments, half at calls that change files.
  kill: (options) =>
    eachRun(options, (subject, dir, among) => {
      const each = Math.ceil(options.count / among / 2);
      return killRuns(subject, dir, { moments: each, calls: each, seed: options.seed });
    }),
  // Every call of what writes files; some of those of whole runs; small disks.
  disk: async (options) => [
    ...await withPhotos((photos) => refuseWritings(photos, options.match, true)),
    ...await eachRun(options, (subject, dir, among) => {
      const most = Math.ceil(options.count / among / 2);
      return refuseInRuns(
        subject,
        dir,
        Array.from({ length: most }, (_, i) => i / (most - 1 || 1)),
      );
    }),
    ...await eachRun(
      options,
      (subject, dir, among) => fillDisks(subject, dir, Math.ceil(options.count / among / 4)),
    ),
  ],
  memory: ({ count, match }) => memoryTallies(count, match),
  // As many in this process, and a fifth of them in tasks with --recover.
  loss: async (options) => [
    ...await lossTallies(options, options.match),
    ...await eachRun(
      options,
      (subject, dir, among) =>
        loseInRuns(subject, dir, { ...options, count: Math.ceil(options.count / among / 5) }),
    ),
  ],
  time: ({ seconds }) => hourTally(seconds),
};

if (import.meta.main) {
  const flags = parseArgs(Deno.args, {
    boolean: ["help"],
    string: ["only", "seed", "count", "backend", "match", "seconds"],
  });
  const chosen = (flags.only ?? "kill,disk,memory,loss").split(",");
  const unknown = chosen.find((part) => !Object.hasOwn(PARTS, part));
  if (flags.help || unknown !== undefined) {
    console.log(HELP);
    Deno.exit(flags.help ? 0 : 2);
  }
  const options: Options = {
    seed: Number(flags.seed ?? 0),
    count: Number(flags.count ?? 200),
    backend: flags.backend === "cpu" ? "cpu" : "webgpu",
    match: flags.match ?? "",
    seconds: Number(flags.seconds ?? 3600),
  };
  let lost = 0;
  for (const part of chosen) {
    const began = performance.now();
    const tallies = await PARTS[part]!(options);
    const seconds = Math.round((performance.now() - began) / 1000);
    console.log(`${part}, ${seconds} s`);
    reportLines(tallies).forEach((line) => console.log(`  ${line}`));
    lost += tallies.reduce((sum, { lost }) => sum + lost.length, 0);
  }
  Deno.exit(lost > 0 ? 1 : 0);
}
