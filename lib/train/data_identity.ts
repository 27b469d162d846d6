// What a run is trained on, so that it is not resumed on other data unnoticed.
import type { Examples } from "../data/examples.ts";
import { type ImageSource, isSource } from "../data/image_source.ts";
import type { Normalization } from "../data/normalization.ts";
import { sha256Of } from "../files/sha256.ts";

/** What a run is trained on, as its checkpoint says it. */
export type DataIdentity = {
  readonly classNames: readonly string[];
  /** The number of examples. */
  readonly count: number;
  readonly imageShape: readonly number[];
  /** How pixels become numbers. */
  readonly normalize: Normalization;
  /** A hash of labels and images, or of what a source says of its images. */
  readonly contents: string;
};

/** The identity of training examples. */
export function dataIdentity(
  examples: Examples | ImageSource,
  normalize: Normalization = "unit",
): DataIdentity {
  const { classNames, imageShape, labels } = examples;
  // Of labels in 8 or 16 bits, whichever they have.
  const contents = sha256Of(
    labels.join(),
    isSource(examples) ? examples.contents ?? "" : examples.images,
  );
  return {
    classNames: [...classNames],
    count: labels.length,
    imageShape: [...imageShape],
    normalize: normalize === "unit"
      ? normalize
      : { mean: [...normalize.mean], std: [...normalize.std] },
    contents,
  };
}

/** The parts of an identity, and what messages call them. */
const PARTS: readonly (readonly [keyof DataIdentity, string])[] = [
  ["classNames", "classes"],
  ["count", "number of examples"],
  ["imageShape", "image shape"],
  ["normalize", "normalization"],
];

/** At most so many letters of a value are shown. */
const SHOWN = 80;

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}

/**
 * Refuses to resume a run on other data.
 *
 * @param before what it was trained on; of an old checkpoint `undefined`, which is not compared
 * @throws {RangeError} which names what differs
 */
export function requireSameData(before: DataIdentity | undefined, now: DataIdentity): void {
  if (!before) return;
  const faults = PARTS.flatMap(([part, name]) => {
    const [old, found] = [shown(before[part]), shown(now[part])];
    if (JSON.stringify(before[part]) === JSON.stringify(now[part])) return [];
    return [`${name} ${found} instead of ${old}`];
  });
  if (faults.length === 0 && before.contents !== now.contents) {
    faults.push("as many examples of the same classes with other images, files or labels");
  }
  if (faults.length === 0) return;
  throw new RangeError(
    `Cannot resume a run: its data must be the same as before, got ${
      faults.join(", ")
    }. Accept it with otherData: true (of a task: --other-data)`,
  );
}
