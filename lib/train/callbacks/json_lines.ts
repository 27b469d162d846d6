// A run's epochs as a file of JSON lines.
import type { Callback } from "./callback.ts";
import { epochLog } from "./epoch_log.ts";

/**
 * Writes a run's epochs to a file after each, one JSON object per line: `epoch`, `loss`,
 * `accuracy`, `valLoss` and `valAccuracy` if they are measured, `seconds`, `learningRate`. An
 * existing file is replaced after the first epoch. A resumed run also writes its earlier epochs. The form is that of [JSON Lines](https://jsonlines.org).
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
