// Random numbers as a function of a key: the same key, the same numbers, on every machine.
import { type Key, threefry } from "./threefry.ts";
import { deriveKey } from "./traced_key.ts";

export type { Key };

/**
 * The key of a seed.
 *
 * @param seed a whole number from 0 to 2^53 − 1
 * @returns the key
 * @throws {RangeError} if `seed` is not such a number
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { key } from "@neocog/neocog";
 * import { uniformArray } from "@neocog/neocog/tensor";
 *
 * assertEquals(uniformArray(key(7), 3), uniformArray(key(7), 3));
 * ```
 */
export function key(seed: number): Key {
  return numberWords("make a key: the seed", seed);
}

/** The two words of a whole number. */
function numberWords(action: string, value: number): Key {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(
      `Cannot ${action} must be a whole number from 0 to 2^53 - 1, got ${value}`,
    );
  }
  return [Math.floor(value / 2 ** 32), value >>> 0];
}

/**
 * A key derived from another and a number: what a step, an epoch or a layer's
 * place in a model makes of its parent's key.
 *
 * @param parent the key to derive from
 * @param data a whole number from 0 to 2^53 − 1, or a name
 * @returns the derived key
 * @throws {RangeError} if a number is not of that range
 *
 * @example
 * ```ts
 * import { assertNotEquals } from "@std/assert";
 * import { fold, key } from "@neocog/neocog";
 *
 * assertNotEquals(fold(key(0), 1), fold(key(0), 2));
 * assertNotEquals(fold(key(0), "conv1"), fold(key(0), "conv2"));
 * ```
 */
export function fold(parent: Key, data: number | string): Key {
  const [high, low] = typeof data === "string"
    ? nameWords(data)
    : numberWords("fold a key: the number", data);
  return deriveKey(parent, high, low);
}

/** Two 32-bit FNV-1a hashes of a name, one from either end. */
function nameWords(name: string): Key {
  let forward = 0x811c9dc5;
  let backward = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) {
    forward = Math.imul(forward ^ name.charCodeAt(i), 0x01000193);
    backward = Math.imul(backward ^ name.charCodeAt(name.length - 1 - i), 0x01000193);
  }
  return [forward >>> 0, backward >>> 0];
}

/**
 * Several independent keys from one.
 *
 * @param parent the key to derive from
 * @param count how many, 1 or more
 * @returns the keys
 * @throws {RangeError} if `count` is not a whole number of at least 1
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { key, split } from "@neocog/neocog";
 *
 * const [first, second] = split(key(0));
 * assertEquals(split(key(0)), [first, second]);
 * ```
 */
export function split(parent: Key, count = 2): Key[] {
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(
      `Cannot split a key: the count must be a whole number of at least 1, got ${count}`,
    );
  }
  return Array.from({ length: count }, (_, i) => deriveKey(parent, WORDS, 2 * i));
}

/** High word of the counter under random words, apart from those of `fold` with a number below 2^53. */
const WORDS = 0x80000000;

/** `count` random 32-bit words of a key, from Threefry in counter mode. */
function bits(source: Key, count: number): Uint32Array {
  if (!Number.isSafeInteger(count) || count < 0) {
    throw new RangeError(
      `Cannot draw random numbers: their count must be a whole number of at least 0, got ${count}`,
    );
  }
  const words = new Uint32Array(count + (count & 1));
  for (let i = 0; i < words.length; i += 2) threefry(source, WORDS, i, words, i);
  return words.subarray(0, count);
}

const block = new Uint32Array(2);

/**
 * The random word number `i` of a key, as a GPU invocation computes it.
 *
 * @param source the key
 * @param i a whole number from 0 to 2^32 − 1
 * @returns a whole number from 0 to 2^32 − 1
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { key } from "@neocog/neocog";
 * import { word } from "./random.ts";
 *
 * assertEquals(word(key(0), 5), word(key(0), 5));
 * ```
 */
export function word(source: Key, i: number): number {
  threefry(source, WORDS, i - (i & 1), block, 0);
  return block[i & 1]!;
}

/**
 * Uniform numbers from `[low, high)`.
 *
 * @param source the key
 * @param count how many
 * @param low the least value
 * @param high the bound above
 * @returns `count` numbers
 * @throws {RangeError} if `count` is not a whole number of at least 0
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { key } from "@neocog/neocog";
 * import { uniformArray } from "@neocog/neocog/tensor";
 *
 * assert(uniformArray(key(1), 100, -1, 1).every((x) => x >= -1 && x < 1));
 * ```
 */
export function uniformArray(source: Key, count: number, low = 0, high = 1): Float32Array {
  const words = bits(source, count);
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    // 24 bits, the most that float32 holds, so that 1 itself never appears.
    const value = Math.fround(low + (high - low) * ((words[i]! >>> 8) / 2 ** 24));
    // Rounding can reach the bound where the range does not begin at 0.
    values[i] = value < high ? value : low;
  }
  return values;
}

/**
 * Normally distributed numbers, by the method of Box and Muller (1958).
 *
 * @param source the key
 * @param count how many
 * @param mean their mean
 * @param deviation their standard deviation
 * @returns `count` numbers
 * @throws {RangeError} if `count` is not a whole number of at least 0
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { key } from "@neocog/neocog";
 * import { normalArray } from "@neocog/neocog/tensor";
 *
 * const values = normalArray(key(1), 10_000, 3, 0.5);
 * assertAlmostEquals(values.reduce((sum, x) => sum + x, 0) / 10_000, 3, 0.02);
 * ```
 */
export function normalArray(source: Key, count: number, mean = 0, deviation = 1): Float32Array {
  const words = bits(source, count % 2 === 1 ? count + 1 : count);
  const values = new Float32Array(count);
  for (let i = 0; i < count; i += 2) {
    const radius = Math.sqrt(-2 * Math.log((words[i]! + 1) / 2 ** 32));
    const angle = 2 * Math.PI * (words[i + 1]! / 2 ** 32);
    values[i] = mean + deviation * radius * Math.cos(angle);
    if (i + 1 < count) values[i + 1] = mean + deviation * radius * Math.sin(angle);
  }
  return values;
}

/**
 * A random order of `0 … count − 1` (Fisher and Yates's shuffle).
 *
 * @param source the key
 * @param count how many
 * @returns the order
 * @throws {RangeError} if `count` is not a whole number of at least 0
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { key } from "@neocog/neocog";
 * import { permutation } from "@neocog/neocog/tensor";
 *
 * assertEquals([...permutation(key(3), 5)].sort(), [0, 1, 2, 3, 4]);
 * ```
 */
export function permutation(source: Key, count: number): Uint32Array {
  const words = bits(source, count);
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    // The multiply-shift bound (Lemire 2019) without rejection: its bias is below count / 2^32.
    const j = Math.floor((words[i]! / 2 ** 32) * (i + 1));
    const held = order[i]!;
    order[i] = order[j]!;
    order[j] = held;
  }
  return order;
}
