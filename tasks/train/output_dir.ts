// The directory a training run leaves its files in.
import { type Checkpoint, writeCheckpoint } from "../../mod.ts";
import { curves } from "../../lib/train/report/mod.ts";
import { historyCsv } from "../../lib/train/report/history.ts";
import { writeFileAtomically } from "../../lib/files/mod.ts";
import { lockDir } from "./lock.ts";
import type { Records } from "./records.ts";
import type { Settings } from "./settings.ts";

/** What {@linkcode OutputDir.write} writes. */
export type RunFiles = Records & {
  readonly checkpoint: Checkpoint;
  readonly stepsPerEpoch: number;
};

/** A run's directory, which no other run may use meanwhile. */
export type OutputDir = {
  /** The directory. */
  readonly dir: string;
  /** The checkpoint's path. */
  readonly checkpoint: string;
  /** Writes checkpoint, history and curves, each in full or not at all. */
  write(files: RunFiles): Promise<void>;
  /** Writes another file, in full or not at all. */
  add(name: string, contents: string | Uint8Array): Promise<void>;
  /** Lets other runs use it. */
  release(): Promise<void>;
};

/**
 * The path of a file in a run's directory.
 *
 * @param dir the directory
 * @param name the file's name
 */
function inside(dir: string, name: string): string {
  return `${dir.replace(/(?<=.)\/+$/, "")}/${name}`;
}

/**
 * The path of a run's checkpoint.
 *
 * @param dir the run's directory
 */
export function checkpointPath(dir: string): string {
  return inside(dir, "checkpoint.safetensors");
}

/**
 * Makes a directory for a task's files, before any work.
 *
 * @param dir the directory, which may be there already
 * @throws {Error} naming the directory, where it cannot be made
 */
export async function makeOutputDir(dir: string): Promise<void> {
  try {
    await Deno.mkdir(dir, { recursive: true });
  } catch (error) {
    if (error instanceof Error) {
      error.message =
        `Cannot use the output directory ${dir}: it must be one that can be written: ${error.message}`;
    }
    throw error;
  }
}

/**
 * Makes sure, before any work, that a run's files can be written.
 *
 * @param dir the directory, made where it is missing
 * @param settings the run's settings, written to `config.json`
 * @throws {Error} naming the directory, where it cannot be written or another run uses it
 */
export async function openOutputDir(dir: string, settings: Settings): Promise<OutputDir> {
  const at = (name: string): string => inside(dir, name);
  await makeOutputDir(dir);
  const lock = await lockDir(dir.replace(/(?<=.)\/+$/, ""));
  await writeFileAtomically(at("config.json"), JSON.stringify(settings, null, 2) + "\n");
  const checkpoint = checkpointPath(dir);
  return {
    dir,
    checkpoint,
    add: (name, contents) => writeFileAtomically(at(name), contents),
    release: () => lock.release(),
    async write(files) {
      await writeCheckpoint(checkpoint, files.checkpoint);
      await writeFileAtomically(at("history.csv"), historyCsv(files.history));
      const title = `${settings.model} on ${settings.dataset}`;
      const { history, steps, stepsPerEpoch } = files;
      const svg = await curves(history, { title, steps, stepsPerEpoch });
      await writeFileAtomically(at("curves.svg"), svg);
    },
  };
}
