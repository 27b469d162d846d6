// Records of the epochs of a training run, and their table as CSV.

/** One epoch of a training run. */
export type EpochRecord = {
  /** The epoch's number, from 1. */
  readonly epoch: number;
  /** Mean loss over the epoch's training batches. */
  readonly loss: number;
  /** Of a classifier: accuracy over the epoch's training examples, 0 to 1. */
  readonly accuracy?: number;
  /** Means of metrics over the training examples, by name. */
  readonly metrics?: { readonly [name: string]: number };
  /** Mean loss over the validation examples, after the epoch. */
  readonly valLoss?: number;
  /** Accuracy over the validation examples, after the epoch, 0 to 1. */
  readonly valAccuracy?: number;
  /** Means of metrics over the validation examples, after the epoch, by name. */
  readonly valMetrics?: { readonly [name: string]: number };
  /** How long the epoch took. */
  readonly seconds: number;
  /** The learning rate of the epoch's last step; absent if the optimizer does not tell it. */
  readonly learningRate?: number;
};

/** The record of an epoch's report. */
export function epochRecord(report: EpochRecord): EpochRecord {
  const { epoch, loss, accuracy, metrics, valLoss, valAccuracy, valMetrics } = report;
  const { seconds, learningRate } = report;
  const given = <T extends object>(fields: T): Partial<T> =>
    Object.fromEntries(
      Object.entries(fields).filter(([, value]) => value !== undefined),
    ) as Partial<T>;
  return {
    epoch,
    loss,
    ...given({ accuracy, metrics, valLoss, valAccuracy, valMetrics }),
    seconds,
    ...given({ learningRate }),
  };
}

/** Columns in their order: the CSV's name (Keras's, if it has one) and an epoch's value. */
type CsvColumn = readonly [string, (row: EpochRecord) => number | undefined];

/** A name as columns have it: `digitLoss`, `digit_loss`. */
function columnName(metric: string): string {
  return metric.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase();
}

/** The columns of epochs: those of metrics come after those of all runs. */
function columnsOf(rows: readonly EpochRecord[]): CsvColumn[] {
  const names = [...new Set(rows.flatMap(({ metrics = {} }) => Object.keys(metrics)))];
  return [
    ["epoch", ({ epoch }) => epoch],
    ["loss", ({ loss }) => loss],
    ["accuracy", ({ accuracy }) => accuracy],
    ["val_loss", ({ valLoss }) => valLoss],
    ["val_accuracy", ({ valAccuracy }) => valAccuracy],
    ["seconds", ({ seconds }) => seconds],
    ["learning_rate", ({ learningRate }) => learningRate],
    ...names.flatMap((name): CsvColumn[] => [
      [columnName(name), ({ metrics }) => metrics?.[name]],
      [`val_${columnName(name)}`, ({ valMetrics }) => valMetrics?.[name]],
    ]),
  ];
}

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
  const columns = columnsOf(rows);
  const heading = columns.map(([name]) => name).join(",");
  // No field holds a comma, a quote or a line break, so none needs quotes.
  const lines = rows.map((row) => columns.map(([, value]) => value(row) ?? "").join(","));
  return [heading, ...lines].map((line) => `${line}\r\n`).join("");
}
