// The runs below folders: by the files that they leave. Nothing outside the folders is found.
import { CHECKPOINT, CONFIG, HISTORY, inFolder, LIVE } from "../train/run_files.ts";
import { UsageError } from "../command.ts";

/** A run: a folder with its files, or a log of a script. */
export type FoundRun = {
  /** Its name on the page: its path, from the folder that was named on. */
  readonly id: string;
  /** The folder; of a log that of the file. */
  readonly dir: string;
  /** The file of a log, `digits.csv`; absent if it is a folder. */
  readonly log?: string;
};

/** What makes a folder a run. */
const SIGNS = [CONFIG, HISTORY, LIVE, CHECKPOINT];
/** How deep folders are looked into, and how many are. */
const MOST_DEEP = 5;
const MOST_FOLDERS = 2000;
const MOST_RUNS = 500;

/**
 * Refuses what is no folder.
 *
 * @throws {UsageError} naming it
 */
export function requireFolders(folders: readonly string[]): void {
  for (const folder of folders) {
    let is: string;
    try {
      is = Deno.statSync(folder).isDirectory ? "" : "a file";
    } catch (error) {
      is = error instanceof Deno.errors.NotFound
        ? "no such folder"
        : `${error instanceof Error ? error.message : error}`;
    }
    if (is !== "") {
      throw new UsageError(
        `Cannot show ${folder}: it must be a folder of runs, got ${is}. deno task train makes one in runs/`,
      );
    }
  }
}

function entriesOf(dir: string): Deno.DirEntry[] {
  try {
    return [...Deno.readDirSync(dir)].sort((a, b) => a.name < b.name ? -1 : 1);
  } catch {
    // Removed meanwhile, or not to be read.
    return [];
  }
}

/**
 * The runs in folders, and in folders in them. Links are not followed, so that nothing outside is
 * found; hidden folders are left out.
 */
export function findRuns(folders: readonly string[]): FoundRun[] {
  const found = new Map<string, FoundRun>();
  let visited = 0;
  const visit = (dir: string, depth: number): void => {
    if (++visited > MOST_FOLDERS || found.size >= MOST_RUNS) return;
    const entries = entriesOf(dir);
    const files = entries.filter(({ isFile }) => isFile).map(({ name }) => name);
    const id = dir.replace(/^\.\/(?=.)/, "");
    if (SIGNS.some((sign) => files.includes(sign))) found.set(id, { id, dir });
    else {
      for (const log of files.filter((name) => /\.(csv|jsonl)$/.test(name))) {
        found.set(inFolder(id, log), { id: inFolder(id, log), dir, log });
      }
    }
    if (depth === MOST_DEEP) return;
    for (const { name, isDirectory } of entries) {
      if (isDirectory && !name.startsWith(".") && name !== "node_modules") {
        visit(inFolder(dir, name), depth + 1);
      }
    }
  };
  for (const folder of folders) visit(folder.replace(/(?<=.)\/+$/, ""), 0);
  return [...found.values()];
}
