// Limits how many tasks run at a time.

/**
 * Calls a function for each item, a few at a time, in order.
 *
 * @param count how many run at once, at least 1
 * @param items the arguments
 * @param visit the function; after a rejection no more are begun, and those under way are awaited
 */
export async function atMost<T>(
  count: number,
  items: Iterable<T>,
  visit: (item: T) => Promise<void>,
): Promise<void> {
  const left = items[Symbol.iterator]();
  let failure: { readonly error: unknown } | undefined;
  const work = async (): Promise<void> => {
    while (!failure) {
      const { done, value } = left.next();
      if (done) return;
      await visit(value).catch((error: unknown) => {
        failure ??= { error };
      });
    }
  };
  await Promise.all(Array.from({ length: count }, work));
  if (failure) throw (failure as { readonly error: unknown }).error;
}
