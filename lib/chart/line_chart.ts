// Draws lines of numbers, each with the lines it is the mean of, as an SVG picture.
import { chartFrame, chartSvg, FONT, INK, MUTED, RULE } from "./plot.ts";

/** Places in a panel: what its axes count. */
export type LinePoints = readonly (readonly [x: number, y: number])[];

/** A line of a {@linkcode LinePanel}. */
export type Line = {
  /** What the legend calls it; lines of the same name have the same color in all panels. */
  readonly name: string;
  /** Where it goes through, in the order of drawing. */
  readonly points: LinePoints;
  /** Lines drawn thin behind it in its color, such as single runs behind their mean. */
  readonly thin?: readonly LinePoints[];
};

/** One of the charts that a {@linkcode LineChart} has side by side. */
export type LinePanel = {
  /** What goes to the right, with its unit. */
  readonly x: string;
  /** What goes up, with its unit. */
  readonly y: string;
  /** The lines, in the legend's order. */
  readonly lines: readonly Line[];
  /** Whether values are shares of 1 and are written as percent. Default: `false`. */
  readonly percent?: boolean;
  /** The vertical axis's ends; what lies beyond is cut off. Default: by the values. */
  readonly span?: { readonly from?: number; readonly to?: number };
};

/** What {@linkcode lineChartSvg} draws. */
export type LineChart = {
  /** The picture's heading. */
  readonly title: string;
  /** One to three charts side by side. */
  readonly panels: readonly LinePanel[];
};

// Okabe and Ito's colors, told apart under every color blindness.
const COLORS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"] as const;

/** Height of the picture, and of each panel's place: room for names left, for last values right. */
const HEIGHT = 420;
const LEFT = 72;
const PANEL = 348;
const RIGHT = 64;
const WIDTH = LEFT + PANEL + RIGHT;

/** Height of a row of names. */
const LEGEND_ROW = 22;

/** The most points that get dots. */
const MOST_DOTS = 12;

type Option = Record<string, unknown>;

function written(value: number, percent = false): string {
  return percent ? `${Number((100 * value).toFixed(1))} %` : String(Number(value.toPrecision(3)));
}

/** Half the digits of a picture's size are those that nobody sees. */
function rounded(points: LinePoints): LinePoints {
  return points.map(([x, y]) => [Number(x.toPrecision(6)), Number(y.toPrecision(6))] as const);
}

/** A line, and behind it the thin ones. */
function seriesOf(
  { percent }: LinePanel,
  panel: number,
  { name, points, thin = [] }: Line,
  color: string,
): Option[] {
  const common = { type: "line", name, color, silent: true, xAxisIndex: panel, yAxisIndex: panel };
  const formatter = ({ value }: { value: readonly [number, number] }): string =>
    written(value[1], percent);
  const mean = {
    ...common,
    data: rounded(points),
    z: 3,
    lineStyle: { width: 2.25 },
    showSymbol: points.length <= MOST_DOTS,
    symbol: "circle",
    symbolSize: 6,
    endLabel: { show: true, formatter, color, fontFamily: FONT, fontSize: 12, distance: 8 },
    labelLayout: { moveOverlap: "shiftY" },
  };
  const single = (data: LinePoints): Option => ({
    ...common,
    data: rounded(data),
    z: 2,
    showSymbol: false,
    lineStyle: { width: 1, opacity: 0.45 },
  });
  return [mean, ...thin.map(single)];
}

/** From the values' least to their most by round numbers, or as the panel says. */
function valueAxis({ y, percent, span = {} }: LinePanel, gridIndex: number): Option {
  return {
    type: "value",
    scale: true,
    gridIndex,
    name: y,
    nameGap: 50,
    ...(span.from === undefined ? {} : { min: span.from }),
    ...(span.to === undefined ? {} : { max: span.to }),
    axisLabel: { color: MUTED, formatter: (value: number): string => written(value, percent) },
    splitLine: { lineStyle: { color: RULE } },
  };
}

/** Names in as many rows as they need; how wide the reader's font is can only be guessed. */
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

function axes(panels: readonly LinePanel[], top: number): Option {
  const common = {
    nameLocation: "middle",
    nameTextStyle: { color: MUTED, fontSize: 12 },
    axisLine: { show: true, onZero: false, lineStyle: { color: MUTED } },
  };
  return {
    grid: panels.map((_, i) => ({ left: LEFT + i * WIDTH, width: PANEL, top, bottom: 56 })),
    xAxis: panels.map(({ x, lines }, gridIndex) => {
      const places = lines.flatMap(({ points }) => points.map(([at]) => at));
      const [min, max] = [Math.min(0, ...places), Math.max(...places)];
      return {
        ...common,
        type: "value",
        gridIndex,
        name: x,
        nameGap: 30,
        min,
        ...(max > min ? { max } : {}),
        axisLabel: { color: MUTED },
        splitLine: { show: false },
      };
    }),
    yAxis: panels.map((panel, i) => ({ ...common, ...valueAxis(panel, i) })),
  };
}

function requireDrawable({ panels }: LineChart): void {
  if (panels.length < 1 || panels.length > 3) {
    throw new RangeError(
      `Cannot draw lines: a chart must have 1 to 3 panels, got ${panels.length}`,
    );
  }
  for (const { y, lines } of panels) {
    const points = lines.flatMap(({ points, thin = [] }) => [points, ...thin]).flat();
    const wrong = points.flat().find((value) => !Number.isFinite(value));
    if (wrong !== undefined) {
      throw new RangeError(
        `Cannot draw lines: their points must be finite numbers, got ${wrong} in the panel "${y}"`,
      );
    }
    if (!lines.some((line) => line.points.length > 0)) {
      throw new RangeError(
        `Cannot draw lines: a panel must have a point to draw, got none in the panel "${y}"`,
      );
    }
  }
}

function chartOption({ title, panels }: LineChart): { option: Option; height: number } {
  const names = [...new Set(panels.flatMap(({ lines }) => lines.map(({ name }) => name)))];
  const color = (name: string): string => COLORS[names.indexOf(name) % COLORS.length]!;
  const frame = chartFrame(title);
  const rows = legendRows(names, WIDTH * panels.length - 32);
  const more = (rows.length - 1) * LEGEND_ROW;
  const option = {
    ...frame,
    // Below the heading: names of networks are longer than "training" and "validation".
    legend: rows.map((data, row) => ({
      ...frame.legend as Option,
      data,
      top: 50 + row * LEGEND_ROW,
      left: 16,
      textStyle: { color: INK },
    })),
    ...axes(panels, 88 + more),
    series: panels.flatMap((panel, i) =>
      panel.lines.flatMap((line) => seriesOf(panel, i, line, color(line.name)))
    ),
  };
  return { option, height: HEIGHT + more };
}

/**
 * Lines as an SVG picture that needs nothing else, with axes, a legend and each line's last value:
 * up to three charts side by side, such as the loss and the accuracy of several networks, the mean
 * over seeds as a line and the seeds' own lines thin behind it.
 *
 * The chart library (Apache ECharts) is fetched, and loaded, at the first call.
 *
 * @param chart heading, axes and lines
 * @returns the picture's text, 484 wide for each panel and 420 high, more where names need several rows
 * @throws {RangeError} where there are not one to three panels, a panel has nothing to draw, or a
 * point is not two finite numbers
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
  const { option, height } = chartOption(chart);
  return await chartSvg(option, { width: WIDTH * chart.panels.length, height });
}
