// Small pictures with words beside them, as the book's figures have them: an SVG picture.
import { encodePng } from "../image/encode.ts";
import { enlarge } from "../image/enlarge.ts";
import type { Image } from "../image/image.ts";
import { element, escaped, MUTED, picture, textElement, textWidth } from "../sizing/svg.ts";

/** A picture in a figure. */
export type FigureCell = {
  readonly image: Image;
  /** Words below it. Default: none. */
  readonly label?: string;
  /** What is said of it: `"right"` is marked blue, `"wrong"` vermilion. Default: nothing. */
  readonly mark?: "right" | "wrong";
};

/** Pictures of one kind, row by row. */
export type FigurePanel = {
  /** Words above it. */
  readonly title: string;
  readonly columns: number;
  readonly cells: readonly FigureCell[];
};

/** Options of {@linkcode figureSvg}. */
export type FigureOptions = {
  /** The figure's heading. */
  readonly title: string;
  /** What it says below its heading. Default: nothing. */
  readonly subtitle?: string;
  /** How wide and high a picture is drawn, about, in pixels. Default: 64. */
  readonly cell?: number;
  /** How many groups of panels stand beside one another. Default: 1. */
  readonly columns?: number;
};

// Okabe and Ito's blue and vermilion, told apart under every colour blindness.
const MARKS = { right: "#0072b2", wrong: "#d55e00" } as const;

const MARGIN = 20;
const GAP = 4;
/** Between the panels of a group. */
const APART = 18;
/** Between groups. */
const GROUPS_APART = 36;
const HEAD = 58;
const PANEL_HEAD = 20;
const LABEL = 15;
const LABEL_SIZE = 10;

/** How large a picture of a figure is drawn, and the room for its words. */
type Measure = { readonly side: number; readonly row: number };

/**
 * A figure of small pictures: groups of panels that belong together, each panel with a title and
 * its pictures in rows, with words below them. The pictures are in the SVG: it needs nothing else.
 *
 * @param groups groups of panels, which stand beside one another
 * @param options heading, size of the pictures, groups in a row
 * @returns the picture's text
 * @throws {RangeError} where there is no picture, or a number is no whole number from 1
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { figureSvg } from "@neocog/neocog";
 *
 * const image = { width: 1, height: 1, channels: 1, pixels: new Float32Array([0.5]) } as const;
 * const panel = { title: "dots", columns: 1, cells: [{ image, label: "grey" }] };
 * const svg = figureSvg([[panel]], { title: "A figure" });
 * assert(svg.includes("data:image/png;base64,") && svg.includes("grey"));
 * ```
 */
export function figureSvg(
  groups: readonly (readonly FigurePanel[])[],
  options: FigureOptions,
): string {
  const { title, subtitle = "", cell = 64, columns = 1 } = options;
  requireFigure(groups, cell, columns);
  const cells = groups.flat().flatMap((panel) => panel.cells);
  const side = Math.max(...cells.map(({ image }) => Math.max(...drawnSize(image, cell))));
  const row = side + GAP + (cells.some(({ label }) => label !== undefined) ? LABEL : 0);
  const measure = { side, row };
  const widths = groups.map((panels) => groupWidth(panels, measure));
  const heights = groups.map((panels) =>
    Math.max(...panels.map((panel) => panelHeight(panel, row)))
  );
  const [width, height] = [Math.max(...widths), Math.max(...heights)];
  const rows = Math.ceil(groups.length / columns);
  const across = Math.min(columns, groups.length);
  const body = groups.flatMap((panels, i) => {
    const x = MARGIN + (i % columns) * (width + GROUPS_APART);
    return drawGroup(panels, x, HEAD + Math.floor(i / columns) * (height + APART), cell, measure);
  });
  const needed = Math.max(textWidth(title, 17, true), textWidth(subtitle, 11));
  const inner = Math.max(across * width + (across - 1) * GROUPS_APART, needed);
  return picture(inner + 2 * MARGIN, HEAD + rows * (height + APART), title, [
    textElement(title, { x: MARGIN, y: 28, "font-size": 17, "font-weight": "bold" }),
    textElement(subtitle, { x: MARGIN, y: 46, fill: MUTED }),
    ...body,
  ]);
}

/** A picture's width and height as it is drawn: whole multiples, so that pixels stay squares. */
function drawnSize({ width, height }: Image, cell: number): readonly [number, number] {
  const factor = Math.max(1, Math.floor(cell / Math.max(width, height)));
  return [width * factor, height * factor];
}

function panelWidth({ columns, cells, title }: FigurePanel, { side }: Measure): number {
  const used = Math.min(columns, cells.length);
  return Math.max(used * (side + GAP) - GAP, textWidth(title, 11, true));
}

function panelHeight({ columns, cells }: FigurePanel, row: number): number {
  return PANEL_HEAD + Math.ceil(cells.length / columns) * row;
}

function groupWidth(panels: readonly FigurePanel[], measure: Measure): number {
  const sum = panels.reduce((sum, panel) => sum + panelWidth(panel, measure), 0);
  return sum + APART * (panels.length - 1);
}

function drawGroup(
  panels: readonly FigurePanel[],
  x: number,
  y: number,
  cell: number,
  measure: Measure,
): string[] {
  let left = x;
  return panels.flatMap((panel) => {
    const at = left;
    left += panelWidth(panel, measure) + APART;
    return [
      textElement(panel.title, { x: at, y: y + 12, "font-weight": "bold" }),
      ...panel.cells.map((one, i) => {
        const column = at + (i % panel.columns) * (measure.side + GAP);
        const top = y + PANEL_HEAD + Math.floor(i / panel.columns) * measure.row;
        return drawCell(one, column, top, cell, measure.side);
      }),
    ];
  });
}

function drawCell(
  { image, label, mark }: FigureCell,
  x: number,
  y: number,
  cell: number,
  side: number,
): string {
  const [width, height] = drawnSize(image, cell);
  const png = encodePng(enlarge(image, width / image.width));
  const [left, top] = [x + (side - width) / 2, y + (side - height) / 2];
  const shown = element("image", {
    x: left,
    y: top,
    width,
    height,
    href: `data:image/png;base64,${base64(png)}`,
  }, element("title", {}, escaped(label ?? "")));
  const colour = mark ? MARKS[mark] : MUTED;
  const frame = { x: left, y: top, width, height, fill: "none", stroke: colour, "stroke-width": 2 };
  const words = { x: x + side / 2, y: y + side + 11, "font-size": LABEL_SIZE };
  return [
    shown,
    mark ? element("rect", frame) : "",
    label ? textElement(label, { ...words, "text-anchor": "middle", fill: colour }) : "",
  ].join("");
}

function base64(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) {
    text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  }
  return btoa(text);
}

function requireFigure(
  groups: readonly (readonly FigurePanel[])[],
  cell: number,
  columns: number,
): void {
  const empty = groups.length === 0 ||
    groups.some((panels) => panels.length === 0 || panels.some(({ cells }) => cells.length === 0));
  if (empty) {
    throw new RangeError(
      "Cannot draw a figure as each group must have a panel, and each panel a picture: current value is none",
    );
  }
  const numbers = [cell, columns, ...groups.flat().map((panel) => panel.columns)];
  const wrong = numbers.find((value) => !Number.isInteger(value) || value < 1);
  if (wrong === undefined) return;
  throw new RangeError(
    `Cannot draw a figure as sizes and columns must be whole numbers from 1: current value is ${wrong}`,
  );
}
