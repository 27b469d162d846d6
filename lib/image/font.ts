// Letters of five by seven points, by oled-font-5x7.
// A remote module does not see our deno.json, so the package is named and pinned here.
// deno-lint-ignore no-import-prefix
import font from "npm:oled-font-5x7@1.0.3";

/** Width and height of a letter in points, without the gap between letters. */
export const LETTER = { width: 5, height: 7 } as const;

type Font = { readonly fontData: readonly number[]; readonly lookup: readonly string[] };

/** Replacements of characters that the font lacks. */
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

/**
 * The letters of a text, each as five columns from the left whose bits are the points from the top.
 *
 * @param text any text; line breaks become question marks
 */
export function letters(text: string): readonly (readonly number[])[] {
  const { fontData, lookup } = font as Font;
  return writable(text).map((one) => {
    const at = lookup.indexOf(one) * LETTER.width;
    return fontData.slice(at, at + LETTER.width);
  });
}
