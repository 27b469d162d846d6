// What an experiment came to, as text: figures of each variant, and which claims hold.
import { report } from "../../mod.ts";
import type { Claim, Experiment, Figure, Run } from "./experiment.ts";

function written(value: number, percent = false): string {
  if (Number.isNaN(value)) return "none";
  if (value === Infinity) return "never";
  return percent ? `${(100 * value).toFixed(2)} %` : `${Number(value.toPrecision(3))}`;
}

/** The mean, and from the least to the most. */
function spread(values: readonly number[], { percent }: Figure): string {
  const mean = values.reduce((sum, value) => sum + value / values.length, 0);
  if (values.length === 1) return written(mean, percent);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  // Also where all are NaN.
  if (Object.is(least, most)) return written(least, percent);
  return `${written(mean, percent)} (${written(least, percent)} to ${written(most, percent)})`;
}

/**
 * A table of what each variant came to: the mean over its seeds, and the least and the most.
 *
 * @param experiment the experiment
 * @param runs its runs
 */
export function figuresTable(experiment: Experiment, runs: readonly Run[]): string {
  const { variants, figures } = experiment;
  const rows = variants.map((variant) => {
    const own = runs.filter((run) => run.variant === variant);
    return [
      variant,
      ...figures.map((figure) => spread(own.map(({ rows }) => figure.of(rows)), figure)),
    ];
  });
  return report.table([["", ...figures.map(({ name }) => name)], ...rows], { heading: true });
}

/** Of a claim, with how many seeds it holds, and by how much. */
export type Verdict = { readonly claim: Claim; readonly margins: readonly number[] };

/**
 * Holds the claims against the runs, seed by seed.
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
  const by = margins.map((margin) => written(margin)).join(", ");
  return `${
    holds(verdict) ? "holds" : "DOES NOT HOLD"
  } with ${count} of ${margins.length} seeds, by ${by}: ${claim.text}`;
}
