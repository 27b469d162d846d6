// Tables as CSV, written and read.
import { assertEquals } from "@std/assert";
import { csvText, parseCsv } from "../../lib/text/csv.ts";

Deno.test("what is written is read: commas, quotes, line breaks, empty fields", () => {
  const rows = [["a", "b,c", 'say "hi"'], ["", "two\r\nlines", "größe"], ["1", "2", ""]];
  assertEquals(parseCsv(csvText(rows)), rows);
});

Deno.test("lines may end with LF or CR, and the last one without; a byte order mark is no name", () => {
  for (const end of ["\n", "\r", "\r\n"]) {
    const text = ["\ufeffa,b", '1,"2"', "", "3,4"].join(end);
    assertEquals(parseCsv(text), [["a", "b"], ["1", "2"], [""], ["3", "4"]]);
  }
  assertEquals(parseCsv("a,b\n1,2\n3,"), [["a", "b"], ["1", "2"], ["3", ""]]);
  assertEquals(parseCsv(""), []);
});

Deno.test("damaged text is read to its end", () => {
  assertEquals(parseCsv('a,"b\nc'), [["a", "b\nc"]]);
  assertEquals(parseCsv('"a"x,b\n'), [["ax", "b"]]);
});
