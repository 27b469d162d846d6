// Draws a model as blocks in their true proportions, as an SVG picture.
import type { AnyModel, Child, Declaration } from "../layers/layer.ts";
import { COLORS, MUTED, RULE, tint } from "../chart/style.ts";
import { element, picture, textElement, textWidth } from "../chart/svg.ts";
import type { Shape, ShapeTree } from "../tensor/tensor.ts";
import {
  type BlockScene,
  extentOf,
  NAME,
  type PlacedBlock,
  placePiece,
  scaleFor,
  type Wire,
} from "./block_layout.ts";
import { blockPlan } from "./block_plan.ts";
import { OUTLINES } from "./outlines.ts";
import { shapeText } from "./quantity.ts";
import { requireOptions } from "../text/require.ts";

/** Options of {@linkcode blockDrawing}. */
export type BlockDrawingOptions = {
  /** The picture's heading, such as the model's name. */
  readonly title: string;
};

const MARGIN = 14;
const HEAD = 34;

/**
 * Draws a model as blocks from left to right. A block is a layer's output in true proportions: its
 * front is as high as the maps and as wide as they are many, its depth is their width; one scale for
 * height and width, another for the number of maps, a third for dense layers, which are bars.
 * Branches are below one another, shortcuts are lines around. Layers that work on single numbers are
 * in the block before them.
 *
 * Each block is a `<g class="block" data-path="…">`, so that a page can tell which one is clicked.
 *
 * @param model the model
 * @param shape shape of one input, `[H, W, C]` or `[features]`; of several a record of them
 * @param options the title
 * @returns the picture, SVG text
 * @throws {TypeError | RangeError} if the model cannot take such inputs
 *
 * @example
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 * import { lenet5 } from "@neocog/neocog";
 * import { blockDrawing } from "@neocog/neocog/sizing";
 *
 * const svg = blockDrawing(lenet5(), [28, 28, 1], { title: "LeNet-5" });
 * assertStringIncludes(svg, 'data-path="conv2"');
 * ```
 */
export function blockDrawing(
  model: AnyModel,
  shape: ShapeTree,
  options: BlockDrawingOptions,
): string {
  requireOptions("draw a model", options, { title: true });
  const { title } = options;
  const declaration = model.declare(shape) as Declaration;
  const root: Child = { name: "", layer: model, inputShape: shape as Shape, declaration };
  const plan = blockPlan(root);
  const scale = scaleFor(plan);
  const { width, above, below } = extentOf(plan, scale);
  const scene: BlockScene = { blocks: [], joins: [], groups: [], wires: [] };
  placePiece(scene, plan, MARGIN, HEAD + above, scale);
  const whole = Math.max(width, textWidth(title, 15, true)) + 2 * MARGIN;
  return picture(whole, HEAD + above + below + MARGIN, title, [
    textElement(title, { x: MARGIN, y: 22, "font-size": 15, "font-weight": "bold" }),
    ...scene.groups.map(groupElement),
    ...scene.wires.map(wireElement),
    ...scene.blocks.map(blockElement),
    ...scene.joins.map(joinElement),
  ]);
}

function groupElement({ group, x, y, width, height }: BlockScene["groups"][number]): string {
  const frame = element("rect", { x, y, width, height, rx: 8, fill: "#fbfcfd", stroke: RULE });
  const title = textElement(group.name, {
    x: x + 8,
    y: y + 14,
    "font-size": NAME,
    "font-weight": "bold",
    fill: MUTED,
  });
  return element("g", { class: "group", "data-path": group.path }, frame + title);
}

function wireElement({ points, skips }: Wire): string {
  const [first, ...others] = points;
  const at = ([x, y]: readonly [number, number]): string => `${x.toFixed(1)} ${y.toFixed(1)}`;
  let last = first!;
  const curves = others.map((point) => {
    const middle = (last[0] + point[0]) / 2;
    const curve = last[1] === point[1]
      ? `L${at(point)}`
      : `C${at([middle, last[1]])} ${at([middle, point[1]])} ${at(point)}`;
    last = point;
    return curve;
  });
  return element("path", {
    class: skips ? "wire skips" : "wire",
    d: `M${at(first!)}${curves.join("")}`,
    fill: "none",
    stroke: skips ? COLORS.vermilion : MUTED,
    "stroke-width": skips ? 1.6 : 1,
  });
}

/** A block's front, top and side, its name and its shape. */
function blockElement({ block, x, y, width, height, depth, label }: PlacedBlock): string {
  const color = OUTLINES[block.paint];
  const face = (points: readonly (readonly [number, number])[], share: number): string =>
    element("polygon", {
      points: points.map(([px, py]) => `${px.toFixed(1)},${py.toFixed(1)}`).join(" "),
      fill: tint(color, share),
      stroke: color,
      "stroke-linejoin": "round",
    });
  const right = x + width;
  const bottom = y + height;
  const faces = [
    face([[x, y], [x + depth, y - depth], [right + depth, y - depth], [right, y]], 0.12),
    face(
      [[right, y], [right + depth, y - depth], [right + depth, bottom - depth], [right, bottom]],
      0.5,
    ),
    face([[x, y], [right, y], [right, bottom], [x, bottom]], 0.28),
  ];
  const middle = { x: label[0], "text-anchor": "middle" };
  const texts = [
    textElement(block.name, {
      ...middle,
      y: label[1],
      "font-size": NAME,
      "font-weight": "bold",
    }),
    textElement(shapeText(block.shape), {
      ...middle,
      y: label[1] + 11,
      "font-size": NAME - 1,
      fill: MUTED,
    }),
  ];
  const attributes = {
    class: `block ${block.paint}`,
    "data-path": block.path,
    "data-folded": block.folded.join(" "),
  };
  return element("g", attributes, [...faces, ...texts].join(""));
}

const SIGNS: Readonly<Record<string, string>> = {
  add: "+",
  concat: "∥",
  parallel: "∥",
  multiply: "×",
};

function joinElement({ fork, x, y }: BlockScene["joins"][number]): string {
  const circle = element("circle", {
    cx: x,
    cy: y,
    r: 8,
    fill: tint(OUTLINES.join, 0.28),
    stroke: OUTLINES.join,
  });
  const sign = textElement(SIGNS[fork.join] ?? "∥", {
    x,
    y: y + 4,
    "text-anchor": "middle",
    "font-size": 12,
  });
  return element("g", { class: "join", "data-path": fork.path }, circle + sign);
}
