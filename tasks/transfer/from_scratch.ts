// `--compare`: the same network trained from scratch.
import {
  adam,
  disposeTraining,
  evaluate,
  fit,
  type ImageSource,
  key,
  type Layer,
  type Normalization,
  oneCycle,
  type Training,
} from "../../mod.ts";
import type { Augmentation } from "../../lib/augment/mod.ts";
import { trainingProgress } from "../progress.ts";
import { say } from "../command/say.ts";

/** How the network is trained from scratch. */
export type ScratchParts = {
  readonly model: Layer;
  readonly train: ImageSource;
  readonly test: ImageSource;
  readonly normalize: Normalization;
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly augment: Augmentation | undefined;
  readonly seed: number;
  readonly signal: AbortSignal;
};

/** What the network reached from scratch. */
export type ScratchOutcome = {
  readonly fromScratchAccuracy: number;
  readonly fromScratchSeconds: number;
  readonly fromScratchEpochs: number;
};

/**
 * Trains all parameters of the network from random ones, and measures it.
 *
 * @returns what it reached; `undefined` if the signal ended it
 */
export async function trainFromScratch(parts: ScratchParts): Promise<ScratchOutcome | undefined> {
  const { model, train, test, normalize, epochs, batchSize, signal } = parts;
  const perEpoch = Math.ceil(train.labels.length / batchSize);
  say(`training from scratch, all parameters, ${epochs} epochs:`);
  const began = performance.now();
  const progress = trainingProgress({ epochs, stepsPerEpoch: perEpoch });
  const learningRate = oneCycle({ learningRate: parts.learningRate, steps: epochs * perEpoch });
  let last: Training | undefined;
  try {
    const run = fit(model, train, {
      epochs,
      batchSize,
      normalize,
      optimizer: adam({ learningRate }),
      key: key(parts.seed),
      signal,
      ...(parts.augment ? { augment: parts.augment } : {}),
      onStep: ({ epoch, stepInEpoch, meanLoss, accuracy }) =>
        progress.step(epoch, stepInEpoch, { loss: meanLoss, accuracy }),
    });
    for await (const report of run) {
      last = report.network;
      if (report.complete) progress.epochEnd(report.epoch, report);
    }
  } finally {
    progress.stop();
  }
  const seconds = (performance.now() - began) / 1000;
  const isWhole = last?.progress.epoch === epochs;
  const result = isWhole ? await evaluate(last!, test, { normalize }) : undefined;
  if (last) disposeTraining(last);
  return result && {
    fromScratchAccuracy: result.accuracy,
    fromScratchSeconds: seconds,
    fromScratchEpochs: epochs,
  };
}
