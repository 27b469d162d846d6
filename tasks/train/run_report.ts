// What a finished run says of itself: class by class, where it is most wrong, what it reached.
import {
  type ClassReport,
  classReport,
  type EpochRecord,
  wrongestOf,
  wrongestPicture,
} from "../../lib/train/report/mod.ts";
import { classReportCsv, confusionCsv } from "../../lib/train/report/class_report.ts";
import { encodePng } from "../../lib/image/mod.ts";
import type { Evaluation, Examples, ImageSource } from "../../mod.ts";
import { duration } from "../progress/bar.ts";
import type { OutputDir } from "./output_dir.ts";

/** How many of the wrongest answers are drawn. */
const DRAWN = 24;

/**
 * Writes a run's measures on the test images: `classes.csv`, `confusion.csv`, `wrongest.png`.
 *
 * @param output the run's directory
 * @param evaluation what was measured
 * @param test the test images
 * @returns the names of the files
 */
export async function writeReport(
  output: OutputDir,
  evaluation: Evaluation,
  test: Examples | ImageSource,
): Promise<string[]> {
  const { confusion } = evaluation;
  await output.add("classes.csv", classReportCsv(classReport(confusion, test.classNames)));
  await output.add("confusion.csv", confusionCsv(confusion, test.classNames));
  const wrong = wrongestOf(evaluation, test, DRAWN);
  const isDrawn = wrong.length > 0 && [1, 3].includes(test.imageShape[2]);
  if (isDrawn) await output.add("wrongest.png", encodePng(await wrongestPicture(wrong, test)));
  return ["classes.csv", "confusion.csv", ...(isDrawn ? ["wrongest.png"] : [])];
}

/** What a run came to, for its summary. */
export type Reached = {
  readonly evaluation: Evaluation;
  readonly classNames: readonly string[];
  readonly history: readonly EpochRecord[];
  /** Images that were held back; 0 where none were. */
  readonly held: number;
  /** Why it ended before its epochs were done. */
  readonly stopped: string | null;
  readonly seconds: number;
  readonly dir: string;
  /** Names of the files in the directory. */
  readonly files: readonly string[];
};

/**
 * The epoch with the least loss on the images that were held back.
 *
 * @param history the run's epochs
 */
export function bestEpoch(history: readonly EpochRecord[]): EpochRecord | undefined {
  return history.reduce<EpochRecord | undefined>(
    (best, epoch) => best && best.valLoss! <= epoch.valLoss! ? best : epoch,
    undefined,
  );
}

/**
 * What was reached, and where the files are, in a few lines.
 *
 * @param reached what a run came to
 */
export function summaryLines(reached: Reached): string[] {
  const { evaluation, classNames, history, held, stopped, seconds, dir, files } = reached;
  const epochs = `${history.length} ${history.length === 1 ? "epoch" : "epochs"}`;
  return [
    ...(stopped === null ? [] : [`ended by ${stopped}`]),
    ...(held > 0 ? [heldLine(history, held)] : []),
    `test accuracy ${percent(evaluation.accuracy)}, top 5 ${
      percent(evaluation.top5Accuracy)
    }, loss ${evaluation.loss.toFixed(4)} on ${evaluation.count} images, after ${epochs} in ${
      duration(seconds)
    }`,
    weakestLine(evaluation, classNames),
    `files in ${dir}: ${files.join(", ")}`,
  ];
}

function heldLine(history: readonly EpochRecord[], held: number): string {
  const best = bestEpoch(history);
  return best
    ? `best on ${held} images that were held back: epoch ${best.epoch}, accuracy ${
      percent(best.valAccuracy!)
    }, loss ${best.valLoss!.toFixed(4)}`
    : `no epoch was done: nothing was measured on the ${held} images that were held back`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}

/** The classes that are found least, as a line. */
function weakestLine(evaluation: Evaluation, classNames: readonly string[]): string {
  const weakest = classReport(evaluation.confusion, classNames)
    .filter(({ support }) => support > 0)
    .sort((a, b) => a.recall - b.recall)
    .slice(0, 3);
  const text = ({ name, recall, support }: ClassReport): string =>
    `${name} (${percent(recall)} of ${support} found)`;
  return `weakest: ${weakest.map(text).join(", ")}`;
}
