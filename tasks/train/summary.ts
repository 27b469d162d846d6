// The last lines of a training run: what it reached, and where its files are.
import { type ClassReport, classReport, type EpochRecord } from "../../lib/train/report/mod.ts";
import type { Evaluation } from "../../mod.ts";
import { duration, fourDigits } from "../progress.ts";
import { CHECKPOINT, inFolder } from "./run_files.ts";

/** What a run reached. */
export type RunResult = {
  readonly evaluation: Evaluation;
  readonly classNames: readonly string[];
  readonly history: readonly EpochRecord[];
  /** How many images were held back. */
  readonly held: number;
  /** Why a callback stopped it. */
  readonly stopped: string | null;
  readonly seconds: number;
  readonly dir: string;
  /** The flags that name a network of one's own. */
  readonly own: readonly string[];
  /** Names of the files in the directory. */
  readonly files: readonly string[];
};

/** The epoch with the least loss on the images that are held back. */
export function bestEpoch(history: readonly EpochRecord[]): EpochRecord | undefined {
  return history.reduce<EpochRecord | undefined>(
    (best, epoch) => best && best.valLoss! <= epoch.valLoss! ? best : epoch,
    undefined,
  );
}

/** What a run says that was finished before, and how to go on. */
export function finishedLines(
  { dir, accuracy, epochs, seconds, own, longer }:
    & Pick<RunResult, "dir" | "seconds" | "own">
    & {
      readonly accuracy: number;
      readonly epochs: number;
      /** The command that trains it longer; absent if none does. */
      readonly longer?: string | undefined;
    },
): string[] {
  return [
    `the run in ${dir} is finished: test accuracy ${percent(accuracy)}, after ${
      epochsText(epochs)
    } in ${duration(seconds)}`,
    useLine(dir, own),
    ...(longer === undefined ? [] : [`to train it longer: ${longer}`]),
    "to train it anew: the same command with --overwrite",
  ];
}

/** A run's result in a few lines. */
export function summaryLines(result: RunResult): string[] {
  const { evaluation, classNames, history, held, stopped, seconds, dir, own, files } = result;
  return [
    ...(stopped === null ? [] : [`stopped by ${stopped}`]),
    ...(held > 0 ? [heldLine(history, held)] : []),
    `test ${scoresText(evaluation)} on ${evaluation.count} images, after ${
      epochsText(history.length)
    } in ${duration(seconds)}`,
    weakestLine(evaluation, classNames),
    `files in ${dir}: ${files.join(", ")}`,
    useLine(dir, own),
  ];
}

function epochsText(count: number): string {
  return `${count} ${count === 1 ? "epoch" : "epochs"}`;
}

function useLine(dir: string, own: readonly string[]): string {
  return ["to use it: deno task predict PICTURE --weights", inFolder(dir, CHECKPOINT), ...own]
    .join(" ");
}

/** Accuracy and loss in words, with the top-5 accuracy if there are more than five classes. */
export function scoresText({ accuracy, top5Accuracy, loss, confusion }: Evaluation): string {
  const top5 = confusion.counts.length > 5 ? `, top 5 ${percent(top5Accuracy)}` : "";
  return `accuracy ${percent(accuracy)}${top5}, loss ${fourDigits(loss)}`;
}

function heldLine(history: readonly EpochRecord[], held: number): string {
  const best = bestEpoch(history);
  return best
    ? `best epoch on ${held} held-back images: ${best.epoch}, accuracy ${
      percent(best.valAccuracy!)
    }, loss ${fourDigits(best.valLoss!)}`
    : `no epoch was completed: nothing was measured on the ${held} held-back images`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}

/** The classes with the least recall, as a line. */
function weakestLine(evaluation: Evaluation, classNames: readonly string[]): string {
  const weakest = classReport(evaluation.confusion, classNames)
    .filter(({ support }) => support > 0)
    .sort((a, b) => a.recall - b.recall)
    .slice(0, 3);
  const text = ({ name, recall, support }: ClassReport): string =>
    `${name} (${percent(recall)} of ${support} recognized)`;
  return `weakest classes: ${weakest.map(text).join(", ")}`;
}
