// Weighted ridge regression: a linear function nearest to some numbers.

/**
 * The coefficients w that minimize Σ_i k_i (y_i − w · z_i − b)² + α ‖w‖², with the best b.
 *
 * @param rows z_i, all of one length
 * @param values y_i
 * @param weights k_i, at least 0
 * @param alpha α, above 0
 */
export function weightedRidge(
  rows: readonly ArrayLike<number>[],
  values: ArrayLike<number>,
  weights: ArrayLike<number>,
  alpha: number,
): Float64Array {
  const size = rows[0]!.length;
  const means = new Float64Array(size);
  let [total, level] = [0, 0];
  rows.forEach((row, i) => {
    total += weights[i]!;
    level += weights[i]! * values[i]!;
    for (let j = 0; j < size; j++) means[j]! += weights[i]! * row[j]!;
  });
  level /= total;
  for (let j = 0; j < size; j++) means[j]! /= total;
  const matrix = Array.from({ length: size }, (_, j) => {
    const row = new Float64Array(size);
    row[j] = alpha;
    return row;
  });
  const right = new Float64Array(size);
  rows.forEach((row, i) => {
    const centered = Float64Array.from(means, (mean, j) => row[j]! - mean);
    for (let j = 0; j < size; j++) {
      const factor = weights[i]! * centered[j]!;
      right[j]! += factor * (values[i]! - level);
      for (let k = 0; k <= j; k++) matrix[j]![k]! += factor * centered[k]!;
    }
  });
  return solved(matrix, right);
}

/** The solution of A w = r by Cholesky's decomposition of A, whose lower half is given and used up. */
function solved(matrix: Float64Array[], right: Float64Array): Float64Array {
  const size = right.length;
  for (let j = 0; j < size; j++) {
    const own = matrix[j]!;
    for (let k = 0; k <= j; k++) {
      const other = matrix[k]!;
      let rest = own[k]!;
      for (let i = 0; i < k; i++) rest -= own[i]! * other[i]!;
      own[k] = j === k ? Math.sqrt(rest) : rest / other[k]!;
    }
  }
  for (let j = 0; j < size; j++) {
    for (let i = 0; i < j; i++) right[j]! -= matrix[j]![i]! * right[i]!;
    right[j]! /= matrix[j]![j]!;
  }
  for (let j = size - 1; j >= 0; j--) {
    for (let i = j + 1; i < size; i++) right[j]! -= matrix[i]![j]! * right[i]!;
    right[j]! /= matrix[j]![j]!;
  }
  return right;
}
