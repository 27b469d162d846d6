// Examples divided among ranks.
import { type BatchPart, rowsOfTree, type Share } from "../tensor/batch_part.ts";
import { lengthOf } from "../data/stream.ts";
import { disposeTree, mapTree, type Tree } from "../tensor/tree.ts";
import type { World } from "../world/world.ts";
import type { Feed, FeedBatch } from "./feed.ts";
import { type AnyExamples, isStream } from "./open_feed.ts";
import type { BatchStream, StreamBatch } from "./stream_feed.ts";

/** Where divided examples say whose they are. */
const SHARE: unique symbol = Symbol("share");

type Divided = { readonly [SHARE]?: Share };

/**
 * Examples as one of several ranks sees them. Of labeled images and arrays it takes its part of
 * every batch: all parts together are the batch that one rank would have, in the same order. Of a
 * stream it takes every n-th batch, and the batch of a step is that of all ranks.
 *
 * @param examples the same on all ranks
 * @param world the ranks; in a world of one nothing is divided
 * @returns the examples, for {@linkcode fit} and {@linkcode evaluate} with the option `world`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { joinWorld, shard } from "@neocog/neocog";
 *
 * const world = await joinWorld();
 * const examples = {
 *   name: "two pixels",
 *   images: new Uint8Array([0, 255]),
 *   labels: new Uint8Array([0, 1]),
 *   imageShape: [1, 1, 1],
 *   classNames: ["dark", "light"],
 * } as const;
 * if (world.size === 1) assertEquals(shard(examples, world), examples);
 * ```
 */
export function shard<E extends AnyExamples>(examples: E, world: World): E {
  if (world.size === 1) return examples;
  const { rank, size } = world;
  const share = { rank, size };
  const own: AnyExamples = isStream(examples) ? streamOf(examples, share) : examples;
  return { ...own, [SHARE]: share } as unknown as E;
}

/** Which of the ranks this is; `undefined` of one alone. */
export function shareOf(world: World | undefined): Share | undefined {
  return world && world.size > 1 ? { rank: world.rank, size: world.size } : undefined;
}

/**
 * Refuses examples that ranks would not divide, or not put together again.
 *
 * @returns the examples
 * @throws {TypeError} if only one of examples and options knows of other ranks
 */
export function divided(
  action: string,
  examples: AnyExamples,
  world: World | undefined,
): AnyExamples {
  const share = (examples as Divided)[SHARE];
  const ranks = world?.size ?? 1;
  if (share && share.size !== ranks) {
    throw new TypeError(
      `Cannot ${action}: examples that are divided among ${share.size} ranks need the option world of that size, got ${
        world ? `one of ${ranks}` : "none"
      }`,
    );
  }
  if (!share && ranks > 1 && isStream(examples)) {
    throw new TypeError(
      `Cannot ${action}: with other ranks a stream must be divided, shard(stream, world), got one that every rank would read`,
    );
  }
  return examples;
}

function streamOf(stream: BatchStream, share: Share): BatchStream {
  const length = lengthOf(stream);
  const { name, contents } = stream;
  return {
    ...(name === undefined ? {} : { name }),
    ...(contents === undefined ? {} : { contents }),
    ...(length === undefined ? {} : { length: Math.ceil(length / share.size) }),
    async *[Symbol.asyncIterator](): AsyncGenerator<StreamBatch, void, void> {
      let at = 0;
      for await (const batch of stream) {
        if (at++ % share.size === share.rank) {
          // Ranks are resumed by position: each is elsewhere in the stream.
          const { inputs, targets } = batch;
          yield { inputs, targets };
        } else disposeTree({ inputs: batch.inputs, targets: batch.targets });
      }
    },
  };
}

/**
 * A stream's feed whose batches are parts of those of all ranks. A rank that has no batch left takes
 * part with one that does not count, until all are done.
 */
export function sharedFeed(feed: Feed, world: World): Feed {
  return {
    ...feed,
    async *rest(progress) {
      const iterator = feed.rest(progress)[Symbol.asyncIterator]();
      let spare: Tree | undefined;
      try {
        while (true) {
          const { done, value } = await iterator.next();
          const own = done ? undefined : value as FeedBatch;
          const part = await partAmong(world, own?.size ?? 0);
          if (part.of === 0) return;
          if (own) {
            disposeTree(spare ?? null);
            spare = firstOf(own);
            yield { ...own, size: part.of, part };
          } else if (spare) {
            const { inputs, targets } = copyOf(spare) as Record<"inputs" | "targets", Tree>;
            yield { inputs, targets, size: part.of, part };
          } else {
            throw new RangeError(
              `Cannot read ${feed.name}: each rank must have a batch, got none on rank ${world.rank}`,
            );
          }
        }
      } finally {
        disposeTree(spare ?? null);
        await iterator.return?.();
      }
    },
  };
}

/** Where a rank's examples are among those of all. */
async function partAmong(world: World, count: number): Promise<BatchPart> {
  const counts = new Float64Array(world.size);
  counts[world.rank] = count;
  await world.allReduce(counts, "sum");
  const sum = (values: Float64Array): number => values.reduce((total, one) => total + one, 0);
  return { first: sum(counts.subarray(0, world.rank)), count, of: sum(counts) };
}

/** A batch's first example. */
function firstOf({ inputs, targets }: FeedBatch): Tree {
  return rowsOfTree({ inputs, targets }, { first: 0, count: 1, of: 1 });
}

function copyOf(tree: Tree): Tree {
  return mapTree(([leaf]) => leaf!.clone(), tree);
}
