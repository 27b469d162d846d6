// Grids, rows, labels and enlargement, on pictures that are counted by hand.
import { assert, assertEquals, assertThrows } from "@std/assert";
import { enlarge, grid, type Image, label, sideBySide } from "../../lib/image/mod.ts";

function gray(width: number, height: number, value: number): Image {
  return { width, height, channels: 1, pixels: new Float32Array(width * height).fill(value) };
}

/** The rows of a gray picture. */
function rows({ width, height, channels, pixels }: Image): number[][] {
  assertEquals(channels, 1);
  return Array.from({ length: height }, (_, y) => [...pixels.subarray(y * width, (y + 1) * width)]);
}

Deno.test("a grid goes row by row, with gaps between and around, and empty cells at the end", () => {
  const sheet = grid([gray(1, 1, 0), gray(1, 1, 0.25), gray(1, 1, 0.5)], {
    columns: 2,
    background: 0.75,
  });
  assertEquals(rows(sheet), [
    [0.75, 0.75, 0.75, 0.75, 0.75],
    [0.75, 0.00, 0.75, 0.25, 0.75],
    [0.75, 0.75, 0.75, 0.75, 0.75],
    [0.75, 0.50, 0.75, 0.75, 0.75],
    [0.75, 0.75, 0.75, 0.75, 0.75],
  ]);
});

Deno.test("smaller pictures stand in the middle of their cells, and pixels are enlarged, not gaps", () => {
  assertEquals(rows(grid([gray(3, 1, 0), gray(1, 3, 0.5)], { columns: 2, gap: 0 })), [
    [1, 1, 1, 1, 0.5, 1],
    [0, 0, 0, 1, 0.5, 1],
    [1, 1, 1, 1, 0.5, 1],
  ]);
  assertEquals(rows(grid([gray(1, 1, 0)], { scale: 2, gap: 1 })), [
    [1, 1, 1, 1],
    [1, 0, 0, 1],
    [1, 0, 0, 1],
    [1, 1, 1, 1],
  ]);
});

Deno.test("a grid has color if a picture or the background has, and alpha is blended with that", () => {
  const red = { ...gray(1, 1, 0), channels: 3, pixels: new Float32Array([1, 0, 0]) } as const;
  const mixed = grid([gray(1, 1, 0.5), red], { columns: 2, gap: 0 });
  assertEquals([mixed.channels, ...mixed.pixels], [3, 0.5, 0.5, 0.5, 1, 0, 0]);
  const half = { ...red, channels: 4, pixels: new Float32Array([1, 0, 0, 0.5]) } as const;
  assertEquals([...grid([half], { gap: 0, background: [0, 0, 1] }).pixels], [0.5, 0, 0.5]);
});

Deno.test("without columns a grid is about as wide as high", () => {
  const square = grid(Array.from({ length: 96 }, () => gray(7, 7, 0)), { gap: 0 });
  assertEquals([square.width, square.height], [7 * 10, 7 * 10]);
  const flat = grid(Array.from({ length: 16 }, () => gray(40, 10, 0)), { gap: 0 });
  assertEquals([flat.width, flat.height], [40 * 2, 10 * 8]);
});

Deno.test("labels stand below pictures, in black on light and white on dark, and are cut to fit", () => {
  const one = label(gray(7, 1, 0.5), "I");
  // The letter I of 5 × 7 points, in the middle of a strip of 11 rows.
  assertEquals(rows(one).slice(3, 10).map((row) => row.map((v) => v === 0 ? "#" : ".").join("")), [
    "..###..",
    "...#...",
    "...#...",
    "...#...",
    "...#...",
    "...#...",
    "..###..",
  ]);
  const dark = label(gray(7, 1, 0.5), "I", { background: 0.2 });
  assert(rows(dark)[4]!.includes(1) && !rows(dark)[4]!.includes(0));
  const ink = (text: string, width: number): number =>
    label(gray(width, 1, 0.5), text).pixels.filter((value) => value === 0).length;
  assertEquals(ink("0123456789", 35), ink("0123..", 35));
  assertEquals(ink("abc", 5), ink("a", 5));
  assertEquals(ink("é ×", 35), ink("e x", 35));
  assertEquals(ink("漢", 35), ink("?", 35));
  assertEquals(label(gray(3, 2, 0), "a", { size: 2 }).height, 2 + 22);
});

Deno.test("letters go below the baseline in labels", () => {
  const drawn = (text: string): string[] =>
    rows(label(gray(5, 1, 0.5), text)).slice(3).map((row) =>
      row.map((v) => v === 0 ? "#" : ".").join("")
    );
  const [p, g] = [
    [".....", ".....", "####.", "#...#", "#...#", "#...#", "####.", "#....", "#...."],
    [".....", ".....", ".####", "#...#", "#...#", "#...#", ".####", "....#", ".###."],
  ];
  assertEquals([drawn("p"), drawn("g")], [p, g]);
  // Their bodies stand on the baseline, as those of all other lowercase letters do.
  for (const letter of "jqy") assert(drawn(letter).slice(7).every((row) => row.includes("#")));
  for (const letter of "abcxz") assertEquals(drawn(letter).slice(7), [".....", "....."]);
});

Deno.test("a grid with labels gives each cell the width of the widest for its text", () => {
  const sheet = grid([gray(20, 20, 0.5), gray(2, 2, 0.5)], {
    labels: ["10", "11"],
    columns: 2,
    gap: 0,
  });
  assertEquals([sheet.width, sheet.height], [40, 20 + 11]);
  const ink = rows(sheet).map((row) => row.slice(20).filter((value) => value === 0).length);
  assertEquals(ink.slice(0, 20), Array(20).fill(0));
  assert(ink.slice(20).some((count) => count > 0));
});

Deno.test("a row's pictures are as high as the highest, and keep their proportions", () => {
  const row = sideBySide([gray(2, 4, 0), gray(3, 2, 0.5)], { gap: 1 });
  assertEquals([row.width, row.height], [1 + 2 + 1 + 6 + 1, 6]);
  assertEquals(rows(row)[1], [1, 0, 0, 1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 1]);
  assertEquals(sideBySide([gray(20, 4, 0)], { gap: 0, labels: ["a"] }).height, 4 + 22);
});

Deno.test("grids, rows, labels and enlargements out of range are refused", () => {
  const one = gray(1, 1, 0);
  assertThrows(() => grid([]), RangeError, "must have a picture");
  assertThrows(() => grid([one], { columns: 0 }), RangeError, "columns");
  assertThrows(() => grid([one], { columns: 1.5 }), RangeError, "columns");
  assertThrows(() => grid([one], { gap: -1 }), RangeError, "gap");
  assertThrows(() => grid([one], { scale: 0 }), RangeError, "factor");
  assertThrows(() => grid([one], { background: 2 }), RangeError, "from 0 to 1");
  assertThrows(() => grid([one], { labels: [] }), RangeError, "a label for each of 1");
  assertThrows(() => sideBySide([]), RangeError, "must have a picture");
  assertThrows(() => sideBySide([one], { gap: 0.5 }), RangeError, "gap");
  assertThrows(() => sideBySide([one], { labels: ["a", "b"] }), RangeError, "got 2");
  assertThrows(() => label(one, "a", { size: 0 }), RangeError, "size of a point");
  assertThrows(() => enlarge(one, 1.5), RangeError, "factor");
  assertThrows(() => enlarge({ ...one, width: 2 }, 2), TypeError);
});
