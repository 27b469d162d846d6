// Draws the curves of a training run as an SVG picture.
import { lineChartSvg, type LinePanel, type LinePoints } from "../../chart/line_chart.ts";
import type { EpochRecord } from "./history.ts";
import { requireOptions } from "../../text/require.ts";

/** What one training step came to. */
export type StepRecord = {
  /** The step's number over all epochs, from 1. */
  readonly step: number;
  /** The loss of its batch. */
  readonly loss: number;
  /** The accuracy over its batch, 0 to 1. */
  readonly accuracy?: number;
};

/** What {@linkcode curves} draws beside the epochs. */
export type CurvesOptions = {
  /** The picture's heading, such as "lenet5 on mnist". */
  readonly title: string;
  /** Single steps, drawn thin behind the epochs: they show the first epoch. Default: none. */
  readonly steps?: readonly StepRecord[];
  /** Steps in an epoch. Default: the last step ends the last epoch. */
  readonly stepsPerEpoch?: number;
};

/** The most points of single steps that are drawn, each the mean of its share of them. */
const MOST_STEPS = 300;

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** At most {@linkcode MOST_STEPS} points, each the mean of as many neighbors. */
function thinned(points: LinePoints): LinePoints {
  const share = Math.ceil(points.length / MOST_STEPS);
  return Array.from({ length: Math.ceil(points.length / share) || 0 }, (_, i) => {
    const group = points.slice(i * share, (i + 1) * share);
    return [mean(group.map(([x]) => x)), mean(group.map(([, y]) => y))] as const;
  });
}

/** The points of one value of epochs or steps; those without a finite value are left out. */
function pointsOf<Row>(
  rows: readonly Row[],
  x: (row: Row) => number,
  y: (row: Row) => number | undefined,
): LinePoints {
  return rows.map((row) => [x(row), y(row) ?? NaN] as const)
    .filter(([, value]) => Number.isFinite(value));
}

/** Accuracy up to 1, where the last percents matter; loss from 0, or logarithmic if it spans much. */
function scaleOf(
  name: string,
  lines: LinePanel["lines"],
): Pick<LinePanel, "percent" | "span" | "log"> {
  if (name === "accuracy") return { percent: true, span: { to: 1 } };
  const values = lines.flatMap(({ points }) => points.map(([, y]) => y));
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return low > 0 && high / low > 20 ? { log: { y: true } } : { span: { from: Math.min(0, low) } };
}

/** The panels of loss and accuracy, as far as there are values of them. */
function panelsOf(rows: readonly EpochRecord[], options: CurvesOptions): LinePanel[] {
  const { steps = [] } = options;
  const perEpoch = options.stepsPerEpoch ?? (steps.at(-1)?.step ?? 1) / (rows.at(-1)?.epoch ?? 1);
  const ofEpochs = (y: (row: EpochRecord) => number | undefined): LinePoints =>
    pointsOf(rows, ({ epoch }) => epoch, y);
  const ofSteps = (y: (step: StepRecord) => number | undefined): LinePoints =>
    thinned(pointsOf(steps, ({ step }) => step / perEpoch, y));
  const panel = (name: string, points: readonly LinePoints[]): LinePanel[] => {
    const lines = ["training", "validation", "single steps"]
      .map((name, i) => ({ name, points: points[i]!, pale: i === 2 }))
      .filter(({ points }) => points.length > 0);
    return lines.length === 0 ? [] : [{ x: "epoch", y: name, lines, ...scaleOf(name, lines) }];
  };
  return [
    ...panel("loss", [
      ofEpochs(({ loss }) => loss),
      ofEpochs(({ valLoss }) => valLoss),
      ofSteps(({ loss }) => loss),
    ]),
    ...panel("accuracy", [
      ofEpochs(({ accuracy }) => accuracy),
      ofEpochs(({ valAccuracy }) => valAccuracy),
      ofSteps(({ accuracy }) => accuracy),
    ]),
    ...[...new Set(rows.flatMap(({ metrics = {} }) => Object.keys(metrics)))].flatMap((name) =>
      panel(name, [
        ofEpochs(({ metrics }) => metrics?.[name]),
        ofEpochs(({ valMetrics }) => valMetrics?.[name]),
        [],
      ])
    ),
  ];
}

/**
 * Draws the curves of a training run as a self-contained SVG picture: loss, accuracy of a
 * classifier, and each metric, for training and validation.
 *
 * The chart library (Apache ECharts) is fetched and loaded at the first call.
 *
 * @param reports the epochs in their order, as {@linkcode fit} reports them, or records of them; an
 * incomplete epoch is left out
 * @param options the heading, and single steps to draw behind the epochs
 * @returns the picture's text, as of {@linkcode lineChartSvg}
 * @throws {RangeError} if there is neither an epoch nor a step with a finite value
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { curves } from "@neocog/neocog/report";
 *
 * const rows = [
 *   { epoch: 1, loss: 0.3, accuracy: 0.9, valLoss: 0.2, valAccuracy: 0.93, seconds: 9 },
 *   { epoch: 2, loss: 0.1, accuracy: 0.97, valLoss: 0.1, valAccuracy: 0.96, seconds: 9 },
 * ];
 * const svg = await curves(rows, { title: "lenet5 on mnist" });
 * assert(svg.startsWith("<svg") && svg.includes("lenet5 on mnist"));
 * ```
 */
export async function curves(
  reports: readonly (EpochRecord & { readonly complete?: boolean })[],
  options: CurvesOptions,
): Promise<string> {
  requireOptions("draw learning curves", options, {
    title: true,
    steps: true,
    stepsPerEpoch: true,
  });
  const rows = reports.filter(({ complete }) => complete !== false);
  const panels = panelsOf(rows, options);
  if (panels.length > 0) return await lineChartSvg({ title: options.title, panels });
  throw new RangeError("Cannot draw curves: there must be an epoch or a step to draw, got none");
}
