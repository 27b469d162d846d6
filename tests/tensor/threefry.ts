// Threefry-2x32 with 20 rounds, written from the paper's equations and not for speed.

const WORD = 2n ** 32n;
const ROTATIONS = [13n, 15n, 26n, 6n, 17n, 29n, 16n, 24n];

/**
 * Enciphers a counter (Salmon, Moraes, Dror and Shaw 2011, section 3.2).
 *
 * @param key two words
 * @param counter two words
 * @returns two words
 */
export function threefry(
  key: readonly [number, number],
  counter: readonly [number, number],
): [number, number] {
  const [k0, k1] = [BigInt(key[0]), BigInt(key[1])];
  const schedule = [k0, k1, 0x1bd11bdan ^ k0 ^ k1];
  let [x0, x1] = [(BigInt(counter[0]) + k0) % WORD, (BigInt(counter[1]) + k1) % WORD];
  for (let round = 0; round < 20; round++) {
    x0 = (x0 + x1) % WORD;
    const turned = x1 << ROTATIONS[round % 8]!;
    x1 = ((turned % WORD) | (turned / WORD)) ^ x0;
    if (round % 4 !== 3) continue;
    const s = (round + 1) / 4;
    x0 = (x0 + schedule[s % 3]!) % WORD;
    x1 = (x1 + schedule[(s + 1) % 3]! + BigInt(s)) % WORD;
  }
  return [Number(x0), Number(x1)];
}
