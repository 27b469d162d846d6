// What a run gets its batches from.
import type { BatchPart } from "../tensor/batch_part.ts";
import type { TreeBatch } from "../data/columns.ts";
import type { ShapeTree } from "../tensor/tensor.ts";
import type { Json } from "../weights/json.ts";
import type { DataIdentity } from "./data_identity.ts";
import type { Progress } from "./training.ts";

/** A batch of a feed, whose tensors belong to the receiver. */
export type FeedBatch = TreeBatch & {
  /** The number of examples, those of other ranks included. */
  readonly size: number;
  /** Which of them these are, if other ranks have the rest. */
  readonly part?: BatchPart;
  /** The class of each example, if they are known on the host. */
  readonly classes?: ArrayLike<number>;
  /** Where a stream is after this batch, to resume it there. */
  readonly source?: Json;
};

/** Where a run's batches come from. */
export type Feed = {
  readonly name: string;
  /** Shape of one input, without the batch. */
  readonly inputShape: ShapeTree;
  /** The number of classes, if the targets are classes. */
  readonly classes?: number;
  /** The number of examples in an epoch, if it is known. */
  readonly count?: number;
  /** Examples in a batch, if all but the last of an epoch have as many. */
  readonly batchSize?: number;
  /** Batches in an epoch, if it is known. */
  readonly steps?: number;
  /** What it gives, so that a run is not resumed on other data. */
  data(): DataIdentity;
  /** The batches of an epoch that are still to come. */
  rest(progress: Progress): AsyncIterable<FeedBatch>;
  /** Ends what is under way. */
  close(): Promise<void>;
};
