// Threefry-2x32, the cipher that all random numbers come from.

/**
 * A random key: two unsigned 32-bit words. A key is a value; nothing advances
 * when it is used, so use each key once and derive others by `split`
 * and `fold`.
 */
export type Key = readonly [number, number];

/** Rotation distances of Threefry-2x32 (Salmon et al. 2011, table 2). */
const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24] as const;

/**
 * Threefry-2x32 with 20 rounds (Salmon, Moraes, Dror and Shaw, "Parallel random
 * numbers: as easy as 1, 2, 3", SC 2011): a block of two words enciphered by a key.
 * Writes the block for `(c0, c1)` into `out[at]`, `out[at + 1]`.
 */
export function threefry(
  key: Key,
  c0: number,
  c1: number,
  out: Uint32Array,
  at: number,
): void {
  requireKey(key);
  const k0 = key[0] | 0;
  const k1 = key[1] | 0;
  const k2 = k0 ^ k1 ^ 0x1bd11bda;
  let x0 = (c0 + k0) | 0;
  let x1 = (c1 + k1) | 0;
  for (let round = 0; round < 20; round++) {
    const distance = ROTATIONS[round & 7]!;
    x0 = (x0 + x1) | 0;
    x1 = ((x1 << distance) | (x1 >>> (32 - distance))) ^ x0;
    if ((round & 3) === 3) {
      const injection = (round >> 2) + 1;
      const phase = injection % 3;
      x0 = (x0 + (phase === 0 ? k0 : phase === 1 ? k1 : k2)) | 0;
      x1 = (x1 + (phase === 0 ? k1 : phase === 1 ? k2 : k0) + injection) | 0;
    }
  }
  out[at] = x0;
  out[at + 1] = x1;
}

/** Refuses a seed in the place of a key: it has no words, and all seeds would give the same numbers. */
export function requireKey(key: Key): void {
  if (typeof key?.[1] === "number") return;
  throw new TypeError(
    `Cannot draw random numbers: a key must be two words, as key(0) returns, got ${key}`,
  );
}
