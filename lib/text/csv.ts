// Tables as CSV by RFC 4180.

/**
 * Writes a table as CSV: fields with commas, quotes or line breaks are quoted, lines end with CR LF.
 */
export function csvText(rows: readonly (readonly (string | number)[])[]): string {
  return rows.map((row) => `${row.map(csvField).join(",")}\r\n`).join("");
}

function csvField(value: string | number): string {
  const text = `${value}`;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
