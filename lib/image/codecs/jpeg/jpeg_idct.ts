// The inverse cosine transform of JPEG, in the whole numbers of libjpeg's: the samples are Pillow's.

/**
 * Constants of C. Loeffler, A. Ligtenberg, G. Moschytz, "Practical fast 1-D DCT algorithms with 11
 * multiplications", 1989, times 2^13, as in libjpeg's jidctint.c ("islow").
 */
const F_0_298 = 2446;
const F_0_390 = 3196;
const F_0_541 = 4433;
const F_0_765 = 6270;
const F_0_899 = 7373;
const F_1_175 = 9633;
const F_1_501 = 12299;
const F_1_847 = 15137;
const F_1_961 = 16069;
const F_2_053 = 16819;
const F_2_562 = 20995;
const F_3_072 = 25172;

/** Half of what the columns' shift takes away, and the rows', with 128, the level of 0. */
const COLUMN_HALF = 1 << 10;
const ROW_HALF = (1 << 17) + (128 << 18);

/** Columns, transformed. */
const columns = new Int32Array(64);

/**
 * Transforms a block of 8 × 8 coefficients to samples.
 *
 * @param coefficients by rows, from `offset` on
 * @param steps what they are multiplied by
 * @param samples which clamp; the block goes to `to`, a row `stride` after the one before
 */
export function inverseDct(
  coefficients: Int16Array,
  offset: number,
  steps: Int32Array,
  samples: Uint8ClampedArray,
  to: number,
  stride: number,
): void {
  for (let i = 0; i < 8; i++) {
    const at = offset + i;
    const zeroth = Math.imul(coefficients[at]!, steps[i]!);
    const c1 = coefficients[at + 8]!;
    const c2 = coefficients[at + 16]!;
    const c3 = coefficients[at + 24]!;
    const c4 = coefficients[at + 32]!;
    const c5 = coefficients[at + 40]!;
    const c6 = coefficients[at + 48]!;
    const c7 = coefficients[at + 56]!;
    if ((c1 | c2 | c3 | c4 | c5 | c6 | c7) === 0) {
      const level = zeroth << 2;
      for (let k = i; k < 64; k += 8) columns[k] = level;
      continue;
    }
    // Even part.
    const d2 = Math.imul(c2, steps[i + 16]!);
    const d6 = Math.imul(c6, steps[i + 48]!);
    const d4 = Math.imul(c4, steps[i + 32]!);
    const turned = Math.imul(d2 + d6, F_0_541);
    const e2 = turned - Math.imul(d6, F_1_847) | 0;
    const e3 = turned + Math.imul(d2, F_0_765) | 0;
    const e0 = (zeroth + d4) << 13;
    const e1 = (zeroth - d4) << 13;
    const [even0, even3, even1, even2] = [e0 + e3 | 0, e0 - e3 | 0, e1 + e2 | 0, e1 - e2 | 0];
    // Odd part.
    const d7 = Math.imul(c7, steps[i + 56]!);
    const d5 = Math.imul(c5, steps[i + 40]!);
    const d3 = Math.imul(c3, steps[i + 24]!);
    const d1 = Math.imul(c1, steps[i + 8]!);
    const z5 = Math.imul(d7 + d3 + (d5 + d1), F_1_175);
    const z1 = Math.imul(d7 + d1, -F_0_899);
    const z2 = Math.imul(d5 + d3, -F_2_562);
    const z3 = Math.imul(d7 + d3, -F_1_961) + z5 | 0;
    const z4 = Math.imul(d5 + d1, -F_0_390) + z5 | 0;
    const odd0 = Math.imul(d7, F_0_298) + z1 + z3 | 0;
    const odd1 = Math.imul(d5, F_2_053) + z2 + z4 | 0;
    const odd2 = Math.imul(d3, F_3_072) + z2 + z3 | 0;
    const odd3 = Math.imul(d1, F_1_501) + z1 + z4 | 0;
    columns[i] = even0 + odd3 + COLUMN_HALF >> 11;
    columns[i + 56] = even0 - odd3 + COLUMN_HALF >> 11;
    columns[i + 8] = even1 + odd2 + COLUMN_HALF >> 11;
    columns[i + 48] = even1 - odd2 + COLUMN_HALF >> 11;
    columns[i + 16] = even2 + odd1 + COLUMN_HALF >> 11;
    columns[i + 40] = even2 - odd1 + COLUMN_HALF >> 11;
    columns[i + 24] = even3 + odd0 + COLUMN_HALF >> 11;
    columns[i + 32] = even3 - odd0 + COLUMN_HALF >> 11;
  }
  for (let row = 0; row < 64; row += 8, to += stride) inverseRow(row, samples, to);
}

/** The same of a row, to samples. */
function inverseRow(row: number, samples: Uint8ClampedArray, to: number): void {
  const d0 = columns[row]!;
  const d1 = columns[row + 1]!;
  const d2 = columns[row + 2]!;
  const d3 = columns[row + 3]!;
  const d4 = columns[row + 4]!;
  const d5 = columns[row + 5]!;
  const d6 = columns[row + 6]!;
  const d7 = columns[row + 7]!;
  const turned = Math.imul(d2 + d6, F_0_541);
  const e2 = turned - Math.imul(d6, F_1_847) | 0;
  const e3 = turned + Math.imul(d2, F_0_765) | 0;
  const e0 = (d0 + d4 << 13) + ROW_HALF | 0;
  const e1 = (d0 - d4 << 13) + ROW_HALF | 0;
  const [even0, even3, even1, even2] = [e0 + e3 | 0, e0 - e3 | 0, e1 + e2 | 0, e1 - e2 | 0];
  const z5 = Math.imul(d7 + d3 + (d5 + d1), F_1_175);
  const z1 = Math.imul(d7 + d1, -F_0_899);
  const z2 = Math.imul(d5 + d3, -F_2_562);
  const z3 = Math.imul(d7 + d3, -F_1_961) + z5 | 0;
  const z4 = Math.imul(d5 + d1, -F_0_390) + z5 | 0;
  const odd0 = Math.imul(d7, F_0_298) + z1 + z3 | 0;
  const odd1 = Math.imul(d5, F_2_053) + z2 + z4 | 0;
  const odd2 = Math.imul(d3, F_3_072) + z2 + z3 | 0;
  const odd3 = Math.imul(d1, F_1_501) + z1 + z4 | 0;
  samples[to] = even0 + odd3 >> 18;
  samples[to + 7] = even0 - odd3 >> 18;
  samples[to + 1] = even1 + odd2 >> 18;
  samples[to + 6] = even1 - odd2 >> 18;
  samples[to + 2] = even2 + odd1 >> 18;
  samples[to + 5] = even2 - odd1 >> 18;
  samples[to + 3] = even3 + odd0 >> 18;
  samples[to + 4] = even3 - odd0 >> 18;
}
