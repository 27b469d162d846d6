// Draws a model as an SVG picture.
import type { AnyModel, Declaration } from "../layers/layer.ts";
import type { Shape, ShapeTree } from "../tensor/tensor.ts";
import { LINE_HEIGHT, LINE_SIZE, linesOf, NAME_SIZE, shortened } from "./box_text.ts";
import { placeInColumns } from "./columns.ts";
import type { Caption, Link, Placed, Point } from "./layout.ts";
import { sizeOfModel } from "./model_size.ts";
import { BESIDE, TITLE_SIZE, titleOf } from "./part_size.ts";
import type { Box, Module, Paint } from "./part.ts";
import { OUTLINES } from "./outlines.ts";
import { planOf } from "./plan.ts";
import { briefCount, grouped, shapeText } from "./quantity.ts";
import { COLORS, MUTED, RULE, tint } from "../chart/style.ts";
import { element, picture, textElement, textWidth } from "../chart/svg.ts";
import { requireOptions } from "../text/require.ts";

/** The largest width of a drawing, unless a part is wider: readable if shown on 1,000 pixels. */
const PAGE = 1080;
/** Around the drawing. */
const MARGIN = 14;
/** Height of heading and legend. */
const HEAD = 92;

/** Options of {@linkcode drawing}. */
export type DrawingOptions = {
  /** The picture's heading, such as the model's name. */
  readonly title: string;
};

/**
 * Draws a model: a box for each layer with its kernel and output shape, colors by kind, branches side
 * by side, and links around residual bodies. Layers that work on single numbers, such as ReLU, are in
 * the box before them; modules that repeat are drawn once.
 *
 * @param model the model
 * @param shape shape of one input, without the batch
 * @param options the title
 * @returns the picture, SVG text
 * @throws {TypeError | RangeError} if the model cannot take such inputs
 *
 * @example
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 * import { drawing } from "@neocog/neocog/sizing";
 * import { lenet5 } from "@neocog/neocog";
 *
 * const svg = drawing(lenet5(), [28, 28, 1], { title: "LeNet-5" });
 * assertStringIncludes(svg, "conv 5×5");
 * ```
 */
export function drawing(model: AnyModel, shape: ShapeTree, options: DrawingOptions): string {
  requireOptions("draw a model", options, { title: true });
  const { title } = options;
  const declaration = model.declare(shape) as Declaration;
  const inputShape = shape as Shape;
  const parts = planOf({ name: "", layer: model, inputShape, declaration });
  const scene = placeInColumns(parts, MARGIN, HEAD, PAGE - 2 * MARGIN);
  const { parameters, flops, unknown } = sizeOfModel(model, shape);
  const facts = `input ${shapeText(shape)}; ${grouped(parameters)} parameters; ${
    unknown.length > 0 ? "at least " : ""
  }${briefCount(flops)}FLOPs, a multiply-add being two`;
  // Some fonts are wider than Helvetica.
  const width = Math.max(scene.width, 1.15 * textWidth(facts, 11)) + 2 * MARGIN;
  return picture(width, HEAD + scene.height + MARGIN, title, [
    textElement(title, { x: MARGIN, y: 30, "font-size": 17, "font-weight": "bold" }),
    textElement(facts, { x: MARGIN, y: 48, fill: MUTED }),
    ...legend(scene.boxes.map(({ what }) => what.paint)),
    ...scene.frames.map(frameElement),
    ...scene.links.map(linkElement),
    ...scene.boxes.map(boxElement),
    ...scene.captions.map(captionElement),
  ]);
}

/** What each used color means. */
function legend(paints: readonly Paint[]): string[] {
  let x = MARGIN;
  return (Object.keys(OUTLINES) as Paint[]).filter((paint) => paints.includes(paint))
    .map((paint) => {
      const swatch = element("rect", { x, y: 58, width: 12, height: 10, rx: 2, ...painted(paint) });
      const text = textElement(paint, { x: x + 17, y: 67, "font-size": LINE_SIZE, fill: MUTED });
      x += 17 + textWidth(paint, LINE_SIZE) + 16;
      return swatch + text;
    });
}

/** The outline and the fill of a kind of layer. */
function painted(paint: Paint): { stroke: string; fill: string } {
  return { stroke: OUTLINES[paint], fill: tint(OUTLINES[paint]) };
}

function boxElement({ what, x, y, width, height }: Placed<Box>): string {
  const middle = { x: x + width / 2, "text-anchor": "middle" };
  const rect = element("rect", { x, y, width, height, rx: 4, ...painted(what.paint) });
  const name = textElement(shortened(what.name), {
    ...middle,
    y: y + LINE_HEIGHT + 2,
    "font-size": NAME_SIZE,
    "font-weight": "bold",
  });
  const lines = linesOf(what).map((line, i) =>
    textElement(line, { ...middle, y: y + LINE_HEIGHT * (i + 2) + 1, "font-size": LINE_SIZE })
  );
  return element("g", { class: `box ${what.paint}` }, [rect, name, ...lines].join(""));
}

function captionElement({ text, x, y }: Caption): string {
  return textElement(text, { x, y, "font-size": LINE_SIZE, fill: MUTED });
}

/** A module's frame; the title is beside the line that enters it. */
function frameElement({ what, x, y, width, height, axis }: Placed<Module>): string {
  const rect = element("rect", { x, y, width, height, rx: 8, fill: "#fbfcfd", stroke: RULE });
  const title = textElement(titleOf(what), {
    x: axis + BESIDE,
    y: y + 17,
    "font-size": TITLE_SIZE,
    "font-weight": "bold",
    fill: MUTED,
  });
  return element("g", { class: "module" }, rect + title);
}

/** The distance from a corner at which a line begins to turn. */
const TURN = 6;

/** The point at that distance from the first point towards the second, at most half way. */
function towards([x, y]: Point, [toX, toY]: Point): Point {
  const length = Math.hypot(toX - x, toY - y);
  const share = length === 0 ? 0 : Math.min(TURN / length, 0.5);
  return [x + (toX - x) * share, y + (toY - y) * share];
}

/** A line through points with rounded corners. */
function pathThrough(points: readonly Point[]): string {
  const at = ([x, y]: Point): string => `${Math.round(x * 10) / 10} ${Math.round(y * 10) / 10}`;
  const turns = points.slice(1, -1).map((corner, i) =>
    `L${at(towards(corner, points[i]!))}Q${at(corner)} ${at(towards(corner, points[i + 2]!))}`
  );
  return `M${at(points[0]!)}${turns.join("")}L${at(points.at(-1)!)}`;
}

/** A line, perhaps with an arrowhead at its end. */
function linkElement({ points, kind, arrow }: Link): string {
  const stroke = kind === "residual" ? COLORS.vermilion : MUTED;
  const width = kind === "residual" ? 1.8 : 1.2;
  const path = element("path", {
    d: pathThrough(points),
    fill: "none",
    stroke,
    "stroke-width": width,
    class: kind,
  });
  return arrow ? path + headElement(points.at(-2)!, points.at(-1)!, stroke) : path;
}

function headElement([fromX, fromY]: Point, [x, y]: Point, fill: string): string {
  const length = Math.hypot(x - fromX, y - fromY) || 1;
  const [dx, dy] = [(x - fromX) / length, (y - fromY) / length];
  const corner = (side: number): string =>
    `${(x - 6 * dx - 3.5 * side * dy).toFixed(1)},${(y - 6 * dy + 3.5 * side * dx).toFixed(1)}`;
  return element("polygon", {
    points: `${x.toFixed(1)},${y.toFixed(1)} ${corner(1)} ${corner(-1)}`,
    fill,
  });
}
