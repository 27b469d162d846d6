// Draws accuracy under attack against ε as an SVG picture.
import { chartFrame, chartSvg, FONT, MUTED, RULE } from "../../chart/plot.ts";
import type { Norm } from "./norm.ts";
import type { Robustness } from "./robustness.ts";

// Okabe and Ito's colors, told apart under every color blindness.
const COLORS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"] as const;

/** What {@linkcode robustnessSvg} is told besides the curves. */
export type RobustnessChart = {
  /** The picture's heading, such as "resnet20 on cifar10 under attack". */
  readonly title: string;
  /** ε in units of 1/255, as tables have it, rather than of 1. Default: `true` by L∞. */
  readonly isIn255ths?: boolean;
};

const NAMES: Readonly<Record<Norm, string>> = { linf: "L∞", l2: "L2" };

const percent = (share: number): string => `${Number((100 * share).toFixed(1))} %`;

function seriesOf(
  name: string,
  { points }: Robustness,
  scale: number,
  color: string,
): Record<string, unknown> {
  const data = points.map(({ epsilon, accuracy }) => [epsilon * scale, accuracy] as const)
    .toSorted(([a], [b]) => a - b);
  const formatter = ({ value }: { value: readonly [number, number] }): string => percent(value[1]);
  return {
    type: "line",
    name,
    data,
    silent: true,
    color,
    lineStyle: { width: 2.25 },
    symbol: "circle",
    symbolSize: 7,
    endLabel: { show: true, formatter, color, fontFamily: FONT, fontSize: 12, distance: 8 },
    labelLayout: { moveOverlap: "shiftY" },
  };
}

/** Axis lines, labels and names. */
function axes(name: string): Record<string, unknown> {
  const common = {
    type: "value",
    min: 0,
    nameLocation: "middle",
    nameTextStyle: { color: MUTED, fontSize: 12 },
    axisLine: { show: true, onZero: false, lineStyle: { color: MUTED } },
  };
  return {
    grid: { left: 72, right: 84, top: 68, bottom: 56 },
    xAxis: {
      ...common,
      name,
      nameGap: 30,
      axisLabel: { color: MUTED },
      splitLine: { show: false },
    },
    yAxis: {
      ...common,
      name: "accuracy",
      nameGap: 48,
      max: 1,
      axisLabel: { color: MUTED, formatter: percent },
      splitLine: { lineStyle: { color: RULE } },
    },
  };
}

/**
 * Accuracy against ε as an SVG picture that needs nothing else, a curve for each attack.
 *
 * The chart library (Apache ECharts) is fetched, and loaded, at the first call.
 *
 * @param curves what `robustness` answered, by the attack's name; all by one norm
 * @param chart heading, units
 * @returns the picture's text, 640 by 400
 * @throws {RangeError} where there is no curve, or they are by several norms
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { robustnessSvg } from "@neocog/neocog/generate";
 *
 * const points = [{ epsilon: 0, accuracy: 0.9 }, { epsilon: 8 / 255, accuracy: 0.1 }];
 * const found = { norm: "linf", count: 10, accuracy: 0.9, points } as const;
 * const svg = await robustnessSvg({ FGSM: found }, { title: "lenet5 under attack" });
 * assert(svg.startsWith("<svg") && svg.includes("FGSM"));
 * ```
 */
export async function robustnessSvg(
  curves: Readonly<Record<string, Robustness>>,
  chart: RobustnessChart,
): Promise<string> {
  const norms = new Set(Object.values(curves).map(({ norm }) => norm));
  if (norms.size !== 1) {
    throw new RangeError(
      `Cannot draw robustness: there must be curves by one norm, got ${
        [...norms].join(", ") || "none"
      }`,
    );
  }
  const [norm] = norms as Set<Norm>;
  const { title, isIn255ths = norm === "linf" } = chart;
  const scale = isIn255ths ? 255 : 1;
  const option = {
    ...chartFrame(title),
    ...axes(`ε, by ${NAMES[norm!]}${isIn255ths ? ", in 255ths" : ", in pixels of 0 to 1"}`),
    series: Object.entries(curves).map(([name, found], i) =>
      seriesOf(name, found, scale, COLORS[i % COLORS.length]!)
    ),
  };
  return await chartSvg(option, { width: 640, height: 400 });
}
