// The folder of a run of `train` or `transfer`: it holds the files of one run alone.
import { crc32 } from "node:zlib";
import { attempting } from "../../lib/files/file_error.ts";
import { writeFileAtomically } from "../../lib/files/mod.ts";
import { encodePng } from "../../lib/image/mod.ts";
import { classReportCsv, confusionCsv } from "../../lib/train/report/class_report.ts";
import { historyCsv } from "../../lib/train/report/history.ts";
import { classReport, curves, wrongestOf, wrongestPicture } from "../../lib/train/report/mod.ts";
import {
  type Checkpoint,
  type Evaluation,
  type Examples,
  type ImageSource,
  type Json,
  readCheckpoint,
  writeCheckpoint,
} from "../../mod.ts";
import { UsageError } from "../command.ts";
import { makeOutputDir } from "../command/files.ts";
import type { Records } from "./records.ts";

/** The last checkpoint. */
export const CHECKPOINT = "checkpoint.safetensors";
/** The checkpoint of the best epoch by the images that are held back. */
const BEST = "best.safetensors";
/** Training images as they are augmented. */
export const AUGMENTED = "augmented.png";
/** The sweep of `--find-lr`. */
export const RATE_CURVE = "learning_rate.svg";
/** The settings. */
export const CONFIG = "config.json";
/** The epochs as a table. */
export const HISTORY = "history.csv";
/** The confusion matrix of the test images, and a picture of the most wrong of them. */
export const CONFUSION = "confusion.csv";
export const WRONGEST = "wrongest.png";
/** Steps and epochs as they come, and the layers after each epoch, with `--board`. */
export const LIVE = "live.jsonl";
export const LAYERS = "layers.jsonl";
/** What names of TensorBoard's files begin with, with `--tensorboard`. */
const EVENTS = "events.out.tfevents.";
/** The lock of a run that is under way. */
export const LOCK = "run.lock";

/** What is written when a run ends; the last one says that it is finished. */
const RESULTS = [WRONGEST, CONFUSION, "classes.csv"];
export const FINISHED = RESULTS.at(-1)!;
/** What is written before a run's first epoch is done. */
const BEGINNING = [AUGMENTED, RATE_CURVE, LIVE, LAYERS, CONFIG];
/** All files of a run, in the order they are listed. */
const FILES = [
  ...[CHECKPOINT, BEST, HISTORY, "curves.svg"],
  ...RESULTS.toReversed(),
  ...BEGINNING,
];

/** How many of the most wrong predictions are drawn. */
const DRAWN = 24;

/** The epochs and steps of a run, and how they are drawn. */
export type RunRecords = Records & {
  readonly stepsPerEpoch: number;
  /** The title of the curves. */
  readonly title: string;
};

/** Settings, as JSON has them. */
export type Config = { readonly [name: string]: unknown };

/** A run's folder, which no other run may use until it is released. */
export type RunFolder = {
  readonly dir: string;
  /** The run's id, which all its files name. */
  readonly id: string;
  /** Writes the settings again. */
  writeConfig(config: Config): Promise<void>;
  /** Writes checkpoint, history and curves. */
  writeState(checkpoint: Checkpoint, records: RunRecords): Promise<void>;
  /** Writes history and curves. */
  writeRecords(records: RunRecords): Promise<void>;
  /** Writes classes.csv, confusion.csv and wrongest.png of the test images. */
  writeResults(evaluation: Evaluation, test: Examples | ImageSource): Promise<void>;
  /** Writes another file of the run. */
  write(name: string, contents: string | Uint8Array): Promise<void>;
  /** The names of the files that are there. */
  files(): string[];
  /** Lets other runs use the folder. */
  release(): Promise<void>;
};

/** How a folder is opened. */
export type RunFolderOptions = {
  /** The run's settings. */
  readonly config: Config;
  /** The `run` of the checkpoint that is resumed; `undefined` for a new run. */
  readonly resumed?: Json;
  /** Whether the files of another run are removed. */
  readonly overwrite?: boolean;
};

/** The path of a file in a run's folder. */
export function inFolder(dir: string, name: string): string {
  return `${dir.replace(/(?<=.)\/+$/, "")}/${name}`;
}

/** A run's file by the name of a file; also of one that a killed process was writing. */
function runFileOf(name: string): string | undefined {
  if (name.startsWith(EVENTS)) return name;
  return FILES.find((file) =>
    name === file || (name.startsWith(`${file}.`) && name.endsWith(".tmp"))
  );
}

function namesIn(dir: string): string[] {
  try {
    return [...Deno.readDirSync(dir)].map(({ name }) => name);
  } catch {
    return [];
  }
}

/** The settings in a folder; none if they are not there or are not readable. */
function configIn(dir: string): Config {
  try {
    const config: unknown = JSON.parse(Deno.readTextFileSync(inFolder(dir, CONFIG)));
    return typeof config === "object" && config !== null ? config as Config : {};
  } catch {
    return {};
  }
}

/** What a run has left in its folder. */
export type BegunRun = {
  /** The last checkpoint; `undefined` if the first epoch was not done. */
  readonly checkpoint: Checkpoint | undefined;
  /** What a checkpoint says of its run; without one, its id and settings. */
  readonly run: Json;
  /** The file that says it. */
  readonly file: string;
};

/**
 * The run in a folder, to go on with.
 *
 * @param settings under which name a checkpoint has the run's settings
 * @throws {Error} of Deno's class for it, if there is no run or its checkpoint cannot be read
 */
export async function readRun(dir: string, settings: "settings" | "transfer"): Promise<BegunRun> {
  const file = inFolder(dir, CHECKPOINT);
  try {
    const checkpoint = await readCheckpoint(file);
    return { checkpoint, run: checkpoint.run, file };
  } catch (error) {
    const { run: id, ...config } = configIn(dir);
    if (!(error instanceof Deno.errors.NotFound) || id === undefined) throw error;
    const run = { id, [settings]: config } as Json;
    return { checkpoint: undefined, run, file: inFolder(dir, CONFIG) };
  }
}

/** Whether the run in a folder has been measured at its end. */
export function isFinished(dir: string): boolean {
  return namesIn(dir).includes(FINISHED);
}

/**
 * Refuses a folder with another run. A run that ended before its first epoch has left nothing to
 * lose, and a finished run with the same settings would give the same numbers.
 */
function requireNoOtherRun(dir: string, config: Config): void {
  const there = namesIn(dir);
  const found = FILES.find((name) => !BEGINNING.includes(name) && there.includes(name));
  const { run: _, ...old } = configIn(dir);
  const isSame = JSON.stringify(old) === JSON.stringify(config) && there.includes(FINISHED);
  if (found === undefined || isSame) return;
  const of = typeof old.model === "string" ? ` of ${old.model} on ${old.dataset ?? old.data}` : "";
  throw new UsageError(
    `Cannot use ${dir}: it must not hold another run, got ${found}${of}. ` +
      "Continue that run with --resume, replace it with --overwrite, or name another folder with --out",
  );
}

/**
 * Opens a run's folder before any work: refuses or removes the files of another run, and writes the
 * settings.
 *
 * @param dir the folder, made if it is missing
 * @param options the run's settings, and whether it is resumed or overwrites another
 * @throws {UsageError} if the folder holds another run
 * @throws {Error} naming the folder, if it cannot be written or a run is under way in it
 */
export async function openRunFolder(dir: string, options: RunFolderOptions): Promise<RunFolder> {
  const { config, resumed, overwrite = false } = options;
  await makeOutputDir(dir);
  const release = await lock(dir);
  try {
    if (resumed === undefined && !overwrite) requireNoOtherRun(dir, config);
    const folder = folderOf(dir, resumed === undefined ? newId() : idOf(resumed, dir), release);
    // First what says of which run the others are, and that it is finished: it may be killed here.
    const there = namesIn(dir);
    const first = [CONFIG, FINISHED].filter((name) => there.includes(name));
    for (const name of new Set([...first, ...there])) {
      const file = runFileOf(name);
      const isOld = resumed === undefined || file !== name || RESULTS.includes(name);
      if (file && isOld) {
        const path = inFolder(dir, name);
        await attempting(`Cannot remove ${path}`, Deno.remove(path));
      }
    }
    await folder.writeConfig(config);
    return folder;
  } catch (error) {
    await release();
    throw error;
  }
}

/** The folder as ranks see it that write nothing, as the first one does. */
export function unwrittenFolder(dir: string): RunFolder {
  const nothing = (): Promise<void> => Promise.resolve();
  return {
    dir,
    id: "",
    writeConfig: nothing,
    writeState: nothing,
    writeRecords: nothing,
    writeResults: nothing,
    write: nothing,
    files: () => [],
    release: nothing,
  };
}

function newId(): string {
  return crypto.randomUUID().slice(0, 8);
}

/** The id of a resumed run, which its folder must be of. */
function idOf(run: Json, dir: string): string {
  const { id } = (run ?? {}) as { readonly id?: Json };
  const { run: other = id } = configIn(dir);
  if (id !== other) {
    throw new UsageError(
      `Cannot resume in ${dir}: its files must be of one run, got ${CHECKPOINT} of ${id} and ${CONFIG} of ${other}`,
    );
  }
  return typeof id === "string" ? id : newId();
}

function folderOf(dir: string, id: string, release: RunFolder["release"]): RunFolder {
  const write: RunFolder["write"] = (name, contents) =>
    writeFileAtomically(inFolder(dir, name), withId(name, contents, id));
  const writeRecords: RunFolder["writeRecords"] = async ({ history, ...about }) => {
    await write(HISTORY, historyCsv(history));
    await write("curves.svg", await curves(history, about));
  };
  return {
    dir,
    id,
    release,
    write,
    files: () => FILES.filter((name) => namesIn(dir).includes(name)),
    writeConfig: (config) => write(CONFIG, `${JSON.stringify({ run: id, ...config }, null, 2)}\n`),
    async writeState(checkpoint, records) {
      await writeCheckpoint(inFolder(dir, CHECKPOINT), checkpoint);
      await writeRecords(records);
    },
    writeRecords,
    async writeResults(evaluation, test) {
      const { confusion } = evaluation;
      const wrong = wrongestOf(evaluation, test, DRAWN);
      if (wrong.length > 0 && [1, 3].includes(test.imageShape[2])) {
        await write(WRONGEST, encodePng(await wrongestPicture(wrong, test)));
      }
      await write(CONFUSION, confusionCsv(confusion, test.classNames));
      await write(FINISHED, classReportCsv(classReport(confusion, test.classNames)));
    },
  };
}

/** A file's contents with its run's id: in tables a column, in pictures a comment. */
function withId(name: string, contents: string | Uint8Array, id: string): string | Uint8Array {
  if (typeof contents !== "string") return withPngText(contents, `Comment\0run ${id}`);
  if (name.endsWith(".svg")) return contents.replace(/(?=<\/svg>\s*$)/, `<!-- run ${id} -->`);
  if (!name.endsWith(".csv")) return contents;
  const lines = contents.trimEnd().split("\r\n");
  return lines.map((line, i) => `${line},${i === 0 ? "run" : id}\r\n`).join("");
}

/** A PNG file with a chunk of text after its header. */
function withPngText(png: Uint8Array, text: string): Uint8Array {
  const chunk = new TextEncoder().encode(`....tEXt${text}....`);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, text.length);
  view.setUint32(chunk.length - 4, crc32(chunk.subarray(4, -4)));
  const headerEnd = 8 + 25; // The signature, and the header's chunk.
  return Uint8Array.from([...png.subarray(0, headerEnd), ...chunk, ...png.subarray(headerEnd)]);
}

/**
 * Locks a folder for this process, until it is released or the process ends. A process that was
 * killed leaves the file, but not the lock.
 */
async function lock(dir: string): Promise<RunFolder["release"]> {
  const path = inFolder(dir, LOCK);
  const attempt = `Cannot lock ${dir} by ${path}`;
  const file = await attempting(
    attempt,
    Deno.open(path, { read: true, write: true, create: true }),
  );
  if (!await file.tryLock(true)) {
    const holder = (await Deno.readTextFile(path)).trim();
    file.close();
    throw new Error(
      `Cannot use ${dir}: no other run may be under way in it, got one of process ${
        holder || "unknown"
      }. Name another folder with --out, or wait for its end`,
    );
  }
  const release = async (): Promise<void> => {
    // Removed while it is locked: whoever opens the path from now on makes a new file.
    await Deno.remove(path).catch(() => {});
    file.close();
  };
  try {
    await attempting(attempt, file.truncate());
    await attempting(attempt, file.write(new TextEncoder().encode(`${Deno.pid}\n`)));
  } catch (error) {
    await release();
    throw error;
  }
  return release;
}
