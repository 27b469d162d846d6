// What an invocation of a vector makes of a convolution on software adapters, and how it reads for that.
import type { GuardedBackend } from "../backend.ts";
import { LANES, subgroupsOpening } from "../subgroups.ts";
import { type FewFeatures, turnOf, windowColumns } from "./few_features_text.ts";

/** Instructions of Mesa's driver: of a read of four numbers by a vector, of a product, of a sum's loop. */
const TAKES = { read: 50, product: 2, sum: 3 } as const;

/** Products of a turn of the loop: of more the text outgrows the cache of instructions. */
const MOST_PRODUCTS = 1600;

/** Features that an invocation makes at the most. */
const MOST_FEATURES = 16;

/** Fewer vectors leave cores idle: a product cuts its sums into pieces instead. */
const LEAST_VECTORS = 16;

/**
 * Of fewer channels the text is not worth its compiling, half a second each, unless many rows of taps
 * are left out: a step of ResNet-20 would take 0.95 of the time, and its first one 3 seconds longer.
 */
const LEAST_CHANNELS = 128;

/**
 * Of images a product reads each color by itself, which is most of its time if features are few, or
 * colors one. A stem's 64 features of three colors take 1.0 to 1.3 times as long by windows, as all
 * weights of a row of taps are handed round at a time.
 */
function isOfFewColors({ source, features, backward }: FewFeatures): boolean {
  const depth = source.shape[3]!;
  return !backward && (depth === 1 || (depth < 4 && features <= 8));
}

/** The share of rows of taps that lie within their images, of which few are. */
const FEW_ROWS = 0.8;

/** Pixels side by side and features of an invocation. */
export type Block = { readonly run: number; readonly width: number };

/**
 * The pixels and features that an invocation takes, if that takes less time than a product, which
 * fetches a number for every tap: a window's pixels are fetched once for all taps of a row.
 */
export function blockTogether(backend: GuardedBackend, of: FewFeatures): Block | undefined {
  const { features, pixels, phases, taps, source } = of;
  const depth = source.shape[3]!;
  const turn = turnOf(depth);
  const isColors = isOfFewColors(of);
  const isWhole = features % 4 === 0 || of.backward || (isColors && features < MOST_FEATURES);
  const isOurs = subgroupsOpening(backend.device) !== undefined && phases === 1 &&
    taps[1] > 1 && features > 3 && isWhole &&
    (isColors || (depth % 4 === 0 && (depth >= LEAST_CHANNELS || rowsInside(of) < FEW_ROWS)));
  if (!isOurs) return undefined;
  const chunks = Math.ceil(features / MOST_FEATURES);
  const width = features < MOST_FEATURES ? features : 4 * Math.ceil(features / chunks / 4);
  const weights = TAKES.read * weightReads(of, width) + turn * taps[1] * width;
  const timeOf = (run: number): number =>
    Math.ceil(pixels[1] / run) *
    (TAKES.read * readingOf(of, run).reads + weights +
      (turn * TAKES.product * taps[1] + TAKES.sum) * run * width);
  const run = [2, 3, 4, 5, 6, 7, 8]
    .filter((run) => turn * run * width * taps[1] <= MOST_PRODUCTS)
    .reduce((best, run) => timeOf(run) < timeOf(best) ? run : best, 1);
  const padded = features <= 8 ? 8 : MOST_FEATURES;
  const rows = features <= 8 ? 16 : 8;
  const weightsOfTile = TAKES.read * Math.ceil(padded / LANES) + 4 * padded;
  const timeOfProduct = pixels[1] * taps[1] *
    (TAKES.read * (turn === 4 ? 1 : turn) +
      turn / 4 * ((4 * TAKES.product + TAKES.sum) * padded + weightsOfTile / rows)) *
    Math.ceil(features / padded) / chunks;
  const vectors = unitsOf(of, { run, width });
  return run > 1 && timeOf(run) < timeOfProduct &&
      vectors.groups * vectors.chunks >= LEAST_VECTORS
    ? { run, width }
    : undefined;
}

/** Whether weights are read by fours: of the depth, or of features. */
export function weightsInFours({ backward, features }: FewFeatures): boolean {
  return backward || features % 4 === 0;
}

/** Reads that bring a vector's invocations all weights of a row of taps and a turn. */
export function weightReads(of: FewFeatures, width: number): number {
  const turn = turnOf(of.source.shape[3]!);
  const numbers = turn * of.taps[1] * width;
  return Math.ceil((weightsInFours(of) ? numbers / 4 : numbers) / LANES);
}

/** How the source's numbers under a row of a block's windows are read, of as many channels as a turn. */
export type Reading = {
  readonly reads: number;
  /** Where fours of a line are read: how many numbers before the first window these begin. */
  readonly shift?: number;
};

/**
 * Of few channels the numbers of a line are read by fours, if blocks and lines begin at the same place
 * of a four everywhere, so that each number is where the text expects it.
 */
export function readingOf(of: FewFeatures, run: number): Reading {
  const [, , width, depth] = of.source.shape as [number, number, number, number];
  const columns = windowColumns(of, run);
  if (depth % 4 === 0) return { reads: columns };
  if (width * depth % 4 !== 0 || run * of.stride[1] * depth % 4 !== 0) {
    return { reads: columns * depth };
  }
  const shift = (4 - of.uniforms.padLeft! * depth % 4) % 4;
  return { reads: Math.ceil((shift + columns * depth) / 4), shift };
}

/** The share of rows of taps that lie within their images. */
function rowsInside({ pixels, taps, stride, dilation, backward, source, uniforms }: FewFeatures) {
  const padding = uniforms.padTop!;
  const first = backward ? padding - (taps[0] - 1) * dilation[0] : -padding;
  let inside = 0;
  for (let y = 0; y < pixels[0]; y++) {
    for (let r = 0; r < taps[0]; r++) {
      const row = y * stride[0] + first + r * dilation[0];
      inside += row >= 0 && row < source.shape[1]! ? 1 : 0;
    }
  }
  return inside / (pixels[0] * taps[0]);
}

/** Blocks of a line and in all, vectors of these, and chunks of features. */
type Units = Readonly<Record<"blocks" | "units" | "groups" | "chunks", number>>;

/** How many blocks there are. */
export function unitsOf(
  { pixels, features, source }: FewFeatures,
  { run, width }: Block,
): Units {
  const blocks = Math.ceil(pixels[1] / run);
  const units = blocks * pixels[0] * source.shape[0]!;
  return {
    blocks,
    units,
    groups: Math.ceil(units / LANES),
    chunks: Math.ceil(features / width),
  };
}
