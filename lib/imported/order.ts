// The parts of a graph that its ends need, in an order in which they can run.

/** A part of a graph. */
export type Part<Place, Value> = {
  /** The same for the same part. */
  readonly key: unknown;
  /** What messages call it. */
  readonly name: string;
  readonly value: Value;
  /** The places of what it takes. */
  readonly takes: readonly Place[];
};

/**
 * The parts that ends need, each after those that it takes.
 *
 * @param file the file, for messages
 * @param kind what parts are called, "nodes"
 * @param ends the places of the graph's outputs
 * @param partAt the part at a place; `undefined` if the place needs none. `by` is who takes it
 * @throws {SyntaxError} if parts take one another in a circle
 */
export function partsInOrder<Place, Value>(
  file: string,
  kind: string,
  ends: readonly Place[],
  partAt: (place: Place, by: string) => Part<Place, Value> | undefined,
): Value[] {
  const sorted: Value[] = [];
  const state = new Map<unknown, "open" | "done">();
  // A stack of its own: graphs are deeper than calls may be.
  const stack: { readonly part: Part<Place, Value>; next: number }[] = [];
  const enter = (place: Place, by: string): void => {
    const part = partAt(place, by);
    if (!part) return;
    if (state.get(part.key) === "open") {
      throw new SyntaxError(
        `Cannot read ${file}: its ${kind} must not take one another in a circle, got one at "${part.name}"`,
      );
    }
    if (state.has(part.key)) return;
    state.set(part.key, "open");
    stack.push({ part, next: 0 });
  };
  for (const end of ends) {
    enter(end, "the output");
    while (stack.length > 0) {
      const top = stack.at(-1)!;
      const { part } = top;
      if (top.next < part.takes.length) {
        enter(part.takes[top.next++]!, `"${part.name}"`);
        continue;
      }
      state.set(part.key, "done");
      sorted.push(part.value);
      stack.pop();
    }
  }
  return sorted;
}
