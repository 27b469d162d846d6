// A scatter plot of examples, colored by class, as SVG.
import { MUTED, RULE, seriesColors } from "../../chart/style.ts";
import { element, escaped, picture, textElement, textWidth } from "../../chart/svg.ts";
import { requireOptions, requireRange } from "../../text/require.ts";
import type { Features } from "./features.ts";

/** Options of {@linkcode scatterSvg}. */
export type ScatterOptions = {
  /** The heading. */
  readonly title: string;
  /** Names of the axes. Default: none. */
  readonly axes?: readonly [across: string, up: string];
  /** The tooltip of a dot. Default: its class. */
  readonly nameOf?: (example: number) => string;
};

const SIDE = 640;
const LEFT = 40;
const TOP = 56;
const MARGIN = 16;
const LEGEND_STEP = 20;

/**
 * A scatter plot of examples in the plane, with a color per class and a legend.
 *
 * @param positions the coordinates, `[N, 2]`; both axes have the same scale
 * @param labels the classes, `[N]`
 * @param classNames the names of the classes; those without an example are not in the legend
 * @param options heading, names of the axes and dots
 * @returns the SVG text
 * @throws {TypeError} if there are not two coordinates and one label per example
 * @throws {RangeError} if a coordinate is not finite, or a label has no class
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { scatterSvg } from "@neocog/neocog/explain";
 *
 * const positions = { values: new Float32Array([0, 0, 1, 2]), count: 2, size: 2 };
 * const svg = scatterSvg(positions, [0, 1], ["cat", "dog"], { title: "Two animals" });
 * assert(svg.startsWith("<svg") && svg.includes("dog"));
 * ```
 */
export function scatterSvg(
  positions: Features,
  labels: ArrayLike<number>,
  classNames: readonly string[],
  options: ScatterOptions,
): string {
  requireOptions("draw a scatter plot", options, { title: true, axes: true, nameOf: true });
  requirePlane(positions, labels, classNames);
  const colors = seriesColors(classNames.length);
  const present = classNames.map((_, i) => i).filter((i) => Array.from(labels).includes(i));
  const legendWidth = Math.max(0, ...present.map((i) => textWidth(classNames[i]!, 12))) + 24;
  const legend = present.map((label, i) => legendLine(classNames[label]!, colors[label]!, i));
  const height = Math.max(TOP + SIDE + LEFT, TOP + present.length * LEGEND_STEP + MARGIN);
  return picture(LEFT + SIDE + 2 * MARGIN + legendWidth, height, options.title, [
    textElement(options.title, { x: LEFT, y: 34, "font-size": 18, "font-weight": "bold" }),
    element("rect", { x: LEFT, y: TOP, width: SIDE, height: SIDE, fill: "none", stroke: RULE }),
    ...axisNames(options.axes),
    ...dots(positions, labels, colors, options.nameOf ?? ((i) => classNames[labels[i]!]!)),
    ...legend,
  ]);
}

function legendLine(name: string, color: string, row: number): string {
  const [x, y] = [LEFT + SIDE + MARGIN, TOP + 10 + row * LEGEND_STEP];
  return element("circle", { cx: x + 5, cy: y, r: 5, fill: color }) +
    textElement(name, { x: x + 16, y: y + 4, "font-size": 12 });
}

function axisNames(axes: ScatterOptions["axes"]): string[] {
  if (!axes) return [];
  const style = { "text-anchor": "middle", "font-size": 12, fill: MUTED };
  const [middle, down] = [LEFT + SIDE / 2, TOP + SIDE / 2];
  return [
    textElement(axes[0], { ...style, x: middle, y: TOP + SIDE + 24 }),
    textElement(axes[1], { ...style, x: 24, y: down, transform: `rotate(-90 24 ${down})` }),
  ];
}

/** The dots, in the order of the examples, so that no class covers all others. */
function dots(
  { values, count }: Features,
  labels: ArrayLike<number>,
  colors: readonly string[],
  nameOf: (example: number) => string,
): string[] {
  const range = (axis: 0 | 1): readonly [least: number, most: number] => {
    let [least, most] = [Infinity, -Infinity];
    for (let i = axis; i < values.length; i += 2) {
      least = Math.min(least, values[i]!);
      most = Math.max(most, values[i]!);
    }
    return [least, most];
  };
  const [[left, right], [low, high]] = [range(0), range(1)];
  const unit = (SIDE - 2 * MARGIN) / (Math.max(right - left, high - low) || 1);
  const radius = count > 3000 ? 1.5 : count > 500 ? 2.5 : 4;
  return Array.from({ length: count }, (_, i) => {
    const cx = LEFT + SIDE / 2 + (values[2 * i]! - (left + right) / 2) * unit;
    const cy = TOP + SIDE / 2 - (values[2 * i + 1]! - (low + high) / 2) * unit;
    const fill = colors[labels[i]!]!;
    const attributes = { cx, cy, r: radius, fill, "fill-opacity": "0.75" };
    return element("circle", attributes, element("title", {}, escaped(nameOf(i))));
  });
}

function requirePlane(
  { values, count, size }: Features,
  labels: ArrayLike<number>,
  classNames: readonly string[],
): void {
  if (size !== 2 || values.length !== 2 * count || labels.length !== count || count === 0) {
    throw new TypeError(
      `Cannot draw a map: there must be two numbers and a label per example, and at least one, got [${count}, ${size}] and ${labels.length} labels`,
    );
  }
  const bad = values.findIndex((value) => !Number.isFinite(value));
  const found = `${values[bad]} of example ${bad >> 1}`;
  requireRange("draw a map", "positions must be finite numbers", bad < 0, found);
  const wrong = Array.from(labels).find((label) => classNames[label] === undefined);
  const rule = `a label must be below the ${classNames.length} classes`;
  requireRange("draw a map", rule, wrong === undefined, wrong);
}
