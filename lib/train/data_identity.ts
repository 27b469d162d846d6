// What a run is trained on, so that it is not resumed on other data unnoticed.
import {
  type ArrayExamples,
  columnEntries,
  type Columns,
  countExamples,
  mapColumns,
} from "../data/columns.ts";
import type { Examples } from "../data/examples.ts";
import { type ImageSource, isSource } from "../data/image_source.ts";
import type { Normalization } from "../data/normalization.ts";
import { sha256Of } from "../files/sha256.ts";
import type { ShapeTree } from "../tensor/tensor.ts";

/** What a run is trained on, as its checkpoint says it. */
export type DataIdentity = {
  /** The names of classes. Of labeled images, as the next three. */
  readonly classNames?: readonly string[];
  /** The number of examples; unknown of a stream. */
  readonly count?: number;
  readonly imageShape?: readonly number[];
  /** How pixels become numbers. */
  readonly normalize?: Normalization;
  /** Shapes of one example's inputs and targets, of arrays and streams. */
  readonly inputs?: ShapeTree;
  readonly targets?: ShapeTree;
  /** A hash of the numbers, or of what a source says of them. */
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

/** The identity of examples in arrays. */
export function arrayIdentity(examples: ArrayExamples): DataIdentity {
  const { inputs, targets, contents = "" } = examples;
  const shapes = (columns: Columns): ShapeTree =>
    mapColumns(columns, ({ shape }) => shape) as ShapeTree;
  const parts = [inputs, targets].flatMap((columns) => columnEntries(columns)).flatMap(
    ([path, { values, normalize, classes }]) => [
      JSON.stringify([path, normalize ?? null, classes ?? null]),
      ...(typeof values === "function" ? [] : [
        values.constructor.name,
        new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
      ]),
    ],
  );
  return {
    count: countExamples(examples),
    inputs: shapes(inputs),
    targets: shapes(targets),
    contents: sha256Of(contents, ...parts),
  };
}

/** The parts of an identity, and what messages call them. */
const PARTS: readonly (readonly [keyof DataIdentity, string])[] = [
  ["classNames", "classes"],
  ["count", "number of examples"],
  ["imageShape", "image shape"],
  ["normalize", "normalization"],
  ["inputs", "input shape"],
  ["targets", "target shape"],
];

/** At most so many letters of a value are shown. */
const SHOWN = 80;

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "none";
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}

/**
 * How data differ from what a run was trained on, in words.
 *
 * @param before what it was trained on; of an old checkpoint `undefined`, which is not compared
 */
export function dataDifferences(before: DataIdentity | undefined, now: DataIdentity): string[] {
  if (!before) return [];
  const others = PARTS.flatMap(([part, name]) => {
    if (JSON.stringify(before[part]) === JSON.stringify(now[part])) return [];
    return [`${name} ${shown(now[part])} instead of ${shown(before[part])}`];
  });
  if (others.length > 0 || before.contents === now.contents) return others;
  return [
    now.classNames
      ? "as many examples of the same classes with other images, files or labels"
      : "examples of the same shapes with other numbers, normalization or contents",
  ];
}

/**
 * Refuses to resume a run on other data.
 *
 * @param before as {@linkcode dataDifferences} takes it
 * @throws {RangeError} which names what differs
 */
export function requireSameData(before: DataIdentity | undefined, now: DataIdentity): void {
  const others = dataDifferences(before, now);
  if (others.length === 0) return;
  throw new RangeError(
    `Cannot resume a run: its data must be the same as before, got ${
      others.join(", ")
    }. Accept it with otherData: true (of a task: --other-data)`,
  );
}
