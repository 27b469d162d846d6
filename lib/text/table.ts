// Rows of text as columns of fixed width, for terminals.

/** On which side of its column a cell stands. */
export type Alignment = "left" | "right";

/** How {@linkcode table} lays out its columns. */
export type TableOptions = {
  /** One alignment for each column from the left; columns beyond are `"left"`. */
  readonly align?: readonly Alignment[];
  /** Whether the first row is a heading, ruled off from the rest; `false` by default. */
  readonly heading?: boolean;
  /** What stands between columns; two spaces by default. */
  readonly gap?: string;
};

function padded(cell: string, width: number, alignment: Alignment = "left"): string {
  return alignment === "right" ? cell.padStart(width) : cell.padEnd(width);
}

/**
 * Rows of cells as lines of text, each column as wide as its widest cell.
 *
 * Widths are counted in UTF-16 units, which is right for the names, numbers and
 * shapes that are printed here, not for wide or combining characters.
 *
 * @param rows the cells, without line breaks; rows may be shorter than others
 * @param options alignment, heading and gap
 * @returns the lines, joined by "\n" without one at the end, none with trailing spaces
 * @throws {RangeError} if a cell holds a line break, which would break its row
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { table } from "./table.ts";
 *
 * const rows = [["layer", "parameters"], ["conv1", "156"], ["dense1", "48,120"]];
 * assertEquals(
 *   table(rows, { align: ["left", "right"], heading: true }).split("\n"),
 *   [
 *     "layer   parameters",
 *     "──────  ──────────",
 *     "conv1          156",
 *     "dense1      48,120",
 *   ],
 * );
 * ```
 */
export function table(
  rows: readonly (readonly string[])[],
  options: TableOptions = {},
): string {
  const { align = [], heading = false, gap = "  " } = options;
  const widths: number[] = [];
  for (const cell of rows.flat()) {
    if (/[\n\r]/.test(cell)) {
      throw new RangeError(
        `Cannot lay out a table: a cell must not hold a line break, got ${JSON.stringify(cell)}`,
      );
    }
  }
  for (const row of rows) {
    row.forEach((cell, i) => widths[i] = Math.max(widths[i] ?? 0, cell.length));
  }
  const line = (row: readonly string[]): string =>
    row.map((cell, i) => padded(cell, widths[i]!, align[i])).join(gap).trimEnd();
  const lines = rows.map(line);
  if (heading) lines.splice(1, 0, line(widths.map((width) => "─".repeat(width))));
  return lines.join("\n");
}
