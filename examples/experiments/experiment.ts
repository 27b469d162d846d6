// What an experiment is: variants that run with several seeds, and claims about their numbers.

/** The numbers of one point of a run, by column. A point need not have all columns. */
export type Row = Readonly<Record<string, number>>;

/** The run of one variant with one seed. */
export type Run = {
  readonly variant: string;
  readonly seed: number;
  readonly rows: readonly Row[];
  readonly seconds: number;
};

/** Runs a variant with a seed and returns its rows. Each row is also passed to `onRow` at once. */
export type RunVariant = (
  variant: string,
  seed: number,
  onRow: (row: Row) => void,
) => Promise<readonly Row[]>;

/** One chart of the picture. */
export type Panel = {
  /** The column on the x axis, and the axis's name with its unit. */
  readonly x: readonly [column: string, name: string];
  /** The column on the y axis, and the axis's name with its unit. */
  readonly y: readonly [column: string, name: string];
  readonly percent?: boolean;
  readonly span?: { readonly from?: number; readonly to?: number };
  /** The variants to draw. Default: all. */
  readonly variants?: readonly string[];
};

/** A number that sums up a run. */
export type Metric = {
  readonly name: string;
  readonly of: (rows: readonly Row[]) => number;
  readonly percent?: boolean;
};

/** The rows of a variant with the seed at hand. */
export type RowsOf = (variant: string) => readonly Row[];

/** A statement that compares variants with the same seed. */
export type Claim = {
  readonly text: string;
  /** By how much the claim holds. It holds if this is above 0. */
  readonly margin: (rowsOf: RowsOf) => number;
  /** Whether a full run fails if the claim does not hold with every seed. */
  readonly asserted: boolean;
};

/** An experiment: one command, with the name of its file. */
export type Experiment = {
  readonly name: string;
  /** The heading of the picture. */
  readonly title: string;
  /** The question, for `--help`. */
  readonly question: string;
  readonly variants: readonly string[];
  readonly panels: readonly Panel[];
  readonly metrics: readonly Metric[];
  readonly claims: readonly Claim[];
  /** Reads the data, prints facts about the variants, and returns the function that runs one. */
  readonly prepare: (quick: boolean) => Promise<RunVariant>;
};

/**
 * The last value of a column.
 *
 * @param rows the points of a run
 * @param column the column's name
 * @returns the value, or NaN if no point has one
 */
export function last(rows: readonly Row[], column: string): number {
  return rows.findLast((row) => column in row)?.[column] ?? NaN;
}
