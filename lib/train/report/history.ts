// Records of the epochs of a training run, and their table as CSV.

/** One epoch of a training run. */
export type EpochRecord = {
  /** The epoch's number, from 1. */
  readonly epoch: number;
  /** Mean loss over the epoch's training batches. */
  readonly loss: number;
  /** Accuracy over the epoch's training examples, 0 to 1. */
  readonly accuracy: number;
  /** Mean loss over the validation examples, after the epoch. */
  readonly valLoss?: number;
  /** Accuracy over the validation examples, after the epoch, 0 to 1. */
  readonly valAccuracy?: number;
  /** How long the epoch took. */
  readonly seconds: number;
  /** The learning rate of the epoch's last step; absent if the optimizer does not tell it. */
  readonly learningRate?: number;
};

/** The record of an epoch's report. */
export function epochRecord(report: EpochRecord): EpochRecord {
  const { epoch, loss, accuracy, valLoss, valAccuracy, seconds, learningRate } = report;
  return {
    epoch,
    loss,
    accuracy,
    ...(valLoss === undefined ? {} : { valLoss }),
    ...(valAccuracy === undefined ? {} : { valAccuracy }),
    seconds,
    ...(learningRate === undefined ? {} : { learningRate }),
  };
}

/** Columns in their order: the CSV's name (Keras's, if it has one) and the record's. */
const COLUMNS: readonly (readonly [string, keyof EpochRecord])[] = [
  ["epoch", "epoch"],
  ["loss", "loss"],
  ["accuracy", "accuracy"],
  ["val_loss", "valLoss"],
  ["val_accuracy", "valAccuracy"],
  ["seconds", "seconds"],
  ["learning_rate", "learningRate"],
];

/**
 * A training run as CSV by RFC 4180: a heading, then a line an epoch, each
 * ended by CR LF. Numbers have all their digits, so that reading them gives the
 * same numbers again; a value that is absent leaves its field empty.
 *
 * @param rows the epochs, in their order
 * @returns the file's text
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { historyCsv } from "./history.ts";
 *
 * const rows = [{ epoch: 1, loss: 0.25, accuracy: 0.5, seconds: 3, learningRate: 1e-3 }];
 * assertEquals(
 *   historyCsv(rows),
 *   "epoch,loss,accuracy,val_loss,val_accuracy,seconds,learning_rate\r\n" +
 *     "1,0.25,0.5,,,3,0.001\r\n",
 * );
 * ```
 */
export function historyCsv(rows: readonly EpochRecord[]): string {
  const heading = COLUMNS.map(([name]) => name).join(",");
  // No field holds a comma, a quote or a line break, so none needs quotes.
  const lines = rows.map((row) => COLUMNS.map(([, key]) => row[key] ?? "").join(","));
  return [heading, ...lines].map((line) => `${line}\r\n`).join("");
}
