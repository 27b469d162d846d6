// Draws what a search for a learning rate found.
import { chartFrame, chartSvg, MUTED, RULE } from "../../chart/plot.ts";
import type { FoundLearningRate } from "./find_learning_rate.ts";

const WIDTH = 960;
const HEIGHT = 400;
// Okabe and Ito's, as in the curves of training.
const LOSS = "#a6cee3";
const SMOOTHED = "#0072b2";
const SUGGESTED = "#d55e00";

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
function marks({ steepest, tenthOfLeast, suggestion }: FoundLearningRate): object {
  const one = (rate: number | undefined, name: string, above: number): object[] =>
    rate === undefined ? [] : [{
      xAxis: rate,
      lineStyle: { color: rate === suggestion ? SUGGESTED : MUTED, type: "dashed", width: 1.5 },
      label: {
        formatter: `${name}: ${rateText(rate)}`,
        color: rate === suggestion ? SUGGESTED : MUTED,
        position: "end",
        distance: above,
        fontSize: 12,
      },
    }];
  // One above the other, as they may be close together.
  return {
    silent: true,
    symbol: "none",
    precision: 12, // Places are rounded to hundredths by default.
    data: [...one(steepest, "steepest", 4), ...one(tenthOfLeast, "least / 10", 20)],
  };
}

function chartOption(
  found: FoundLearningRate,
  { title }: LearningRateSvgOptions,
): Record<string, unknown> {
  const { rates, losses, smoothed } = found;
  const low = Math.floor(Math.log10(rates[0]!) + 1e-9);
  const high = Math.ceil(Math.log10(rates.at(-1)!) - 1e-9);
  const customValues = Array.from({ length: high - low + 1 }, (_, i) => Number(`1e${low + i}`));
  const line = (name: string, values: readonly number[], color: string, width: number): object => ({
    type: "line",
    name,
    data: rates.map((rate, i) => [rate, values[i]]),
    showSymbol: false,
    silent: true,
    color,
    lineStyle: { width },
  });
  const name = { nameLocation: "middle", nameTextStyle: { color: MUTED, fontSize: 12 } };
  return {
    ...chartFrame(title),
    grid: { left: 64, right: 40, top: 96, bottom: 56 },
    xAxis: {
      ...name,
      type: "log",
      name: "learning rate",
      nameGap: 30,
      min: customValues[0],
      max: customValues.at(-1),
      axisTick: { customValues },
      axisLabel: { customValues, color: MUTED, formatter: rateText },
      axisLine: { show: true, onZero: false, lineStyle: { color: MUTED } },
      splitLine: { show: false },
    },
    yAxis: {
      ...name,
      type: "value",
      name: "loss",
      nameGap: 46,
      min: 0,
      // Where it diverges, single losses leave the picture.
      max: Number((1.1 * Math.max(...smoothed)).toPrecision(2)),
      axisLabel: { color: MUTED, showMaxLabel: false },
      splitLine: { lineStyle: { color: RULE } },
    },
    series: [
      line("single steps", losses, LOSS, 1),
      { ...line("smoothed", smoothed, SMOOTHED, 2.25), markLine: marks(found) },
    ],
  };
}

/**
 * The curve of a search for a learning rate as an SVG picture that needs nothing else: losses over
 * learning rates, which have a logarithmic axis, with lines at what {@linkcode findLearningRate}
 * read off it. The suggestion's is red.
 *
 * The chart library (Apache ECharts) is fetched, and loaded, at the first call.
 *
 * @param found what was found
 * @param options the heading
 * @returns the picture's text, 960 by 400
 * @throws {RangeError} where the curve has fewer than two steps
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
  if (found.rates.length < 2) {
    throw new RangeError(
      `Cannot draw a curve of learning rates: there must be at least two steps, got ${found.rates.length}`,
    );
  }
  return await chartSvg(chartOption(found, options), { width: WIDTH, height: HEIGHT });
}
