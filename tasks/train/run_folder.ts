// The folder of a run of `train` or `transfer`: it holds the files of one run alone.
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
  writeCheckpoint,
} from "../../mod.ts";
import { UsageError } from "../command.ts";
import { makeOutputDir } from "../command/files.ts";
import { say } from "../command/say.ts";
import { lockFolder } from "./folder_lock.ts";
import type { Records } from "./records.ts";
import {
  BEGINNING,
  CHECKPOINT,
  CONFIG,
  type Config,
  configIn,
  CONFUSION,
  FILES,
  HISTORY,
  inFolder,
  isFinished,
  LOCK,
  namesIn,
  RESULT,
  RESULTS,
  runFileOf,
  WRONGEST,
} from "./run_files.ts";
import { withId } from "./run_id.ts";

/** Where the files of a finished run lie while another one takes their place. */
const PREVIOUS = ".previous";

/** How many of the most wrong predictions are drawn. */
const DRAWN = 24;

/** The epochs and steps of a run, and how they are drawn. */
export type RunRecords = Records & {
  readonly stepsPerEpoch: number;
  /** The title of the curves. */
  readonly title: string;
};

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
  /** Writes what was reached: the run is finished, and takes the place of the one before it. */
  finish(result: Config): Promise<void>;
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
  /** Whether the files of an earlier run are removed. */
  readonly overwrite?: boolean;
};

/** Refuses a folder with a run. One that ended before its first epoch has left nothing to lose. */
function requireNoRun(dir: string): void {
  const there = namesIn(dir);
  const found = FILES.find((name) => !BEGINNING.includes(name) && there.includes(name));
  if (found === undefined) return;
  const { model, dataset, data } = configIn(dir);
  const of = typeof model === "string" ? ` of ${model} on ${dataset ?? data}` : "";
  throw new UsageError(
    `Cannot use ${dir}: it must not hold an earlier run, got ${found}${of}. ` +
      "Continue that run with --resume, replace it with --overwrite, or name another folder with --out",
  );
}

/** Copies the files of a finished run, so that they are there until another one is finished. */
async function keepFinished(dir: string): Promise<void> {
  const previous = inFolder(dir, PREVIOUS);
  const copy = async (): Promise<void> => {
    await removePrevious(dir);
    await Deno.mkdir(previous);
    for (const name of namesIn(dir).filter((name) => runFileOf(name) === name)) {
      await Deno.copyFile(inFolder(dir, name), inFolder(previous, name));
    }
  };
  await attempting(`Cannot keep the finished run of ${dir} in ${previous}`, copy());
  say(`the finished run of ${dir} is kept in ${previous} until this one is finished`);
}

async function removePrevious(dir: string): Promise<void> {
  try {
    await Deno.remove(inFolder(dir, PREVIOUS), { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/**
 * Opens a run's folder before any work: refuses or removes the files of an earlier run, and writes the
 * settings. If that run was finished, its files are kept in a folder until this one is, too.
 *
 * @param dir the folder, made if it is missing
 * @param options the run's settings, and whether it is resumed or overwrites another
 * @throws {UsageError} if the folder holds an earlier run
 * @throws {Error} naming the folder, if it cannot be written or a run is under way in it
 */
export async function openRunFolder(dir: string, options: RunFolderOptions): Promise<RunFolder> {
  const { config, resumed, overwrite = false } = options;
  await makeOutputDir(dir);
  const release = await lockFolder(dir, inFolder(dir, LOCK));
  try {
    if (resumed === undefined && !overwrite) requireNoRun(dir);
    if (isFinished(dir)) await keepFinished(dir);
    const folder = folderOf(dir, resumed === undefined ? newId() : idOf(resumed, dir), release);
    // First what says that it is finished, and of which run the others are: it may be killed here.
    const there = namesIn(dir);
    const first = [RESULT, CONFIG].filter((name) => there.includes(name));
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
    finish: nothing,
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
      await write("classes.csv", classReportCsv(classReport(confusion, test.classNames)));
    },
    async finish(result) {
      await write(RESULT, `${JSON.stringify(result, null, 2)}\n`);
      await removePrevious(dir);
    },
  };
}
