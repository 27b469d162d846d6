// What a part of the campaign has tried, and what was lost in it.

/** The trials of one kind, and the messages of those in which something was lost. */
export type Tally = {
  readonly name: string;
  trials: number;
  readonly lost: string[];
  /** What else is to be told, such as how often something was seen. */
  readonly notes: Map<string, number>;
};

/** How many losses of a kind are shown in full. */
const SHOWN = 5;

/** No trial yet. */
export function tally(name: string): Tally {
  return { name, trials: 0, lost: [], notes: new Map() };
}

/** Counts something, once or more often. */
export function note({ notes }: Tally, what: string, times = 1): void {
  notes.set(what, (notes.get(what) ?? 0) + times);
}

/**
 * Tries something, and notes an assertion that fails as a loss.
 *
 * @param what the trial, by which it can be done again
 */
export async function attempt(
  counts: Tally,
  what: string,
  trial: () => Promise<void>,
): Promise<void> {
  counts.trials++;
  try {
    await trial();
  } catch (error) {
    const message = `${what}: ${(error as Error).message ?? error}`;
    counts.lost.push(message);
    if (counts.lost.length <= SHOWN) console.log(`LOST ${counts.name}: ${message}`);
  }
}

/** The tallies as lines. */
export function reportLines(tallies: readonly Tally[]): string[] {
  return tallies.map(({ name, trials, lost, notes }) => {
    const said = [...notes].map(([what, count]) => `; ${what}: ${count}`).join("");
    return `${name}: ${trials} trials, ${
      trials - lost.length
    } survived, ${lost.length} lost${said}`;
  });
}
