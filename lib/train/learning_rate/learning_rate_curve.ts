// Draws the result of a search for a learning rate.
import { lineChartSvg, type LineMark } from "../../chart/line_chart.ts";
import type { FoundLearningRate } from "./find_learning_rate.ts";
import { requireOptions } from "../../text/require.ts";

/** Options of {@linkcode learningRateSvg}. */
export type LearningRateSvgOptions = {
  /** The picture's heading, such as "lenet5 on mnist". */
  readonly title: string;
};

/** A rate as people write it: 0.003, or 2e-7. */
function rateText(rate: number): string {
  const short = Number(rate.toPrecision(2));
  return short < 1e-4 ? short.toExponential() : `${short}`;
}

/** Vertical lines at what was read off the curve. */
function marksOf({ steepest, tenthOfLeast, suggestion }: FoundLearningRate): LineMark[] {
  const marks = [["steepest", steepest], ["least / 10", tenthOfLeast]] as const;
  return marks.flatMap(([name, x]) =>
    x === undefined ? [] : [{ x, label: `${name}: ${rateText(x)}`, strong: x === suggestion }]
  );
}

/**
 * Draws the result of a search for a learning rate as a self-contained SVG picture: losses over
 * learning rates on a logarithmic axis, with lines at what {@linkcode findLearningRate} read off it.
 * The suggestion's line is red.
 *
 * The chart library (Apache ECharts) is fetched and loaded at the first call.
 *
 * @param found the result
 * @param options the heading
 * @returns the picture's text, as of {@linkcode lineChartSvg}
 * @throws {RangeError} if the curve has fewer than two steps
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { learningRateSvg } from "@neocog/neocog/report";
 *
 * const svg = await learningRateSvg({
 *   rates: [0.01, 0.1, 1, 10],
 *   losses: [2.5, 1.5, 1, 4],
 *   smoothed: [2.5, 2, 1.5, 3],
 *   steepest: 0.01,
 *   tenthOfLeast: 0.1,
 *   suggestion: 0.01,
 * }, { title: "lenet5 on mnist" });
 * assert(svg.startsWith("<svg") && svg.includes("steepest: 0.01"));
 * ```
 */
export async function learningRateSvg(
  found: FoundLearningRate,
  options: LearningRateSvgOptions,
): Promise<string> {
  requireOptions("draw a search for a learning rate", options, { title: true });
  const { rates, losses, smoothed } = found;
  if (rates.length < 2) {
    throw new RangeError(
      `Cannot draw a curve of learning rates: there must be at least two steps, got ${rates.length}`,
    );
  }
  const pointsOf = (values: readonly number[]): [number, number][] =>
    rates.map((rate, i) => [rate, values[i]!]);
  return await lineChartSvg({
    title: options.title,
    width: 832,
    panels: [{
      x: "learning rate",
      y: "loss",
      lines: [
        { name: "smoothed", points: pointsOf(smoothed) },
        { name: "single steps", points: pointsOf(losses), pale: true },
      ],
      log: { x: true },
      // If the loss diverges, single steps leave the picture.
      span: { from: 0, to: Number((1.1 * Math.max(...smoothed)).toPrecision(2)) },
      marks: marksOf(found),
    }],
  });
}
