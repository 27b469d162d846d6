// Columns of fixed width.
import { assertEquals, assertThrows } from "@std/assert";
import { table } from "../../lib/text/table.ts";

Deno.test("table makes each column as wide as its widest cell and aligns as asked", () => {
  const rows = [["layer", "shape", "parameters"], ["conv1", "28×28×6", "156"]];
  assertEquals(
    table(rows, { align: ["left", "left", "right"] }),
    "layer  shape    parameters\nconv1  28×28×6         156",
  );
});

Deno.test("table leaves no trailing spaces and accepts rows of different lengths", () => {
  assertEquals(table([["a", "long cell"], ["bb"], ["c", "d"]]), "a   long cell\nbb\nc   d");
  assertEquals(table([["a", ""], ["bb", ""]]), "a\nbb");
  assertEquals(table([]), "");
});

Deno.test("table rules off a heading and takes another gap", () => {
  assertEquals(
    table([["n", "x"], ["10", "y"]], { align: ["right"], heading: true, gap: " | " }),
    " n | x\n── | ─\n10 | y",
  );
});

Deno.test("table refuses a cell with a line break", () => {
  assertThrows(() => table([["a\nb"]]), RangeError, 'got "a\\nb"');
});
