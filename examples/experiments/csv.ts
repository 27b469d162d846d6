// All numbers of an experiment as CSV.
import type { Run } from "./experiment.ts";

/** A field by RFC 4180. */
function field(value: string | number): string {
  return /[",\r\n]/.test(`${value}`) ? `"${`${value}`.replaceAll('"', '""')}"` : `${value}`;
}

/**
 * A line a point of every run, with all digits; numbers that a point has not are left empty.
 *
 * @param runs the runs
 * @returns the file's text, by RFC 4180
 */
export function csvOf(runs: readonly Run[]): string {
  const columns = [...new Set(runs.flatMap(({ rows }) => rows.flatMap(Object.keys)))];
  const lines = runs.flatMap(({ variant, seed, rows }) =>
    rows.map((row) => [variant, seed, ...columns.map((column) => row[column] ?? "")])
  );
  return [["variant", "seed", ...columns], ...lines]
    .map((line) => `${line.map(field).join(",")}\r\n`).join("");
}
