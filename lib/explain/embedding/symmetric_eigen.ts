// Eigenvalues of small symmetric matrices, by Jacobi rotations.

/** The most sweeps; about six are enough for a dozen rows. */
const SWEEPS = 50;

/**
 * The eigenvalues and eigenvectors of a small symmetric matrix.
 *
 * @returns the values in descending order, and the vector of length 1 of each
 */
export function symmetricEigen(
  matrix: readonly (readonly number[])[],
): { readonly values: number[]; readonly vectors: number[][] } {
  const size = matrix.length;
  const a = matrix.map((row) => [...row]);
  const vectors = matrix.map((_, i) => matrix.map((_, j) => Number(i === j)));
  for (let sweep = 0; sweep < SWEEPS && hasOffDiagonal(a); sweep++) {
    for (let p = 0; p < size; p++) for (let q = p + 1; q < size; q++) rotate(a, vectors, p, q);
  }
  const order = a.map((_, i) => i).sort((i, j) => a[j]![j]! - a[i]![i]!);
  return { values: order.map((i) => a[i]![i]!), vectors: order.map((i) => vectors[i]!) };
}

/** Whether an element off the diagonal is left. */
function hasOffDiagonal(a: readonly (readonly number[])[]): boolean {
  const most = a.reduce((most, row, i) => Math.max(most, Math.abs(row[i]!)), 0);
  return a.some((row, i) => row.some((value, j) => i !== j && Math.abs(value) > 1e-15 * most));
}

/** Zeroes the elements (p, q) and (q, p); the rows of `vectors` are the eigenvectors. */
function rotate(a: number[][], vectors: number[][], p: number, q: number): void {
  const beside = a[p]![q]!;
  if (beside === 0) return;
  const theta = (a[q]![q]! - a[p]![p]!) / (2 * beside);
  const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1));
  const cosine = 1 / Math.hypot(t, 1);
  const sine = t * cosine;
  const mix = (rows: number[][]): void => {
    for (let k = 0; k < rows.length; k++) {
      const [x, y] = [rows[p]![k]!, rows[q]![k]!];
      rows[p]![k] = cosine * x - sine * y;
      rows[q]![k] = sine * x + cosine * y;
    }
  };
  for (const row of a) {
    const [x, y] = [row[p]!, row[q]!];
    row[p] = cosine * x - sine * y;
    row[q] = sine * x + cosine * y;
  }
  mix(a);
  mix(vectors);
}
