// A transfer on the command line, with its display, and its files after every epoch.
import type { Beside } from "../board/beside.ts";
import type { Callback } from "../../lib/train/callbacks/mod.ts";
import { START } from "../../lib/train/training.ts";
import {
  countParameters,
  disposeTraining,
  type ImageSource,
  key,
  type Layer,
  type Network,
  type PhasePlan,
  snapshotTransfer,
  type Training,
  transfer,
  type TransferOptions,
  type TransferReport,
} from "../../mod.ts";
import type { EpochRecord } from "../../lib/train/report/mod.ts";
import { epochRecord } from "../../lib/train/report/history.ts";
import { trainingProgress } from "../progress.ts";
import { countProgress } from "../progress.ts";
import type { Records } from "../train/records.ts";
import type { RunFolder, RunRecords } from "../train/run_folder.ts";
import { say } from "../command/say.ts";
import { labelOf } from "../own_model.ts";
import { epochsOf, type TransferSettings } from "./settings.ts";

/** The parts of a transfer. */
export type TransferParts = {
  readonly settings: TransferSettings;
  readonly model: Layer;
  readonly pretrained: Network;
  readonly train: ImageSource;
  readonly validation: ImageSource;
  readonly options: TransferOptions;
  /** The epochs and steps of a resumed transfer. */
  readonly before: Records;
  readonly beside: Beside;
  /** What else is called with its steps and epochs; they remember nothing. */
  readonly callbacks: readonly Callback[];
  readonly folder: RunFolder;
};

const NOTHING = { state: null };

/** How a transfer ended. */
export type TransferOutcome = {
  readonly interrupted: boolean;
  /** The network; `undefined` if it was interrupted, as it is in the checkpoint then. */
  readonly network?: Network;
  readonly parameters: number;
  readonly history: readonly EpochRecord[];
  /** Epochs that are done. */
  readonly epochs: number;
};

/**
 * Transfers to the end or until the signal, and writes the files after every epoch and when the
 * signal ends it.
 */
export async function runTransfer(parts: TransferParts): Promise<TransferOutcome> {
  const { settings, train, callbacks, beside: { signal, endsWithEpoch, end } } = parts;
  const history = [...parts.before.history];
  const steps = [...parts.before.steps];
  const perEpoch = Math.ceil(train.labels.length / parts.options.batchSize!);
  const total = epochsOf(settings);
  const title = `${labelOf(settings.model)} on ${train.name}`;
  const records = { history, steps, stepsPerEpoch: perEpoch, title };
  const progress = trainingProgress({ epochs: total, stepsPerEpoch: perEpoch });
  const counting = countProgress("Features");
  const past = (phase: string): number => phase === "head" ? 0 : settings.epochs;
  const reports = transfer(parts.model, parts.pretrained, train, {
    ...parts.options,
    validation: parts.validation,
    signal,
    onTransfer: sayTransfer,
    onPhase: sayPlan,
    onFeatures(done, of): void {
      counting.update(done, of);
      if (done === of) counting.stop();
    },
    onStep(report): void {
      const { phase, stepInEpoch, loss, meanLoss, accuracy } = report;
      const epoch = report.epoch + past(phase);
      const step = report.step + past(phase) * perEpoch;
      steps.push({ step, loss });
      progress.step(epoch, stepInEpoch, { loss: meanLoss, accuracy });
      for (const each of callbacks) each.onStep?.({ ...report, epoch, step }, NOTHING);
    },
  });
  const begun: Training = {
    ...parts.pretrained,
    inputShape: train.imageShape,
    optimizer: null,
    progress: { ...START, epoch: history.length, step: steps.length },
    key: key(settings.seed),
  };
  for (const each of callbacks) await each.onBegin?.(begun, NOTHING);
  let last: TransferReport | undefined;
  try {
    for await (const report of reports) {
      last = report;
      if (report.complete) {
        const epoch = report.epoch + past(report.phase);
        history.push({ ...epochRecord(report), epoch });
        progress.epochEnd(epoch, report);
        const numbered = { ...report, epoch };
        for (const each of callbacks) await each.onEpoch?.(numbered, NOTHING);
        for (const each of callbacks) await each.afterEpoch?.(numbered, NOTHING);
      }
      progress.stop();
      await writeTransfer(parts, report, records);
      if (endsWithEpoch() && history.length < total) end();
    }
  } finally {
    progress.stop();
    counting.stop();
  }
  const interrupted = history.length < total;
  if (last && !interrupted) {
    for (const each of callbacks) await each.onEnd?.(last.network, NOTHING);
  }
  if (!last && !interrupted) await parts.folder.writeRecords(records);
  // Of a transfer that ended before it was measured nothing is left but that.
  const network = last?.network ?? parts.options.from?.network;
  if (last && interrupted) disposeTraining(last.network);
  return {
    interrupted,
    ...(network && !interrupted ? { network } : {}),
    parameters: network ? countParameters(network.params) : 0,
    history,
    epochs: history.length,
  };
}

function sayTransfer(
  { transferred, initialized, unused }: Parameters<NonNullable<TransferOptions["onTransfer"]>>[0],
): void {
  const some = (paths: readonly string[]): string =>
    paths.length === 0
      ? "none"
      : `${paths.slice(0, 6).join(", ")}${paths.length > 6 ? `, ... (${paths.length})` : ""}`;
  say(
    `transferred: ${transferred.length} tensors; new: ${some(initialized)}; not used: ${
      some(unused)
    }`,
  );
}

function sayPlan({ phase, trained, parameters, featureShape, tail, reason }: PhasePlan): void {
  const what = phase === "head" ? "head" : "fine-tuning";
  const how = featureShape
    ? `features [${featureShape}] below ${tail} are computed once`
    : `every step runs the whole network (${reason})`;
  say(`${what}: ${trained} of ${parameters} parameter tensors are trained; ${how}`);
}

async function writeTransfer(
  { settings, train, folder }: TransferParts,
  { phase, network }: TransferReport,
  records: RunRecords,
): Promise<void> {
  const { preprocessing, model } = settings;
  const { history, steps } = records;
  const checkpoint = await snapshotTransfer({ phase, network }, train.classNames, {
    id: folder.id,
    transfer: { ...settings, preprocessing: { ...preprocessing } } as never,
    settings: { model, modelExport: settings.modelExport, modelSha256: settings.modelSha256 },
    preprocessing: { ...preprocessing } as never,
    inputShape: [...train.imageShape],
    history: history.map((record) => ({ ...record })),
    steps: steps.map((record) => ({ ...record })),
  });
  await folder.writeState(checkpoint, records);
}
