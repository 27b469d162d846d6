// Compares the costs of models as bars (Figure 12.15).
import type { Compared } from "./comparison.ts";
import { briefCount } from "./quantity.ts";
import { COLORS, MUTED, RULE } from "../chart/style.ts";
import { element, picture, textElement, textWidth } from "../chart/svg.ts";

const WIDTH = 1000;
const MARGIN = 16;
const HEAD = 96;
const ROW = 40;
const BAR = 16;
/** The room for a bar's number. */
const LABEL = 52;
/** The gap between columns of bars. */
const GAP = 18;

/** One quantity of all models. */
type Column = {
  readonly title: string;
  readonly color: string;
  readonly value: (model: Compared) => number | undefined;
  readonly text: (value: number) => string;
};

const ERROR = "top-5 error, %";

const COLUMNS: readonly Column[] = [
  { title: ERROR, color: COLORS.vermilion, value: ({ result }) => result?.error, text: String },
  {
    title: "layers with weights",
    color: COLORS.blue,
    value: ({ size }) => size.depth,
    text: String,
  },
  {
    title: "parameters",
    color: COLORS.green,
    value: ({ size }) => size.parameters,
    text: briefCount,
  },
  { title: "FLOPs", color: COLORS.purple, value: ({ size }) => size.flops, text: briefCount },
  {
    title: "activations",
    color: COLORS.orange,
    value: ({ size }) => size.activations,
    text: briefCount,
  },
];

/**
 * Draws a chart of models, each a row of bars: top-5 error if it is known, depth in layers with
 * weights, parameters, and FLOPs and activations for one example. The error of a variant is drawn
 * hollow, and explained below.
 *
 * @param models the models, in order
 * @returns the picture, SVG text
 *
 * @example
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 * import { comparisonChart, sizeOfModel } from "@neocog/neocog/sizing";
 * import { lenet5 } from "@neocog/neocog";
 *
 * const size = sizeOfModel(lenet5(), [28, 28, 1]);
 * assertStringIncludes(comparisonChart([{ name: "lenet5", size }]), "61.7 k");
 * ```
 */
export function comparisonChart(models: readonly Compared[]): string {
  const names = Math.max(...models.map(({ name }) => textWidth(name, 12, true)), 60);
  const left = MARGIN + names + GAP;
  const columns = COLUMNS.filter(({ value }) => models.some((one) => value(one) !== undefined));
  const pitch = (WIDTH - MARGIN - left + GAP) / columns.length;
  const bottom = HEAD + ROW * models.length;
  const notes = notesOf(models);
  const title = notes.length > 0 ? "Size and error of networks" : "Sizes of networks";
  return picture(WIDTH, bottom + 20 + 16 * notes.length + MARGIN, title, [
    textElement(title, { x: MARGIN, y: 32, "font-size": 17, "font-weight": "bold" }),
    textElement("for one example; a multiply-add is two FLOPs", { x: MARGIN, y: 51, fill: MUTED }),
    ...models.flatMap((model, i) => nameElements(model, HEAD + ROW * i)),
    ...columns.flatMap((column, i) =>
      columnElements(column, models, left + pitch * i, pitch - GAP, bottom)
    ),
    ...notes.map((note, i) =>
      textElement(note, { x: MARGIN, y: bottom + 26 + 16 * i, fill: MUTED })
    ),
  ]);
}

function nameElements({ name, result }: Compared, y: number): string[] {
  const words = textElement(name, { x: MARGIN, y: y + 15, "font-size": 12, "font-weight": "bold" });
  const year = result ? textElement(`${result.year}`, { x: MARGIN, y: y + 29, fill: MUTED }) : "";
  return [words, year];
}

/** The notes on hollow bars, each once. */
function notesOf(models: readonly Compared[]): string[] {
  const notes = models.flatMap(({ name, result }) =>
    result?.of === undefined ? [] : [`${name}: ${result.error} % is the error of ${result.of}.`]
  );
  const errors = models.some(({ result }) => result) ? ["Errors as §12.7 states them."] : [];
  return [...new Set([...errors, ...notes])];
}

function columnElements(
  { title, color, value, text }: Column,
  models: readonly Compared[],
  x: number,
  width: number,
  bottom: number,
): string[] {
  const values = models.map(value);
  const longest = Math.max(...values.map((one) => one ?? 0), Number.MIN_VALUE);
  const rule = element("path", { d: `M${x.toFixed(1)} ${HEAD - 8}V${bottom}`, stroke: RULE });
  const heading = textElement(title, { x, y: HEAD - 16, fill: MUTED });
  return [
    rule,
    heading,
    ...values.flatMap((one, i) => {
      if (one === undefined) return [];
      const length = (width - LABEL) * one / longest;
      const y = HEAD + ROW * i + 2;
      const hollow = title === ERROR && models[i]!.result?.of !== undefined;
      const bar = { x, y, width: length, height: BAR, stroke: color };
      return [
        element("rect", { ...bar, fill: hollow ? "#ffffff" : color, class: "bar" }),
        textElement(text(one), { x: x + length + 5, y: y + 12 }),
      ];
    }),
  ];
}
