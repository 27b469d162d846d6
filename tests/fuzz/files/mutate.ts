// Damages a file, as disks, downloads and attackers do.

/** Whole numbers from a seed, by mulberry32: quick, and the same everywhere. */
export type Dice = {
  /** A whole number from 0 up to but not including `below`. */
  below(below: number): number;
  pick<T>(choices: readonly T[]): T;
};

/** Dice of a seed of so many numbers. */
export function diceOf(...seeds: readonly number[]): Dice {
  let state = seeds.reduce((hash, seed) => Math.imul(hash ^ seed, 0x9e3779b1) + 0x7f4a7c15 | 0, 1);
  const next = (): number => {
    state = state + 0x6d2b79f5 | 0;
    let t = Math.imul(state ^ state >>> 15, state | 1);
    t ^= t + Math.imul(t ^ t >>> 7, t | 61);
    return (t ^ t >>> 14) >>> 0;
  };
  const below = (most: number): number => Math.floor(next() / 2 ** 32 * most);
  return { below, pick: (choices) => choices[below(choices.length)]! };
}

/** A way to damage a file. */
type Damage = (bytes: Uint8Array, dice: Dice, others: readonly Uint8Array[]) => Uint8Array;

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** A range of bytes, most often a short one. */
function range(bytes: Uint8Array, dice: Dice): [start: number, end: number] {
  const start = dice.below(bytes.length + 1);
  const most = dice.below(3) === 0 ? bytes.length : 16;
  return [start, Math.min(bytes.length, start + dice.below(most + 1))];
}

function changed(bytes: Uint8Array, at: number, values: ArrayLike<number>): Uint8Array {
  const copy = bytes.slice();
  for (let i = 0; i < values.length && at + i < copy.length; i++) copy[at + i] = values[i]!;
  return copy;
}

/** Lengths that overflow, are negative, or are one too large. */
const EXTREMES: readonly bigint[] = [
  0n,
  1n,
  2n,
  0x7fn,
  0x80n,
  0xffn,
  0x7fffn,
  0x8000n,
  0xffffn,
  0x7fffffffn,
  0x80000000n,
  0xfffffffen,
  0xffffffffn,
  0x100000000n,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 63n - 1n,
  2n ** 63n,
  2n ** 64n - 1n,
];

/** What stands for a value in JSON. */
const VALUES = [
  "0",
  "-0",
  "-1",
  "1",
  "2",
  "0.5",
  "1e308",
  "1e999",
  "-1e999",
  "9007199254740993",
  "4294967296",
  "null",
  "true",
  "[]",
  "{}",
  '""',
  '"x"',
  "[[]]",
  "[1]",
  '{"a":1}',
  '"\\ud800"',
  "1e-400",
  "NaN",
  '"__proto__"',
  '{"__proto__":[]}',
  "[1,2,3]",
  '"0"',
  "00",
  "",
  ",",
  '"\\u0000"',
] as const;

const DAMAGES: Readonly<Record<string, Damage>> = {
  bits(bytes, dice) {
    const copy = bytes.slice();
    for (let i = 0; i <= dice.below(4) && copy.length > 0; i++) {
      copy[dice.below(copy.length)]! ^= 1 << dice.below(8);
    }
    return copy;
  },
  byte: (bytes, dice) =>
    changed(bytes, dice.below(bytes.length), [
      dice.pick([0, 1, 0x7f, 0x80, 0xff, dice.below(256)]),
    ]),
  cut: (bytes, dice) => bytes.slice(0, dice.below(bytes.length)),
  cutEnd: (bytes, dice) => bytes.slice(0, Math.max(0, bytes.length - 1 - dice.below(16))),
  begin: (bytes, dice) => bytes.slice(dice.below(Math.min(bytes.length, 64))),
  remove(bytes, dice) {
    const [start, end] = range(bytes, dice);
    return joined(bytes.subarray(0, start), bytes.subarray(end));
  },
  repeat(bytes, dice) {
    const [start, end] = range(bytes, dice);
    return joined(bytes.subarray(0, end), bytes.subarray(start));
  },
  move(bytes, dice) {
    const [start, end] = range(bytes, dice);
    const rest = joined(bytes.subarray(0, start), bytes.subarray(end));
    const at = dice.below(rest.length + 1);
    return joined(rest.subarray(0, at), bytes.subarray(start, end), rest.subarray(at));
  },
  insert(bytes, dice) {
    const noise = Uint8Array.from({ length: 1 + dice.below(32) }, () => dice.below(256));
    const at = dice.below(bytes.length + 1);
    return joined(bytes.subarray(0, at), noise, bytes.subarray(at));
  },
  append: (bytes, dice) => joined(bytes, new Uint8Array(1 + dice.below(600)).fill(dice.below(256))),
  zero(bytes, dice) {
    const [start, end] = range(bytes, dice);
    return changed(bytes, start, new Uint8Array(end - start));
  },
  splice(bytes, dice, others) {
    const other = dice.pick(others);
    const at = dice.below(Math.min(bytes.length, other.length) + 1);
    return joined(
      bytes.subarray(0, at),
      other.subarray(dice.below(2) === 0 ? at : dice.below(other.length + 1)),
    );
  },
  length(bytes, dice) {
    const width = dice.pick([1, 2, 4, 8]);
    const value = dice.below(2) === 0
      ? dice.pick(EXTREMES)
      : BigInt(bytes.length + dice.below(5) - 2);
    const field = Array.from({ length: width }, (_, i) => Number(value >> BigInt(8 * i) & 255n));
    if (dice.below(2) === 0) field.reverse();
    // Most formats have their lengths in front.
    const reach = dice.below(2) === 0 ? Math.min(64, bytes.length) : bytes.length;
    return changed(bytes, dice.below(reach), field);
  },
  /** A number, name or list of JSON by another value. */
  value(bytes, dice) {
    const text = Array.from(bytes.subarray(0, 4096), (byte) => String.fromCharCode(byte)).join("");
    const values = [
      ...text.matchAll(/-?\d+(\.\d+)?|"[^"]*"|true|false|null|\[[^[\]]*\]|\{[^{}]*\}/g),
    ];
    if (values.length === 0) return DAMAGES.byte!(bytes, dice, []);
    const { 0: { length }, index } = dice.pick(values);
    const value = new TextEncoder().encode(dice.pick(VALUES));
    return joined(bytes.subarray(0, index), value, bytes.subarray(index + length));
  },
};

/** The damages of files that are no text. */
const BINARY = Object.keys(DAMAGES).filter((name) => name !== "value");

/** A damaged file, and how it was damaged. */
export type Mutant = { readonly bytes: Uint8Array; readonly how: string };

/**
 * Damages a file once, or a few times.
 *
 * @param isText whether it holds JSON
 */
export function mutate(
  seed: Uint8Array,
  dice: Dice,
  others: readonly Uint8Array[],
  isText: boolean,
): Mutant {
  const how: string[] = [];
  let bytes = seed;
  const times = dice.pick([1, 1, 1, 2, 3]);
  for (let i = 0; i < times && bytes.length > 0; i++) {
    const name = isText && dice.below(3) === 0 ? "value" : dice.pick(BINARY);
    how.push(name);
    bytes = DAMAGES[name]!(bytes, dice, others);
  }
  return { bytes, how: how.join(", ") };
}
