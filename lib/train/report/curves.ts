// Draws the curves of a training run as an SVG picture.
import { chartFrame, chartSvg, FONT, MUTED, RULE } from "../../chart/plot.ts";
import { curvePanels, type CurvesOptions, type Panel, type Point } from "./curve_panels.ts";
import type { EpochRecord } from "./history.ts";

export type { CurvesOptions, StepRecord } from "./curve_panels.ts";

const WIDTH = 960;
const HEIGHT = 400;
// Okabe and Ito's blue and vermilion, told apart under every color blindness.
const TRAINING = "#0072b2";
const VALIDATION = "#d55e00";
const STEPS = "#a6cee3";

/** One curve; those of epochs have dots, and say their last value at their end. */
function series(
  panel: Panel,
  index: number,
  name: string,
  data: readonly Point[],
  color: string,
): Record<string, unknown> {
  const ofSteps = color === STEPS;
  const formatter = ({ value }: { value: Point }): string => panel.format(value[1]);
  return {
    type: "line",
    name,
    data,
    xAxisIndex: index,
    yAxisIndex: index,
    silent: true,
    z: ofSteps ? 2 : 3,
    color,
    lineStyle: { width: ofSteps ? 1 : 2.25 },
    // Dots tell where the epochs are, as long as there is room between them.
    showSymbol: !ofSteps && data.length <= 40,
    symbol: "circle",
    symbolSize: 7,
    endLabel: { show: !ofSteps, formatter, color, fontFamily: FONT, fontSize: 12, distance: 8 },
    labelLayout: { moveOverlap: "shiftY" },
  };
}

function allSeries(panels: readonly Panel[]): Record<string, unknown>[] {
  return panels.flatMap((panel, i) => [
    series(panel, i, "single steps", panel.steps, STEPS),
    series(panel, i, "training", panel.training, TRAINING),
    series(panel, i, "validation", panel.validation, VALIDATION),
  ]).filter(({ data }) => (data as readonly Point[]).length > 0);
}

/** Where the two panels' left edges are, and how wide they are: room for labels on the right. */
const LEFT = [64, 548] as const;
const PANEL_WIDTH = 332;

/** The most labels that an axis has room for. */
const MOST_LABELS = 14;

/**
 * Labels of a logarithmic axis: 1, 2 and 5 times powers of ten, or the powers
 * alone where those are too many, from the last below `low` to the first above `high`.
 */
function decades(low: number, high: number, digits: readonly number[] = [1, 2, 5]): number[] {
  const values: number[] = [];
  for (let power = Math.floor(Math.log10(low)); 10 ** (power - 1) < high; power++) {
    values.push(...digits.map((digit) => Number(`${digit}e${power}`)));
  }
  const first = values.findLastIndex((value) => value <= low);
  const labels = values.slice(first, values.findIndex((value) => value >= high) + 1);
  return labels.length > MOST_LABELS && digits.length > 1 ? decades(low, high, [1]) : labels;
}

/** Accuracy up to 1, where the last percents matter; loss from 0, or logarithmic if it spans much. */
function valueAxis({ name, steps, training, validation }: Panel): Record<string, unknown> {
  if (name === "accuracy") return { type: "value", scale: true, max: 1 };
  const values = [...steps, ...training, ...validation].map(([, y]) => y);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (!(low > 0 && high / low > 20)) return { type: "value", min: Math.min(0, low) };
  const customValues = decades(low, high);
  const [min, max] = [customValues[0], customValues.at(-1)];
  return { type: "log", min, max, axisTick: { customValues }, axisLabel: { customValues } };
}

function axes(panels: readonly Panel[], last: number): Record<string, unknown> {
  const name = { nameLocation: "middle", nameTextStyle: { color: MUTED, fontSize: 12 } };
  const line = { show: true, onZero: false, lineStyle: { color: MUTED } };
  const splitLine = { lineStyle: { color: RULE } };
  const hasSteps = panels.some(({ steps }) => steps.length > 0);
  return {
    grid: panels.map((_, i) => ({ left: LEFT[i], width: PANEL_WIDTH, top: 68, bottom: 56 })),
    xAxis: panels.map((_, gridIndex) => ({
      ...name,
      gridIndex,
      type: "value",
      name: "epoch",
      nameGap: 30,
      // Epochs begin at 0 where their steps are seen; a single epoch stands in the middle.
      min: hasSteps || last === 1 ? 0 : 1,
      max: hasSteps || last > 1 ? last : 2,
      minInterval: 1,
      axisLine: line,
      axisLabel: { color: MUTED },
      splitLine: { show: false },
    })),
    yAxis: panels.map((panel, gridIndex) => {
      const { axisLabel = {}, ...axis } = valueAxis(panel);
      return {
        ...name,
        ...axis,
        gridIndex,
        name: panel.name,
        nameGap: 46,
        axisLabel: { ...axisLabel as object, color: MUTED, formatter: panel.format },
        splitLine,
      };
    }),
  };
}

function chartOption(
  rows: readonly EpochRecord[],
  options: CurvesOptions,
): Record<string, unknown> {
  const panels = curvePanels(rows, options);
  const ends = panels.flatMap(({ steps, training }) => [steps.at(-1)?.[0], training.at(-1)?.[0]]);
  const last = Math.ceil(Math.max(1, ...ends.map((end) => end ?? 1)) - 1e-9);
  return {
    ...chartFrame(options.title),
    ...axes(panels, last),
    series: allSeries(panels),
  };
}

/**
 * The curves of a training run as an SVG picture that needs nothing else: loss
 * on the left, accuracy on the right, each for training and validation.
 *
 * The chart library (Apache ECharts) is fetched, and loaded, at the first call.
 *
 * @param reports the epochs in their order, as {@linkcode fit} reports them, or records of them; an
 * incomplete epoch is left out
 * @param options the heading, and single steps to draw behind the epochs
 * @returns the picture's text, 960 by 400
 * @throws {RangeError} where there is neither an epoch nor a step to draw
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { curves } from "@neocog/neocog/report";
 *
 * const rows = [
 *   { epoch: 1, loss: 0.3, accuracy: 0.9, valLoss: 0.2, valAccuracy: 0.93, seconds: 9 },
 *   { epoch: 2, loss: 0.1, accuracy: 0.97, valLoss: 0.1, valAccuracy: 0.96, seconds: 9 },
 * ];
 * const svg = await curves(rows, { title: "lenet5 on mnist" });
 * assert(svg.startsWith("<svg") && svg.includes("lenet5 on mnist"));
 * ```
 */
export async function curves(
  reports: readonly (EpochRecord & { readonly complete?: boolean })[],
  options: CurvesOptions,
): Promise<string> {
  const rows = reports.filter(({ complete }) => complete !== false);
  if (rows.length === 0 && (options.steps ?? []).length === 0) {
    throw new RangeError(
      "Cannot draw curves: there must be an epoch or a step to draw, got none",
    );
  }
  return await chartSvg(chartOption(rows, options), { width: WIDTH, height: HEIGHT });
}
