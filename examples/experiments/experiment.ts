// What an experiment is: variants that are run with several seeds, and claims about their numbers.

/** Numbers of one point of a run, by the columns' names; those it has not are left out. */
export type Row = Readonly<Record<string, number>>;

/** One variant's run with one seed. */
export type Run = {
  readonly variant: string;
  readonly seed: number;
  readonly rows: readonly Row[];
  readonly seconds: number;
};

/** Makes a variant's rows with a seed; `report` is told each row as it comes. */
export type Measure = (
  variant: string,
  seed: number,
  report: (row: Row) => void,
) => Promise<readonly Row[]>;

/** One chart of the picture. */
export type Panel = {
  /** The column that goes to the right, and the axis's name with its unit. */
  readonly x: readonly [column: string, name: string];
  /** The column that goes up, and the axis's name with its unit. */
  readonly y: readonly [column: string, name: string];
  readonly percent?: boolean;
  readonly span?: { readonly from?: number; readonly to?: number };
  /** Those that are drawn. Default: all. */
  readonly variants?: readonly string[];
};

/** A number that a run comes to. */
export type Figure = {
  readonly name: string;
  readonly of: (rows: readonly Row[]) => number;
  readonly percent?: boolean;
};

/** What is said of the variants with the same seed. */
export type Claim = {
  readonly text: string;
  /** How far it holds: above 0 it does. */
  readonly margin: (of: (variant: string) => readonly Row[]) => number;
  /** Whether it has to hold with every seed of a full run, or is only counted. */
  readonly asserted: boolean;
};

/** An experiment: one command, whose name is its file's. */
export type Experiment = {
  readonly name: string;
  /** The picture's heading. */
  readonly title: string;
  /** What is asked, for `--help`. */
  readonly question: string;
  readonly variants: readonly string[];
  readonly panels: readonly Panel[];
  readonly figures: readonly Figure[];
  readonly claims: readonly Claim[];
  /** Reads the data, prints what there is to know of the variants, and answers how one is run. */
  readonly prepare: (quick: boolean) => Promise<Measure>;
};

/**
 * The last value of a column.
 *
 * @param rows the points of a run
 * @param column the column's name
 * @returns the value, or NaN where no point has one
 */
export function last(rows: readonly Row[], column: string): number {
  return rows.findLast((row) => column in row)?.[column] ?? NaN;
}
