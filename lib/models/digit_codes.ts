// The codes that the features of LeNet-5 are compared with: the ten digits as pictures of 7 × 12
// pixels, drawn in the manner of Figure 3 of LeCun et al. 1998. http://yann.lecun.com/exdb/publis/pdf/lecun-98.pdf

/** Ink is +1, paper −1: two rows of five digits, each 7 pixels wide and 12 high. */
const PICTURES = `
....... ....... ....... ....... .......
..###.. ...##.. .#####. ####### ....##.
.##.##. ..###.. ##...## .....## ...###.
##...## .####.. ##...## ....##. ..####.
##...## ...##.. .....## ...##.. .##.##.
##...## ...##.. ....##. ..####. ##..##.
##...## ...##.. ...##.. .....## #######
##...## ...##.. ..##... .....## ....##.
##...## ...##.. .##.... .....## ....##.
.##.##. ...##.. ##..... ##...## ....##.
..###.. .###### ####### .#####. ....##.
....... ....... ....... ....... .......

....... ....... ....... ....... .......
####### ..####. ####### .#####. .#####.
##..... .##.... .....## ##...## ##...##
##..... ##..... .....## ##...## ##...##
##..... ##..... ....##. ##...## ##...##
######. ######. ....##. .#####. ##...##
.....## ##...## ...##.. ##...## .######
.....## ##...## ...##.. ##...## .....##
.....## ##...## ..##... ##...## .....##
##...## ##...## ..##... ##...## ....##.
.#####. .#####. ..##... .#####. .####..
....... ....... ....... ....... .......
`;

/**
 * The codes of the digits 0 to 9: 84 numbers each, +1 and −1, row by row. Likely
 * confusions have similar codes, and none is far out on the units' curve (§II.B).
 */
export const DIGIT_CODES: readonly (readonly number[])[] = PICTURES.trim().split("\n\n")
  .flatMap((five) => {
    const rows = five.split("\n").map((row) => row.split(" "));
    return rows[0]!.map((_, digit) => rows.map((row) => row[digit]!).join(""));
  })
  .map((picture) => Array.from(picture, (pixel) => pixel === "#" ? 1 : -1));
