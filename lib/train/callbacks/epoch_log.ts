// A log of the epochs of a run, for any text format.
import { writeFileAtomically } from "../../files/atomic_file.ts";
import type { Json } from "../../weights/json.ts";
import type { Callback } from "./callback.ts";
import { type EpochRecord, epochRecord } from "../report/history.ts";

/**
 * Writes the numbers of all epochs to a file after each. They are part of the callback's memory, so
 * that a resumed run writes them all.
 *
 * @param name the callback's name
 * @param file the file, which is written completely or not at all
 * @param text makes the file's text
 */
export function epochLog(
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
