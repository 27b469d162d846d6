// The results of an experiment: all numbers as CSV, curves as SVG, a table of metrics, and which
// claims hold.
import * as nc from "../../mod.ts";
import type { Claim, Experiment, Metric, Panel, Run } from "./experiment.ts";

/**
 * All numbers as CSV: one line per point, with all digits. Missing numbers are left empty.
 *
 * @param runs the runs
 * @returns the file's text, by RFC 4180
 */
export function csvOf(runs: readonly Run[]): string {
  const field = (value: string | number): string =>
    /[",\r\n]/.test(`${value}`) ? `"${`${value}`.replaceAll('"', '""')}"` : `${value}`;
  const columns = [...new Set(runs.flatMap(({ rows }) => rows.flatMap(Object.keys)))];
  const lines = runs.flatMap(({ variant, seed, rows }) =>
    rows.map((row) => [variant, seed, ...columns.map((column) => row[column] ?? "")])
  );
  return [["variant", "seed", ...columns], ...lines]
    .map((line) => `${line.map(field).join(",")}\r\n`).join("");
}

/**
 * Draws an experiment: each variant's mean over the seeds, with a thin line per seed behind it.
 *
 * @param experiment what is drawn
 * @param runs its runs
 * @param title the heading
 * @returns the picture as SVG
 */
export async function pictureOf(
  experiment: Experiment,
  runs: readonly Run[],
  title: string,
): Promise<string> {
  const panels = experiment.panels.map((panel) => ({
    x: panel.x[1],
    y: panel.y[1],
    lines: linesOf(experiment, panel, runs),
    ...(panel.percent ? { percent: true } : {}),
    ...(panel.span ? { span: panel.span } : {}),
  }));
  return await nc.chart.lineChartSvg({ title, panels });
}

function linesOf(experiment: Experiment, panel: Panel, runs: readonly Run[]): nc.chart.Line[] {
  return (panel.variants ?? experiment.variants).map((name) => {
    const thin = runs.filter(({ variant }) => variant === name).map((run) => pointsOf(run, panel));
    return { name, points: meanOf(thin), ...(thin.length > 1 ? { thin } : {}) };
  });
}

/** The points of one run in a panel: those that have both numbers. */
function pointsOf({ rows }: Run, { x, y }: Panel): nc.chart.LinePoints {
  return rows.filter((row) => x[0] in row && y[0] in row)
    .map((row) => [row[x[0]]!, row[y[0]]!] as const);
}

/** The mean of several lines, up to the end of the shortest. */
function meanOf(lines: readonly nc.chart.LinePoints[]): nc.chart.LinePoints {
  const length = Math.min(...lines.map((line) => line.length));
  return lines[0]!.slice(0, length).map(([x], i) =>
    [x, lines.reduce((sum, line) => sum + line[i]![1] / lines.length, 0)] as const
  );
}

/**
 * A table of the metrics of each variant: the mean over its seeds, with the least and the greatest.
 *
 * @param experiment the experiment
 * @param runs its runs
 */
export function metricsTable(experiment: Experiment, runs: readonly Run[]): string {
  const { variants, metrics } = experiment;
  const rows = variants.map((variant) => {
    const own = runs.filter((run) => run.variant === variant);
    return [
      variant,
      ...metrics.map((metric) => spread(own.map(({ rows }) => metric.of(rows)), metric)),
    ];
  });
  return nc.report.table([["", ...metrics.map(({ name }) => name)], ...rows], { heading: true });
}

/** The mean, and the range from the least to the greatest. */
function spread(values: readonly number[], { percent }: Metric): string {
  const mean = values.reduce((sum, value) => sum + value / values.length, 0);
  if (values.length === 1) return numberText(mean, percent);
  const [least, greatest] = [Math.min(...values), Math.max(...values)];
  // Object.is, so that this is also true if all are NaN.
  if (Object.is(least, greatest)) return numberText(least, percent);
  return `${numberText(mean, percent)} (${numberText(least, percent)} to ${
    numberText(greatest, percent)
  })`;
}

function numberText(value: number, percent = false): string {
  if (Number.isNaN(value)) return "none";
  if (value === Infinity) return "never";
  return percent ? `${(100 * value).toFixed(2)} %` : `${Number(value.toPrecision(3))}`;
}

/** A claim with its margin for each seed. */
export type Verdict = { readonly claim: Claim; readonly margins: readonly number[] };

/**
 * Checks the claims against the runs, seed by seed.
 *
 * @param experiment the experiment
 * @param runs its runs
 */
export function verdictsOf({ claims }: Experiment, runs: readonly Run[]): Verdict[] {
  const seeds = [...new Set(runs.map(({ seed }) => seed))];
  return claims.map((claim) => ({
    claim,
    margins: seeds.map((seed) =>
      claim.margin((variant) =>
        runs.find((run) => run.variant === variant && run.seed === seed)!.rows
      )
    ),
  }));
}

/** Whether a claim holds with every seed. */
export function holds({ margins }: Verdict): boolean {
  return margins.every((margin) => margin > 0);
}

/** A verdict in words. */
export function verdictText(verdict: Verdict): string {
  const { claim, margins } = verdict;
  const count = margins.filter((margin) => margin > 0).length;
  const outcome = holds(verdict) ? "holds" : "DOES NOT HOLD";
  const list = margins.map((margin) => numberText(margin)).join(", ");
  return `${outcome} with ${count} of ${margins.length} seeds, margins ${list}: ${claim.text}`;
}
