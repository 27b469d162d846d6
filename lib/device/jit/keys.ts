// The keys that a plan derives anew at each call from those it is given.
import type { Key } from "../../tensor/random.ts";
import { derivationOf, deriveKey } from "../../tensor/traced_key.ts";

/** Derives keys. */
export type KeyBook = {
  /** The number of a traced key, which is noted with those it comes from. */
  note(key: Key): number;
  /** The noted keys by their numbers, given the arguments. */
  derive(given: readonly Key[]): Key[];
};

/** Makes an empty book. */
export function keyBook(handed: readonly Key[]): KeyBook {
  const numbers = new Map<Key, number>(handed.map((key, i) => [key, i]));
  const makers: { readonly parent: number; readonly block: readonly [number, number] }[] = [];
  return {
    note(key): number {
      const known = numbers.get(key);
      if (known !== undefined) return known;
      const derivation = derivationOf(key);
      if (!derivation) {
        throw new TypeError(
          "Cannot record a function: its keys must be derived from its arguments, got one of another function that was recorded",
        );
      }
      const parent = this.note(derivation.parent);
      makers.push({ parent, block: derivation.block });
      const number = handed.length + makers.length - 1;
      numbers.set(key, number);
      return number;
    },
    derive(given): Key[] {
      const keys = [...given];
      for (const { parent, block } of makers) keys.push(deriveKey(keys[parent]!, ...block));
      return keys;
    },
  };
}
