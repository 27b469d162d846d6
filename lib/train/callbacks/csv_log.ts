// A run's epochs as a CSV file.
import type { Callback } from "./callback.ts";
import { epochLog } from "./epoch_log.ts";
import { historyCsv } from "../report/history.ts";

/**
 * Writes a run's epochs to a CSV file after each, with the columns `epoch`, `loss`, `accuracy`,
 * `val_loss`, `val_accuracy`, `seconds` and `learning_rate`. An existing file is replaced after the
 * first epoch. A resumed run also writes its earlier epochs.
 *
 * Needs `--allow-read` and `--allow-write` for the file's directory.
 *
 * @param file the file, in an existing directory
 * @returns the callback; it throws what {@linkcode writeFileAtomically} throws
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { csvLog } from "@neocog/neocog/callbacks";
 *
 * assertEquals(csvLog("runs/digits.csv").name, "csvLog runs/digits.csv");
 * ```
 */
export function csvLog(file: string): Callback {
  return epochLog("csvLog", file, historyCsv);
}
