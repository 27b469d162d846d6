// The binary search for the weight c, for each image by itself.

/** Where the search stands: a number an image. */
export type Search = {
  /** The weights to be tried. */
  readonly weights: readonly number[];
  /** The largest that failed. */
  readonly low: readonly number[];
  /** The smallest that fooled; `Infinity` before there is one. */
  readonly high: readonly number[];
};

/** The largest weight. */
const MOST = 1e10;

/**
 * @param count how many images
 * @param weight the weight to begin with
 */
export function beginSearch(count: number, weight: number): Search {
  const all = (value: number): number[] => Array.from({ length: count }, () => value);
  return { weights: all(weight), low: all(0), high: all(Infinity) };
}

/**
 * The next weights: half way between what failed and what fooled; ten times as much where
 * nothing fooled yet; and, in the last round, what fooled, so that no round is in vain.
 *
 * @param search where it stands
 * @param found which images fooled with these weights
 * @param isLast whether the next round is the last
 */
export function searchOn(search: Search, found: readonly boolean[], isLast: boolean): Search {
  const high = search.weights.map((c, i) =>
    found[i] ? Math.min(c, search.high[i]!) : search.high[i]!
  );
  const low = search.weights.map((c, i) => found[i] ? search.low[i]! : Math.max(c, search.low[i]!));
  const weights = search.weights.map((c, i) => {
    if (high[i] === Infinity) return Math.min(10 * c, MOST);
    return isLast ? high[i]! : (low[i]! + high[i]!) / 2;
  });
  return { weights, low, high };
}
