// Random numbers: the cipher's known answers, distributions, independence of keys.
import { assert, assertEquals, assertLess, assertNotEquals, assertThrows } from "@std/assert";
import { fold, type Key, key, split } from "../../mod.ts";
import { normalArray, permutation, uniformArray } from "../../lib/tensor/mod.ts";
import { word } from "../../lib/tensor/random.ts";
import { threefry } from "./threefry.ts";

const COUNT = 100_000;

/**
 * Bound of a mean of `COUNT` numbers of deviation 1: four of its own deviations,
 * which one key of 16,000 exceeds. Keys are fixed, so the tests never waver.
 */
const FOUR_SIGMA = 4 / Math.sqrt(COUNT);

function mean(values: ArrayLike<number>, f = (x: number): number => x): number {
  return Array.from(values, f).reduce((sum, x) => sum + x, 0) / values.length;
}

/** Kolmogorov and Smirnov's distance between a sample and a distribution. */
function distance(values: Float32Array, distribution: (x: number) => number): number {
  const sorted = values.toSorted();
  return sorted.reduce((most, x, i) => {
    const wanted = distribution(x);
    const ends = [Math.abs(i / sorted.length - wanted), Math.abs((i + 1) / sorted.length - wanted)];
    return Math.max(most, ...ends);
  }, 0);
}

/** The normal distribution, integrated by Simpson's rule. */
function normalDistribution(x: number): number {
  const pieces = 200;
  const density = (t: number): number => Math.exp(-t * t / 2) / Math.sqrt(2 * Math.PI);
  let sum = density(0) + density(x);
  for (let i = 1; i < pieces; i++) sum += (i % 2 === 1 ? 4 : 2) * density(i * x / pieces);
  return 0.5 + sum * x / (3 * pieces);
}

Deno.test("the reference cipher gives Random123's known answers", () => {
  const all = 0xffffffff;
  assertEquals(threefry([0, 0], [0, 0]), [0x6b200159, 0x99ba4efe]);
  assertEquals(threefry([all, all], [all, all]), [0x1cb996fc, 0xbb002be7]);
  assertEquals(
    threefry([0x13198a2e, 0x03707344], [0x243f6a88, 0x85a308d3]),
    [0xc4923a9c, 0x483df7a0],
  );
});

Deno.test("fold enciphers the number's two words by the key", () => {
  assertEquals(fold([0, 0], 0), [0x6b200159, 0x99ba4efe]);
  const parents: Key[] = [[0, 0], [0xffffffff, 0xffffffff], [0x13198a2e, 0x83707344]];
  const numbers = [0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 2 ** 32, 2 ** 52 + 12345, 2 ** 53 - 1];
  for (const parent of parents) {
    for (const data of numbers) {
      const counter = [Math.floor(data / 2 ** 32), data % 2 ** 32] as const;
      assertEquals(fold(parent, data), threefry(parent, counter));
    }
  }
});

Deno.test("word i of a key is the cipher's word in counter mode", () => {
  const source: Key = [0x13198a2e, 0x83707344];
  for (const i of [0, 1, 2, 3, 1000, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe, 0xffffffff]) {
    const even = i - i % 2;
    assertEquals(word(source, i), threefry(source, [0x80000000, even])[i % 2]);
  }
});

Deno.test("a seed's words are its key", () => {
  assertEquals(key(0), [0, 0]);
  assertEquals(key(0xffffffff), [0, 0xffffffff]);
  assertEquals(key(2 ** 53 - 1), [0x1fffff, 0xffffffff]);
});

Deno.test("uniform numbers are the words' upper 24 bits", () => {
  const source = key(3);
  const values = uniformArray(source, 7);
  values.forEach((value, i) => assertEquals(value, Math.floor(word(source, i) / 256) / 2 ** 24));
});

Deno.test("fewer numbers are the first of more", () => {
  assertEquals(uniformArray(key(3), 3), uniformArray(key(3), 8).slice(0, 3));
  assertEquals(normalArray(key(3), 3), normalArray(key(3), 8).slice(0, 3));
});

Deno.test("uniform numbers have a uniform distribution", () => {
  const values = uniformArray(key(5), COUNT);
  assertLess(Math.abs(mean(values) - 1 / 2), FOUR_SIGMA * Math.sqrt(1 / 12));
  assertLess(Math.abs(mean(values, (x) => x * x) - 1 / 3), FOUR_SIGMA * Math.sqrt(4 / 45));
  // The distance that one sample of a thousand exceeds.
  assertLess(distance(values, (x) => x), 1.95 / Math.sqrt(COUNT));
});

Deno.test("uniform numbers fill the range that is asked for, and never reach its end", () => {
  const values = uniformArray(key(5), COUNT, -3, 5);
  assert(values.every((x) => x >= -3 && x < 5));
  assertLess(distance(values, (x) => (x + 3) / 8), 1.95 / Math.sqrt(COUNT));
});

Deno.test("a uniform number that float32 would round up to the bound stays below it", () => {
  // The first 24 bits of this key's first word are ones: 1 + (1 - 2^-24) rounds to 2.
  const rare = fold([0, 0], 59_948_033);
  assertEquals(uniformArray(rare, 1)[0], 1 - 2 ** -24);
  assertEquals(uniformArray(rare, 1, 1, 2)[0], 1);
});

Deno.test("normal numbers have a normal distribution", () => {
  const values = normalArray(key(6), COUNT);
  assertLess(Math.abs(mean(values)), FOUR_SIGMA);
  assertLess(Math.abs(mean(values, (x) => x ** 2) - 1), FOUR_SIGMA * Math.sqrt(2));
  assertLess(Math.abs(mean(values, (x) => x ** 3)), FOUR_SIGMA * Math.sqrt(15));
  assertLess(Math.abs(mean(values, (x) => x ** 4) - 3), FOUR_SIGMA * Math.sqrt(96));
  assertLess(distance(values.slice(0, 20_000), normalDistribution), 1.95 / Math.sqrt(20_000));
});

Deno.test("normal numbers have the mean and deviation that are asked for", () => {
  const values = normalArray(key(7), COUNT, 10, 0.5);
  assertLess(Math.abs(mean(values) - 10), FOUR_SIGMA * 0.5);
  assertLess(Math.abs(mean(values, (x) => (x - 10) ** 2) - 0.25), FOUR_SIGMA * 0.25 * Math.sqrt(2));
});

Deno.test("neighboring numbers of a key do not depend on one another", () => {
  for (
    const values of [
      normalArray(key(8), COUNT),
      uniformArray(key(8), COUNT, -Math.sqrt(3), Math.sqrt(3)),
    ]
  ) {
    for (const lag of [1, 2, 3]) {
      const products = values.slice(lag).map((x, i) => x * values[i]!);
      assertLess(Math.abs(mean(products)), FOUR_SIGMA);
    }
  }
});

Deno.test("numbers of neighboring, folded and split keys do not depend on one another", () => {
  const root = key(9);
  const [first, second] = split(root) as [Key, Key];
  const pairs: [Key, Key][] = [
    [root, key(10)],
    [root, fold(root, 0)],
    [fold(root, 0), fold(root, 1)],
    [fold(root, "conv1"), fold(root, "conv2")],
    [first, second],
    [root, first],
  ];
  for (const [one, other] of pairs) {
    const [a, b] = [normalArray(one, COUNT), normalArray(other, COUNT)];
    assertLess(Math.abs(mean(a.map((x, i) => x * b[i]!))), FOUR_SIGMA);
  }
});

Deno.test("one bit of the number folded in changes half the key's bits", () => {
  const ones = (x: number): number => x.toString(2).replaceAll("0", "").length;
  let changed = 0;
  for (let i = 0; i < 1000; i++) {
    const [a, b] = [fold(key(11), i), fold(key(11), (i ^ (1 << (i % 31))) >>> 0)];
    changed += ones((a[0] ^ b[0]) >>> 0) + ones((a[1] ^ b[1]) >>> 0);
  }
  // 64,000 bits, each with probability one half.
  assertLess(Math.abs(changed - 32_000), 4 * Math.sqrt(64_000) / 2);
});

Deno.test("keys made by splitting and folding, by numbers and names, all differ", () => {
  const root = key(12);
  const keys = [
    ...split(root, 10_000),
    ...Array.from({ length: 10_000 }, (_, i) => fold(root, i)),
    ...Array.from({ length: 10_000 }, (_, i) => fold(root, `${i}`)),
    ...Array.from({ length: 10_000 }, (_, i) => fold(root, `block${i}/conv${i % 7}/kernel`)),
    ...["", "a", "aa", "ab", "ba", "a/b", "b/a", "é", "\u0000", "params", "state"].map((name) =>
      fold(root, name)
    ),
  ];
  assertEquals(new Set(keys.map((one) => one.join())).size, keys.length);
});

Deno.test("names with one FNV-1a hash have different keys, as they are hashed from either end", () => {
  for (const [one, other] of [["costarring", "liquid"], ["altarage", "zinke"]] as const) {
    assertNotEquals(fold(key(0), one), fold(key(0), other));
  }
});

Deno.test("split gives as many keys as asked, the same each time", () => {
  assertEquals(split(key(1), 5).length, 5);
  assertEquals(split(key(1)), split(key(1), 5).slice(0, 2));
});

Deno.test("a permutation holds each number once", () => {
  for (const count of [0, 1, 2, 17, 1000]) {
    const order = permutation(key(13), count);
    assertEquals([...order].sort((a, b) => a - b), Array.from({ length: count }, (_, i) => i));
  }
});

Deno.test("all permutations are as frequent", () => {
  const draws = 24_000;
  const counts = new Map<string, number>();
  for (let i = 0; i < draws; i++) {
    const order = permutation(fold(key(14), i), 4).join("");
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  assertEquals(counts.size, 24);
  const wanted = draws / 24;
  const chiSquare = [...counts.values()].reduce((sum, n) => sum + (n - wanted) ** 2 / wanted, 0);
  assertLess(chiSquare, 49.7); // one of a thousand samples of 23 degrees of freedom exceeds it
});

Deno.test("key and fold refuse what is not a whole number below 2^53", () => {
  for (const value of [-1, 0.5, NaN, Infinity, 2 ** 53]) {
    const said = `must be a whole number from 0 to 2^53 - 1, got ${value}`;
    assertThrows(() => key(value), RangeError, `Cannot make a key: the seed ${said}`);
    assertThrows(() => fold(key(0), value), RangeError, `Cannot fold a key: the number ${said}`);
  }
});

Deno.test("split refuses counts below 1", () => {
  for (const count of [0, -1, 1.5, NaN, Infinity]) {
    assertThrows(() => split(key(0), count), RangeError, `got ${count}`);
  }
});

Deno.test("draws refuse counts that are not whole", () => {
  for (const draw of [uniformArray, normalArray, permutation]) {
    for (const count of [-1, 1.5, NaN, Infinity]) {
      assertThrows(() => draw(key(0), count), RangeError, "count must be a whole number");
    }
    assertEquals(draw(key(0), 0).length, 0);
  }
});

Deno.test("a seed in the place of a key is refused, as all would give the same numbers", () => {
  for (const wrong of [0, 7, "a", undefined, []]) {
    const no = wrong as unknown as Key;
    assertThrows(() => uniformArray(no, 3), TypeError, "as key(0) returns");
    assertThrows(() => fold(no, 1), TypeError, "as key(0) returns");
    assertThrows(() => split(no), TypeError, "as key(0) returns");
    assertThrows(() => permutation(no, 3), TypeError, "as key(0) returns");
  }
});
