// The numbers of a run's epochs as a file that grows with it.
import { writeFileAtomically } from "../../files/atomic_file.ts";
import type { Json } from "../../weights/json.ts";
import type { Callback } from "./callback.ts";
import { type EpochRecord, epochRecord } from "../report/history.ts";

/**
 * Writes the numbers of all epochs to a file after each. The epochs are in the run's
 * memory, so that a run that is taken up again, elsewhere too, writes them all.
 *
 * @param name the callback's name
 * @param file the file; it is there whole, or as it was before
 * @param text the file's text
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
