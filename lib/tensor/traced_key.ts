// Keys that a recording follows: their words are not known before a replay.
import { type Key, requireKey, threefry } from "./threefry.ts";

/** How a traced key came about: by enciphering a block of two words with another key. */
export type Derivation = {
  readonly parent: Key;
  readonly block: readonly [high: number, low: number];
};

/** The traced keys; of those handed in from outside, nothing is known. */
const traced = new WeakMap<Key, Derivation | undefined>();

/**
 * Makes a key whose words cannot be read, so that whoever would bake them into
 * a recording fails instead.
 *
 * @param derivation where it comes from; absent where it is handed in
 * @returns the key, which `fold` and `split` follow
 */
export function traceKey(derivation?: Derivation): Key {
  const key = new Proxy([0, 0] as const, {
    get(target, property, receiver): unknown {
      if (property === "0" || property === "1") {
        throw new TypeError(
          "Cannot record a function: it must not look at the numbers of a key that it is given, got another at each call. Draw the numbers outside and hand in a tensor, or drop units with dropUnits",
        );
      }
      return Reflect.get(target, property, receiver);
    },
  });
  traced.set(key, derivation);
  return key;
}

/** Whether a key is one of {@linkcode traceKey}. */
export function isTraced(key: Key): boolean {
  return traced.has(key);
}

/** How a traced key was derived, if it was not handed in. */
export function derivationOf(key: Key): Derivation | undefined {
  return traced.get(key);
}

/** A key's words; zeros for a traced one, to be filled in at a replay. */
export function knownWords(key: Key): Key {
  if (isTraced(key)) return [0, 0];
  requireKey(key);
  return key;
}

/** Told of each block that is enciphered, while somebody listens. */
let listener: ((block: readonly [high: number, low: number]) => void) | undefined;

/**
 * Calls a function while each derivation of a key is told of.
 *
 * @param listen given the block that is enciphered
 */
export function whileDeriving<R>(listen: NonNullable<typeof listener>, f: () => R): R {
  const before = listener;
  listener = listen;
  try {
    return f();
  } finally {
    listener = before;
  }
}

/** Enciphers a block with a key. */
export function deriveKey(parent: Key, high: number, low: number): Key {
  listener?.([high, low]);
  if (isTraced(parent)) return traceKey({ parent, block: [high, low] });
  const out = new Uint32Array(2);
  threefry(parent, high, low, out, 0);
  return [out[0]!, out[1]!];
}
