// UMAP: features in the plane, by a library that is fetched on first use.
import { fold, type Key, key as keyOf, uniformArray } from "../../tensor/random.ts";
import { requireOptions, requireRange, requireWhole } from "../../text/require.ts";
import { nextTurn } from "../../tensor/turns.ts";
import type { ProgressOptions } from "../for_each_batch.ts";
import type { Features } from "./features.ts";
import { nearestNeighbors, type Neighbor, rowOf } from "./neighbors.ts";

/** Options of {@linkcode umap}; a step is an epoch. */
export type UmapOptions = Omit<ProgressOptions, "jit"> & {
  /** Nearest neighbors per example, itself included, from 2 to N − 1. Default: 15. */
  readonly neighbors?: number;
  /** The smallest distance between examples, from 0 to 1. Default: 0.1. */
  readonly minDistance?: number;
  /** How often all examples are moved. Default: 500 up to 2,500 examples, fewer for more. */
  readonly epochs?: number;
  /** The source of randomness. Default: `key(0)`. */
  readonly key?: Key;
};

/** The part of umap-js's class that is used. */
type Umap = {
  setPrecomputedKNN(indices: number[][], distances: number[][]): void;
  initializeFit(rows: number[][]): number;
  step(): number;
  getEmbedding(): number[][];
};
type Module = { UMAP: new (options: Record<string, unknown>) => Umap };

// Not a literal inside `import()`: Deno would fetch it when any program starts.
const UMAP_JS = "npm:umap-js@1.4.0";

/** Epochs between two reports. */
const AT_A_TIME = 10;

/** Examples whose neighbors are found between two pauses. */
const ROWS_AT_A_TIME = 50;

/**
 * Places examples in the plane such that neighbors in feature space stay neighbors. The axes, and
 * distances between distant groups, have no meaning.
 *
 * The neighbors are exact, see {@linkcode nearestNeighbors}; the rest is umap-js, which is fetched
 * at the first call. The same key gives the same map.
 *
 * Source: McInnes, Healy and Melville, "UMAP: Uniform manifold approximation and projection for
 * dimension reduction", 2018.
 *
 * @param features the examples' rows, `[N, D]`
 * @param options neighbors, smallest distance, epochs, key; progress, signal
 * @returns the positions, `[N, 2]`
 * @throws {RangeError} if an option is out of its range, or a feature is not finite
 */
export async function umap(features: Features, options: UmapOptions = {}): Promise<Features> {
  requireOptions("compute UMAP", options, {
    onProgress: true,
    signal: true,
    neighbors: true,
    minDistance: true,
    epochs: true,
    key: true,
  });
  const { count } = features;
  const { neighbors = 15, minDistance = 0.1, key = keyOf(0), signal } = options;
  const action = "make a map";
  const range = `from 2 to ${count - 1}, fewer than the ${count} examples`;
  const isCount = Number.isInteger(neighbors) && neighbors >= 2 && neighbors < count;
  requireRange(action, `neighbors must be a whole number ${range}`, isCount, neighbors);
  const isDistance = minDistance >= 0 && minDistance <= 1;
  requireRange(action, "the smallest distance must be from 0 to 1", isDistance, minDistance);
  requireWhole(action, "epochs", options.epochs ?? 1);
  signal?.throwIfAborted();
  const { UMAP }: Module = await import(UMAP_JS);
  const map = new UMAP({
    nNeighbors: neighbors,
    minDist: minDistance,
    random: randomOf(key),
    ...(options.epochs === undefined ? {} : { nEpochs: options.epochs }),
  });
  // So that timers and Ctrl-C are heard, and others on the thread.
  const pause = async (): Promise<void> => {
    await nextTurn();
    signal?.throwIfAborted();
  };
  const near: Neighbor[][] = [];
  while (near.length < count) {
    near.push(nearestNeighbors(features, rowOf(features, near.length), neighbors));
    if (near.length % ROWS_AT_A_TIME === 0) await pause();
  }
  map.setPrecomputedKNN(
    near.map((list) => list.map(({ index }) => index)),
    near.map((list) => list.map(({ distance }) => distance)),
  );
  // With neighbors given, only the number of rows matters.
  const epochs = map.initializeFit(near.map(() => []));
  for (let done = 1; done <= epochs; done++) {
    map.step();
    if (done % AT_A_TIME > 0 && done < epochs) continue;
    options.onProgress?.(done, epochs);
    await pause();
  }
  return { values: Float32Array.from(map.getEmbedding().flat()), count, size: 2 };
}

/** Uniform numbers one at a time, drawn in blocks. */
function randomOf(key: Key): () => number {
  const size = 4096;
  let block: Float32Array = new Float32Array();
  let drawn = 0;
  return () => {
    const at = drawn % size;
    if (at === 0) block = uniformArray(fold(key, drawn / size), size);
    drawn++;
    return block[at]!;
  };
}
