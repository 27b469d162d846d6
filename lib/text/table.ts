// Lays out tables for terminals.
import { requireOptions } from "./require.ts";

/** The side of its column on which a cell is. */
export type Alignment = "left" | "right";

/** Options of {@linkcode table}. */
export type TableOptions = {
  /** The alignment of each column. Default: `"left"`. */
  readonly align?: readonly Alignment[];
  /** Whether the first row is a heading with a rule below it. Default: `false`. */
  readonly heading?: boolean;
  /** The text between columns. Default: two spaces. */
  readonly gap?: string;
};

function padded(cell: string, width: number, alignment: Alignment = "left"): string {
  return alignment === "right" ? cell.padStart(width) : cell.padEnd(width);
}

/**
 * Lays out rows of cells as lines of text, with each column as wide as its widest cell.
 *
 * Widths are counted in UTF-16 units, which is right for names, numbers and shapes, but not for wide
 * or combining characters.
 *
 * @param rows the cells, without line breaks; rows may have different lengths
 * @param options alignment, heading and gap
 * @returns the lines, joined by "\n", without trailing spaces
 * @throws {RangeError} if a cell has a line break
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
  requireOptions("write a table", options, { align: true, heading: true, gap: true });
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
