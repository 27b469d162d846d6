// Draws lines of numbers as an SVG picture, up to three charts side by side.
import { chartAxis, chartFrame, chartLegend, chartSvg, type Option } from "./plot.ts";
import { COLORS, FONT, MUTED, PALE, RULE, seriesColors } from "./style.ts";

/** The points of a line, in the order of drawing. */
export type LinePoints = readonly (readonly [x: number, y: number])[];

/** A line of a {@linkcode LinePanel}. */
export type Line = {
  /** Its name in the legend; lines of the same name have the same color in all panels. */
  readonly name: string;
  /** The points it goes through. */
  readonly points: LinePoints;
  /** Lines drawn thin behind it in its color, such as single runs behind their mean. */
  readonly thin?: readonly LinePoints[];
  /** Whether it is pale and thin, without its last value, such as single steps. Default: `false`. */
  readonly pale?: boolean;
};

/** A vertical line at a place of a {@linkcode LinePanel}. */
export type LineMark = {
  readonly x: number;
  /** What stands above it. */
  readonly label: string;
  /** Whether it is drawn in color. Default: `false`. */
  readonly strong?: boolean;
};

/** One of the charts of a {@linkcode LineChart}. */
export type LinePanel = {
  /** The horizontal axis's name, with its unit. */
  readonly x: string;
  /** The vertical axis's name, with its unit. */
  readonly y: string;
  /** The lines, in the legend's order. */
  readonly lines: readonly Line[];
  /** Whether values are fractions of 1 and are written as percent. Default: `false`. */
  readonly percent?: boolean;
  /** The ends of the vertical axis; what is beyond is cut off. Default: by the values. */
  readonly span?: { readonly from?: number; readonly to?: number };
  /** Which axes are logarithmic; all their values must be above 0. Default: neither. */
  readonly log?: { readonly x?: boolean; readonly y?: boolean };
  /** Vertical lines. Default: none. */
  readonly marks?: readonly LineMark[];
  /** Whether each line's last value stands behind it; not if all end at the same. Default: `true`. */
  readonly lastValues?: boolean;
};

/** What {@linkcode lineChartSvg} draws. */
export type LineChart = {
  /** The picture's heading. */
  readonly title: string;
  /** One to three charts side by side. */
  readonly panels: readonly LinePanel[];
  /** The width of each chart between its axes, in pixels. Default: 348. */
  readonly width?: number;
};

/** Height of the picture, and the room for names left and for last values right of each chart. */
const HEIGHT = 420;
const LEFT = 72;
const RIGHT = 64;

/** Height of a row of names in the legend. */
const LEGEND_ROW = 22;

/** The most points that get dots. */
const MOST_DOTS = 20;

/** The most labels that a logarithmic axis has room for. */
const MOST_LABELS = 14;

/** A number as people read it: at most three digits, or percent. */
function written(value: number, percent = false): string {
  if (percent) return `${Number((100 * value).toFixed(2))} %`;
  const short = Number(value.toPrecision(3));
  return short !== 0 && Math.abs(short) < 1e-4 ? short.toExponential() : `${short}`;
}

/** Points with fewer digits, which make half of the file: nobody sees the others. */
function rounded(points: LinePoints): LinePoints {
  return points.map(([x, y]) => [Number(x.toPrecision(6)), Number(y.toPrecision(6))] as const);
}

/** A line, and behind it the thin ones. */
function seriesOf(
  panel: LinePanel,
  index: number,
  { name, points, thin = [], pale = false }: Line,
  color: string,
): Option[] {
  const common = { type: "line", name, color, silent: true, xAxisIndex: index, yAxisIndex: index };
  const { percent, lastValues = true } = panel;
  const formatter = ({ value }: { value: readonly [number, number] }): string =>
    written(value[1], percent);
  const single = (data: LinePoints, opacity: number): Option => ({
    ...common,
    data: rounded(data),
    z: 2,
    showSymbol: false,
    lineStyle: { width: 1, opacity },
  });
  if (pale) return [single(points, 1)];
  const main = {
    ...common,
    data: rounded(points),
    z: 3,
    lineStyle: { width: 2.25 },
    showSymbol: points.length <= MOST_DOTS,
    symbol: "circle",
    symbolSize: 6,
    endLabel: { show: lastValues, formatter, color, fontFamily: FONT, fontSize: 12, distance: 8 },
    labelLayout: { moveOverlap: "shiftY" },
  };
  return [main, ...thin.map((data) => single(data, 0.45))];
}

/** Marks as ECharts has them: part of a line, with labels one above the other. */
function markLine(marks: readonly LineMark[]): Option {
  const data = marks.map(({ x, label, strong = false }, i) => {
    const color = strong ? COLORS.vermilion : MUTED;
    return {
      xAxis: x,
      lineStyle: { color, type: "dashed", width: 1.5 },
      label: { formatter: label, color, position: "end", distance: 4 + 16 * i, fontSize: 12 },
    };
  });
  // Places are rounded to hundredths by default.
  return { markLine: { silent: true, symbol: "none", precision: 12, data } };
}

function allSeries(panels: readonly LinePanel[], colorOf: (line: Line) => string): Option[] {
  return panels.flatMap((panel, i) => {
    const drawn = panel.lines.flatMap((line) => seriesOf(panel, i, line, colorOf(line)));
    if (panel.marks?.length) drawn[0] = { ...drawn[0], ...markLine(panel.marks) };
    return drawn;
  });
}

/**
 * Labels of a logarithmic axis: 1, 2 and 5 times powers of ten, or only the powers if those are too
 * many, from the last that is not above `low` to the first that is not below `high`.
 */
function decades(low: number, high: number, digits: readonly number[] = [1, 2, 5]): number[] {
  const values: number[] = [];
  for (let power = Math.floor(Math.log10(low)); 10 ** (power - 1) < high; power++) {
    values.push(...digits.map((digit) => Number(`${digit}e${power}`)));
  }
  // The last digit of a computed rate must not cost a decade.
  const first = values.findLastIndex((value) => value <= low * (1 + 1e-9));
  const last = values.findIndex((value) => value >= high * (1 - 1e-9));
  const labels = values.slice(Math.max(0, first), last + 1);
  return labels.length > MOST_LABELS && digits.length > 1 ? decades(low, high, [1]) : labels;
}

/** The scale of a logarithmic axis. */
function logAxis(low: number, high: number, formatter: (value: number) => string): Option {
  const customValues = decades(low, high);
  const [min, max] = [customValues[0], customValues.at(-1)];
  const axisLabel = { customValues, color: MUTED, formatter };
  return { type: "log", min, max, axisTick: { customValues }, axisLabel };
}

/** All values of a panel along an axis. */
function valuesOf({ lines }: LinePanel, axis: 0 | 1): number[] {
  return lines.flatMap(({ points, thin = [] }) => [points, ...thin].flat().map((one) => one[axis]));
}

function xAxis(panel: LinePanel, gridIndex: number): Option {
  const values = valuesOf(panel, 0);
  const axis = { ...chartAxis(panel.x, 30), gridIndex };
  const most = Math.max(...values);
  if (panel.log?.x) return { ...axis, ...logAxis(Math.min(...values), most, (at) => written(at)) };
  const min = Math.min(0, ...values);
  const isWhole = panel.lines.every(({ points, pale }) =>
    pale || points.every(([x]) => Number.isInteger(x))
  );
  return {
    ...axis,
    type: "value",
    min,
    ...(most > min ? { max: most } : {}),
    ...(isWhole ? { minInterval: 1 } : {}),
    // The last one is where the values end, which may be anywhere.
    axisLabel: { color: MUTED, formatter: (at: number) => written(at) },
  };
}

/** From the least to the largest value by round numbers, or as the panel says. */
function yAxis(panel: LinePanel, gridIndex: number): Option {
  const formatter = (value: number): string => written(value, panel.percent);
  const axis = {
    ...chartAxis(panel.y, 50),
    gridIndex,
    splitLine: { lineStyle: { color: RULE } },
  };
  if (panel.log?.y) {
    const values = valuesOf(panel, 1);
    return { ...axis, ...logAxis(Math.min(...values), Math.max(...values), formatter) };
  }
  const { from, to } = panel.span ?? {};
  return {
    ...axis,
    type: "value",
    scale: true,
    ...(from === undefined ? {} : { min: from }),
    ...(to === undefined ? {} : { max: to }),
    axisLabel: { color: MUTED, formatter },
  };
}

/** Names in as many rows as they need; the width of the reader's font is not known. */
function legendRows(names: readonly string[], width: number): string[][] {
  const rows: string[][] = [[]];
  let left = 0;
  for (const name of names) {
    const own = 52 + 7 * name.length; // Its line, its letters, and the gap behind.
    if (left > 0 && left + own > width) {
      rows.push([]);
      left = 0;
    }
    rows.at(-1)!.push(name);
    left += own;
  }
  return rows;
}

function requireDrawable({ panels }: LineChart): void {
  if (panels.length < 1 || panels.length > 3) {
    throw new RangeError(
      `Cannot draw lines: a chart must have 1 to 3 panels, got ${panels.length}`,
    );
  }
  for (const panel of panels) {
    for (const axis of [0, 1] as const) {
      const isLog = (axis === 0 ? panel.log?.x : panel.log?.y) ?? false;
      const wrong = valuesOf(panel, axis).find((one) => !Number.isFinite(one) || isLog && one <= 0);
      if (wrong === undefined) continue;
      throw new RangeError(
        `Cannot draw lines: their points must be finite numbers${
          isLog ? " above 0" : ""
        }, got ${wrong} in the panel "${panel.y}"`,
      );
    }
    if (!panel.lines.some(({ points }) => points.length > 0)) {
      throw new RangeError(
        `Cannot draw lines: a panel must have a point to draw, got none in the panel "${panel.y}"`,
      );
    }
  }
}

/**
 * Draws lines as a self-contained SVG picture with axes, a legend and each line's last value: up to
 * three charts side by side, such as the loss and the accuracy of several networks, with the mean
 * over seeds as a line and the single runs thin behind it.
 *
 * The chart library (Apache ECharts) is fetched and loaded at the first call.
 *
 * @param chart heading, axes and lines
 * @returns the picture's text, 420 high, and 484 wide for each panel of the default width; higher
 * if the names need several rows
 * @throws {RangeError} if there are not one to three panels, a panel has nothing to draw, or a
 * point is not two finite numbers, above 0 on a logarithmic axis
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { lineChartSvg } from "@neocog/neocog/chart";
 *
 * const runs = [[[1, 0.5], [2, 0.7]], [[1, 0.6], [2, 0.9]]] as const;
 * const svg = await lineChartSvg({
 *   title: "Two seeds",
 *   panels: [{
 *     x: "epoch",
 *     y: "test accuracy",
 *     percent: true,
 *     lines: [{ name: "lenet5", points: [[1, 0.55], [2, 0.8]], thin: runs }],
 *   }],
 * });
 * assert(svg.startsWith("<svg") && svg.includes("lenet5") && svg.includes("80 %"));
 * ```
 */
export async function lineChartSvg(chart: LineChart): Promise<string> {
  requireDrawable(chart);
  const { title, panels, width = 348 } = chart;
  const names = [...new Set(panels.flatMap(({ lines }) => lines.map(({ name }) => name)))];
  const colors = seriesColors(names.length);
  const whole = LEFT + width + RIGHT;
  const rows = legendRows(names, whole * panels.length - 32);
  const more = (rows.length - 1) * LEGEND_ROW;
  const marks = Math.max(0, ...panels.map((panel) => panel.marks?.length ?? 0));
  const top = 88 + more + 16 * marks;
  const option = {
    ...chartFrame(title),
    // Below the heading, as names of networks may be long.
    legend: rows.map((data, row) => chartLegend(data, { top: 50 + row * LEGEND_ROW, left: 16 })),
    grid: panels.map((_, i) => ({ left: LEFT + i * whole, width, top, bottom: 56 })),
    xAxis: panels.map(xAxis),
    yAxis: panels.map(yAxis),
    series: allSeries(panels, ({ name, pale }) => pale ? PALE : colors[names.indexOf(name)]!),
  };
  return await chartSvg(option, { width: whole * panels.length, height: HEIGHT + more });
}
