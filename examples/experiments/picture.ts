// An experiment's picture: of each variant the mean over the seeds, and the seeds thin behind it.
import * as nc from "../../mod.ts";
import type { Experiment, Panel, Run } from "./experiment.ts";

/** The points of one run in a panel: those that have both numbers. */
function pointsOf({ rows }: Run, { x, y }: Panel): nc.chart.LinePoints {
  return rows.filter((row) => x[0] in row && y[0] in row)
    .map((row) => [row[x[0]]!, row[y[0]]!] as const);
}

/** The mean of several lines, as far as all of them go. */
function meanOf(lines: readonly nc.chart.LinePoints[]): nc.chart.LinePoints {
  const length = Math.min(...lines.map((line) => line.length));
  return lines[0]!.slice(0, length).map(([x], i) =>
    [x, lines.reduce((sum, line) => sum + line[i]![1] / lines.length, 0)] as const
  );
}

function linesOf(experiment: Experiment, panel: Panel, runs: readonly Run[]): nc.chart.Line[] {
  return (panel.variants ?? experiment.variants).map((name) => {
    const thin = runs.filter(({ variant }) => variant === name).map((run) => pointsOf(run, panel));
    return { name, points: meanOf(thin), ...(thin.length > 1 ? { thin } : {}) };
  });
}

/**
 * Draws an experiment.
 *
 * @param experiment what is drawn
 * @param runs its runs
 * @param title the heading
 * @returns the picture's text, SVG
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
