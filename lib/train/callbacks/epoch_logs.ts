// Logs of a run's epochs: as CSV, and as JSON lines.
import { writeFileAtomically } from "../../files/atomic_file.ts";
import type { Json } from "../../weights/json.ts";
import { type EpochRecord, epochRecord, historyCsv } from "../report/history.ts";
import type { Callback } from "./callback.ts";

/**
 * Writes a run's epochs to a CSV file after each, with the columns `epoch`, `loss`, `accuracy`,
 * `val_loss`, `val_accuracy`, `seconds`, `learning_rate`, and two for each metric, `mae` and
 * `val_mae`. An existing file is replaced after the
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

/**
 * Writes a run's epochs to a file after each, one JSON object per line: `epoch`, `loss`,
 * `accuracy`, `valLoss`, `valAccuracy`, `metrics` and `valMetrics` if they are measured, `seconds`,
 * `learningRate`. An existing file is replaced after the first epoch. A resumed run also writes its earlier epochs. The form is that of [JSON Lines](https://jsonlines.org).
 *
 * Needs `--allow-read` and `--allow-write` for the file's directory.
 *
 * @param file the file, in an existing directory
 * @returns the callback; it throws what {@linkcode writeFileAtomically} throws
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { jsonLines } from "@neocog/neocog/callbacks";
 *
 * assertEquals(jsonLines("runs/digits.jsonl").name, "jsonLines runs/digits.jsonl");
 * ```
 */
export function jsonLines(file: string): Callback {
  return epochLog(
    "jsonLines",
    file,
    (epochs) => epochs.map((epoch) => `${JSON.stringify(epoch)}\n`).join(""),
  );
}

/**
 * Writes the numbers of all epochs to a file after each. They are part of the callback's memory, so
 * that a resumed run writes them all.
 */
function epochLog(
  name: string,
  file: string,
  text: (epochs: readonly EpochRecord[]) => string,
): Callback {
  return {
    name: `${name} ${file}`,
    onEpoch(report, { state }) {
      return { state: [...state as readonly Json[] | null ?? [], epochRecord(report)] };
    },
    async afterEpoch(_, { state }) {
      await writeFileAtomically(file, text(state as unknown as readonly EpochRecord[]));
    },
  };
}
