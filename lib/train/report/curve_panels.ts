// What a picture of a training run shows: for loss and accuracy, the points of each curve.
import type { EpochRecord } from "./history.ts";

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
  /** Single steps, drawn thin behind the epochs: what there is to see of a first epoch. */
  readonly steps?: readonly StepRecord[];
  /** Steps in an epoch; the last step ends the last epoch where absent. */
  readonly stepsPerEpoch?: number;
};

/** A point of a curve: its epoch, and the value there. */
export type Point = readonly [x: number, y: number];

/** The most points of single steps that are drawn, each the mean of its share of them. */
const MOST_STEPS = 300;

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** At most {@linkcode MOST_STEPS} points, each the mean of as many neighbors. */
function thinned(points: readonly Point[]): Point[] {
  const share = Math.ceil(points.length / MOST_STEPS);
  return Array.from({ length: Math.ceil(points.length / share) || 0 }, (_, i) => {
    const group = points.slice(i * share, (i + 1) * share);
    return [mean(group.map(([x]) => x)), mean(group.map(([, y]) => y))] as const;
  });
}

/** The points of one value of epochs or steps; those without a finite value are left out. */
function points<Row>(
  rows: readonly Row[],
  x: (row: Row) => number,
  y: (row: Row) => number | undefined,
): Point[] {
  return rows.map((row) => [x(row), y(row) ?? NaN] as const).filter(([, at]) =>
    Number.isFinite(at)
  );
}

/** One value's three curves. */
export type Panel = {
  readonly name: string;
  readonly steps: readonly Point[];
  readonly training: readonly Point[];
  readonly validation: readonly Point[];
  readonly format: (value: number) => string;
};

/**
 * The panels of a picture: loss, then accuracy.
 *
 * @param rows the epochs, in their order
 * @param options the steps to show behind them
 */
export function curvePanels(rows: readonly EpochRecord[], options: CurvesOptions): Panel[] {
  const { steps = [] } = options;
  const epochs = rows.at(-1)?.epoch ?? 1;
  const perEpoch = options.stepsPerEpoch ?? (steps.at(-1)?.step ?? 1) / epochs;
  const ofStep = ({ step }: StepRecord): number => step / perEpoch;
  const ofEpoch = ({ epoch }: EpochRecord): number => epoch;
  return [
    {
      name: "loss",
      steps: thinned(points(steps, ofStep, (step) => step.loss)),
      training: points(rows, ofEpoch, (row) => row.loss),
      validation: points(rows, ofEpoch, (row) => row.valLoss),
      format: (value) => String(Number(value.toPrecision(3))),
    },
    {
      name: "accuracy",
      steps: thinned(points(steps, ofStep, (step) => step.accuracy)),
      training: points(rows, ofEpoch, (row) => row.accuracy),
      validation: points(rows, ofEpoch, (row) => row.valAccuracy),
      format: (value) => `${Number((100 * value).toFixed(2))} %`,
    },
  ];
}
