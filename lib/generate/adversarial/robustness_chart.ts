// Accuracy under attack against ε, as SVG.
import { lineChartSvg } from "../../chart/line_chart.ts";
import { requireOptions, requireRange } from "../../text/require.ts";
import type { Norm } from "./norm.ts";
import type { Robustness } from "./robustness.ts";

/** Options of {@linkcode robustnessSvg}. */
export type RobustnessChartOptions = {
  /** The heading, such as "resnet20 on cifar10 under attack". */
  readonly title: string;
  /** Whether ε is in units of 1/255, as in tables, instead of 1. Default: `true` for L∞. */
  readonly isIn255ths?: boolean;
};

const NAMES: Readonly<Record<Norm, string>> = { linf: "L∞", l2: "L2" };

/**
 * A chart of accuracy against ε, with a curve per attack.
 *
 * @param curves the results of `robustness` by the name of the attack; all by one norm
 * @param options heading, units
 * @returns the SVG text
 * @throws {RangeError} if there is no curve, or they are by several norms
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
  options: RobustnessChartOptions,
): Promise<string> {
  requireOptions("draw robustness", options, { title: true, isIn255ths: true });
  const norms = [...new Set(Object.values(curves).map(({ norm }) => norm))];
  const found = norms.join(", ") || "none";
  requireRange("draw robustness", "there must be curves by one norm", norms.length === 1, found);
  const [norm] = norms as [Norm];
  const { title, isIn255ths = norm === "linf" } = options;
  const scale = isIn255ths ? 255 : 1;
  const lines = Object.entries(curves).map(([name, { points }]) => ({
    name,
    points: points.map(({ epsilon, accuracy }) => [epsilon * scale, accuracy] as const)
      .toSorted(([a], [b]) => a - b),
  }));
  const x = `ε, by ${NAMES[norm]}${isIn255ths ? ", in 255ths" : ", in pixels from 0 to 1"}`;
  const panel = { x, y: "accuracy", percent: true, span: { from: 0, to: 1 }, lines };
  return await lineChartSvg({ title, width: 504, panels: [panel] });
}
