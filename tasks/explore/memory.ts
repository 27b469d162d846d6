// What was computed for one page or view, and is of use for others: peaks, features, maps.

/** Results by name. */
export type Memory = {
  /**
   * The result of a name, which is computed if it is not at hand.
   *
   * @param name names the result, and all that it depends on
   */
  get<Result>(name: string, compute: () => Promise<Result>): Promise<Result>;
};

/** The most results that are kept; the one that was not used for longest goes. */
const MOST = 12;

/** Makes an empty memory. A computation that fails, or is given up, leaves nothing. */
export function memory(): Memory {
  const results = new Map<string, unknown>();
  return {
    async get<Result>(name: string, compute: () => Promise<Result>): Promise<Result> {
      const result = results.has(name) ? results.get(name) as Result : await compute();
      results.delete(name);
      results.set(name, result);
      const [oldest] = results.keys();
      if (results.size > MOST) results.delete(oldest!);
      return result;
    },
  };
}
