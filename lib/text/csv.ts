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

/**
 * Reads a table as CSV by RFC 4180, also with lines that end with LF or CR alone, and a byte order mark.
 *
 * @param text the file's text; a last line without a line break is read as the others
 * @returns its rows; a quote that is not closed ends with the text
 */
export function parseCsv(text: string): string[][] {
  if (text.startsWith("\ufeff")) return parseCsv(text.slice(1)); // As spreadsheets write it.
  const rows: string[][] = [];
  let row: string[] = [];
  // A field in quotes or plain, and what ends it: a comma, a line break or the end.
  const field = /(?:"((?:[^"]|"")*)"?([^,\r\n]*)|([^,\r\n]*))(,|\r\n?|\n|$)/y;
  while (field.lastIndex < text.length) {
    const match = field.exec(text);
    if (!match) break;
    const [, quoted, rest = "", plain = "", end] = match;
    row.push(quoted === undefined ? plain : quoted.replaceAll('""', '"') + rest);
    if (end === "," && field.lastIndex < text.length) continue;
    if (end === ",") row.push("");
    rows.push(row);
    row = [];
  }
  return rows;
}
