// The files of a run of `train` or `transfer`: their names, and what they say of the run.
import { dataDifferences, type DataIdentity } from "../../lib/train/data_identity.ts";
import { runOf } from "../../lib/train/snapshot.ts";
import { type Checkpoint, type Json, readCheckpoint } from "../../mod.ts";
import { UsageError } from "../command.ts";

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

/** What a run reached, as `--json` prints it: says that the run is finished. */
export const RESULT = "result.json";
/** What is written when a run ends, the last one last. */
export const RESULTS = [WRONGEST, CONFUSION, "classes.csv", RESULT];
/** What is written before a run's first epoch is done. */
export const BEGINNING = [AUGMENTED, RATE_CURVE, LIVE, LAYERS, CONFIG];
/** All files of a run, in the order they are listed. */
export const FILES = [
  ...[CHECKPOINT, BEST, HISTORY, "curves.svg"],
  ...RESULTS.toReversed(),
  ...BEGINNING,
];

/** Settings, as JSON has them. */
export type Config = { readonly [name: string]: unknown };

/** The path of a file in a run's folder. */
export function inFolder(dir: string, name: string): string {
  return `${dir.replace(/(?<=.)\/+$/, "")}/${name}`;
}

/** A run's file by the name of a file; also of one that a killed process was writing. */
export function runFileOf(name: string): string | undefined {
  if (name.startsWith(EVENTS)) return name;
  return FILES.find((file) =>
    name === file || (name.startsWith(`${file}.`) && name.endsWith(".tmp"))
  );
}

export function namesIn(dir: string): string[] {
  try {
    return [...Deno.readDirSync(dir)].map(({ name }) => name);
  } catch {
    return [];
  }
}

/** The settings in a folder; none if they are not there or are not readable. */
export function configIn(dir: string): Config {
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
  return namesIn(dir).includes(RESULT);
}

/**
 * What the finished run in a folder reached, if it has these settings: to do it again would give the
 * same numbers.
 *
 * @param data what it must have been trained on; any data if `undefined`
 * @throws {UsageError} if it was trained on other data
 */
export async function resultIn(
  dir: string,
  config: Config,
  data: DataIdentity | undefined,
): Promise<Config | undefined> {
  const { run: _, ...old } = configIn(dir);
  if (!isFinished(dir) || JSON.stringify(old) !== JSON.stringify(config)) return undefined;
  const file = inFolder(dir, CHECKPOINT);
  const others = data ? dataDifferences(runOf(await readCheckpoint(file), file).data, data) : [];
  if (others.length > 0) {
    throw new UsageError(
      `Cannot use ${dir}: its finished run must be of the same data, got ${others.join(", ")}. ` +
        "Replace it with --overwrite, or name another folder with --out",
    );
  }
  return JSON.parse(await Deno.readTextFile(inFolder(dir, RESULT)));
}
