// Disks that refuse: each call that changes a file fails in turn, and small disks that are full.
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { cachedFile } from "../../lib/files/cached_file.ts";
import { writeFileAtomically } from "../../lib/files/mod.ts";
import { checkpoints, csvLog, jsonLines } from "../../lib/train/callbacks/mod.ts";
import {
  type Checkpoint,
  dense,
  disposeTraining,
  fit,
  flatten,
  imageFolder,
  readCheckpoint,
  sequential,
  start,
  writeCheckpoint,
} from "../../mod.ts";
import { divertLines } from "../../tasks/command/say.ts";
import { openRunFolder } from "../../tasks/train/run_folder.ts";
import { openPictureFolder } from "../../tasks/pictures/picture_folder.ts";
import { toyExamples } from "../train/toy.ts";
import { type Fault, injectFiles } from "./inject.ts";
import { requireSameEnd, type Whole, wholeRun } from "./kill.ts";
import { attempt, note, type Tally, tally } from "./report.ts";
import { ended, namesIn, spawnTask, type Subject } from "./trials.ts";

const REFUSALS = ["ENOSPC", "EIO", "EACCES"] as const;
const REASONS = {
  ENOSPC: "No space left on device",
  EIO: "Input/output error",
  EACCES: "Permission denied",
} as const;

/** Something that writes files in a folder, which is there. */
type Writing = {
  readonly name: string;
  /** Fills the folder with what was there before. */
  readonly before: (dir: string) => Promise<void>;
  readonly write: (dir: string) => Promise<void>;
  /** Names of files that are left unfinished on purpose. */
  readonly unfinished?: RegExp;
};

function checkpointOf(value: number): Checkpoint {
  const values = new Float32Array(600).fill(value);
  const params = new Map([["a", { dtype: "float32", shape: [600], values } as const]]);
  return { sections: { params, state: new Map(), optimizer: new Map() }, run: { id: `${value}` } };
}

async function trainIn(dir: string): Promise<void> {
  const model = sequential({ flatten: flatten(), logits: dense({ features: 3 }) });
  const callbacks = [
    checkpoints({ dir, monitor: "loss", top: 2 }),
    csvLog(`${dir}/log.csv`),
    jsonLines(`${dir}/log.jsonl`),
  ];
  const reports = fit(model, toyExamples(6), { epochs: 2, callbacks });
  for await (const { network } of reports) {
    if (network.progress.epoch === 2) disposeTraining(network);
  }
}

const nothing = (): Promise<void> => Promise.resolve();
const dot = { width: 1, height: 1, channels: 1, pixels: Float32Array.of(0.5) } as const;

/** What writes files; `photos` is a folder of pictures, `url` a file to fetch. */
function writings(photos: string, url: string): readonly Writing[] {
  return [
    {
      name: "a file over an old one",
      before: (dir) => writeFileAtomically(`${dir}/a`, "before"),
      write: (dir) => writeFileAtomically(`${dir}/a`, [new Uint8Array(900), new Uint8Array(9)]),
    },
    {
      name: "a checkpoint over an old one",
      before: (dir) => writeCheckpoint(`${dir}/a.safetensors`, checkpointOf(1)),
      write: (dir) => writeCheckpoint(`${dir}/a.safetensors`, checkpointOf(2)),
    },
    { name: "callbacks of fit", before: trainIn, write: trainIn },
    {
      name: "a run's folder",
      // Nobody holds it when the process is gone.
      unfinished: /^run\.lock$/,
      before: nothing,
      async write(dir) {
        const folder = await openRunFolder(dir, { config: { model: "a" } });
        try {
          await folder.write("augmented.png", new Uint8Array(99));
        } finally {
          await folder.release();
        }
      },
    },
    {
      name: "a folder of pictures",
      before: nothing,
      async write(dir) {
        const folder = await openPictureFolder({ dir, title: "a", task: "a", settings: {} });
        await folder.save("dot", dot, "A dot.");
        await folder.finish({ json: false });
      },
    },
    {
      name: "a cache of pixels",
      before: nothing,
      async write(dir) {
        using _folder = await imageFolder(photos, { size: 28, cacheDir: dir });
      },
    },
    {
      name: "a cache of downloads",
      before: nothing,
      async write(dir) {
        await cachedFile(`${dir}/file`, { url }, nothing, {});
      },
      // A fetch goes on where it ended; whoever holds the lock has the file.
      unfinished: /\.(part|part\.version|lock)$/,
    },
  ];
}

/** The files below a folder, with their contents. */
function filesIn(dir: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const { name, isDirectory } of Deno.readDirSync(dir)) {
    const path = `${dir}/${name}`;
    if (!isDirectory) found.set(name, Deno.readFileSync(path).toHex());
    else for (const [inner, text] of filesIn(path)) found.set(`${name}/${inner}`, text);
  }
  return found;
}

/** Asserts that files are as they were before, or as they are after, and none is left half. */
function requireWhole(
  dir: string,
  states: readonly ReadonlyMap<string, string>[],
  { unfinished }: Writing,
): void {
  for (const [name, text] of filesIn(dir)) {
    if (unfinished?.test(name)) continue;
    // Temporary names hold a random part; times and random ids differ in other files.
    assert(!/\.(tmp|part)$/.test(name), `${name} is left`);
    const known = states.filter((state) => state.has(name));
    assert(known.length > 0, `${name} is new`);
    assert(
      /\.(csv|jsonl|json|safetensors|html|png)$/.test(name) ||
        known.some((state) => state.get(name) === text),
      `${name} has other contents`,
    );
  }
  for (const name of states[0]!.keys()) assert(filesIn(dir).has(name), `${name} is gone`);
}

/** Lets each call of a writing fail in turn, by each refusal, or by one after the other. */
async function refuseWriting(writing: Writing, root: string, byEach: boolean): Promise<Tally> {
  const counts = tally(`a refusal at each call: ${writing.name}`);
  const inFresh = async (f: (dir: string) => Promise<void>): Promise<void> => {
    const dir = await Deno.makeTempDir({ dir: root });
    await writing.before(dir);
    await f(dir);
    await Deno.remove(dir, { recursive: true });
  };
  let calls = 0;
  let before = new Map<string, string>();
  let after = new Map<string, string>();
  await inFresh(async (dir) => {
    before = filesIn(dir);
    const counting = injectFiles({ of: "files", at: [], what: "EIO" });
    await writing.write(dir).finally(counting.restore);
    calls = counting.calls();
    after = filesIn(dir);
  });
  for (let at = 1; at <= calls; at++) {
    for (const [i, what] of REFUSALS.entries()) {
      if (!byEach && i !== at % 3) continue;
      const done = (["not", "half"] as const)[(at + i) % 2]!;
      await attempt(
        counts,
        `call ${at} of ${calls}: ${what}, ${done} done`,
        () =>
          inFresh(async (dir) => {
            const { restore } = injectFiles({ of: "files", at: [at], what, done });
            const error = await writing.write(dir).then(() => undefined, (error) => error as Error)
              .finally(restore);
            requireWhole(dir, [before, after], writing);
            // What is only tidied up may fail unheard, if the work was done.
            if (!error) assert(filesIn(dir).size >= after.size, "a file is missing");
            else requireNamed(error.message, dir, REASONS[what]);
            note(counts, error ? "told" : "done all the same");
            await writing.write(dir);
          }),
      );
    }
  }
  return counts;
}

/** Asserts that a message names a file in the folder, and the reason. */
function requireNamed(message: string, dir: string, reason: string): void {
  assertStringIncludes(message, reason);
  assertMatch(message, /^Cannot /);
  assertStringIncludes(message, dir);
}

/**
 * Lets calls of a task fail.
 *
 * @param places where the calls are among all, from 0 to 1
 */
export async function refuseInRuns(
  subject: Subject,
  dir: string,
  places: readonly number[],
): Promise<Tally> {
  const counts = tally(`a refusal in ${subject.name}`);
  const whole = await wholeRun(subject, dir);
  const { task, flags } = subject;
  for (const [i, place] of places.entries()) {
    const at = 1 + Math.floor(place * (whole.calls - 1));
    const what = REFUSALS[i % 3]!;
    const done = (["not", "half"] as const)[i % 2]!;
    await attempt(counts, `call ${at} of ${whole.calls}: ${what}, ${done} done`, async () => {
      const out = `${dir}/${counts.trials}`;
      const fault: Fault = { of: "files", at: [at], what, done };
      const { code, err } = await ended(spawnTask(task, [...flags, "--out", out], fault));
      await requireGoesOn(subject, out, { code, err, reason: REASONS[what] }, whole, counts);
    });
  }
  return counts;
}

/** Asserts that a refused run says why, leaves no half file, and goes on to the same numbers. */
async function requireGoesOn(
  subject: Subject,
  out: string,
  { code, err, reason }: { readonly code: number; readonly err: string; readonly reason: string },
  whole: Whole,
  counts: Tally,
): Promise<void> {
  const names = namesIn(out);
  assertEquals(names.filter((name) => name.endsWith(".tmp")), []);
  if (code !== 0) {
    const line = err.trim().split("\n").find((line) => line.startsWith("error: ")) ?? err;
    requireNamed(line.replace("error: ", ""), out, reason);
  }
  for (const name of names.filter((name) => name.endsWith(".safetensors"))) {
    await readCheckpoint(`${out}/${name}`);
  }
  note(counts, code === 0 ? "done all the same" : "told");
  await requireSameEnd(subject, out, whole);
  await Deno.remove(out, { recursive: true });
}

/** Whether this process may mount a file system of its own. */
async function mayMount(): Promise<boolean> {
  const script = "mount -t tmpfs -o size=64k none /mnt";
  try {
    const { success } = await new Deno.Command("unshare", {
      args: ["-m", "sh", "-c", script],
      stderr: "null",
      stdout: "null",
    }).output();
    return success;
  } catch {
    return false;
  }
}

/** Does runs on a small disk, which is full at some write, and goes on when it has room. */
export async function fillDisks(subject: Subject, dir: string, trials: number): Promise<Tally> {
  const counts = tally(`a full disk: ${subject.name}`);
  if (!await mayMount()) {
    note(counts, "not allowed here to mount one");
    return counts;
  }
  const whole = await wholeRun(subject, dir);
  const { task, flags } = subject;
  for (let i = 0; i < trials; i++) {
    // From hardly a page to about what all files need with one of them written twice.
    const kilobytes = 4 + Math.round(i * 1500 / trials);
    await attempt(counts, `of ${kilobytes} KB`, async () => {
      const disk = `${dir}/disk${i}`;
      const out = `${disk}/out`;
      const kept = `${dir}/kept${i}`;
      await Deno.mkdir(disk);
      const deno = [Deno.execPath(), "run", "-A", "--no-check", `tasks/${task}.ts`].join(" ");
      const script = `mount -t tmpfs -o size=${kilobytes}k none ${disk}
        ${deno} ${flags.join(" ")} --out ${out} 2> ${kept}.err >/dev/null
        code=$?
        cp -r ${out} ${kept} 2>/dev/null || mkdir -p ${kept}
        exit $code`;
      const { code } = await new Deno.Command("unshare", {
        args: ["-m", "sh", "-c", script],
        cwd: new URL("../../", import.meta.url),
        env: { NO_COLOR: "1", DENO_WEBGPU_BACKEND: "vulkan" },
      }).output();
      const err = (await Deno.readTextFile(`${kept}.err`)).replaceAll(out, kept);
      await Deno.remove(disk);
      await requireGoesOn(subject, kept, { code, err, reason: REASONS.ENOSPC }, whole, counts);
    });
  }
  return counts;
}

/**
 * Lets each call of what writes files fail, in this process.
 *
 * @param photos a folder of pictures
 * @param byEach whether a call fails by each refusal, or by one
 */
export async function refuseWritings(
  photos: string,
  match: string,
  byEach: boolean,
): Promise<Tally[]> {
  await start({ backend: "cpu" });
  const root = await Deno.makeTempDir();
  const server = Deno.serve(
    { port: 0, onListen: () => {} },
    () =>
      new Response(new Uint8Array(999), {
        headers: { "last-modified": "Thu, 01 Jan 2026 00:00:00 GMT" },
      }),
  );
  try {
    divertLines(() => {});
    const all = writings(photos, `http://127.0.0.1:${server.addr.port}/file`);
    const tallies: Tally[] = [];
    for (const writing of all) {
      if (writing.name.includes(match)) {
        tallies.push(await refuseWriting(writing, root, byEach));
      }
    }
    return tallies;
  } finally {
    divertLines(undefined);
    await server.shutdown();
    await Deno.remove(root, { recursive: true });
  }
}
