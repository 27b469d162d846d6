// Features in the plane, near ones near: UMAP, by a library that is fetched when one is wanted.
import { fold, type Key, key as keyOf, uniformArray } from "../../tensor/random.ts";
import type { Features } from "./features.ts";
import { nearestNeighbors, rowOf } from "./neighbors.ts";

/** Options of {@linkcode umap}. */
export type UmapOptions = {
  /** How many nearest neighbors of each example hold it, itself among them. Default: 15. */
  readonly neighbors?: number;
  /** How near to one another examples may come, from 0 to 1. Default: 0.1. */
  readonly minDistance?: number;
  /** How often all are moved. Default: 500 up to 2,500 examples, fewer for more. */
  readonly epochs?: number;
  /** The source of randomness. Default: `key(0)`. */
  readonly key?: Key;
  /** Called now and then with the epochs that are done. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Ends the work, which then throws its reason. */
  readonly signal?: AbortSignal;
};

/** The part of umap-js's class that is used. */
type Umap = {
  setPrecomputedKNN(indices: number[][], distances: number[][]): void;
  initializeFit(rows: number[][]): number;
  step(): number;
  getEmbedding(): number[][];
};
type Module = { UMAP: new (options: Record<string, unknown>) => Umap };

// Not a literal inside `import()`: Deno fetches those when a program starts, and few draw maps.
const UMAP_JS = "npm:umap-js@1.4.0";

/** Epochs between two looks at the clock and at the signal. */
const AT_A_TIME = 10;

/**
 * Places examples in the plane such that those that are near in feature space are near. Distances
 * between far groups, and the axes, mean nothing.
 *
 * The neighbors are exact, see {@linkcode nearestNeighbors}; the rest is umap-js's, which is
 * fetched at the first call. The same key gives the same map.
 *
 * Source: McInnes, Healy and Melville, "UMAP: Uniform manifold approximation and projection for
 * dimension reduction", 2018.
 *
 * @param features the examples' rows, `[N, D]`
 * @param options neighbors, smallest distance, epochs, key, progress
 * @returns the places, `[N, 2]`
 * @throws {RangeError} where `neighbors` is no whole number from 2 to N − 1, `minDistance` is not
 * from 0 to 1, `epochs` no whole number from 1, or a feature is not finite
 */
export async function umap(features: Features, options: UmapOptions = {}): Promise<Features> {
  const { count } = features;
  const { neighbors = 15, minDistance = 0.1, key = keyOf(0), signal } = options;
  requireOptions(features, { ...options, neighbors, minDistance });
  signal?.throwIfAborted();
  const { UMAP }: Module = await import(UMAP_JS);
  const map = new UMAP({
    nNeighbors: neighbors,
    minDist: minDistance,
    random: randomOf(key),
    ...(options.epochs === undefined ? {} : { nEpochs: options.epochs }),
  });
  const near = Array.from(
    { length: count },
    (_, i) => nearestNeighbors(features, rowOf(features, i), neighbors),
  );
  map.setPrecomputedKNN(
    near.map((list) => list.map(({ index }) => index)),
    near.map((list) => list.map(({ distance }) => distance)),
  );
  // With neighbors given it asks no more of the rows than how many there are.
  const epochs = map.initializeFit(near.map(() => []));
  for (let done = 1; done <= epochs; done++) {
    map.step();
    if (done % AT_A_TIME > 0 && done < epochs) continue;
    options.onProgress?.(done, epochs);
    // Lets timers and Ctrl-C have their turn.
    await new Promise<void>((resolve) => setTimeout(resolve));
    signal?.throwIfAborted();
  }
  return { values: Float32Array.from(map.getEmbedding().flat()), count, size: 2 };
}

/** Uniform numbers one by one, drawn in blocks. */
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

function requireOptions(
  { count }: Features,
  { neighbors, minDistance, epochs = 1 }: UmapOptions & {
    readonly neighbors: number;
    readonly minDistance: number;
  },
): void {
  const refuse = (rule: string, value: number): never => {
    throw new RangeError(`Cannot make a map: ${rule}, got ${value}`);
  };
  if (!Number.isInteger(neighbors) || neighbors < 2 || neighbors >= count) {
    refuse(
      `neighbors must be a whole number from 2 to ${count - 1}, fewer than the ${count} examples`,
      neighbors,
    );
  }
  if (!(minDistance >= 0 && minDistance <= 1)) {
    refuse("the smallest distance must be from 0 to 1", minDistance);
  }
  if (!Number.isInteger(epochs) || epochs < 1) {
    refuse("epochs must be a whole number from 1", epochs);
  }
}
