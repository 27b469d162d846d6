// Batches from a stream: any async iterable, with an end or without, that can be resumed.
import type { TreeBatch } from "../data/columns.ts";
import { discardItem, lengthOf, requireItems } from "../data/stream.ts";
import { leaves, shapesOf, type Tree } from "../tensor/tree.ts";
import { tf } from "../tensor/tf.ts";
import { requireWhole } from "../text/require.ts";
import type { Json } from "../weights/json.ts";
import type { Feed, FeedBatch } from "./feed.ts";
import type { Progress } from "./training.ts";

/** A batch of a stream. */
export type StreamBatch = TreeBatch & {
  /**
   * Where the stream is after this batch, to resume it there by {@linkcode BatchStream.resume}.
   * Absent: it is resumed by position, by passing over the batches that are done.
   */
  readonly state?: Json;
};

/**
 * Batches that come one after the other: an async iterable that can be iterated over again. With an
 * end, each epoch is one iteration; for one without end, {@linkcode FitOptions.stepsPerEpoch} says
 * how long an epoch is, and the iteration goes on from epoch to epoch (and begins anew if it ends).
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { type BatchStream, data, dense, fit, meanSquaredError, sgd, start, tf } from "@neocog/neocog";
 *
 * await start({ backend: "cpu" });
 * const stream: BatchStream = data.from(function* () {
 *   for (let i = 0;; i++) {
 *     const x = Math.sin(i);
 *     yield { inputs: tf.tensor2d([[x]]), targets: tf.tensor2d([[2 * x]]) };
 *   }
 * });
 * const options = { stepsPerEpoch: 50, optimizer: sgd({ learningRate: 0.2 }), loss: meanSquaredError };
 * for await (const { loss, epoch } of fit(dense({ features: 1 }), stream, { ...options, epochs: 3 })) {
 *   if (epoch === 3) assert(loss < 1e-3);
 * }
 * ```
 */
export type BatchStream = AsyncIterable<StreamBatch> & {
  /** What messages call it. Default: `a stream`. */
  readonly name?: string;
  /**
   * What it holds: a text that differs for other data. A run is not resumed on a stream with another
   * text. Default: only shapes are compared.
   */
  readonly contents?: string;
  /** The rest of an iteration, after the batch that had this state. */
  resume?(state: Json): AsyncIterable<StreamBatch>;
};

/** An iteration that is under way, and its first batches, if they were taken already. */
type Under = { readonly iterator: AsyncIterator<StreamBatch>; taken: FeedBatch | undefined };

/**
 * Opens a stream at a place of a run: it reads the first batch, which says the shapes.
 *
 * @throws {TypeError} if it can be iterated over only once, or gives no such batches
 */
export async function openStream(
  action: string,
  stream: BatchStream,
  steps: number | undefined,
  progress: Progress,
): Promise<Feed> {
  requireItems(action, stream);
  if (steps !== undefined) requireWhole(action, "the steps per epoch", steps);
  const name = stream.name ?? "a stream";
  const isEndless = steps !== undefined;
  const begin = (): AsyncIterator<StreamBatch> =>
    (isEndless ? endless(name, stream) : stream)[Symbol.asyncIterator]();
  let under: Under | undefined = await begun(
    name,
    stream,
    isEndless,
    isEndless ? progress.step : progress.stepInEpoch,
    progress.source,
    begin,
  );
  under.taken ??= await nextBatch(name, under.iterator);
  // An epoch whose batches are all done goes on with the next.
  let isAtEnd = under.taken === undefined;
  const first = under.taken ?? await peek(name, begin());
  if (!first) {
    throw new TypeError(`Cannot ${action}: ${name} must give a batch, got none`);
  }
  const known = steps ?? lengthOf(stream);
  const shapes = { inputs: shapesOf(first.inputs), targets: shapesOf(first.targets) };
  if (isAtEnd) discardItem(first);
  return {
    name,
    inputShape: shapes.inputs,
    ...(known === undefined ? {} : { steps: known }),
    data: () => ({ ...shapes, contents: stream.contents ?? "" }),
    async *rest({ stepInEpoch }) {
      if (isAtEnd) {
        isAtEnd = false;
        under = undefined;
        return;
      }
      under ??= { iterator: begin(), taken: undefined };
      for (let at = stepInEpoch; steps === undefined || at < steps; at++) {
        const batch = under.taken ?? await nextBatch(name, under.iterator);
        under.taken = undefined;
        if (!batch) break;
        yield batch;
      }
      if (!isEndless) under = undefined;
    },
    async close() {
      if (under?.taken) discardItem(under.taken);
      await under?.iterator.return?.();
      under = undefined;
    },
  };
}

/** The iteration at a place: by the state that the stream gave, or by passing over batches. */
async function begun(
  name: string,
  stream: BatchStream,
  isEndless: boolean,
  done: number,
  state: Json | undefined,
  begin: () => AsyncIterator<StreamBatch>,
): Promise<Under> {
  if (state !== undefined && done > 0) {
    if (!stream.resume) {
      throw new TypeError(
        `Cannot resume ${name}: it must have a function resume, as its batches had a state, got none`,
      );
    }
    const rest = stream.resume(state);
    const iterator = isEndless ? chained(rest, endless(name, stream)) : rest;
    return { iterator: iterator[Symbol.asyncIterator](), taken: undefined };
  }
  const iterator = begin();
  for (let i = 0; i < done; i++) {
    const passed = await nextBatch(name, iterator);
    if (!passed) {
      throw new RangeError(
        `Cannot resume ${name}: it must have at least the ${done} batches that are done, got ${i}`,
      );
    }
    discardItem({ ...passed });
  }
  return { iterator, taken: undefined };
}

async function* chained<T>(...parts: readonly AsyncIterable<T>[]): AsyncGenerator<T, void, void> {
  for (const part of parts) yield* part;
}

/** Iterations one after the other. */
async function* endless(
  name: string,
  stream: BatchStream,
): AsyncGenerator<StreamBatch, void, void> {
  while (true) {
    let isEmpty = true;
    for await (const batch of stream) {
      isEmpty = false;
      yield batch;
    }
    if (isEmpty) throw new RangeError(`Cannot use ${name}: it must give batches, got none`);
  }
}

/** The first batch of an iteration, which is ended. */
async function peek(
  name: string,
  iterator: AsyncIterator<StreamBatch>,
): Promise<FeedBatch | undefined> {
  const first = await nextBatch(name, iterator);
  await iterator.return?.();
  return first;
}

async function nextBatch(
  name: string,
  iterator: AsyncIterator<StreamBatch>,
): Promise<FeedBatch | undefined> {
  const { done, value } = await iterator.next();
  if (done) return undefined;
  try {
    const { inputs, targets, state } = value as StreamBatch;
    const size = sizeOfBatch(name, value, inputs, targets);
    return { inputs, targets, size, ...(state === undefined ? {} : { source: state }) };
  } catch (error) {
    discardItem(value);
    throw error;
  }
}

/** The number of examples of a batch; refuses what is none. */
function sizeOfBatch(name: string, batch: unknown, inputs: Tree, targets: Tree): number {
  if (inputs === undefined || targets === undefined) {
    const found = batch && typeof batch === "object"
      ? `{ ${Object.keys(batch).join(", ")} }`
      : String(batch);
    throw new TypeError(
      `Cannot use ${name}: its batches must be { inputs, targets }, tensors or records of them, got ${found}`,
    );
  }
  const all = [inputs, targets].flatMap((tree) => leavesOf(name, tree));
  const sizes = new Set(all.map(({ shape }) => shape[0]));
  const [size] = sizes;
  if (sizes.size === 1 && size !== undefined && size > 0) return size;
  throw new TypeError(
    `Cannot use ${name}: all tensors of a batch must begin with the same number of examples, got ${
      all.map(({ shape }) => `[${shape}]`).join(", ")
    }`,
  );
}

function leavesOf(name: string, tree: unknown): tf.Tensor[] {
  const isTree = (one: unknown): boolean =>
    one instanceof tf.Tensor ||
    (typeof one === "object" && one !== null && !ArrayBuffer.isView(one) &&
      !Array.isArray(one) && Object.values(one).every(isTree));
  if (isTree(tree) && leaves(tree as Tree).length > 0) return leaves(tree as Tree);
  throw new TypeError(
    `Cannot use ${name}: its batches must be of tensors or records of them, got ${
      (tree as object | null)?.constructor?.name ?? String(tree)
    }`,
  );
}
