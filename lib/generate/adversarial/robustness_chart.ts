// Draws accuracy under attack against ε as an SVG picture.
import { lineChartSvg } from "../../chart/line_chart.ts";
import type { Norm } from "./norm.ts";
import type { Robustness } from "./robustness.ts";

/** What {@linkcode robustnessSvg} is told besides the curves. */
export type RobustnessChart = {
  /** The picture's heading, such as "resnet20 on cifar10 under attack". */
  readonly title: string;
  /** ε in units of 1/255, as tables have it, rather than of 1. Default: `true` by L∞. */
  readonly isIn255ths?: boolean;
};

const NAMES: Readonly<Record<Norm, string>> = { linf: "L∞", l2: "L2" };

/**
 * Accuracy against ε as an SVG picture that needs nothing else, a curve for each attack.
 *
 * The chart library (Apache ECharts) is fetched, and loaded, at the first call.
 *
 * @param curves what `robustness` answered, by the attack's name; all by one norm
 * @param chart heading, units
 * @returns the picture's text, 640 by 420
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
  const lines = Object.entries(curves).map(([name, { points }]) => ({
    name,
    points: points.map(({ epsilon, accuracy }) => [epsilon * scale, accuracy] as const)
      .toSorted(([a], [b]) => a - b),
  }));
  const x = `ε, by ${NAMES[norm!]}${isIn255ths ? ", in 255ths" : ", in pixels of 0 to 1"}`;
  const span = { from: 0, to: 1 };
  const panel = { x, y: "accuracy", percent: true, span, lines };
  return await lineChartSvg({ title, width: 504, panels: [panel] });
}
