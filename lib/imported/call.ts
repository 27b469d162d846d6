// A node or layer of another program's file; what it lacks is refused with its name.

/** A value for a message, cut short. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "none";
  return text.length <= 120 ? text : `${text.slice(0, 117)}…`;
}

/** What all calls have: their place in the file. */
export class ImportedCall {
  /** @param place such as `node "conv1" (Conv)` */
  constructor(readonly file: string, readonly name: string, readonly place: string) {}

  /** An error that names file and place. */
  error(rule: string, got: unknown): TypeError {
    const found = typeof got === "string" ? got : shown(got);
    return new TypeError(`Cannot read ${this.file}: ${this.place} must ${rule}, got ${found}`);
  }

  /** Refuses what is not so. */
  require(holds: boolean, rule: string, got: unknown): void {
    if (!holds) throw this.error(rule, got);
  }

  /** An axis of a tensor of `rank` axes, the batch with them, from 0. */
  axis(axis: number, rank: number): number {
    const fits = Number.isInteger(axis) && axis >= -rank && axis < rank;
    this.require(fits, `have an axis of ${rank}`, axis);
    return axis < 0 ? axis + rank : axis;
  }

  /** An axis of an example of `rank` axes, from 0, by one that counts the batch's too. */
  exampleAxis(axis: number, rank: number): number {
    const found = this.axis(axis, rank + 1);
    this.require(found > 0, "leave the batch's axis alone", axis);
    return found - 1;
  }

  /** Makes something; what layers refuse is said with the place. */
  make<T>(make: () => T): T {
    try {
      return make();
    } catch (error) {
      if (error instanceof Error && !error.message.startsWith("Cannot read ")) {
        error.message = `Cannot read ${this.file}: ${this.place}: ${error.message}`;
      }
      throw error;
    }
  }
}
