// How a training step grows: points by batch, depth and width, and their slopes.
import { cifarSize } from "./networks.ts";
import type { TimeRow } from "./record.ts";

/** A step's time and its process's memory at a batch, depth or width. */
export type GrowthPoint = { readonly x: number; readonly ms: number; readonly mebibytes: number };

/** The points of each kind, by rising `x`; depths and widths at one batch. */
export type Growth = {
  readonly batches: readonly GrowthPoint[];
  readonly depths: readonly GrowthPoint[];
  readonly widths: readonly GrowthPoint[];
  /** The batch of depths and widths. */
  readonly at: number;
};

/** Sorts rows by what grows in them. */
export function growthOf(rows: readonly TimeRow[]): Growth {
  const points = rows.flatMap(({ model, batchSize, milliseconds, rss = 0 }) => {
    const size = cifarSize(model);
    if (!milliseconds || !size) return [];
    return [{ ...size, batchSize, ms: milliseconds.median, mebibytes: rss / 2 ** 20 }];
  });
  const least = Math.min(...points.map(({ depth }) => depth));
  const at = points.find(({ depth, width }) => depth > least || width > 1)?.batchSize ?? 0;
  type Point = typeof points[number];
  const by = (x: (point: Point) => number, chosen: (point: Point) => boolean): GrowthPoint[] =>
    points.filter(chosen).map((point) => ({ ...point, x: x(point) })).sort((a, b) => a.x - b.x);
  return {
    batches: by(({ batchSize }) => batchSize, (one) => one.depth === least && one.width === 1),
    depths: by(({ depth }) => depth, (one) => one.width === 1 && one.batchSize === at),
    widths: by(({ width }) => width, (one) => one.depth === least && one.batchSize === at),
    at,
  };
}

/**
 * The least-squares slope of points.
 *
 * @returns by how much `y` grows with `x`; `undefined` of less than two points
 */
export function slope(points: readonly (readonly [x: number, y: number])[]): number | undefined {
  const count = points.length;
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / count;
  const [x, y] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))];
  const spread = points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
  if (count < 2 || spread === 0) return undefined;
  return points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0) / spread;
}

/** The slopes as lines: what an image, a layer and a doubled width add. */
export function slopesText(rows: readonly TimeRow[]): string {
  const { batches, depths, widths, at } = growthOf(rows);
  const line = (value: number | undefined, text: (value: number) => string): string[] =>
    value === undefined ? [] : [text(value)];
  const time = ({ x, ms }: GrowthPoint): [number, number] => [x, ms];
  const logs = ({ x, ms }: GrowthPoint): [number, number] => [Math.log(x), Math.log(ms)];
  return [
    ...line(slope(batches.map(time)), (ms) => `an image more takes ${ms.toFixed(2)} ms`),
    ...line(
      slope(batches.map(({ x, mebibytes }) => [x, mebibytes])),
      (size) => `and ${size.toFixed(2)} MiB`,
    ),
    ...line(slope(depths.map(time)), (ms) => `a layer more ${ms.toFixed(2)} ms at batch ${at}`),
    ...line(slope(widths.map(logs)), (power) => `time grows as width to the ${power.toFixed(2)}`),
  ].join(", ");
}
