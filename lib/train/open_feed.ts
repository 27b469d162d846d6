// Opens what a run gets its batches from: labeled images, arrays, or a stream of batches.
import {
  type ArrayExamples,
  type Column,
  columnBatches,
  countExamples,
  isColumn,
  mapColumns,
} from "../data/columns.ts";
import { labeledColumns } from "../data/dataset.ts";
import type { Examples } from "../data/examples.ts";
import type { ImageSource } from "../data/image_source.ts";
import type { Normalization } from "../data/normalization.ts";
import { partOf, type Share } from "../tensor/batch_part.ts";
import { fold, type Key } from "../tensor/random.ts";
import type { ShapeTree } from "../tensor/tensor.ts";
import { arrayIdentity, type DataIdentity, dataIdentity } from "./data_identity.ts";
import type { Feed } from "./feed.ts";
import { type BatchStream, openStream } from "./stream_feed.ts";
import type { Progress } from "./training.ts";
import { describeValue } from "../text/value.ts";

/** Whatever a network is trained on or measured with. */
export type AnyExamples = Examples | ImageSource | ArrayExamples | BatchStream;

/** Options of {@linkcode openFeed}. */
export type FeedOptions = {
  readonly batchSize?: number;
  readonly stepsPerEpoch?: number;
  readonly normalize?: Normalization;
  /** Whether images are left for the step to normalize, after it augmented them. */
  readonly raw?: boolean;
  /** Which of the ranks this is: of each batch it takes its part. Default: it is the only one. */
  readonly share?: Share | undefined;
  /** Whether batches come whole all the same, as what augments them looks at all their images. */
  readonly whole?: boolean;
  /** Shuffles each epoch. Default: examples keep their order. */
  readonly key?: Key;
};

/** The default number of examples a step. */
const DEFAULT_BATCH = 128;

/** Whether examples are a stream of batches. */
export function isStream(examples: AnyExamples): examples is BatchStream {
  return typeof (examples as BatchStream | null)?.[Symbol.asyncIterator] === "function";
}

/** Whether examples are labeled images. */
export function isLabeled(examples: AnyExamples): examples is Examples | ImageSource {
  return "labels" in examples && "imageShape" in examples;
}

/** Whether examples' targets are classes: what a classifier learns. */
export function hasClasses(examples: AnyExamples): boolean {
  return isLabeled(examples) || (!isStream(examples) && classesOf(examples) !== undefined);
}

function classesOf(
  { targets }: ArrayExamples,
): (Column & { readonly classes: number }) | undefined {
  const isClass = isColumn(targets) && targets.classes !== undefined && targets.shape.length === 0;
  return isClass ? targets as Column & { readonly classes: number } : undefined;
}

/**
 * Refuses what is none of the kinds of examples.
 *
 * @throws {TypeError} naming what is there
 */
export function requireExamples(action: string, examples: AnyExamples): void {
  const isObject = typeof examples === "object" && examples !== null;
  if (isObject && (isStream(examples) || isLabeled(examples))) return;
  if (isObject && "inputs" in examples && "targets" in examples) return;
  throw new TypeError(
    `Cannot ${action}: examples must be labeled images, { name, inputs, targets } of arrays, or an async iterable of batches, got ${
      describeValue(examples)
    }`,
  );
}

/** How many examples there are in arrays or labeled images. */
export function countOf(examples: Examples | ImageSource | ArrayExamples): number {
  return isLabeled(examples) ? examples.labels.length : countExamples(examples);
}

/** How many examples a step has. */
export function batchSizeOf(
  examples: Examples | ImageSource | ArrayExamples,
  { batchSize }: { readonly batchSize?: number },
): number {
  return batchSize ?? Math.min(DEFAULT_BATCH, countOf(examples));
}

/**
 * Opens the source of a run's batches.
 *
 * @param progress where in the run to begin
 * @throws {TypeError | RangeError} if examples and options do not fit each other
 */
export async function openFeed(
  action: string,
  examples: AnyExamples,
  options: FeedOptions,
  progress: Progress,
): Promise<Feed> {
  requireExamples(action, examples);
  if (isStream(examples)) {
    refuseOption(
      action,
      "batchSize",
      options.batchSize,
      "a stream, whose batches are as they come",
    );
    refuseOption(
      action,
      "normalize",
      options.normalize,
      "a stream, whose batches are as they come",
    );
    return await openStream(action, examples, options.stepsPerEpoch, progress);
  }
  refuseOption(action, "stepsPerEpoch", options.stepsPerEpoch, "examples that have an end");
  if (isLabeled(examples)) {
    const { normalize, raw } = options;
    const columns = labeledColumns(examples, raw ? undefined : normalize);
    return arrayFeed(columns, options, examples.labels, () => dataIdentity(examples, normalize));
  }
  refuseOption(action, "normalize", options.normalize, "columns, which say it each");
  const labels = classesOf(examples)?.values;
  return arrayFeed(
    examples,
    options,
    typeof labels === "function" ? undefined : labels,
    () => arrayIdentity(examples),
  );
}

function refuseOption(action: string, name: string, value: unknown, what: string): void {
  if (value === undefined) return;
  throw new TypeError(
    `Cannot ${action}: the option ${name} is not for ${what}, got ${JSON.stringify(value)}`,
  );
}

function arrayFeed(
  examples: ArrayExamples,
  options: FeedOptions,
  labels: ArrayLike<number> | undefined,
  data: () => DataIdentity,
): Feed {
  const count = countExamples(examples);
  const batchSize = batchSizeOf(examples, options);
  const classes = classesOf(examples)?.classes;
  return {
    name: examples.name,
    inputShape: mapColumns(examples.inputs, shapeOf) as ShapeTree,
    ...(classes === undefined ? {} : { classes }),
    count,
    batchSize,
    steps: Math.ceil(count / batchSize),
    data,
    async *rest({ epoch, stepInEpoch }) {
      const order = options.key && { key: fold(fold(options.key, "order"), epoch) };
      const { share, whole } = options;
      const taken = { batchSize, skip: stepInEpoch, ...(whole ? {} : { share }), ...order };
      for await (const batch of columnBatches(examples, taken)) {
        const { inputs, targets, indices } = batch;
        const part = share && (batch.part ?? partOf(share, indices.length));
        const size = part?.of ?? indices.length;
        const classes = labels && Array.from(indices, (index) => labels[index]!);
        yield { inputs, targets, size, ...(part ? { part } : {}), ...(classes ? { classes } : {}) };
      }
    },
    close: () => Promise.resolve(),
  };
}

/** Shape of one example of a column's tensor. */
function shapeOf({ shape, classes }: Column): readonly number[] {
  return classes === undefined ? shape : [...shape, classes];
}
