// The one place that names oled-font-5x7: letters of five by seven points, and descenders below.
// A remote module does not see our deno.json, so the package is named and pinned here.
// deno-lint-ignore no-import-prefix
import font from "npm:oled-font-5x7@1.0.3";

/**
 * Size of a letter in points, without the space between letters: its height above the baseline, and
 * how far g, j, p, q and y go below it.
 */
export const LETTER = { width: 5, height: 7, descent: 2 } as const;

type Font = { readonly fontData: readonly number[]; readonly lookup: readonly string[] };

/** Nine rows for the letters that the font squeezes into seven, where p looks like r. */
const DESCENDERS: Readonly<Record<string, string>> = {
  g: "..... ..... .#### #...# #...# #...# .#### ....# .###.",
  j: "...#. ..... ..##. ...#. ...#. ...#. ...#. #..#. .##..",
  p: "..... ..... ####. #...# #...# #...# ####. #.... #....",
  q: "..... ..... .#### #...# #...# #...# .#### ....# ....#",
  y: "..... ..... #...# #...# #...# #...# .#### ....# .###.",
};

/** What stands for characters that the font lacks. */
const STAND_INS: Readonly<Record<string, string>> = {
  "×": "x",
  "−": "-",
  "–": "-",
  "~": "-",
  "·": ".",
  "½": "1/2",
  "²": "^2",
  "ε": "eps",
  "Σ": "sum",
  "…": "...",
  "“": '"',
  "”": '"',
  "’": "'",
  "→": "->",
  "∞": "inf",
  "≥": ">=",
  "≤": "<=",
};

/** The characters of a text without accents; unknown ones become question marks. */
function writable(text: string): string[] {
  const { lookup } = font as Font;
  const plain = [...text].map((one) => STAND_INS[one] ?? one).join("");
  return [...plain].map((one) => {
    if (lookup.includes(one)) return one;
    const bare = one.normalize("NFD").replace(/\p{M}/gu, "");
    return lookup.includes(bare) ? bare : "?";
  });
}

/** The columns of a letter that is drawn above. */
function columnsOf(drawing: string): number[] {
  const rows = drawing.split(" ");
  return Array.from(
    { length: LETTER.width },
    (_, x) => rows.reduce((bits, row, y) => bits | (row[x] === "#" ? 1 << y : 0), 0),
  );
}

/**
 * The letters of a text, each as five columns from the left whose bits are the points from the top.
 */
export function letters(text: string): readonly (readonly number[])[] {
  const { fontData, lookup } = font as Font;
  return writable(text).map((one) => {
    const drawing = DESCENDERS[one];
    if (drawing) return columnsOf(drawing);
    const at = lookup.indexOf(one) * LETTER.width;
    return fontData.slice(at, at + LETTER.width);
  });
}
