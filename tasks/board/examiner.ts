// The thread that computes: it measures a run's checkpoint on its test images, and reads images.
import { findPreprocessing } from "../../lib/weights/sidecars.ts";
import { select } from "../../lib/data/select_examples.ts";
import { readCheckpoint } from "../../lib/weights/checkpoint.ts";
import { histogram } from "../../lib/train/report/histogram.ts";
import { wrongestOf } from "../../lib/train/report/mod.ts";
import {
  disposeTree,
  evaluate,
  type Evaluation,
  type Examples,
  type ImageSource,
  type Normalization,
  readExamples,
} from "../../mod.ts";
import { startDevice } from "../command/device.ts";
import { openDataset } from "../datasets.ts";
import { normalizationOf } from "../evaluate.ts";
import { openWeights } from "../network.ts";
import { settingsOf } from "../train/settings.ts";
import { openImages, prepared } from "../transfer/images.ts";
import { transferSettingsOf } from "../transfer/settings.ts";
import type { Message } from "../web/message.ts";
import type { Answer, Task } from "./protocol.ts";

/** The part of the worker's scope that is used; Deno's types are those of the main thread. */
const scope = self as unknown as {
  onmessage: (event: MessageEvent<Task>) => void;
  postMessage(answer: Answer): void;
};

/** A checkpoint that was measured. */
type Measured = {
  readonly sign: string;
  readonly test: Examples | ImageSource;
  readonly evaluation: Evaluation;
};

/** How many of the most wrong images are shown, and how many of a cell. */
const SHOWN = 48;
const BATCH = 64;

let measured: Measured | undefined;

/** What a run was tested with. */
async function testOf(
  file: string,
): Promise<{ readonly test: Examples | ImageSource; readonly normalize: Normalization }> {
  const { run } = await readCheckpoint(file);
  if (typeof run === "object" && run !== null && "transfer" in run) {
    const settings = transferSettingsOf(run, file);
    const how = prepared({ how: settings.preprocessing, source: "the checkpoint" }, undefined);
    return { test: (await openImages(settings, how)).test, normalize: how.normalize };
  }
  const settings = settingsOf(run, file);
  const network = await openWeights(file, { model: undefined } as never);
  const { test } = await openDataset(settings.dataset, settings.dataDir ?? undefined, {
    how: (await findPreprocessing(network)).how,
    skipBroken: settings.skipBroken,
  });
  const { normalize } = await normalizationOf(network, undefined, test.imageShape);
  return { test, normalize };
}

/** Measures a checkpoint, unless that was just done with this one. */
async function measure(file: string, onProgress: (done: number, total: number) => void) {
  const { size, mtime } = await Deno.stat(file);
  const sign = `${file} ${size} ${mtime?.getTime()}`;
  if (measured?.sign === sign) return measured;
  const network = await openWeights(file, { model: undefined } as never);
  const { test, normalize } = await testOf(file);
  await startDevice(undefined);
  const loaded = await network.load(test.imageShape);
  try {
    const evaluation = await evaluate(loaded, test, { batchSize: BATCH, normalize, onProgress });
    return measured = { sign, test, evaluation };
  } finally {
    disposeTree(loaded.params);
    disposeTree(loaded.state);
  }
}

/** Images as bytes, `[N, H, W, C]`. */
async function imagesAt(test: Examples | ImageSource, indices: readonly number[]) {
  const { images, imageShape } = await readExamples(select(test, Uint32Array.from(indices)));
  return { shape: [indices.length, ...imageShape], values: Uint8Array.from(images) };
}

/** The most wrong images of a checkpoint, or those of a cell of its matrix. */
async function examine(
  { file, cell }: Extract<Task, { readonly kind: "examine" }>,
  onProgress: (done: number, total: number) => void,
): Promise<Message> {
  const { test, evaluation } = await measure(file, onProgress);
  const { labels, classNames } = test;
  const { predicted, probability, actual } = evaluation.predictions;
  const about = (index: number) => ({
    index,
    actual: classNames[labels[index]!]!,
    predicted: classNames[predicted[index]!]!,
    probability: probability[index]!,
    actualProbability: actual[index]!,
  });
  const found = cell === undefined
    ? wrongestOf(evaluation, test, SHOWN)
    : Array.from(predicted, (_, index) => index)
      .filter((index) => labels[index] === cell[0] && predicted[index] === cell[1])
      // The surest first.
      .sort((a, b) => probability[b]! - probability[a]! || a - b)
      .map(about);
  const shown = found.slice(0, SHOWN);
  return {
    said: {
      classNames,
      counts: evaluation.confusion.counts,
      accuracy: evaluation.accuracy,
      loss: evaluation.loss,
      source: `the test images, by ${file.split("/").at(-1)}`,
      count: found.length,
      shown,
    },
    arrays: { images: await imagesAt(test, shown.map(({ index }) => index)) },
  };
}

/** Histograms of the weights in a checkpoint. */
async function weightsOf(file: string): Promise<Message> {
  const { sections: { params, state } } = await readCheckpoint(file);
  const of = (tensors: typeof params) =>
    [...tensors].map(([path, { values, shape }]) => ({ path, shape, ...histogram(values) }));
  return { said: { weights: of(params), state: of(state) } };
}

scope.onmessage = async ({ data: task }) => {
  try {
    const message = task.kind === "weights" ? await weightsOf(task.file) : await examine(
      task,
      (done, total) => scope.postMessage({ kind: "progress", id: task.id, done, total }),
    );
    scope.postMessage({ kind: "done", id: task.id, message });
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    scope.postMessage({ kind: "failed", id: task.id, error: text });
  }
};
